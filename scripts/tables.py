"""The tables that cog puts into docs/: see ``make tables``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.destinations import TABLE
from prowler_access_keys.services.iam.iam_access_keys.findings.advice import SENTENCES, Action

from .compliance_framework import source

WHEN = {
    Action.INCIDENT: "The user or a group of it has one of AWS's quarantine policies. The finding "
    "begins with this, in every check",
    Action.DECOY_USED: "The user is one of your `decoy_users`",
    Action.FIND_OUT: "A fact needed for the advice could not be read, or only you know it",
    Action.DEACTIVATE: "The key is idle and has no recorded use; or all keys were used, and it has "
    "been idle longest. Not if all keys that would stay are young, nor if the user's policies deny "
    "every action: then it may be a decoy",
    Action.FINISH_ROTATION: "The older key is in use, and the newer one is young and has no "
    "recorded use",
    Action.FIND_CREATOR: "The key is young, and would stay, or has no recorded use",
    Action.MOVE: "Both are in use, and the newer one neither is young nor fails the check",
    Action.REPLACE: "It is in use, and no other key may take its place",
}


def advice() -> str:
    """How findings begin what they say of each action of the advice, and when they say it."""
    lines = ["| in data | advice in the finding | when |", "| --- | --- | --- |"]
    for action in Action:
        first = re.sub(r"\{\w+\}", "…", SENTENCES[action]).partition(". ")[0].rstrip(".")
        lines.append(f"| `{action.value}` | {first} | {WHEN[action]} |")
    return "\n".join(lines)


def destinations() -> str:
    """Where what uses a key could go, by what evidence."""
    lines = [
        "| name in the data | destination | because | confidence |", "| --- | --- | --- | --- |"
    ]  # fmt: skip
    for name, row in TABLE.items():
        link = f"[{row.destination}](https://docs.aws.amazon.com/{row.page})"
        lines.append(f"| `{name}` | {link} | {row.because.format('the key')} | {row.confidence} |")
    return "\n".join(lines)


def requirements() -> str:
    """What the compliance framework requires, what measures it, and its direct references."""
    lines = [
        "| | requirement | measured by | direct references (CIS: 5.0 and newer) |",
        "| --- | --- | --- | --- |",
    ]
    framework = source()
    for requirement in framework["requirements"]:
        measured = [f"`{check}`" for check in requirement.get("checks", ())]
        direct = _direct(requirement, framework["standards"])
        checks = ", ".join(measured + ["by hand"] * ("By hand" in requirement["evidence"]))
        lines.append(f"| {requirement['id']} | {requirement['name']} | {checks} | {direct} |")
    return "\n".join(lines)


def _direct(requirement: Mapping[str, Any], standards: Mapping[str, Any]) -> str:
    """Its direct references by standard; of CIS, those of the newest versions."""
    ids: dict[str, list[str]] = {}
    for cited in requirement["references"]:
        if cited["strength"] == "direct":
            newest = standards[cited["standard"]].get("labelled_versions", ())
            versions = [version for version in cited.get("versions", ()) if version in newest]
            if versions or "versions" not in cited:
                number = f"{cited['id']} ({', '.join(versions)})" if versions else cited["id"]
                ids.setdefault(cited["standard"], []).append(number)
    return "; ".join(f"{standard} {', '.join(numbers)}" for standard, numbers in ids.items())
