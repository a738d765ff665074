"""What the page tells of an organization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from key_ranking.page import AccountRow, Bar, Framework, NotLookedAt, Page, Part
from key_ranking.ranked import Ranked

from .account_result import AccountResult
from .accounts import AccountList
from .report_files import holds_findings
from .state import State
from .summary import describe_counts, describe_untried

KEYS = "keys"
"""The folder in the output directory that has the ranked keys of each run."""
NO_RANKING = (
    "No keys are listed: the scans ran none of this plug-in's checks, or -M left out json-ocsf."
)
MOST_BARS = 20
CHART_LEFT = 300
CHART_WIDTH = 700
LONGEST_LABEL = 32


def organization_page(
    state: State,
    results: Sequence[AccountResult],
    listed: AccountList,
    keys: Ranked,
    frameworks: Sequence[Framework],
    directory: Path,
) -> Page:
    """What the page tells of these results, whose reports are in the output directory."""
    scanned = worst_first(results)
    failing = sum(result.counts.failed > 0 for result in scanned)
    arguments = " ".join(state.job.prowler_arguments)
    collected = keys.collected
    return Page(
        title=f"{state.job.organization}: {failing} of {len(scanned)} accounts failing",
        subtitle=f"Scanned with {_programs(state.job.versions)}, role {state.job.role}, "
        f"started {state.started:%Y-%m-%d %H:%M} UTC."
        + (f" Options of prowler aws: {arguments}" if arguments else ""),
        entries=keys.entries,
        csv=quote(f"{KEYS}/{state.name}.csv"),
        links={result.account: link(result) for result in scanned},
        not_looked_at=[
            *not_looked_at(results, listed, collected.problems, directory),
            *_untried(state),
            *_others(state, listed),
        ],
        what_is_not_looked_at="accounts",
        columns=("FAIL", "MANUAL", "muted", "PASS"),
        accounts=[_row(result) for result in scanned],
        muted=collected.muted,
        changes=keys.changes,
        since=keys.since,
        no_ranking="" if collected.accounts or collected.problems else NO_RANKING,
        bars=bars(scanned),
        frameworks=frameworks,
    )


def _programs(versions: Mapping[str, str]) -> str:
    return " and ".join(f"{name} {number}" for name, number in versions.items())


def not_looked_at(
    results: Sequence[AccountResult],
    listed: AccountList,
    damaged: Mapping[Path, str],
    directory: Path,
) -> list[NotLookedAt]:
    """The accounts that the page knows nothing of, or not all, and why."""
    return [
        *(
            NotLookedAt(one.account, one.name, one.reason or one.unjudged)
            for one in results
            if one.reason or one.unjudged
        ),
        *(
            NotLookedAt(
                one.account, one.name, f"{Path(report).name}: {damaged[directory / report]}"
            )
            for one in results
            for report in one.reports
            if directory / report in damaged
        ),
        *(NotLookedAt(one.account.id, one.account.name, one.reason) for one in listed.skipped),
    ]


def _untried(state: State) -> list[NotLookedAt]:
    number = len(state.to_scan)
    return [NotLookedAt("", "", describe_untried(state), number)] if number else []


def _others(state: State, listed: AccountList) -> list[NotLookedAt]:
    """The accounts that have left the organization, and those that were not chosen."""
    why = "it has left the organization since the run began"
    left = [NotLookedAt(one.id, one.name, why) for one in state.left.values()]
    known = {*state.accounts, *(one.account.id for one in listed.skipped)}
    number = len((listed.members or frozenset()) - known)
    if not number:
        return left
    plural = "account was" if number == 1 else "accounts were"
    reason = f"{number} more {plural} not chosen with --accounts, --ou, or --account-tag"
    return [*left, NotLookedAt("", "", reason, number)]


def _row(result: AccountResult) -> AccountRow:
    counts, own = result.counts, link(result)
    notes = [] if own else ["no findings"]
    notes += [f"crashed: {', '.join(result.crashed)}"] if result.crashed else []
    notes += result.problems
    cells = (counts.failed, counts.manual, counts.muted, counts.passed)
    return AccountRow(result.account, result.name, cells, own, "; ".join(notes))


def worst_first(results: Sequence[AccountResult]) -> list[AccountResult]:
    """The scanned accounts: most failures first, then most manual findings, then by ID."""
    scanned = [result for result in results if result.was_scanned]
    return sorted(scanned, key=lambda one: (-one.counts.failed, -one.counts.manual, one.account))


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
