"""How figures are written: in the same way throughout docs/figures.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but ``run`` have figures."""
    rules = ["---" if column == "run" else "---:" for column in columns]
    return "\n".join(_line(cells) for cells in (columns, rules, *rows))


def ratio(whole: float, part: float, digits: int = 0) -> str:
    """How many times ``part`` goes into ``whole``; empty where that says nothing."""
    return f"{whole / part:,.{digits}f}x" if part else ""


def _line(cells: Sequence[str]) -> str:
    return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|"
