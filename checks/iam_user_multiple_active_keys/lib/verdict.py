"""Deciding and wording: from what was read to PASS, FAIL or MANUAL and a sentence. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from .access_keys import ActiveKeys, ListingGap, RootAccessKeys, Unreadable, User, UserAccessKeys

Status = Literal["PASS", "FAIL", "MANUAL"]


@dataclass(frozen=True)
class Verdict:
    """What a finding says."""

    status: Status
    sentence: str


def judge_user(record: UserAccessKeys) -> Verdict:
    """FAIL with two or more active keys, PASS with fewer, MANUAL where it is not known."""
    user, active = record.user, record.active
    if isinstance(active, Unreadable):
        verdict = Verdict(
            "MANUAL",
            f"The access keys of user {user.name} could not be read: {active}. "
            "Look at this user by hand, or scan again once the call is allowed and answered.",
        )
    else:
        verdict = Verdict(_status(active), f"User {user.name} has {_count(active)}.")
    return _with_unread_tags(verdict, user)


def judge_root(root: RootAccessKeys, now: datetime) -> Verdict:
    """The same for the root user, whose keys no call but the credential report lists.

    ``now`` (UTC) gives the age of that report: AWS hands out one up to four hours old
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html).
    """
    if isinstance(root.active, Unreadable):
        return Verdict(
            "MANUAL",
            f"The access keys of the root user could not be read: {root.active}. "
            "Sign in as the root user and look at its security credentials.",
        )
    sentence = f"The root user has {_count(root.active)}"
    if root.report_date is not None:
        sentence += (
            f", says the credential report of {root.report_date:%Y-%m-%d %H:%M} UTC"
            f" ({_age(now - root.report_date)} old)"
        )
    return Verdict(_status(root.active), f"{sentence}.")


def judge_gap(gap: ListingGap, account: str) -> Verdict:
    """MANUAL for the account: users that nobody listed are users that nobody checked."""
    if gap.failure is not None:
        problem = f"Not all IAM users of account {account} could be listed: {gap.failure}."
    elif isinstance(gap.expected, Unreadable):
        problem = (
            f"Whether all IAM users of account {account} were listed could not be verified: "
            f"{gap.expected}."
        )
    else:
        problem = (
            f"Not all IAM users of account {account} were listed: "
            f"iam:GetAccountSummary counts {gap.expected}."
        )
    return Verdict(
        "MANUAL", f"{problem} {gap.listed} were listed and checked; any others were not."
    )


def judge_failure(account: str, error: str) -> Verdict:
    """MANUAL for the account when the check itself broke: ``error`` is the exception's name."""
    return Verdict(
        "MANUAL",
        f"The access keys of account {account} were not checked: the check failed with {error}. "
        "Run Prowler with --log-level ERROR and report what it logs.",
    )


def _status(active: ActiveKeys) -> Status:
    return "FAIL" if active.count > 1 else "PASS"


def _count(active: ActiveKeys) -> str:
    if active.count == 0:
        return "no active access keys"
    return f"{active.count} active access key{'s' if active.count > 1 else ''}"


def _with_unread_tags(verdict: Verdict, user: User) -> Verdict:
    if not isinstance(user.tags, Unreadable):
        return verdict
    return Verdict(
        verdict.status, f"{verdict.sentence} The user's tags could not be read: {user.tags}."
    )


def _age(age: timedelta) -> str:
    minutes = max(0, int(age.total_seconds() // 60))
    number, unit = (minutes // 60, "hour") if minutes >= 60 else (minutes, "minute")
    return f"{number} {unit}{'' if number == 1 else 's'}"
