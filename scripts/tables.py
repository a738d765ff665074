"""The table that cog puts into docs/compliance.md: see ``make tables``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .compliance_framework import source


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
