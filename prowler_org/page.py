"""The organization's HTML page: one file that needs no other, no network and no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from .outcome import Counts, Outcome
from .progress import describe_counts
from .scan import is_findings
from .state import State
from .whole_files import whole_file

MOST_BARS = 20
CHART_LEFT = 300
CHART_WIDTH = 700
LONGEST_LABEL = 32


@dataclass(frozen=True)
class Part:
    """One colour of a bar; lengths in the chart's units."""

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

    outcome: Outcome
    link: str


def write_page(state: State, outcomes: Sequence[Outcome], path: Path) -> None:
    """Write the page about these outcomes to ``path``, in the output directory. Raises OSError."""
    page = render(state, outcomes)
    with whole_file(path) as file:
        file.write(page.encode())


def render(state: State, outcomes: Sequence[Outcome]) -> str:
    """The page as HTML. Everything that others named is escaped."""
    scanned = worst_first(outcomes)
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
        failing=sum(outcome.counts.failed > 0 for outcome in scanned),
        not_scanned=[outcome for outcome in outcomes if outcome.status == "not scanned"],
        total=total(scanned),
        bars=bars(scanned),
        rows=[Row(outcome, link(outcome)) for outcome in scanned],
    )


def worst_first(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The accounts that were scanned: most failures first, then most to look at, then by ID."""
    scanned = [outcome for outcome in outcomes if outcome.status == "scanned"]
    return sorted(scanned, key=lambda one: (-one.counts.failed, -one.counts.manual, one.account))


def total(outcomes: Sequence[Outcome]) -> Counts:
    """The counts of all accounts together."""
    sums = {
        field.name: sum(getattr(outcome.counts, field.name) for outcome in outcomes)
        for field in fields(Counts)
    }
    return Counts(**sums)


def link(outcome: Outcome) -> str:
    """The account's own report: the HTML one if there is one. Empty if there is none."""
    for suffix in (".html", ".csv"):
        for report in outcome.reports:
            if is_findings(report, suffix):
                return quote(report)
    return ""


def bars(scanned: Sequence[Outcome]) -> list[Bar]:
    """The bars of the worst accounts that have findings, the longest as wide as the chart."""
    shown = [outcome for outcome in scanned if _findings(outcome.counts)][:MOST_BARS]
    most = max((_findings(outcome.counts) for outcome in shown), default=0)
    return [_bar(outcome, CHART_WIDTH / most) for outcome in shown]


def _bar(outcome: Outcome, width_of_one: float) -> Bar:
    counts, x = outcome.counts, float(CHART_LEFT)
    parts = []
    for kind, number in (
        ("f", counts.failed), ("m", counts.manual), ("u", counts.muted), ("p", counts.passed)
    ):  # fmt: skip
        if number:
            parts.append(Part(kind, round(x, 2), round(number * width_of_one, 2)))
            x += number * width_of_one
    label = outcome.name or outcome.account
    if len(label) > LONGEST_LABEL:
        label = f"{label[: LONGEST_LABEL - 1]}…"
    words = f"{outcome.account} {outcome.name}: {describe_counts(counts)}"
    return Bar(label, words, tuple(parts))


def _findings(counts: Counts) -> int:
    return counts.failed + counts.passed + counts.manual + counts.muted
