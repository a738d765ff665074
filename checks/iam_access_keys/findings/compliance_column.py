"""What the compliance column of a finding says: which requirements of which standards.

Prowler fills the column from its framework files, and those of CIS, NIST, and others cannot name a
plug-in's check. ``Finding.generate_output`` (``prowler/lib/outputs/finding.py``) takes what a
finding brings along instead. So ours bring the requirements of installed frameworks, as Prowler
would find them, and those of the standards in ``compliance_labels.json``, which is made from
``metadata/compliance/access_key_hygiene.yaml``. Can go when a plug-in can add checks to a built-in
framework.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from prowler.lib.check.compliance_models import load_compliance_framework
from prowler.lib.logger import logger

from ..settings import Settings

_STANDARDS = Path(__file__).with_name("compliance_labels.json")

Column = dict[str, list[str]]
"""By label, such as ``CIS-5.0``, the IDs of requirements. Findings of a check share it."""


@cache
def requirements_of(check: str) -> Column:
    """The requirements of the installed frameworks that name the check."""
    column: Column = {}
    for framework in _installed_frameworks():
        version = f"-{framework.Version}" if framework.Version else ""
        ids = [
            requirement.Id for requirement in framework.Requirements if check in requirement.Checks
        ]
        if ids:
            column.setdefault(f"{framework.Framework}{version}", []).extend(ids)
    return column


def compliance_of(check: str, status: str, settings: Settings) -> Column:
    """The same, and what a finding with this verdict says of CIS, NIST, and other standards.

    A FAIL deviates from their text, and some texts are proved by a PASS. With a setting that is
    looser than a standard's limit, neither says anything of it; nor does a FAIL by a stricter one.
    """
    limits: dict[str, int] = _standards().get(check, {}).get("settings", {})
    for name, limit in limits.items():
        value = getattr(settings, name)
        if value > limit or (value < limit and status == "FAIL"):
            return requirements_of(check)
    return _with_standards(check, status)


@cache
def _with_standards(check: str, status: str) -> Column:
    column = dict(requirements_of(check))
    labels: Column = _standards().get(check, {}).get(status, {})
    for label, ids in labels.items():
        column[label] = list(dict.fromkeys((*column.get(label, ()), *ids)))
    return column


@cache
def _standards() -> dict[str, dict[str, Any]]:
    labels: dict[str, dict[str, Any]] = json.loads(_STANDARDS.read_text("ascii"))
    return labels


@cache
def _installed_frameworks() -> list[Any]:
    """The frameworks that installed packages bring: only those can name a plug-in's check."""
    frameworks = []
    for entry_point in entry_points(group="prowler.compliance", name="aws"):
        try:
            for path in sorted(Path(entry_point.load().__path__[0]).glob("*.json")):
                frameworks.append(load_compliance_framework(str(path), fatal=False))
        except Exception as error:  # another package's fault must not cost our findings
            logger.warning(f"{entry_point.value} -- {type(error).__name__}: {error}")
    return [*filter(None, frameworks)]
