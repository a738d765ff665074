"""What Prowler's shared IAM client holds already, and what of it can be believed.

``prowler.providers.aws.services.iam.iam_client`` reads all of IAM when it is imported, and keeps
quiet about what it could not read: a failed ``ListAccessKeys`` leaves an empty list, a failed
``ListUsers`` a shorter one, a failed ``ListUserTags`` no tags. This module asks again if a failed
call and the truth look alike.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import cached_property
from time import time
from typing import Any

from prowler.config.config import timestamp_utc

from ..aws_failures import MALFORMED, CallFailedError, access_key
from ..facts import Keys, UnmatchedARN, Unreadable, User, older_first
from .credential_report import CredentialReport, ReportRow
from .iam import IAM, Listing, is_complete, tag
from .own_source import Source

_MODULE = "prowler.providers.aws.services.iam.iam_client"
_COMMAND = "prowler.__main__"


def shared_client(provider: Any, ours: Collection[str]) -> Any | None:
    """Prowler's shared IAM client if this run loads it anyway, else None.

    A run loads it if it has checks of the IAM service other than ``ours``, or if a check of
    another service has looked into IAM.
    """
    checks = provider.audit_metadata.expected_checks
    if any(check.startswith("iam_") and check not in ours for check in checks):
        importlib.import_module(_MODULE)
    client = getattr(sys.modules.get(_MODULE), "iam_client", None)
    # A client that an earlier run of the process left behind knows another account.
    return client if getattr(client, "provider", None) is provider else None


def _seconds_since_start() -> float:
    """How long ago this run of Prowler began, by the clock that its reports are dated with.

    0 outside of Prowler's command: where Prowler is a library, that clock stands at the time when
    the process imported it, which may be days ago.
    """
    if _COMMAND not in sys.modules:
        return 0.0
    return time() - float(timestamp_utc.timestamp())


class ProwlerSource(Source):
    """Takes what Prowler's shared client holds, and completes it with calls of its own.

    The shared client has policies and groups too, but a failed call looks like none.
    """

    def __init__(self, shared: Any, iam: IAM) -> None:
        super().__init__(iam)
        self._shared = shared

    def account_summary(self) -> Mapping[str, int] | Unreadable:
        held = self._shared.account_summary
        summary: dict[str, int] = (held or {}).get("SummaryMap", {})
        return summary if is_complete(summary) else self._iam.account_summary()

    def list_users(self, expected: int | Unreadable) -> Listing:
        """The shared client's users if they are as many as expected, else all that can be had."""
        users = self._users()
        if isinstance(expected, int) and len({user.arn for user in users}) >= expected:
            return Listing(users)
        again = super().list_users(expected)
        # By name: a user that was moved to another path meanwhile has another ARN, and no twin.
        listed = {user.name: user for user in (*users, *again.users)}
        return Listing(tuple(listed.values()), again.failure)

    def chosen_users(self, arns: set[str]) -> dict[str, User | UnmatchedARN | Unreadable]:
        held = {user.arn: user for user in self._users() if user.arn in arns}
        return {**held, **self._iam.get_users(arns - held.keys())}

    def _users(self) -> tuple[User, ...]:
        tagged, untagged = [], []
        for user in self._shared.users:
            try:
                tagged.append(User(user.name, user.arn, tuple(map(tag, user.tags))))
            except MALFORMED:  # tags that Prowler could not read are None
                untagged.append(User(user.name, user.arn))
        return (*tagged, *self._iam.with_tags(untagged))

    @property
    def untagged_is_certain(self) -> bool:
        """No: an answer of ``ListUserTags`` without ``Tags`` looks the same."""
        return False

    @cached_property
    def passwords(self) -> Collection[str]:
        """Of users without one, a failed call looks the same: only those with one are certain."""
        return {user.arn for user in self._shared.users if user.console_access}

    @cached_property
    def held_keys(self) -> Mapping[str, Keys]:
        """The keys that the shared client lists, if a report has as many for the user.

        The shared client keeps the last page of a listing only, and nothing of a failed call.
        """
        held = {}
        for (_, arn), metadata in self._shared.access_keys_metadata.items():
            row = self.any_rows.get(arn) if metadata else None
            with suppress(CallFailedError, *MALFORMED):
                if row and len(metadata) == sum(slot.changed is not None for slot in row.slots):
                    held[arn] = older_first(map(access_key, metadata))
        return held

    @cached_property
    def report_is_fresh(self) -> bool:
        report = self.credential_report
        return isinstance(report, CredentialReport) and report.made_within(_seconds_since_start())

    # The shared client has made AWS have a report, and does not keep its date.

    @property
    def any_rows(self) -> Mapping[str, ReportRow]:
        report = self.credential_report
        return {} if isinstance(report, Unreadable) else report.rows
