"""Reading the access keys of an account: from Prowler's shared client, or with few calls alone.

Both ways end in the same findings. They differ in what they know before the keys of a user are
listed: see ``Source``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from .access_keys import (
    AccessKey,
    AccountReading,
    ActiveKeys,
    CountedOnly,
    LastUse,
    ListingGap,
    RootAccessKeys,
    Unreadable,
    User,
    UserAccessKeys,
)
from .credential_report import CredentialReport
from .lean_iam import LeanIAM, Listing
from .lean_source import LeanSource
from .shared_source import SharedSource, shared_client


class Source(Protocol):
    """Where users come from, and what is known of their keys without listing them."""

    def request_report(self) -> None:
        """Say that a credential report will be of use, well before it is."""

    def account_summary(self) -> Mapping[str, int] | Unreadable:
        """``GetAccountSummary``'s ``SummaryMap``."""

    def list_users(self, expected: int | Unreadable) -> Listing:
        """The account's users, of whom there should be ``expected``."""

    def chosen_users(self, arns: set[str]) -> dict[str, User | Unreadable]:
        """The users with these ARNs; those that do not exist are left out."""

    def known_keys(self, users: tuple[User, ...]) -> Mapping[str, ActiveKeys]:
        """By ARN, what is known of users' active keys, which may be no more than their number."""

    def credential_report(self) -> CredentialReport | Unreadable:
        """The newest credential report that there is."""


def read_account(
    provider: Any, check_id: str, fails: Callable[[ActiveKeys], bool]
) -> AccountReading:
    """Read what the run of this provider asks for: all users and the root user, or some of them.

    When a key was last used is asked only of users whose active keys fail. Does not raise for
    what AWS denies or fails to answer: that is part of the reading.
    """
    iam = LeanIAM(provider)
    shared = shared_client(provider, check_id)
    source: Source = SharedSource(shared, iam) if shared else LeanSource(iam)
    reading = _read_chosen(iam, source) if iam.audit_resources else _read_all(iam, source)
    return replace(reading, users=_with_last_use(iam, reading.users, fails))


def _read_all(iam: LeanIAM, source: Source) -> AccountReading:
    source.request_report()
    summary = source.account_summary()
    expected = summary if isinstance(summary, Unreadable) else summary["Users"]
    listing = source.list_users(expected)
    return AccountReading(
        region=iam.region,
        users=_read_users(iam, source, listing.users),
        root=_read_root(iam, source, summary),
        gap=_gap(iam, listing, expected),
    )


def _read_chosen(iam: LeanIAM, source: Source) -> AccountReading:
    """Read only the users, or the root user, whose ARNs the scan is limited to."""
    wanted = set(iam.audit_resources)
    answers = source.chosen_users({arn for arn in wanted if iam.is_user_arn(arn)})
    users = tuple(user for user in answers.values() if isinstance(user, User))
    unread = (
        UserAccessKeys(User.of_arn(arn), answer)
        for arn, answer in answers.items()
        if isinstance(answer, Unreadable)
    )
    root_wanted = iam.audited_account_arn in wanted
    return AccountReading(
        region=iam.region,
        users=_by_name((*_read_users(iam, source, users), *unread)),
        root=_read_root(iam, source, source.account_summary()) if root_wanted else None,
        gap=None,
    )


def _read_users(
    iam: LeanIAM, source: Source, users: tuple[User, ...]
) -> tuple[UserAccessKeys, ...]:
    """List the keys of every user of whom too little is known; those deleted since are left out."""
    known = source.known_keys(users)
    enough = {arn: active for arn, active in known.items() if not active.wants_listing}
    listed = iam.ask_each(iam.active_keys, (user for user in users if user.arn not in enough))
    answers = {
        user: enough.get(user.arn) or _or_number(listed[user], known.get(user.arn))
        for user in users
    }
    return _by_name(UserAccessKeys(user, active) for user, active in answers.items() if active)


def _or_number(
    listed: ActiveKeys | Unreadable | None, known: ActiveKeys | None
) -> ActiveKeys | Unreadable | None:
    """What was listed or, if that failed, at least the number of keys that is known."""
    if isinstance(listed, Unreadable) and known:
        return CountedOnly(listed.call, listed.error_code, listed.transient, count=known.count)
    return listed


def _by_name(records: Iterable[UserAccessKeys]) -> tuple[UserAccessKeys, ...]:
    return tuple(sorted(records, key=lambda record: record.user.name))


def _with_last_use(
    iam: LeanIAM, users: tuple[UserAccessKeys, ...], fails: Callable[[ActiveKeys], bool]
) -> tuple[UserAccessKeys, ...]:
    failing = {
        record: record.active
        for record in users
        if isinstance(record.active, ActiveKeys) and fails(record.active)
    }
    uses = iam.ask_each(iam.last_use, (key for active in failing.values() for key in active.keys))
    return tuple(
        replace(record, active=_used(failing[record], uses)) if record in failing else record
        for record in users
    )


def _used(active: ActiveKeys, uses: Mapping[AccessKey, LastUse | Unreadable | None]) -> ActiveKeys:
    return replace(active, keys=tuple(replace(key, last_use=uses[key]) for key in active.keys))


def read_user_live(iam: LeanIAM, user: User) -> ActiveKeys | Unreadable | None:
    """One user's active keys and their last use, as they are now; None without the user."""
    active = iam.active_keys(user)
    if not isinstance(active, ActiveKeys):
        return active
    return _used(active, iam.ask_each(iam.last_use, active.keys))


def _read_root(
    iam: LeanIAM, source: Source, summary: Mapping[str, int] | Unreadable
) -> RootAccessKeys:
    arn = iam.audited_account_arn
    if not isinstance(summary, Unreadable) and summary["AccountAccessKeysPresent"] == 0:
        return RootAccessKeys(arn, ActiveKeys(0))
    report = source.credential_report()
    if isinstance(report, Unreadable):
        return RootAccessKeys(arn, report)
    if arn not in report.active_keys:
        return RootAccessKeys(arn, Unreadable("iam:GetCredentialReport", "NoRootRow"))
    return RootAccessKeys(arn, report.active_keys[arn], report.generated, report.age)


def _gap(iam: LeanIAM, listing: Listing, expected: int | Unreadable) -> ListingGap | None:
    """What of the account's users may be missing.

    A user that was deleted while the users were being listed is not missing: where too few were
    listed, they are counted once more.
    """
    listed = len(listing.users)
    if isinstance(expected, int) and listed < expected:
        again = iam.account_summary()
        if not isinstance(again, Unreadable):
            expected = min(expected, again["Users"])
    if listing.failure is None and isinstance(expected, int) and listed >= expected:
        return None
    return ListingGap(listed, expected, listing.failure)
