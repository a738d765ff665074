"""How figures are written: in the same way in docs/figures.md and wherever that is quoted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], words: Collection[str] = ("run",)
) -> str:
    """A Markdown table; all columns are of figures but those named in ``words``."""
    rules = ["---" if column in words else "---:" for column in columns]
    return "\n".join(_line(cells) for cells in (columns, rules, *rows))


def ratio(whole: float, part: float, digits: int = 0) -> str:
    """How many times ``part`` goes into ``whole``; empty where that says nothing."""
    return f"{whole / part:,.{digits}f} x" if part else ""


def _line(cells: Sequence[str]) -> str:
    return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|"
