"""The sentences that prowler-org prints about accounts and results. All are safe to print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prowler_access_keys.ranking.printing import printable

from ..accounts.account_list import AccountList
from ..results.account_result import AccountResult, FindingCounts
from ..results.state import State

MOST_NAMED = 10
"""How many accounts are named that have the same reason."""


def describe_accounts(listed: AccountList) -> str:
    """The answer to ``--dry-run``."""
    number = len(listed.accounts)
    plural = "" if number == 1 else "s"
    lines = [f"prowler-org would scan {number} account{plural} of {listed.organization}:"]
    lines += [printable(f"  {account.id}  {account.name}") for account in listed.accounts]
    if listed.skipped:
        lines += [f"It would skip {len(listed.skipped)}:", *map(str, listed.skipped)]
    return "\n".join(lines)


def describe_result(result: AccountResult) -> str:
    """An account's result in a line."""
    reasons = result.problems if result.was_scanned else (result.reason,)
    sentences = "".join(f" {printable(reason)}" for reason in reasons)
    return f"{_outcome(result)}{sentences and '.'}{sentences}"


def describe_briefly(result: AccountResult) -> str:
    """An account's result in a line, without the reasons, which ``summarize`` gives once."""
    has_reasons = result.problems or not result.was_scanned
    return f"{_outcome(result)}{', see the end' if has_reasons else ''}"


def _outcome(result: AccountResult) -> str:
    account = printable(f"{result.account} {result.name}".strip())
    if not result.was_scanned:
        return f"{account}: not scanned"
    crashed = f" ({', '.join(result.crashed)} crashed)" if result.crashed else ""
    return f"{account}: {describe_counts(result.counts)}{crashed}"


def describe_missing(missing: Sequence[AccountResult]) -> list[str]:
    """Why accounts were not scanned, in a line for each reason."""
    by_reason: dict[str, list[AccountResult]] = {}
    for result in missing:
        by_reason.setdefault(result.reason, []).append(result)
    return [
        f"{len(alike)} accounts ({_named([one.account for one in alike])}): {printable(reason)}"
        if len(alike) > 1
        else describe_result(alike[0])
        for reason, alike in by_reason.items()
    ]


def describe_untried(state: State) -> str:
    """How many accounts were not tried, why, and the first of them."""
    untried = [account.id for account in state.to_scan]
    return f"{len(untried)} not tried ({_named(untried)}): {state.ended}"


def _named(accounts: Sequence[str]) -> str:
    more = f", and {len(accounts) - MOST_NAMED} more" if len(accounts) > MOST_NAMED else ""
    return ", ".join(accounts[:MOST_NAMED]) + more


def describe_counts(counts: FindingCounts) -> str:
    """The findings in words, the important ones first."""
    words = [f"{counts.failed} failed", f"{counts.passed} passed"]
    words += [f"{counts.manual} manual"] if counts.manual else []
    words += [f"{counts.muted} muted"] if counts.muted else []
    return ", ".join(words)


def summarize(state: State, reports: Sequence[Path]) -> str:
    """The last lines of a run: accounts scanned, accounts not scanned and why, reports."""
    results = [result for _, result in sorted(state.results.items())]
    missing = [result for result in results if not result.was_scanned]
    failing = sum(result.counts.failed > 0 for result in results)
    unjudged = sum(bool(result.unjudged) for result in results)
    lines = [
        f"{len(results) - len(missing)} of {len(state.accounts)} accounts scanned, {failing} of "
        f"them failing{f', {unjudged} not judged' if unjudged else ''}."
    ]
    if missing:
        lines.append(f"{len(missing)} not scanned (--resume tries again):")
        lines += [f"  {line}" for line in describe_missing(missing)]
    if state.to_scan:
        lines.append(printable(f"{describe_untried(state)} --resume goes on with them."))
    incomplete = [result for result in results if result.problems]
    if incomplete:
        lines.append(f"{len(incomplete)} not judged or not delivered (--resume tries again):")
        lines += [f"  {describe_result(result)}" for result in incomplete]
    lines += ["Reports:", *(f"  {report}" for report in reports)]
    return "\n".join(lines)
