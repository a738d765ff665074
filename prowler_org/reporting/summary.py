"""The sentences that prowler-org prints about accounts and results. All are safe to print."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from prowler_access_keys.ranking.findings.collected import Collected
from prowler_access_keys.ranking.outputs.printing import list_files, printable
from prowler_access_keys.services.iam.iam_access_keys.exceptions.register import ALL, Register
from prowler_access_keys.services.iam.iam_access_keys.findings.wording import plural

from ..accounts.account_list import AccountList
from ..results.account_result import AccountResult, FindingCounts
from ..results.state import State
from .finished_run import FinishedRun

MOST_NAMED = 10
"""How many accounts are named that have the same reason."""


def describe_accounts(accounts: AccountList) -> str:
    """The answer to ``--dry-run``."""
    number = plural(len(accounts.accounts), "account")
    lines = [f"prowler-org would scan {number} of {accounts.organization}:"]
    lines += [printable(f"  {account.id}  {account.name}") for account in accounts.accounts]
    if accounts.skipped:
        lines += [f"It would skip {len(accounts.skipped)}:", *map(str, accounts.skipped)]
    return "\n".join(lines)


def describe_listed(accounts: AccountList) -> str:
    """How many accounts a run is about, and the first of them, before it loads Prowler."""
    names = [f"{account.name} {account.id}" for account in accounts.accounts]
    number = plural(len(names), "account")
    return printable(f"{number} of {accounts.organization}: {_name_first(names)}.")


def describe_resumed(state: State) -> list[str]:
    """What is different in the organization and in the reports since the run that is resumed."""
    again = (
        f"Account {number} is scanned again: {why}." for number, why in state.distrusted.items()
    )
    left = (f"Account {it.id} {it.name} has left the organization." for it in state.left.values())
    return list(map(printable, (*again, *left)))


def describe_exceptions(register: Register, members: Collection[str] | None) -> list[str]:
    """What is wrong with the exceptions of an organization with these accounts, if known."""
    named = {entry.account for entry in register.entries} - {ALL}
    strangers = sorted(named - set(members)) if members else []
    sentences = [register.problem] if register.problem else []
    if strangers:
        sentences.append(
            f"{register.path} has exceptions for accounts that are not in the organization: "
            f"{_name_first(strangers)}."
        )
    return list(map(printable, sentences))


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
        f"{len(alike)} accounts ({_name_first([it.account for it in alike])}): {printable(reason)}"
        if len(alike) > 1
        else describe_result(alike[0])
        for reason, alike in by_reason.items()
    ]


def describe_untried(state: State) -> str:
    """How many accounts were not tried, why, and the first of them."""
    untried = [account.id for account in state.to_scan]
    return f"{len(untried)} not tried ({_name_first(untried)}): {state.ended}"


def _name_first(accounts: Sequence[str]) -> str:
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
    results = state.sorted_results
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
    return "\n".join([*lines, *list_files("Reports:", reports)])


def describe_problems(state: State) -> list[str]:
    """What ``summarize`` says of accounts that are to be scanned again, for --quiet."""
    results = state.sorted_results
    lines = describe_missing([result for result in results if not result.was_scanned])
    lines += [describe_result(result) for result in results if result.problems]
    return [*lines, describe_untried(state)] if state.to_scan else lines


def describe_unused(collected: Collected) -> list[str]:
    """A sentence about the reports that could not be used whole, if there are some."""
    names = ", ".join(path.name for path in collected.problems)
    return [f"These reports could not be used: {names}."] if names else []


def describe_unseen(finished: FinishedRun, collected: Collected) -> list[str]:
    """What --strict refuses, as sentences: what was not looked at, except for --exclude."""
    results = finished.state.sorted_results
    unread = {finding.account for finding in collected.open.values() if finding.status == "MANUAL"}
    if not collected.accounts:  # there is no OCSF to tell unreadable from manual by
        unread = {result.account for result in results if result.counts.manual}
    unseen = {
        "Not everything could be read in": sorted(unread),
        "No finding of these checks in": [
            result.account
            for result in results
            if collected.accounts
            and result.was_scanned
            and result.account not in collected.accounts
        ],
        "Checks crashed in": [result.account for result in results if result.crashed],
        "Left out, and not named by --exclude:": [
            skip.account.id for skip in finished.accounts.skipped if not skip.by_name
        ],
    }
    return [f"--strict: {what} {', '.join(where)}." for what, where in unseen.items() if where]
