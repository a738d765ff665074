"""What IAM is asked, and its answers as facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter
from time import monotonic, sleep
from typing import Any, Literal, TypeAlias

from prowler.lib.logger import logger

from ..aws_failures import access_key, answered_at, is_active, last_use, utc
from ..facts import (
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
from .credential_report import CredentialReport, parse
from .iam_client import IAMClient

REPORT_WAIT = 60.0
"""Seconds to wait for a credential report; past them every user is listed instead."""
Kind: TypeAlias = Literal["User", "Group"]
"""What may have policies, as IAM's actions are named."""


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
        summary = self.read("GetAccountSummary", itemgetter("SummaryMap"))
        if isinstance(summary, Unreadable) or is_complete(summary):
            return summary
        return Unreadable("iam:GetAccountSummary", "IncompleteSummary")

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

        def take(page: dict[str, Any]) -> None:
            users.update((user["UserId"], _user(user)) for user in page["Users"])

        failure = self.each_page("ListUsers", take)
        return Listing(_without_repeats(users), failure)

    def policy_details(self) -> PolicyListing:
        """All users and groups by ``GetAccountAuthorizationDetails``.

        https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
        """
        users: dict[str, User] = {}
        groups: dict[str, Policies] = {}

        def take(page: dict[str, Any]) -> None:
            if not page.keys() & {"UserDetailList", "GroupDetailList"}:
                raise KeyError("UserDetailList")
            for user in page.get("UserDetailList", ()):
                policies = _policies(user, "UserPolicyList", user.get("GroupList"))
                users[user["UserId"]] = replace(_user(user), policies=policies)
            for group in page.get("GroupDetailList", ()):
                policies = _policies(group, "GroupPolicyList", ())
                if policies:
                    groups[group["GroupName"]] = replace(policies, arn=group["Arn"])

        failure = self.each_page("GetAccountAuthorizationDetails", take, Filter=["User", "Group"])
        return PolicyListing(_without_repeats(users), failure, groups)

    def customer_policies(self) -> dict[str, Any] | Unreadable:
        """By ARN, the documents of the account's own managed policies, in their default version.

        The same call as ``policy_details``, with another filter.
        """
        documents: dict[str, Any] = {}

        def take(page: dict[str, Any]) -> None:
            for policy in page.get("Policies", ()):
                for version in policy.get("PolicyVersionList", ()):
                    if version.get("IsDefaultVersion"):
                        documents[policy["Arn"]] = version.get("Document")

        only = ["LocalManagedPolicy"]
        return self.each_page("GetAccountAuthorizationDetails", take, Filter=only) or documents

    def is_user_arn(self, arn: str) -> bool:
        """Whether this is the ARN of an IAM user of the audited account."""
        return arn.startswith(f"arn:{self.audited_partition}:iam::{self.audited_account}:user/")

    def get_users(self, arns: Iterable[str]) -> dict[str, User | UnmatchedARN | Unreadable]:
        """By ARN, these users of the account and their tags."""
        return dict(self.ask_each(self._get_user, sorted(arns)))

    def _get_user(self, arn: str) -> User | UnmatchedARN | Unreadable:
        name = User.of_arn(arn).name
        user = self.read("GetUser", lambda answer: _user(answer["User"]), UserName=name)
        if isinstance(user, Unreadable):
            return UnmatchedARN(arn) if user.gone else user
        # A user's name is unique in an account, but an ARN has its path too.
        return user if user.arn == arn else UnmatchedARN(arn, actual=user.arn)

    def with_tags(self, users: Iterable[User]) -> tuple[User, ...]:
        """The users with the tags that ``ListUserTags`` gives."""
        tagged = self.ask_each(self._tags, users)
        return tuple(replace(user, tags=tags) for user, tags in tagged.items())

    def _tags(self, user: User) -> tuple[Tag, ...] | Unreadable:
        return self.items("ListUserTags", "Tags", tag, UserName=user.name)

    def attached_policies(self, kind: Kind, name: str) -> tuple[str, ...] | Unreadable:
        """ARNs of the managed policies of a user or group of this name."""
        call, arn = f"ListAttached{kind}Policies", itemgetter("PolicyArn")
        return self.items(call, "AttachedPolicies", arn, **{f"{kind}Name": name})

    def inline_policies(self, kind: Kind, name: str) -> dict[str, None] | Unreadable:
        """Names of the inline policies of a user or group, without their documents."""
        names = self.items(f"List{kind}Policies", "PolicyNames", str, **{f"{kind}Name": name})
        return names if isinstance(names, Unreadable) else dict.fromkeys(names)

    def groups_of(self, name: str) -> tuple[str, ...] | Unreadable:
        """Names of the groups of the user of this name."""
        return self.items("ListGroupsForUser", "Groups", itemgetter("GroupName"), UserName=name)

    # Passwords and service-specific credentials

    def has_password(self, user: User) -> bool | Unreadable:
        """Whether the user has a console password, live."""
        profile = self.read("GetLoginProfile", itemgetter("LoginProfile"), UserName=user.name)
        if isinstance(profile, Unreadable):
            return False if profile.gone else profile
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
        call, member = "ListServiceSpecificCredentials", "ServiceSpecificCredentials"
        listed = self.items(call, member, _service_specific_credential, **parameters)
        if isinstance(listed, Unreadable):
            return listed
        by_user: dict[str, tuple[ServiceSpecificCredential, ...]] = {}
        for name, credential in listed:
            by_user[name] = (*by_user.get(name, ()), credential)
        return by_user

    # Access keys

    def list_keys(self, user: User) -> Keys | Unreadable:
        """All of the user's access keys, live, inactive ones too."""
        keys = self.items("ListAccessKeys", "AccessKeyMetadata", access_key, UserName=user.name)
        return keys if isinstance(keys, Unreadable) else older_first(keys)

    def last_use(self, access_key_id: str) -> LastUse | Unreadable | None:
        """When a key was last used, live; None if AWS has no use on record."""
        return self.read("GetAccessKeyLastUsed", last_use, AccessKeyId=access_key_id)

    # The credential report

    def start_credential_report(self) -> bool | Unreadable:
        """Ask for a credential report. True if one is being made.

        False if AWS has one already: that can be four hours old.
        """
        return self.read("GenerateCredentialReport", lambda answer: answer["State"] != "COMPLETE")

    def await_credential_report(self) -> CredentialReport | None:
        """The report that is being made; None if it does not come within REPORT_WAIT."""
        deadline = monotonic() + REPORT_WAIT
        pause = 1.0
        while (unfinished := self.start_credential_report()) is True:
            left = deadline - monotonic()
            if left <= 0:
                logger.warning(
                    f"{self.region} -- No credential report within {REPORT_WAIT:.0f} seconds: "
                    "listing the access keys of every user instead"
                )
                return None
            sleep(min(pause, left))
            pause *= 2
        report = unfinished or self.credential_report()
        return None if isinstance(report, Unreadable) else report

    def credential_report(self) -> CredentialReport | Unreadable:
        """The credential report that AWS holds, however old."""
        return self.read("GetCredentialReport", _credential_report)


def _credential_report(answer: dict[str, Any]) -> CredentialReport:
    generated = utc(answer["GeneratedTime"])
    return parse(answer["Content"], generated, answered_at(answer) - generated)


def is_complete(summary: Mapping[str, int]) -> bool:
    """Whether a ``SummaryMap`` says what is needed here."""
    return summary.keys() >= {"Users", "AccountAccessKeysPresent"}


def _service_specific_credential(
    answer: Mapping[str, Any],
) -> tuple[str, ServiceSpecificCredential]:
    """The name of the user whose credential it is, and the credential."""
    expires = answer.get("ExpirationDate")
    return answer["UserName"], ServiceSpecificCredential(
        answer["ServiceSpecificCredentialId"],
        answer["ServiceName"],
        utc(answer["CreateDate"]),
        is_active(answer, "iam:ListServiceSpecificCredentials"),
        utc(expires) if expires else None,
    )


def _user(answer: Mapping[str, Any]) -> User:
    tags = tuple(map(tag, answer.get("Tags", ())))
    return User(answer["UserName"], answer["Arn"], tags, user_id=answer.get("UserId", ""))


def tag(answer: Mapping[str, Any]) -> Tag:
    """A tag as ``ListUserTags`` answers it. Raises one of MALFORMED."""
    return {"Key": answer["Key"], "Value": answer["Value"]}


def _without_repeats(by_id: Mapping[str, User]) -> tuple[User, ...]:
    """Each user once, though one was renamed, or deleted and made anew, between two pages."""
    return tuple({user.arn: user for user in by_id.values()}.values())


def _policies(
    answer: Mapping[str, Any], inline: str, groups: Iterable[str] | None
) -> Policies | None:
    """The policies in the details of a user or a group; None if the details do not say."""
    attached = answer.get("AttachedManagedPolicies")
    if attached is None or groups is None:
        return None
    # IAM leaves out inline policies if there are none.
    documents = answer.get(inline, ())
    return Policies(
        tuple(policy["PolicyArn"] for policy in attached),
        {policy["PolicyName"]: policy.get("PolicyDocument") for policy in documents},
        answer.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        tuple(groups),
    )
