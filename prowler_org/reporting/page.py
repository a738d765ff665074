"""What the page says of an organization."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from prowler_access_keys.ranking.outputs.figures import word_figures
from prowler_access_keys.ranking.outputs.page import (
    AccountRow,
    Bar,
    Framework,
    NotCovered,
    Page,
    Part,
)
from prowler_access_keys.ranking.ranked_reports import RankedReports

from ..results.account_result import AccountResult
from ..results.report_files import holds_findings
from .finished_run import FinishedRun
from .summary import describe_counts, describe_untried

KEYS = "keys"
"""The folder in the output directory that has the ranked keys of each run."""
NO_RANKING = (
    "No keys are listed: the scans ran none of this plug-in's checks, or -M left out json-ocsf."
)
NOTHING_SCANNED = "No account was scanned, so nothing is known of any key."
MOST_BARS = 20
CHART_LEFT = 300
CHART_WIDTH = 700
LONGEST_NAME = 22


def organization_page(
    finished: FinishedRun, keys: RankedReports, frameworks: Sequence[Framework]
) -> Page:
    """What the page says of a run, its ranked keys, and its compliance reports."""
    state = finished.state
    scanned = worst_first(state.sorted_results)
    failing = sum(result.counts.failed > 0 for result in scanned)
    arguments = " ".join(state.job.prowler_arguments)
    collected = keys.collected
    outcome = f"{failing} of {len(scanned)} accounts failing" if scanned else "no account scanned"
    no_ranking = NO_RANKING if scanned else NOTHING_SCANNED
    return Page(
        title=f"{state.job.organization}: {word_figures(keys.entries) or outcome}",
        subtitle=f"Scanned with {_programs(state.job.versions)}, role {state.job.role}, "
        f"started {state.started:%Y-%m-%d %H:%M} UTC."
        + (f" Options of prowler aws: {arguments}" if arguments else ""),
        entries=keys.entries,
        csv=quote(f"{KEYS}/{state.name}.csv"),
        links={result.account: link(result) for result in scanned},
        not_covered=list(_not_covered(finished, collected.problems)),
        columns=("FAIL", "MANUAL", "muted", "PASS"),
        accounts=[_row(result) for result in scanned],
        muted=collected.muted,
        accepted=keys.accepted,
        owners=keys.owners,
        changes=keys.changes,
        since=keys.since,
        no_ranking="" if collected.accounts or (scanned and collected.problems) else no_ranking,
        bars=bars(scanned),
        frameworks=frameworks,
    )


def _programs(versions: Mapping[str, str]) -> str:
    return " and ".join(f"{name} {number}" for name, number in versions.items())


def _not_covered(finished: FinishedRun, problems: Mapping[Path, str]) -> Iterator[NotCovered]:
    """What the page does not cover, or not all of, and why: accounts, reports, and root users.

    ``problems`` says of reports why they could not be used.
    """
    state, accounts, skipped = finished.state, finished.accounts, finished.accounts.skipped
    owners: dict[Path, AccountResult] = {}
    for result in state.sorted_results:
        owners |= dict.fromkeys((finished.directory / it for it in result.reports), result)
        if reason := result.reason or result.unjudged:
            yield NotCovered(result.account, result.name, reason)
    for path, why in problems.items():
        owner = owners.get(path)
        account, name = (owner.account, owner.name) if owner else ("", "")
        yield NotCovered(account, name, f"{path.name}: {why}")
    for skip in skipped:
        yield NotCovered(skip.account.id, skip.account.name, skip.reason, is_left_out=True)
    if number := len(state.to_scan):
        yield NotCovered("", "", describe_untried(state), number)
    why = "it has left the organization since the run began"
    for member in state.left.values():
        yield NotCovered(member.id, member.name, why, is_left_out=True)
    known = {*state.accounts, *(skip.account.id for skip in skipped)}
    if number := len((accounts.members or frozenset()) - known):
        plural = "account was" if number == 1 else "accounts were"
        reason = f"{number} more {plural} not chosen with --accounts, --ou, or --account-tag"
        yield NotCovered("", "", reason, number, is_left_out=True)
    if finished.root_problem:
        yield NotCovered("", "", finished.root_problem, 0)


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
    return sorted(scanned, key=lambda it: (-it.counts.failed, -it.counts.manual, it.account))


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
    name = result.name  # not all of it: two accounts may have the same, but never the same number
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    label = f"{short} {result.account}".strip()
    words = f"{result.account} {result.name}: {describe_counts(counts)}"
    return Bar(label, words, tuple(parts))
