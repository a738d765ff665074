"""What Prowler's shared IAM client holds already, and what of it can be believed.

``prowler.providers.aws.services.iam.iam_client`` reads all of IAM when it is imported, and keeps
quiet about what it could not read: a failed ``ListAccessKeys`` leaves an empty list, a failed
``ListUsers`` a shorter one, a failed ``ListUserTags`` no tags. Each is asked again here where it
cannot be told from the truth.
"""

from __future__ import annotations

import sys
from typing import Any

from .access_keys import ActiveKeys, Unreadable, User
from .credential_report import count_active_keys
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


def account_summary(shared: Any, iam: LeanIAM) -> dict[str, int] | Unreadable:
    """The summary that the shared client holds; asked again if it could not get one."""
    if shared.account_summary:
        summary: dict[str, int] = shared.account_summary["SummaryMap"]
        return summary
    return iam.account_summary()


def list_users(shared: Any, iam: LeanIAM, expected: int | Unreadable) -> Listing:
    """The users that the shared client lists, completed where it lists too few of them.

    ``expected`` is how many users the account has. It does not count for a scan that is limited
    to some resources.
    """
    tagged = [
        User(user.name, user.arn, tuple(user.tags))
        for user in shared.users
        if user.tags is not None
    ]
    untagged = [User(user.name, user.arn) for user in shared.users if user.tags is None]
    users = (*tagged, *iam.with_tags(untagged))
    complete = isinstance(expected, int) and len(shared.users) >= expected
    if shared.audit_resources or complete:
        return Listing(users)
    again = iam.list_users()
    listed = {user.arn: user for user in (*again.users, *users)}
    return Listing(tuple(listed.values()), again.failure)


def known_keys(shared: Any, iam: LeanIAM, users: tuple[User, ...]) -> dict[str, ActiveKeys]:
    """By ARN, the active keys of those users whose keys the shared client surely holds.

    An empty list counts as no keys only where the same client's credential report agrees. One
    such user is asked about again, as a sample: if that fails, or finds keys, the client's
    empty lists are failures and none of them is believed.
    """
    known = {
        arn: active_keys_in(metadata)
        for (_, arn), metadata in shared.access_keys_metadata.items()
        if metadata
    }
    reported = count_active_keys(shared.credential_report)
    empty = [user for user in users if user.arn not in known and reported.get(user.arn) == 0]
    if empty and iam.active_keys(empty[0]) == ActiveKeys(0):
        known.update({user.arn: ActiveKeys(0) for user in empty})
    return known
