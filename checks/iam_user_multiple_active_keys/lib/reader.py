"""Reading the access keys of an account: from Prowler's shared client, or with few calls alone.

Both ways end in the same findings. What they differ in is what is known before a user's keys are
listed: see ``_read_users``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from . import shared_iam
from .access_keys import (
    AccessKey,
    AccountReading,
    ActiveKeys,
    LastUse,
    ListingGap,
    RootAccessKeys,
    Unreadable,
    User,
    UserAccessKeys,
)
from .credential_report import CredentialReport
from .lean_iam import CallFailedError, LeanIAM, Listing


def read_account(
    provider: Any, check_id: str, fails: Callable[[ActiveKeys], bool]
) -> AccountReading:
    """Read what the run of this provider asks for: all users and the root user, or some of them.

    When a key was last used is asked only of users whose active keys fail. Does not raise for
    what AWS denies or fails to answer: that is part of the reading.
    """
    iam = LeanIAM(provider)
    shared = shared_iam.shared_client(provider, check_id)
    reading = _read_resources(iam, shared) if iam.audit_resources else _read_all(iam, shared)
    return replace(reading, users=_with_last_use(iam, reading.users, fails))


def _read_all(iam: LeanIAM, shared: Any | None) -> AccountReading:
    report = _RequestedReport(iam) if shared is None else None
    summary = shared_iam.account_summary(shared, iam) if shared else iam.account_summary()
    expected = summary if isinstance(summary, Unreadable) else summary["Users"]
    listing = shared_iam.list_users(shared, iam, expected) if shared else iam.list_users()
    gap = _gap(iam, listing, expected)
    fresh = report.fresh() if report else None
    if shared:
        known: Mapping[str, ActiveKeys] = shared_iam.known_keys(shared, iam, listing.users)
    else:
        known = _known_from(fresh)
    return AccountReading(
        region=iam.region,
        users=_read_users(iam, listing.users, known),
        root=_read_root(iam, summary, fresh),
        gap=gap,
    )


class _RequestedReport:
    """A credential report that was asked for early and is fetched late: AWS needs seconds."""

    def __init__(self, iam: LeanIAM) -> None:
        self._iam = iam
        try:
            self._being_made = iam.start_credential_report()
        except CallFailedError:
            self._being_made = False

    def fresh(self) -> CredentialReport | None:
        return self._iam.await_credential_report() if self._being_made else None


def _known_from(report: CredentialReport | None) -> dict[str, ActiveKeys]:
    """A fresh report settles users with one key or none; of the others the keys are wanted too."""
    if report is None:
        return {}
    return {arn: ActiveKeys(count) for arn, count in report.active_keys.items() if count < 2}


def _read_users(
    iam: LeanIAM, users: tuple[User, ...], known: Mapping[str, ActiveKeys]
) -> tuple[UserAccessKeys, ...]:
    """List the keys of every user about whom nothing is known; those deleted since are left out."""
    asked = iam.ask_each(iam.active_keys, (user for user in users if user.arn not in known))
    answers = {user: known.get(user.arn) or asked.get(user) for user in users}
    records = [UserAccessKeys(user, active) for user, active in answers.items() if active]
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
    iam: LeanIAM, summary: Mapping[str, int] | Unreadable, fresh: CredentialReport | None
) -> RootAccessKeys:
    arn = iam.audited_account_arn
    if not isinstance(summary, Unreadable) and summary["AccountAccessKeysPresent"] == 0:
        return RootAccessKeys(arn, ActiveKeys(0))
    report = fresh or iam.credential_report()
    if isinstance(report, Unreadable):
        return RootAccessKeys(arn, report)
    if arn not in report.active_keys:
        return RootAccessKeys(arn, Unreadable("iam:GetCredentialReport", "NoRootRow"))
    return RootAccessKeys(arn, ActiveKeys(report.active_keys[arn]), report.generated)


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


def _read_resources(iam: LeanIAM, shared: Any | None) -> AccountReading:
    """Read only the users, or the root user, whose ARNs the scan is limited to."""
    wanted = set(iam.audit_resources)
    listed = shared_iam.list_users(shared, iam, 0).users if shared else ()
    users = {user.arn: user for user in listed if user.arn in wanted}
    unread = []
    for arn in sorted(wanted - users.keys()):
        if f":iam::{iam.audited_account}:user/" not in arn:
            continue
        user = iam.get_user(arn)
        if isinstance(user, Unreadable):
            unread.append(UserAccessKeys(User(arn.rsplit("/", 1)[-1], arn), user))
        elif user:
            users[arn] = user
    found = tuple(users.values())
    known = shared_iam.known_keys(shared, iam, found) if shared else {}
    root = None
    if iam.audited_account_arn in wanted:
        root = _read_root(iam, iam.account_summary(), _RequestedReport(iam).fresh())
    return AccountReading(iam.region, (*_read_users(iam, found, known), *unread), root, None)
