"""The figures that README.md and docs/ show are those of docs/figures.md, which were measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
FIGURES = REPOSITORY / "docs" / "figures.md"
PAGES = sorted(
    {REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")} - {FIGURES},
)
RULE = re.compile(r"\|( *:?-+:? *\|)+")


def tables(page: str) -> dict[str, list[str]]:
    """The rows of a page's Markdown tables, by the line with the names of the columns."""
    found: dict[str, list[str]] = {}
    lines = page.splitlines()
    for number, line in enumerate(lines):
        if RULE.fullmatch(line):
            rows = found.setdefault(lines[number - 1], [])
            for row in lines[number + 1 :]:
                if not row.startswith("|"):
                    break
                rows.append(row)
    return found


def misquoted(page: str, figures: str) -> list[str]:
    """The rows of the page's tables of figures that ``figures`` does not have, in that order."""
    measured = tables(figures)
    wrong = []
    for columns, rows in tables(page).items():
        if columns in measured:
            left = measured[columns]
            for row in rows:
                if row in left:
                    left = left[left.index(row) + 1 :]
                else:
                    wrong.append(row)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_quotes_the_figures_that_were_measured(page: Path) -> None:
    assert misquoted(page.read_text("utf-8"), FIGURES.read_text("utf-8")) == []


def test_the_pages_quote_the_figures_of_an_account_and_of_an_organization() -> None:
    quoted = [columns for page in PAGES for columns in tables(page.read_text("utf-8"))]
    measured = tables(FIGURES.read_text("utf-8"))
    for first in ("| users | run |", "| run | less processor time |"):
        (columns,) = [columns for columns in measured if columns.startswith(first)]
        assert columns in quoted


FEW = "| users | calls |\n| ---: | ---: |\n| 50 | 20 |\n| | 63 |\n| 500 | 155 |\n"


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        (FEW, []),
        (FEW.replace("| | 63 |\n", ""), []),
        (FEW.replace("155", "154"), ["| 500 | 154 |"]),
        (FEW.replace("| 50 | 20 |", "| 50 | 21 |"), ["| 50 | 21 |"]),
        (f"{FEW}| | 63 |\n", ["| | 63 |"]),
        ("| users | other |\n| ---: | ---: |\n| 50 | 21 |\n", []),
    ],
    ids=["the same", "fewer rows", "last row", "first row", "another order", "no table of figures"],
)
def test_a_misquoted_row_is_named(page: str, wrong: list[str]) -> None:
    assert misquoted(page, f"# Figures\n\n{FEW}\n") == wrong
