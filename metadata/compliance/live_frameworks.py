"""Live twins of Prowler's frameworks: the same requirements, those about access keys measured live.

Prowler's own files name four checks that judge by a credential report, which may be hours old. A
twin names this plug-in's checks instead. Twins are made from the files of the installed Prowler, so
no text of a standard is shipped, and kept in the user's cache: a folder for each choice, versions,
and files, and a link to the one that was chosen last. ``live.py`` shows Prowler the folder.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
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
_CHOSEN = "chosen"
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
    # Prowler loads live.py while it imports its configuration: only its models are there by then.
    from prowler.lib.check.compliance_models import load_compliance_framework_universal

    path = _path(name)
    if path is None:
        raise UnusableFrameworkError(f"Prowler {version('prowler')} has no such framework for AWS")
    try:
        framework = json.loads(load_compliance_framework_universal(str(path)).json())
        live = [each["id"] for each in framework["requirements"] if _replace_checks(each)]
        framework["provider"] = "AWS"
        framework["description"] += (
            f" Measured by prowler-access-keys {version('prowler-access-keys')} at the time of the "
            f"scan: {', '.join(live)}."
        )
        framework["outputs"] = framework["outputs"] or {"table_config": _table(framework)}
        twin = json.dumps(framework)
    except Exception as error:
        raise UnusableFrameworkError(f"{path} is not in the expected form") from error
    if not live:
        raise UnusableFrameworkError("this plug-in replaces none of its checks")
    return twin


def _replace_checks(requirement: dict[str, Any]) -> bool:
    """Name our checks and the limits of their settings; False if the requirement has no sibling."""
    checks = requirement["checks"].get("aws", [])
    named = [SIBLINGS.get(check, check) for check in checks]
    requirement["checks"] = {"aws": named} if named else {}
    ours = set(named).difference(checks)
    if ours:
        limits = requirement["config_requirements"] or []
        for limit in limits:
            limit["Check"] = SIBLINGS.get(limit["Check"], limit["Check"])
        keys = {limit["ConfigKey"] for limit in limits}  # the standard's own limits come first
        guardrails = (limit for limit in GUARDRAILS if limit["Check"] in ours)
        limits.extend(limit for limit in guardrails if limit["ConfigKey"] not in keys)
        requirement["config_requirements"] = limits
    return bool(ours)


def choose(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Have Prowler offer the twins of these frameworks, and no others.

    Returns the twins' names, and what went wrong in sentences. If there is no twin for any of
    ``names``, the earlier choice stays.
    """
    twins, problems = _make(names)
    if twins or not names:
        try:
            _cache().mkdir(0o755, parents=True, exist_ok=True)
            _write(twins, _folder(twins), choose=True)
        except OSError as error:
            return [], [*problems, f"{error}. No live framework was made."]
    return sorted(twins), problems


def up_to_date() -> Path:
    """The folder with the chosen twins; it need not exist. Never raises.

    Makes them anew if they are of other versions or files, and prints what goes wrong.
    """
    folder, names, problems = Path(os.devnull), list[str](), list[str]()
    try:
        with suppress(FileNotFoundError, NotADirectoryError):  # nothing was chosen
            names = sorted(path.stem for path in (_cache() / _CHOSEN).iterdir())
        if names:
            folder = _folder(names)
            if not folder.is_dir():
                twins, problems = _make(names)
                _write(twins, folder)
            any(folder.iterdir())  # Prowler would stop if this failed
    except Exception as error:  # Prowler has to start, whatever it is
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


def _cache() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():  # as the XDG Base Directory Specification says
        try:
            cache = Path.home() / ".cache"
        except RuntimeError:  # there is no home directory, and so no choice
            cache = Path(os.devnull)
    return cache / "prowler-access-keys" / "live-frameworks"


def _folder(names: Iterable[str]) -> Path:
    """The folder of these twins, for the versions and files that are installed now.

    Raises OSError if somebody else could write there: a framework decides what an audit reads.
    """
    cache = _cache()
    status = cache.lstat()
    is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid in (0, os.geteuid())
    if not is_ours or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"{cache} is not a folder to which nobody but you can write")
    made_from = [version("prowler"), version("prowler-access-keys")]
    for name in sorted(names):
        if path := _path(name):
            made_from.append(f"{name} {path} {path.stat().st_size} {path.stat().st_mtime_ns}")
    return cache / sha256("\n".join(made_from).encode()).hexdigest()[:16]


def _write(twins: Mapping[str, str], folder: Path, choose: bool = False) -> None:
    """Write the folder, which appears with all its files and never changes. Raises OSError."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as temporary:
        complete, link = Path(temporary, folder.name), Path(temporary, _CHOSEN)
        complete.mkdir()
        for name, text in twins.items():
            (complete / f"{name}.json").write_text(text, "ascii")
        try:
            complete.rename(folder)
        except OSError:
            if not folder.is_dir():  # else it was made before, or by another start of Prowler
                raise
        if choose:
            link.symlink_to(folder.name)
            link.replace(folder.parent / _CHOSEN)


def _path(name: str) -> Path | None:
    """The file of a framework, or of a twin's original, in the installed Prowler."""
    stem = twin_name(name).removesuffix(SUFFIX)
    root = Path(prowler.__path__[0], "compliance")
    paths = (root / "aws" / f"{stem}_aws.json", root / f"{stem}.json")
    return next((path for path in paths if path.is_file() and name == Path(name).name), None)


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
