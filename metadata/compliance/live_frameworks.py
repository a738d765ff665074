"""Live twins of Prowler's frameworks: the same requirements, those about access keys measured live.

Prowler's own files name four checks that judge a credential report, which may be hours old. A twin
names this plug-in's checks in their place. Twins are made from the files of the installed Prowler,
so no text of a standard is shipped, and kept in a folder of the user's cache directory that is
named after both versions. ``live.py`` shows that folder to Prowler.
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
SUFFIX = "_live_aws"
_GROUPS = ("Section", "Marco", "Category", "Service")
"""Attributes by which the console table may have rows: the first that every requirement has."""
_SPLITS = ("Profile", "Nivel")
"""Attributes whose values are columns of the console table, as in Prowler's own."""


class UnusableFrameworkError(Exception):
    """A framework that has no twin; the text says why."""


def twin_name(framework: str) -> str:
    """``cis_6.0_live_aws`` for ``cis_6.0_aws``; the same for a twin's own name."""
    return framework.removesuffix("_aws").removesuffix("_live") + SUFFIX


def make_twin(name: str) -> str:
    """The JSON text of a framework's twin, in Prowler's universal schema and in ASCII.

    ``name`` is Prowler's, or the twin's. Raises UnusableFrameworkError.
    """
    framework = _load(name)
    guardrails = _guardrails()
    live = []
    for requirement in framework["requirements"]:
        checks = requirement["checks"].get("aws", [])
        replaced = {check for check in checks if check in SIBLINGS}
        requirement["checks"] = {"aws": _live(checks)} if checks else {}
        if replaced:
            live.append(requirement["id"])
            limits = [
                {**limit, "Check": SIBLINGS.get(limit["Check"], limit["Check"])}
                for limit in requirement["config_requirements"] or ()
            ]
            # A number of the standard's own outranks ours.
            named = {limit["ConfigKey"] for limit in limits}
            ours = [limit for check in _live(replaced) for limit in guardrails.get(check, ())]
            limits += [limit for limit in ours if limit["ConfigKey"] not in named]
            requirement["config_requirements"] = limits
    if not live:
        raise UnusableFrameworkError(
            "no requirement of it is measured by a check that this plug-in replaces"
        )
    framework["provider"] = "AWS"
    framework["description"] += (
        f" Measured by prowler-access-keys {version('prowler-access-keys')} at the time of the "
        f"scan: {', '.join(live)}."
    )
    framework["outputs"] = framework["outputs"] or {"table_config": _table(framework)}
    return json.dumps(framework)


def choose(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Have Prowler offer the twins of these frameworks and no others.

    Returns the twins' names, and a sentence for each framework that has none. If none of the
    frameworks has one, what Prowler offers stays. Raises OSError if the cache cannot be written.
    """
    folder = _folder()
    twins, problems = _make(names)
    if twins:
        _write(twins, folder, replace=True)
    elif not names and folder.parent.exists():
        shutil.rmtree(folder.parent)
    return sorted(twins), problems


def up_to_date() -> Path:
    """The folder with the twins for the installed versions; it need not exist.

    If the user has chosen twins with other versions, it makes them anew and prints what fails.
    Never raises OSError.
    """
    try:
        folder = _folder()
    except RuntimeError:  # there is no home directory, and so no choice
        return Path(os.devnull)
    try:
        if folder.is_dir():
            any(folder.iterdir())  # Prowler would stop if this failed
        else:
            names = sorted({path.stem for path in folder.parent.glob(f"*/*{SUFFIX}.json")})
            twins, problems = _make(names)
            for problem in problems:
                _complain(problem)
            if twins:
                _write(twins, folder)
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}. No live framework is offered.")
        return folder / "unusable"
    return folder


def _complain(sentence: str) -> None:
    print(f"prowler-access-keys: {sentence}", file=sys.stderr)


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
    if not cache.is_absolute():  # so the XDG Base Directory Specification
        cache = Path("~/.cache").expanduser()
    versions = f"{version('prowler')}-{version('prowler-access-keys')}"
    return cache / "prowler-access-keys" / "live-frameworks" / versions


def _write(twins: Mapping[str, str], folder: Path, replace: bool = False) -> None:
    """Write the folder: it appears with all its files. Raises OSError.

    With ``replace``, it takes the place of those for all versions.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as temporary:
        complete = Path(temporary, folder.name)
        complete.mkdir()
        for name, text in twins.items():
            (complete / f"{name}.json").write_text(text, "ascii")
        for other in (*folder.parent.iterdir(),) if replace else ():
            if other != Path(temporary):
                shutil.rmtree(other)
        try:
            complete.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process has made it meanwhile
                raise


def _load(name: str) -> dict[str, Any]:
    """A framework of Prowler's in its universal schema, whichever it is written in."""
    # Prowler loads live.py while it is importing its configuration: only this module is there then.
    from prowler.lib.check.compliance_models import (
        Compliance,
        ComplianceFramework,
        adapt_legacy_to_universal,
    )

    installed = f"Prowler {version('prowler')}"
    stem = twin_name(name).removesuffix(SUFFIX)
    root = Path(prowler.__path__[0], "compliance")
    paths = (root / "aws" / f"{stem}_aws.json", root / f"{stem}.json")
    path = next((path for path in paths if path.is_file()), None)
    if path is None or name != Path(name).name:
        raise UnusableFrameworkError(f"{installed} has no such framework for AWS")
    try:
        data = json.loads(path.read_bytes())
        is_universal = "requirements" in data
        parsed = (
            ComplianceFramework(**data)
            if is_universal
            else adapt_legacy_to_universal(Compliance(**data))
        )
        framework: dict[str, Any] = json.loads(parsed.json())
    except Exception as error:
        raise UnusableFrameworkError(
            f"{path} is not as {installed} should have it ({type(error).__name__})"
        ) from error
    return framework


def _live(checks: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(SIBLINGS.get(check, check) for check in checks))


def _guardrails() -> dict[str, list[dict[str, Any]]]:
    """By check, the settings with which it measures what the standards ask for."""
    own = Path(__file__).with_name("access_key_hygiene_1.0_aws.json")
    limits: dict[str, list[dict[str, Any]]] = {}
    for requirement in json.loads(own.read_text("ascii"))["requirements"]:
        for limit in requirement.get("config_requirements", ()):
            limits.setdefault(limit["Check"], []).append(limit)
    return limits


def _table(framework: Mapping[str, Any]) -> dict[str, Any]:
    """How the console table of a framework looks that Prowler has in its older schema."""
    attributes = [requirement["attributes"] for requirement in framework["requirements"]]
    if any(requirement["tactics"] for requirement in framework["requirements"]):
        return {"group_by": "_Tactics"}
    table: dict[str, Any] = {
        "group_by": next(
            (group for group in _GROUPS if all(each.get(group) for each in attributes)), "Framework"
        )
    }
    if all("Weight" in each for each in attributes):
        table["scoring"] = {"risk_field": "LevelOfRisk", "weight_field": "Weight"}
    for split in _SPLITS:
        values = sorted({each[split] for each in attributes if split in each})
        if values:
            table["split_by"] = {"field": split, "values": values}
    return table
