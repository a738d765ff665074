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
from .facts import (
    AccessKey,
    Keys,
    LastUse,
    Policies,
    ServiceSpecificCredential,
    Tag,
    UnmatchedARN,
    Unreadable,
    User,
    older_first,
)
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
    """Users and groups with their policies."""

    groups: Mapping[str, Policies] = field(default_factory=dict)
    """The policies of each group that was listed, by the group's name."""


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

    def list_users(self, details: PolicyListing) -> Listing:
        """All users with their tags.

        ``details`` are what ``policy_details`` gave. If it failed, ``ListUsers`` and one
        ``ListUserTags`` for each user complete it.
        """
        if details.failure is None:
            return details
        plain = self._list_plain_users()
        known = {user.name: user for user in details.users}
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

    def policy_details(self) -> PolicyListing:
        """All users and groups by ``GetAccountAuthorizationDetails``.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
        """
        users: dict[str, User] = {}
        groups: dict[str, Policies] = {}
        failure = None
        try:
            for page in self.pages("GetAccountAuthorizationDetails", Filter=["User", "Group"]):
                detailed = map(_detailed_user, page.get("UserDetailList", ()))
                users.update((user.arn, user) for user in detailed)
                for group in page.get("GroupDetailList", ()):
                    policies = _policies(group, "GroupPolicyList")
                    groups[group["GroupName"]] = replace(policies, arn=group["Arn"])
        except CallFailedError as failed:
            failure = failed.unreadable
        return PolicyListing(tuple(users.values()), failure, groups)

    def customer_policies(self) -> dict[str, Any] | Unreadable:
        """By ARN, the documents of the account's own managed policies, in their default version.

        The same call as ``policy_details``, with another filter.
        """
        documents: dict[str, Any] = {}
        try:
            for page in self.pages("GetAccountAuthorizationDetails", Filter=["LocalManagedPolicy"]):
                for policy in page.get("Policies", ()):
                    for version in policy.get("PolicyVersionList", ()):
                        if version.get("IsDefaultVersion"):
                            documents[policy["Arn"]] = version.get("Document")
        except CallFailedError as failed:
            return failed.unreadable
        return documents

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

    def own_policies(self, user: User) -> Policies | Unreadable:
        """The user's managed policies and groups, read for this user alone."""
        policies = self.items("ListAttachedUserPolicies", "AttachedPolicies", UserName=user.name)
        if isinstance(policies, Unreadable):
            return policies
        groups = self.items("ListGroupsForUser", "Groups", UserName=user.name)
        if isinstance(groups, Unreadable):
            return groups
        return Policies(
            tuple(policy["PolicyArn"] for policy in policies),
            groups=tuple(group["GroupName"] for group in groups),
        )

    def group_policies(self, group: str) -> Policies | Unreadable:
        """A group's managed policies; none if the group was deleted meanwhile."""
        policies = self.items("ListAttachedGroupPolicies", "AttachedPolicies", GroupName=group)
        if isinstance(policies, Unreadable):
            return Policies() if policies.gone else policies
        return Policies(tuple(policy["PolicyArn"] for policy in policies))

    # Passwords and service-specific credentials

    def has_password(self, user: User) -> bool | Unreadable:
        """Whether the user has a console password, live."""
        try:
            self.call("GetLoginProfile", UserName=user.name)
        except CallFailedError as failed:
            return False if failed.unreadable.gone else failed.unreadable
        return True

    def service_specific_credentials(
        self, user: User
    ) -> tuple[ServiceSpecificCredential, ...] | Unreadable:
        """One user's service-specific credentials, live."""
        by_user = self._service_specific_credentials(UserName=user.name)
        return by_user if isinstance(by_user, Unreadable) else by_user.get(user.name, ())

    def all_service_specific_credentials(
        self,
    ) -> dict[str, tuple[ServiceSpecificCredential, ...]] | Unreadable:
        """All users' service-specific credentials, by the user's name; one call a page."""
        return self._service_specific_credentials(AllUsers=True)

    def _service_specific_credentials(
        self, **parameters: Any
    ) -> dict[str, tuple[ServiceSpecificCredential, ...]] | Unreadable:
        by_user: dict[str, tuple[ServiceSpecificCredential, ...]] = {}
        while True:  # botocore has no paginator for it
            try:
                page = self.call("ListServiceSpecificCredentials", **parameters)
            except CallFailedError as failed:
                return failed.unreadable
            for one in page.get("ServiceSpecificCredentials", ()):
                if one["Status"] not in KEY_STATES:
                    return Unreadable(
                        "iam:ListServiceSpecificCredentials", f"UnknownStatus{one['Status']}"
                    )
                name = one["UserName"]
                by_user[name] = (*by_user.get(name, ()), _service_specific_credential(one))
            marker = page.get("Marker")
            if not page.get("IsTruncated") or marker == parameters.get("Marker"):
                return by_user
            parameters["Marker"] = marker

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
    return replace(_user(answer), policies=_policies(answer, "UserPolicyList"))


def _policies(answer: Mapping[str, Any], inline: str) -> Policies:
    # IAM leaves out a list that is empty.
    attached = answer.get("AttachedManagedPolicies", ())
    documents = answer.get(inline, ())
    return Policies(
        tuple(policy["PolicyArn"] for policy in attached),
        {policy["PolicyName"]: policy.get("PolicyDocument") for policy in documents},
        answer.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        tuple(answer.get("GroupList", ())),
    )


def _service_specific_credential(answer: Mapping[str, Any]) -> ServiceSpecificCredential:
    return ServiceSpecificCredential(
        answer["ServiceSpecificCredentialId"],
        answer["ServiceName"],
        answer["CreateDate"],
        answer["Status"] == "Active",
        answer.get("ExpirationDate"),
    )
