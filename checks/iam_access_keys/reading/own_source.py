"""Users and their keys with few calls: a credential report made for this scan, or listing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from time import monotonic

from ..facts import Keys, UnmatchedARN, Unreadable, User
from .credential_report import CredentialReport, ReportRow
from .iam import IAM, Listing, PolicyListing


class Source:
    """Where users come from, and what is known of them without a call for each: here, nothing."""

    def __init__(self, iam: IAM) -> None:
        self._iam = iam

    def account_summary(self) -> Mapping[str, int] | Unreadable:
        """``GetAccountSummary``'s ``SummaryMap``."""
        return self._iam.account_summary()

    def list_users(self, expected: int | Unreadable) -> Listing:
        """The account's users; there should be ``expected`` of them."""
        return self._iam.list_users(self.account_details)

    def chosen_users(self, arns: set[str]) -> dict[str, User | UnmatchedARN | Unreadable]:
        """The users with these ARNs, which are of the account."""
        return self._iam.get_users(arns)

    @cached_property
    def account_details(self) -> PolicyListing:
        """``GetAccountAuthorizationDetails`` for users and groups, called once."""
        return self._iam.policy_details()

    @property
    def untagged_is_certain(self) -> bool:
        """Whether a user without tags has none for certain."""
        return True

    @property
    def passwords(self) -> Collection[str]:
        """ARNs of users that have a console password for certain."""
        return ()

    @property
    def held_keys(self) -> Mapping[str, Keys]:
        """By ARN, the keys of users for which they are listed already."""
        return {}

    @property
    def fresh_rows(self) -> Mapping[str, ReportRow]:
        """By ARN, the rows of a credential report that was made for this scan, if there is one."""
        return self.any_rows if self.report_is_fresh else {}

    @property
    def any_rows(self) -> Mapping[str, ReportRow]:
        """By ARN, the rows of a credential report that may be hours old."""
        return {}

    @cached_property
    def credential_report(self) -> CredentialReport | Unreadable:
        """The newest credential report that there is."""
        return self._iam.credential_report()

    @property
    def report_is_fresh(self) -> bool:
        """Whether that report was made for this scan."""
        return False


class OwnSource(Source):
    """Reads the whole account for itself.

    A report that AWS makes because this scan asked is as exact as a listing. One that AWS had
    already, or was making for another program, can be hours old: it says nothing about users.
    """

    @property
    def fresh_rows(self) -> Mapping[str, ReportRow]:
        # For a few users by ARN, listing their keys is less than a report of the whole account.
        if self._iam.audit_resources or not self._fresh_report:
            return {}
        return self._fresh_report.rows

    @property
    def any_rows(self) -> Mapping[str, ReportRow]:
        if self._iam.audit_resources or isinstance(self.credential_report, Unreadable):
            return {}
        return self.credential_report.rows

    @cached_property
    def credential_report(self) -> CredentialReport | Unreadable:
        return self._fresh_report or self._iam.credential_report()

    @property
    def report_is_fresh(self) -> bool:
        return self._fresh_report is not None

    @cached_property
    def _fresh_report(self) -> CredentialReport | None:
        """The report that AWS makes because this scan asks."""
        asked = monotonic()
        if self._iam.start_credential_report() is not True:
            return None
        report = self._iam.await_credential_report()
        return report if report and report.made_within(monotonic() - asked) else None
