"""The tables that cog puts into README.md and docs/: see ``make tables``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.findings.advice import SENTENCES, Action

from .compliance_framework import source

FIGURES = Path(__file__).parents[1] / "docs" / "figures.md"


def figures(heading: str) -> str:
    """The table of docs/figures.md whose head begins with ``heading``.

    Raises ValueError if there is not one such table.
    """
    sections = FIGURES.read_text("utf-8").split("\n\n")
    (table,) = [section.strip() for section in sections if section.startswith(heading)]
    return table


def advice() -> str:
    """How findings begin what they say of each action of the advice."""
    lines = ["| `action` | the advice in the finding |", "| --- | --- |"]
    for action in Action:
        first = re.sub(r"\{\w+\}", "…", SENTENCES[action]).partition(". ")[0].rstrip(".")
        lines.append(f"| `{action.value}` | {first} |")
    return "\n".join(lines)


def requirements() -> str:
    """What the compliance framework requires, what measures it, and its direct references."""
    lines = [
        "| | requirement | measured by | direct references (CIS: 5.0 and newer) |",
        "| --- | --- | --- | --- |",
    ]
    framework = source()
    for one in framework["requirements"]:
        measured = [f"`{check}`" for check in one.get("checks", ())]
        checks = ", ".join(measured + ["by hand"] * ("By hand:" in one["evidence"]))
        lines.append(
            f"| {one['id']} | {one['name']} | {checks} | {_direct(one, framework['standards'])} |"
        )
    return "\n".join(lines)


def _direct(requirement: Mapping[str, Any], standards: Mapping[str, Any]) -> str:
    """Its direct references by standard; of CIS, those of the newest versions."""
    ids: dict[str, list[str]] = {}
    for one in requirement["references"]:
        if one["strength"] == "direct":
            newest = standards[one["standard"]].get("labelled_versions", ())
            versions = [version for version in one.get("versions", ()) if version in newest]
            if versions or "versions" not in one:
                number = f"{one['id']} ({', '.join(versions)})" if versions else one["id"]
                ids.setdefault(one["standard"], []).append(number)
    return "; ".join(f"{standard} {', '.join(numbers)}" for standard, numbers in ids.items())
