"""The organization's HTML page: one file, without scripts, that needs no other and no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from .account_result import AccountResult, FindingCounts
from .report_files import holds_findings
from .state import State
from .summary import describe_counts
from key_ranking.whole_file import whole_file

MOST_BARS = 20
CHART_LEFT = 300
CHART_WIDTH = 700
LONGEST_LABEL = 32


@dataclass(frozen=True)
class Part:
    """One colour of a bar, with lengths in the chart's units."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True)
class Bar:
    """An account's bar in the chart."""

    label: str
    words: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Row:
    """An account's row in the table, and the report that it links to, relative to the page."""

    result: AccountResult
    link: str


def write_page(state: State, results: Sequence[AccountResult], path: Path) -> None:
    """Write the page for these results to ``path``, in the output directory. Raises OSError."""
    page = render(state, results)
    with whole_file(path) as file:
        file.write(page.encode())


def render(state: State, results: Sequence[AccountResult]) -> str:
    """The page as HTML. Escapes account names and reasons."""
    scanned = worst_first(results)
    environment = Environment(
        loader=PackageLoader("prowler_org", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template("page.html.j2").render(
        organization=state.job.organization,
        role=state.job.role,
        started=f"{state.started:%Y-%m-%d %H:%M} UTC",
        arguments=" ".join(state.job.prowler_arguments),
        prowler_version=state.job.versions["prowler"],
        scanned=scanned,
        failing=sum(result.counts.failed > 0 for result in scanned),
        not_scanned=[result for result in results if not result.was_scanned],
        total=total(scanned),
        bars=bars(scanned),
        rows=[Row(result, link(result)) for result in scanned],
    )


def worst_first(results: Sequence[AccountResult]) -> list[AccountResult]:
    """The scanned accounts: most failures first, then most manual findings, then by ID."""
    scanned = [result for result in results if result.was_scanned]
    return sorted(scanned, key=lambda one: (-one.counts.failed, -one.counts.manual, one.account))


def total(results: Sequence[AccountResult]) -> FindingCounts:
    """The counts of all accounts together."""
    sums = {
        field.name: sum(getattr(result.counts, field.name) for result in results)
        for field in fields(FindingCounts)
    }
    return FindingCounts(**sums)


def link(result: AccountResult) -> str:
    """The account's HTML report, or else its CSV report. Empty if it has neither."""
    for suffix in (".html", ".csv"):
        for report in result.reports:
            if holds_findings(report, suffix):
                return quote(report)
    return ""


def bars(scanned: Sequence[AccountResult]) -> list[Bar]:
    """The bars of the worst accounts with findings. The longest is as wide as the chart."""
    shown = [result for result in scanned if result.counts.total][:MOST_BARS]
    most = max((result.counts.total for result in shown), default=0)
    return [_bar(result, CHART_WIDTH / most) for result in shown]


def _bar(result: AccountResult, width_of_one: float) -> Bar:
    counts, x = result.counts, float(CHART_LEFT)
    parts = []
    for kind, number in (
        ("f", counts.failed), ("m", counts.manual), ("u", counts.muted), ("p", counts.passed)
    ):  # fmt: skip
        if number:
            parts.append(Part(kind, round(x, 2), round(number * width_of_one, 2)))
            x += number * width_of_one
    label = result.name or result.account
    if len(label) > LONGEST_LABEL:
        label = f"{label[: LONGEST_LABEL - 1]}…"
    words = f"{result.account} {result.name}: {describe_counts(counts)}"
    return Bar(label, words, tuple(parts))
