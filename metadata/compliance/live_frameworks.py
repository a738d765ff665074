"""Live twins of Prowler's frameworks: the same requirements, those about access keys measured live.

Prowler's own files name four checks that judge by a credential report, which may be hours old. A
twin names this plug-in's checks instead. Twins are made from the files of the installed Prowler, so
no text of a standard is shipped, and are in a folder of the user's cache that is named after both
versions. ``live.py`` shows it to Prowler.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import prowler

SIBLINGS = {
    "iam_no_root_access_key": "iam_root_user_active_keys",
    "iam_rotate_access_key_90_days": "iam_user_unrotated_active_keys",
    "iam_user_accesskey_unused": "iam_user_unused_active_keys",
    "iam_user_two_active_access_key": "iam_user_multiple_active_keys",
}
"""Prowler's checks by a cached report, and ours that measure the same live."""
GUARDRAILS: tuple[dict[str, Any], ...] = (
    {"Check": "iam_user_multiple_active_keys", "ConfigKey": "multiple_active_keys_grace_days",
     "Operator": "in", "Value": [0]},  # not lte: Prowler takes 0 for false
    {"Check": "iam_user_unrotated_active_keys", "ConfigKey": "max_unrotated_access_keys_days",
     "Operator": "lte", "Value": 90},
    {"Check": "iam_user_unused_active_keys", "ConfigKey": "max_unused_access_keys_days",
     "Operator": "lte", "Value": 45},
)  # fmt: skip
"""What settings may be where the standard's own file does not say so."""
SUFFIX = "_live_aws"
_ROWS = ("Section", "Marco", "Category", "Service")
"""Attributes for the rows of the console table: the first that every requirement has."""
_COLUMNS = ("Profile", "Nivel")
"""Attributes for its columns, as in Prowler's own tables."""


class UnusableFrameworkError(Exception):
    """A framework that has no twin; the text says why."""


def twin_name(framework: str) -> str:
    """``cis_6.0_live_aws`` for ``cis_6.0_aws``; the same for a twin's own name."""
    return framework.removesuffix("_aws").removesuffix("_live") + SUFFIX


def make_twin(name: str) -> str:
    """A framework's twin in Prowler's universal schema, as ASCII. Raises UnusableFrameworkError."""
    framework = _load(name)
    live = []
    for requirement in framework["requirements"]:
        checks = requirement["checks"].get("aws", [])
        named = [SIBLINGS.get(check, check) for check in checks]
        requirement["checks"] = {"aws": named} if named else {}
        if ours := set(named).difference(checks):
            live.append(requirement["id"])
            limits = requirement["config_requirements"] or []
            for limit in limits:
                limit["Check"] = SIBLINGS.get(limit["Check"], limit["Check"])
            keys = {limit["ConfigKey"] for limit in limits}  # the standard's own limits come first
            guardrails = (limit for limit in GUARDRAILS if limit["Check"] in ours)
            limits.extend(limit for limit in guardrails if limit["ConfigKey"] not in keys)
            requirement["config_requirements"] = limits
    if not live:
        raise UnusableFrameworkError("this plug-in replaces none of its checks")
    framework["provider"] = "AWS"
    framework["description"] += (
        f" Measured by prowler-access-keys {version('prowler-access-keys')} at the time of the "
        f"scan: {', '.join(live)}."
    )
    framework["outputs"] = framework["outputs"] or {"table_config": _table(framework)}
    return json.dumps(framework)


def choose(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Have Prowler offer the twins of these frameworks, and no others.

    Returns the twins' names, and what went wrong in sentences. If there is no twin for any of
    ``names``, the earlier choice stays.
    """
    twins, problems = _make(names)
    if twins or not names:
        try:
            _write(twins, _folder(), replace=True)
        except OSError as error:
            return [], [*problems, f"{error}. No live framework was made."]
    return sorted(twins), problems


def up_to_date() -> Path:
    """The folder with the twins for the installed versions; it need not exist.

    Makes it anew if the choice was made with other versions, and prints what goes wrong.
    """
    folder, problems = _folder(), list[str]()
    try:
        if folder.is_dir():
            any(folder.iterdir())  # Prowler would stop if this failed
        elif others := [*folder.parent.glob("[!.]*")]:
            chosen = max(others, key=lambda other: other.stat().st_mtime)
            twins, problems = _make(sorted(path.stem for path in chosen.glob("*.json")))
            if twins:
                _write(twins, folder)
    except OSError as error:
        folder, problems = Path(os.devnull), [f"{error}. No live framework is offered."]
    for problem in problems:
        print(f"prowler-access-keys: {problem}", file=sys.stderr)
    return folder


def _make(names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    twins, problems = {}, []
    for name in names:
        try:
            twins[twin_name(name)] = make_twin(name)
        except UnusableFrameworkError as error:
            problems.append(f"There is no live framework for {name}: {error}.")
    return twins, problems


def _folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():  # as the XDG Base Directory Specification says
        try:
            cache = Path.home() / ".cache"
        except RuntimeError:  # there is no home directory, and so no choice
            cache = Path(os.devnull)
    versions = f"{version('prowler')}-{version('prowler-access-keys')}"
    return cache / "prowler-access-keys" / "live-frameworks" / versions


def _write(twins: Mapping[str, str], folder: Path, replace: bool = False) -> None:
    """Write the folder, which appears with all its files. Raises OSError."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as temporary:
        complete = Path(temporary, folder.name)
        complete.mkdir()
        for name, text in twins.items():
            (complete / f"{name}.json").write_text(text, "ascii")
        if replace:
            shutil.rmtree(folder, ignore_errors=True)
        if not folder.is_dir():  # else another start of Prowler has made it meanwhile
            complete.rename(folder)


def _load(name: str) -> dict[str, Any]:
    """A framework of the installed Prowler in the universal schema, whichever its file has."""
    # Prowler loads live.py while it imports its configuration: of the models, only these are there.
    from prowler.lib.check import compliance_models as models

    stem = twin_name(name).removesuffix(SUFFIX)
    root = Path(prowler.__path__[0], "compliance")
    paths = (root / "aws" / f"{stem}_aws.json", root / f"{stem}.json")
    path = next((path for path in paths if path.is_file()), None)
    if path is None or name != Path(name).name:
        raise UnusableFrameworkError(f"Prowler {version('prowler')} has no such framework for AWS")
    try:
        data = json.loads(path.read_bytes())
        if "requirements" in data:
            parsed = models.ComplianceFramework(**data)
        else:
            parsed = models.adapt_legacy_to_universal(models.Compliance(**data))
        framework: dict[str, Any] = json.loads(parsed.json())
    except Exception as error:
        why = f"{path} is not in the expected form ({type(error).__name__})"
        raise UnusableFrameworkError(why) from error
    return framework


def _table(framework: Mapping[str, Any]) -> dict[str, Any]:
    """The console table of a framework that Prowler has in its older schema."""
    if any(requirement["tactics"] for requirement in framework["requirements"]):
        return {"group_by": "_Tactics"}
    attributes = [requirement["attributes"] for requirement in framework["requirements"]]
    rows = (name for name in _ROWS if all(each.get(name) for each in attributes))
    table: dict[str, Any] = {"group_by": next(rows, "Framework")}
    if all("Weight" in each for each in attributes):
        table["scoring"] = {"risk_field": "LevelOfRisk", "weight_field": "Weight"}
    for column in _COLUMNS:
        if values := sorted({each[column] for each in attributes if column in each}):
            table["split_by"] = {"field": column, "values": values}
    return table
