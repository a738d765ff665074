"""Users and their keys with few calls: a credential report made for this scan, or listing."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from .credential_report import CredentialReport
from .facts import ActiveKeys, UnmatchedARN, Unreadable, User
from .iam import IAM, Listing
from .iam_client import CallFailedError


class OwnSource:
    """Reads the whole account for itself.

    A report that AWS has to make is asked for first and fetched last, because that takes seconds.
    Such a report is as exact as a listing. One that AWS had already, or was making for somebody
    else, can be hours old: it says nothing about users.
    """

    def __init__(self, iam: IAM) -> None:
        self._iam = iam
        self._asked: float | None = None
        self._being_made = False
        self._fresh: CredentialReport | None = None

    def request_report(self) -> None:
        self._asked = monotonic()
        try:
            self._being_made = self._iam.start_credential_report()
        except CallFailedError:
            self._being_made = False

    def account_summary(self) -> Mapping[str, int] | Unreadable:
        return self._iam.account_summary()

    def list_users(self, expected: int | Unreadable) -> Listing:
        return self._iam.list_users()

    def chosen_users(self, arns: set[str]) -> dict[str, User | UnmatchedARN | Unreadable]:
        return self._iam.get_users(arns)

    def known_keys(self, users: tuple[User, ...]) -> Mapping[str, ActiveKeys]:
        """What a fresh report counts."""
        report = self._fresh_report()
        return report.active_keys if report else {}

    def credential_report(self) -> CredentialReport | Unreadable:
        if self._asked is None:
            self.request_report()
        return self._fresh_report() or self._iam.credential_report()

    def _fresh_report(self) -> CredentialReport | None:
        """The report that was made because this scan asked, waited for once."""
        if self._being_made and self._asked is not None:
            self._being_made = False
            report = self._iam.await_credential_report()
            if report and report.made_within(monotonic() - self._asked):
                self._fresh = report
        return self._fresh
