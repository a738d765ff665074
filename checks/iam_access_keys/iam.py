"""What IAM is asked, and its answers as facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from time import monotonic, sleep
from typing import Any

from prowler.lib.logger import logger

from .credential_report import CredentialReport, MalformedReportError, parse
from .facts import AccessKey, Keys, LastUse, Tag, UnmatchedARN, Unreadable, User, older_first
from .iam_client import CallFailedError, IAMClient

REPORT_WAIT = 60.0
"""Seconds to wait for a credential report; past them every user is listed instead."""
KEY_STATES = frozenset({"Active", "Inactive", "Expired"})
"""The states of a credential that botocore's model of IAM knows."""


@dataclass(frozen=True)
class Listing:
    """Users that were listed, and why there may be more."""

    users: tuple[User, ...]
    failure: Unreadable | None = None


@dataclass(frozen=True)
class PolicyListing(Listing):
    """Users and groups with their managed policies."""

    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """ARNs of the managed policies of each group that was listed, by the group's name."""


class IAM(IAMClient):
    """Asks IAM what the checks need to know. What AWS did not say comes as ``Unreadable``."""

    def account_summary(self) -> dict[str, int] | Unreadable:
        """``GetAccountSummary``: how many users there are, whether the root user has keys."""
        try:
            summary: dict[str, int] = self.call("GetAccountSummary")["SummaryMap"]
        except CallFailedError as failed:
            return failed.unreadable
        if not is_complete(summary):
            return Unreadable("iam:GetAccountSummary", "IncompleteSummary")
        return summary

    # Users

    def list_users(self) -> Listing:
        """All users with their tags and, if the first call succeeds, their policies and groups.

        ``GetAccountAuthorizationDetails`` gives all of it at once. If it fails, ``ListUsers``
        and one ``ListUserTags`` for each user give the tags.
        """
        detailed = self.policy_details(("User",))
        if detailed.failure is None:
            return detailed
        plain = self._list_plain_users()
        known = {user.name: user for user in detailed.users}
        without_tags = [user for user in plain.users if user.name not in known]
        return Listing((*known.values(), *self.with_tags(without_tags)), plain.failure)

    def _list_plain_users(self) -> Listing:
        users: dict[str, User] = {}
        try:
            for page in self.pages("ListUsers"):
                users.update((user.arn, user) for user in map(_user, page.get("Users", ())))
        except CallFailedError as failed:
            return Listing(tuple(users.values()), failed.unreadable)
        return Listing(tuple(users.values()))

    def policy_details(self, kinds: tuple[str, ...]) -> PolicyListing:
        """``GetAccountAuthorizationDetails`` of the kinds ``User`` and ``Group``.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
        """
        users: dict[str, User] = {}
        groups: dict[str, tuple[str, ...]] = {}
        failure = None
        try:
            for page in self.pages("GetAccountAuthorizationDetails", Filter=list(kinds)):
                detailed = map(_detailed_user, page.get("UserDetailList", ()))
                users.update((user.arn, user) for user in detailed)
                for group in page.get("GroupDetailList", ()):
                    groups[group["GroupName"]] = _policy_arns(group)
        except CallFailedError as failed:
            failure = failed.unreadable
        return PolicyListing(tuple(users.values()), failure, groups)

    def is_user_arn(self, arn: str) -> bool:
        """Whether this is the ARN of an IAM user of the audited account."""
        return arn.startswith(f"arn:{self.audited_partition}:iam::{self.audited_account}:user/")

    def get_users(self, arns: Iterable[str]) -> dict[str, User | UnmatchedARN | Unreadable]:
        """By ARN, these users of the account and their tags."""
        return dict(self.ask_each(self._get_user, sorted(arns)))

    def _get_user(self, arn: str) -> User | UnmatchedARN | Unreadable:
        try:
            user = _user(self.call("GetUser", UserName=User.of_arn(arn).name)["User"])
        except CallFailedError as failed:
            return UnmatchedARN(arn) if failed.unreadable.gone else failed.unreadable
        # A user's name is unique in an account, but an ARN has its path too.
        return user if user.arn == arn else UnmatchedARN(arn, actual=user.arn)

    def with_tags(self, users: Iterable[User]) -> tuple[User, ...]:
        """The users with the tags that ``ListUserTags`` gives."""
        tagged = self.ask_each(self._tags, users)
        return tuple(replace(user, tags=tags) for user, tags in tagged.items())

    def _tags(self, user: User) -> tuple[Tag, ...] | Unreadable:
        return self.items("ListUserTags", "Tags", UserName=user.name)

    def policies_and_groups(self, user: User) -> User | Unreadable:
        """The user with its managed policies and groups, read for this user alone."""
        policies = self.items("ListAttachedUserPolicies", "AttachedPolicies", UserName=user.name)
        if isinstance(policies, Unreadable):
            return policies
        groups = self.items("ListGroupsForUser", "Groups", UserName=user.name)
        if isinstance(groups, Unreadable):
            return groups
        return replace(
            user,
            attached_policies=tuple(policy["PolicyArn"] for policy in policies),
            groups=tuple(group["GroupName"] for group in groups),
        )

    def group_policies(self, group: str) -> tuple[str, ...] | Unreadable:
        """ARNs of a group's managed policies; none if the group was deleted meanwhile."""
        policies = self.items("ListAttachedGroupPolicies", "AttachedPolicies", GroupName=group)
        if isinstance(policies, Unreadable):
            return () if policies.gone else policies
        return tuple(policy["PolicyArn"] for policy in policies)

    # Access keys

    def list_keys(self, user: User) -> Keys | Unreadable:
        """All of the user's access keys, live, inactive ones too."""
        keys = self.items("ListAccessKeys", "AccessKeyMetadata", UserName=user.name)
        return keys if isinstance(keys, Unreadable) else keys_in(keys)

    def last_use(self, access_key_id: str) -> LastUse | Unreadable | None:
        """When a key was last used, live; None if AWS has no use on record."""
        try:
            answer = self.call("GetAccessKeyLastUsed", AccessKeyId=access_key_id)
        except CallFailedError as failed:
            return failed.unreadable
        used = answer["AccessKeyLastUsed"]
        if not used.get("LastUsedDate"):
            return None
        return LastUse(used["LastUsedDate"], used["ServiceName"], used["Region"])

    # The credential report

    def start_credential_report(self) -> bool:
        """Ask for a credential report. True if one is being made.

        False if AWS has one already: that can be four hours old. Raises CallFailedError.
        """
        return bool(self.call("GenerateCredentialReport")["State"] != "COMPLETE")

    def await_credential_report(self) -> CredentialReport | None:
        """The report that is being made; None if it does not come within REPORT_WAIT."""
        deadline = monotonic() + REPORT_WAIT
        pause = 1.0
        try:
            while self.start_credential_report():
                if monotonic() + pause > deadline:
                    logger.warning(
                        f"{self.region} -- No credential report within {REPORT_WAIT:.0f} seconds: "
                        "listing the access keys of every user instead"
                    )
                    return None
                sleep(pause)
                pause *= 2
        except CallFailedError:
            return None
        report = self.credential_report()
        return None if isinstance(report, Unreadable) else report

    def credential_report(self) -> CredentialReport | Unreadable:
        """The credential report that AWS holds, however old."""
        try:
            answer = self.call("GetCredentialReport")
            generated = answer["GeneratedTime"]
            return parse(answer["Content"], generated, _answered_at(answer) - generated)
        except CallFailedError as failed:
            return failed.unreadable
        except MalformedReportError as error:
            logger.error(f"{self.region} -- {error}")
            return Unreadable("iam:GetCredentialReport", "MalformedReport")


def _answered_at(answer: dict[str, Any]) -> datetime:
    """What AWS's clock said; without it, what this machine's says."""
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) if date else datetime.now(timezone.utc)


def is_complete(summary: Mapping[str, int]) -> bool:
    """Whether a ``SummaryMap`` says what is needed here."""
    return summary.keys() >= {"Users", "AccountAccessKeysPresent"}


def keys_in(metadata: Iterable[Mapping[str, Any]]) -> Keys | Unreadable:
    """What ``ListAccessKeys`` answers as ``AccessKeyMetadata``.

    A state that AWS may add is not taken for inactive: then it is not known which are active.
    """
    metadata = tuple(metadata)
    unknown = sorted({key["Status"] for key in metadata} - KEY_STATES)
    if unknown:
        return Unreadable("iam:ListAccessKeys", f"UnknownStatus{unknown[0]}")
    return older_first(
        AccessKey(key["AccessKeyId"], key["CreateDate"], key["Status"] == "Active")
        for key in metadata
    )


def _user(answer: Mapping[str, Any]) -> User:
    return User(answer["UserName"], answer["Arn"], tuple(answer.get("Tags", ())))


def _detailed_user(answer: Mapping[str, Any]) -> User:
    # IAM leaves out a list that is empty.
    return replace(
        _user(answer),
        attached_policies=_policy_arns(answer),
        groups=tuple(answer.get("GroupList", ())),
    )


def _policy_arns(answer: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(policy["PolicyArn"] for policy in answer.get("AttachedManagedPolicies", ()))
