"""The tables that cog puts into README.md and docs/: see ``make tables``."""

from __future__ import annotations

import json
from pathlib import Path

from .compliance_framework import UNIVERSAL

FIGURES = Path(__file__).parents[1] / "docs" / "figures.md"


def figures(heading: str) -> str:
    """The table of docs/figures.md whose head begins with ``heading``.

    Raises ValueError if there is not one such table.
    """
    sections = FIGURES.read_text("utf-8").split("\n\n")
    (table,) = [section.strip() for section in sections if section.startswith(heading)]
    return table


def requirements() -> str:
    """The requirements of the compliance framework, and the checks that measure them."""
    framework = json.loads(UNIVERSAL.read_text("utf-8"))
    lines = ["| | requirement | measured by |", "| --- | --- | --- |"]
    for one in framework["requirements"]:
        checks = ", ".join(f"`{check}`" for check in one["checks"].get("aws", []))
        lines.append(f"| {one['id']} | {one['name']} | {checks or 'by hand'} |")
    return "\n".join(lines)
