"""Deciding and wording: from what was read to PASS, FAIL or MANUAL and a sentence. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from .access_keys import (
    AccessKey,
    ActiveKeys,
    CountedOnly,
    ListingGap,
    RootAccessKeys,
    Unreadable,
    User,
    UserAccessKeys,
)
from .advice import Action, Advice, advise, grace_ends, in_grace
from .settings import Settings

Status = Literal["PASS", "FAIL", "MANUAL"]

_LOOK_OR_ALLOW = "Look at this user by hand, or scan again once the call is allowed and answered."


@dataclass(frozen=True)
class Verdict:
    """What a finding says."""

    status: Status
    sentence: str
    advice: Advice | None = None
    """Only of a user that fails, and whose keys are known."""


def fails(active: ActiveKeys, settings: Settings, now: datetime) -> bool:
    """Whether these active keys are too many, and no rotation excuses them."""
    grace = settings.multiple_active_keys_grace_days
    return active.count > 1 and not in_grace(active, now, grace)


def judge_user(record: UserAccessKeys, settings: Settings, now: datetime) -> Verdict:
    """FAIL with two or more active keys, PASS with fewer, MANUAL where it is not known.

    A FAIL says which keys they are, how old, when last used, and what to do; or, if they could
    be counted only, that. ``now`` is UTC.
    """
    user, active = record.user, record.active
    if isinstance(active, CountedOnly):
        verdict = _judge_counted(user, active, settings)
    elif isinstance(active, Unreadable):
        verdict = Verdict(
            "MANUAL",
            f"The access keys of user {user.name} could not be read: {active}. {_LOOK_OR_ALLOW}",
        )
    elif fails(active, settings, now):
        verdict = _failure(user, active, settings, now)
    elif active.count > 1:
        ends = grace_ends(active, settings.multiple_active_keys_grace_days)
        verdict = Verdict(
            "PASS",
            f"User {user.name} has {_count(active)}, and a rotation is under way: "
            f"{active.keys[-1].access_key_id} was created {_when(active.keys[-1].create_date, now)}"
            f". The grace period ends on {ends:%Y-%m-%d %H:%M} UTC.",
        )
    else:
        verdict = Verdict("PASS", f"User {user.name} has {_count(active)}.")
    return _with_unread_tags(verdict, user)


def _judge_counted(user: User, active: CountedOnly, settings: Settings) -> Verdict:
    """FAIL, unless a grace period might excuse keys of whose age nothing is known."""
    grace = settings.multiple_active_keys_grace_days
    excused = ", and so whether the grace period excuses them," if grace else ""
    return Verdict(
        "MANUAL" if grace else "FAIL",
        f"User {user.name} has {_count(active)}, says the credential report that was made for "
        f"this scan. Which they are{excused} could not be read: {active}. {_LOOK_OR_ALLOW}",
    )


def _failure(user: User, active: ActiveKeys, settings: Settings, now: datetime) -> Verdict:
    keys = " and ".join(_described(key, now) for key in active.keys)
    advice = advise(active, now, settings.max_unused_access_keys_days)
    return Verdict(
        "FAIL", f"User {user.name} has {_count(active)}: {keys}. {word(advice, now)}", advice
    )


def word(advice: Advice, now: datetime) -> str:
    """The advice as a sentence."""
    retire, keep = advice.retire, advice.keep
    if advice.action is Action.DEACTIVATE:
        idle = _days((now - retire.last_active()).days)
        use = "was never used" if retire.last_use is None else f"was not used for {idle}"
        return f"{retire.access_key_id} {use} and can be deactivated now."
    if advice.action is Action.FINISH_ROTATION:
        return (
            f"A rotation was started and not finished: put {keep.access_key_id} to use, then "
            f"deactivate {retire.access_key_id}."
        )
    if advice.action is Action.MOVE:
        move = "Both are in use: move" if retire.last_use else "Move"
        return (
            f"{move} what uses {retire.access_key_id} to {keep.access_key_id}, "
            f"then deactivate {retire.access_key_id}."
        )
    return "Find out which keys are in use before you deactivate one."


def judge_root(root: RootAccessKeys) -> Verdict:
    """The same for the root user, whose keys no call but the credential report lists.

    The sentence says how old that report is: AWS hands out one up to four hours old
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html).
    There is no grace: the root user should have no access key at all.
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
            f" ({_age(root.report_age)} old)"
        )
    if root.active.count > 1:
        return Verdict(
            "FAIL", f"{sentence}. Sign in as the root user to see which, and delete them."
        )
    return Verdict("PASS", f"{sentence}.")


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


def judge_interruption(account: str) -> Verdict:
    """MANUAL for the account when somebody pressed Ctrl-C meanwhile."""
    return Verdict(
        "MANUAL",
        f"The access keys of account {account} were not checked: the scan was interrupted. "
        "Scan again.",
    )


def _described(key: AccessKey, now: datetime) -> str:
    created = f"created {_when(key.create_date, now)}"
    last_use = key.last_use
    if isinstance(last_use, Unreadable):
        return f"{key.access_key_id} ({created}; last use could not be read: {last_use})"
    if last_use is None:
        return f"{key.access_key_id} ({created}; never used)"
    used = f"last used {_when(last_use.date, now)}, by {last_use.service} in {last_use.region}"
    return f"{key.access_key_id} ({created}; {used})"


def _count(active: ActiveKeys | CountedOnly) -> str:
    if active.count == 0:
        return "no active access keys"
    return f"{active.count} active access key{'s' if active.count > 1 else ''}"


def _with_unread_tags(verdict: Verdict, user: User) -> Verdict:
    if not isinstance(user.tags, Unreadable):
        return verdict
    sentence = f"{verdict.sentence} The user's tags could not be read: {user.tags}."
    return Verdict(verdict.status, sentence, verdict.advice)


def _when(date: datetime, now: datetime) -> str:
    """A date with its age in days of 24 hours; what lies in the future has no age yet."""
    days = (now - date).days
    return f"{date:%Y-%m-%d}, {_days(days) if days > 0 else 'less than a day'} ago"


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _age(age: timedelta) -> str:
    minutes = max(0, int(age.total_seconds() // 60))
    number, unit = (minutes // 60, "hour") if minutes >= 60 else (minutes, "minute")
    return f"{number} {unit}{'' if number == 1 else 's'}"
