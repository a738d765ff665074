"""The sentences that prowler-org prints about accounts and results. All are safe to print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from key_ranking.printing import printable

from .account_result import AccountResult, FindingCounts
from .accounts import AccountList


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
    account = printable(f"{result.account} {result.name}".strip())
    if not result.was_scanned:
        return f"{account}: not scanned. {printable(result.reason)}"
    crashed = f" ({', '.join(result.crashed)} crashed)" if result.crashed else ""
    return f"{account}: {describe_counts(result.counts)}{crashed}"


def describe_counts(counts: FindingCounts) -> str:
    """The findings in words, the important ones first."""
    words = [f"{counts.failed} failed", f"{counts.passed} passed"]
    words += [f"{counts.manual} manual"] if counts.manual else []
    words += [f"{counts.muted} muted"] if counts.muted else []
    return ", ".join(words)


def summarize(results: Sequence[AccountResult], reports: Sequence[Path]) -> str:
    """The last lines of a run: accounts scanned, accounts not scanned and why, reports."""
    missing = [result for result in results if not result.was_scanned]
    failing = sum(result.counts.failed > 0 for result in results)
    lines = [
        f"{len(results) - len(missing)} of {len(results)} accounts scanned, {failing} of them "
        "failing."
    ]
    if missing:
        lines.append(f"{len(missing)} not scanned (--resume tries again):")
        lines += [f"  {describe_result(result)}" for result in missing]
    lines += ["Reports:", *(f"  {report}" for report in reports)]
    return "\n".join(lines)
