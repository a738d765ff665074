"""What Prowler's shared IAM client holds already, and what of it can be believed.

``prowler.providers.aws.services.iam.iam_client`` reads all of IAM when it is imported, and keeps
quiet about what it could not read: a failed ``ListAccessKeys`` leaves an empty list, a failed
``ListUsers`` a shorter one, a failed ``ListUserTags`` no tags. Each is asked again here where it
cannot be told from the truth.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from .access_keys import ActiveKeys, Unreadable, User
from .credential_report import CredentialReport, count_active_keys
from .lean_iam import LeanIAM, Listing, active_keys_in

_MODULE = "prowler.providers.aws.services.iam.iam_client"


def shared_client(provider: Any, check_id: str) -> Any | None:
    """Prowler's shared IAM client if this run loads it anyway, else None.

    It does if it has other checks of the IAM service, or if a check of another service that
    looks into IAM was there first.
    """
    others = any(
        check.startswith("iam_") and check != check_id
        for check in provider.audit_metadata.expected_checks
    )
    if others:
        from prowler.providers.aws.services.iam.iam_client import iam_client

        return iam_client
    client = getattr(sys.modules.get(_MODULE), "iam_client", None)
    return client if getattr(client, "provider", None) is provider else None


class SharedSource:
    """Takes what Prowler's shared client holds, and completes it with calls of its own."""

    def __init__(self, shared: Any, iam: LeanIAM) -> None:
        self._shared = shared
        self._iam = iam

    def request_report(self) -> None:
        """Nothing to do: the shared client has made AWS have one."""

    def account_summary(self) -> Mapping[str, int] | Unreadable:
        if self._shared.account_summary:
            summary: dict[str, int] = self._shared.account_summary["SummaryMap"]
            return summary
        return self._iam.account_summary()

    def list_users(self, expected: int | Unreadable) -> Listing:
        """The shared client's users if they are as many as expected, else all that can be had."""
        users = self._users()
        if isinstance(expected, int) and len(self._shared.users) >= expected:
            return Listing(users)
        again = self._iam.list_users()
        listed = {user.arn: user for user in (*again.users, *users)}
        return Listing(tuple(listed.values()), again.failure)

    def chosen_users(self, arns: set[str]) -> dict[str, User | Unreadable]:
        users: dict[str, User | Unreadable] = {
            user.arn: user for user in self._users() if user.arn in arns
        }
        return users | self._iam.get_users(arns - users.keys())

    def _users(self) -> tuple[User, ...]:
        tagged = [
            User(user.name, user.arn, tuple(user.tags))
            for user in self._shared.users
            if user.tags is not None
        ]
        untagged = [User(user.name, user.arn) for user in self._shared.users if user.tags is None]
        return (*tagged, *self._iam.with_tags(untagged))

    def known_keys(self, users: tuple[User, ...]) -> Mapping[str, ActiveKeys]:
        """The keys of those users whose keys the shared client surely holds.

        An empty list counts as no keys only where the same client's credential report agrees.
        One such user is asked about again, as a sample: if that fails, or finds keys, the
        client's empty lists are failures and none of them is believed.
        """
        known = {
            arn: active_keys_in(metadata)
            for (_, arn), metadata in self._shared.access_keys_metadata.items()
            if metadata
        }
        reported = count_active_keys(self._shared.credential_report)
        empty = [user for user in users if user.arn not in known and reported.get(user.arn) == 0]
        if empty and self._iam.active_keys(empty[0]) == ActiveKeys(0):
            known.update({user.arn: ActiveKeys(0) for user in empty})
        return known

    def credential_report(self) -> CredentialReport | Unreadable:
        return self._iam.credential_report()
