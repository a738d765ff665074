"""What exceptions accept: the keys with their ends, and how many each owner has. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from prowler_access_keys.services.iam.iam_access_keys.exceptions.acceptance import failing_ids
from prowler_access_keys.services.iam.iam_access_keys.exceptions.register import OWN_CHECK
from prowler_access_keys.services.iam.iam_access_keys.finding_data import ExceptionData
from prowler_access_keys.services.iam.iam_access_keys.findings.wording import plural

from .reports import Finding


@dataclass(frozen=True)
class AcceptedKey:
    """A key that checks fail for, and that somebody accepts; a user, if no key is named."""

    until: str
    """In UTC."""
    access_key_id: str
    user: str
    account: str
    account_name: str
    checks: str
    owner: str
    approver: str
    reason: str
    ticket: str
    ends_soon: bool


@dataclass(frozen=True)
class OwnerRow:
    """How many exceptions somebody owns; those that end soon are in force too."""

    owner: str
    in_force: int
    ending_soon: int
    ended: int


def unmute_if_ended(finding: Finding, now: datetime) -> Finding:
    """A finding ``now`` (UTC): once an exception has ended, only a mutelist may mute it."""
    ended = any(_has_ended(exception, now) for exception in finding.data.exceptions)
    is_open = is_accepted(finding) and ended and not finding.data.muted_by_mutelist
    return replace(finding, muted=False) if is_open else finding


def is_accepted(finding: Finding) -> bool:
    """Whether an exception mutes a finding."""
    return finding.muted and finding.data.accepted


def accepted_keys(findings: Iterable[Finding]) -> tuple[AcceptedKey, ...]:
    """The accepted keys, those first that end first."""
    checks: dict[AcceptedKey, set[str]] = defaultdict(set)
    for finding in filter(is_accepted, findings):
        for exception in finding.data.exceptions:
            only = exception.access_key_id
            for key_id in [only] if only else failing_ids(finding.data) or [""]:
                row = AcceptedKey(
                    f"{exception.until:%Y-%m-%d %H:%M}", key_id, finding.user, finding.account,
                    finding.account_name, "", exception.owner, exception.approver,
                    exception.reason, exception.ticket, exception.ends_soon,
                )  # fmt: skip
                checks[row].add(finding.check)
    rows = (replace(row, checks=" ".join(sorted(named))) for row, named in checks.items())
    return tuple(sorted(rows, key=lambda row: (row.until, row.account, row.user)))


def by_owner(findings: Iterable[Finding], now: datetime) -> tuple[OwnerRow, ...]:
    """How many exceptions each owner has, as far as findings name them; ``now`` is UTC."""
    exceptions = {
        (finding.account, exception)
        for finding in findings
        for exception in finding.data.exceptions
        if is_accepted(finding) or _has_ended(exception, now) or finding.check == OWN_CHECK
    }
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for _, exception in exceptions:
        state = "ended" if _has_ended(exception, now) else exception.state
        counts[exception.owner].update(
            [state] + ["soon"] * (state == "in force" and exception.ends_soon)
        )
    return tuple(
        OwnerRow(owner, count["in force"], count["soon"], count["ended"])
        for owner, count in sorted(counts.items())
    )


def word_accepted(keys: Sequence[AcceptedKey], owners: Sequence[OwnerRow]) -> str:
    """How many keys are accepted, and how many exceptions end soon or have ended."""
    if not owners:
        return ""
    soon, ended = sum(row.ending_soon for row in owners), sum(row.ended for row in owners)
    number = plural(len(keys), "key")
    return f"Accepted until a day: {number}. Exceptions that end soon: {soon}; ended: {ended}."


def _has_ended(exception: ExceptionData, now: datetime) -> bool:
    return exception.until < now
