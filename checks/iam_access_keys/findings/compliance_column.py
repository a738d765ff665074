"""What the compliance column of a finding says: which requirements of which standards.

Prowler fills the column from its framework files, and those of CIS, NIST, and others cannot name a
plug-in's check. ``Finding.generate_output`` (``prowler/lib/outputs/finding.py``) takes what a
finding brings along instead. So ours bring the requirements of installed frameworks, as Prowler
would find them, and those of the standards in ``compliance_labels.json``, which is made from
``metadata/compliance/access_key_hygiene.yaml``. Can go when a plug-in can add checks to a built-in
framework.

It is also the one column that all of Prowler's formats have, so this plug-in's version is there:
reports can be traced.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import Any

from prowler.lib.check.compliance_models import load_compliance_framework
from prowler.lib.logger import logger

PLUG_IN = "prowler-access-keys"
_STANDARDS = Path(__file__).with_name("compliance_labels.json")

Column = dict[str, list[str]]
"""By label, such as ``CIS-5.0``, the IDs of requirements. All findings of a check share one."""


@cache
def requirements_of(check: str) -> Column:
    """The requirements of the installed frameworks that name the check, and our version."""
    column: Column = dict(_own_version())
    for framework in _installed_frameworks():
        version = f"-{framework.Version}" if framework.Version else ""
        ids = [one.Id for one in framework.Requirements if check in one.Checks]
        if ids:
            column.setdefault(f"{framework.Framework}{version}", []).extend(ids)
    return column


@cache
def compliance_of(check: str) -> Column:
    """The same, and what the check measures of CIS, NIST, and other standards."""
    column = dict(requirements_of(check))
    for label, ids in _standards().get(check, {}).items():
        column[label] = list(dict.fromkeys((*column.get(label, ()), *ids)))
    return column


@cache
def _own_version() -> Column:
    """The version of this plug-in; nothing if it runs from a folder, without being installed."""
    try:
        return {PLUG_IN: [version(PLUG_IN)]}
    except PackageNotFoundError:
        return {}


@cache
def _standards() -> dict[str, Column]:
    labels: dict[str, Column] = json.loads(_STANDARDS.read_text("ascii"))
    return labels


@cache
def _installed_frameworks() -> tuple[Any, ...]:
    """The frameworks that installed packages bring: only those can name a plug-in's check."""
    return tuple(_load_frameworks())


def _load_frameworks() -> Iterator[Any]:
    for entry_point in entry_points(group="prowler.compliance", name="aws"):
        try:
            for path in sorted(Path(entry_point.load().__path__[0]).glob("*.json")):
                framework = load_compliance_framework(str(path), fatal=False)
                if framework is not None:
                    yield framework
        except Exception as error:  # another package's fault must not cost our findings
            logger.warning(f"{entry_point.value} -- {type(error).__name__}: {error}")
