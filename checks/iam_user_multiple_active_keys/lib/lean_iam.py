"""An IAM client that asks only for what this check needs, and says what it could not get."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from time import monotonic, sleep
from typing import Any, TypeVar

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError
from prowler.lib.logger import logger
from prowler.providers.aws.lib.service.service import AWSService

from .access_keys import AccessKey, ActiveKeys, LastUse, Tag, Unreadable, User
from .credential_report import CredentialReport, MalformedReportError, parse

PROWLER_ATTEMPTS = 4
"""How often Prowler tries a call unless told otherwise (``prowler/providers/aws/config.py``)."""
ATTEMPTS = 8
"""How often it is tried here: 4 attempts lose 1 call in 120 when 30 % are throttled."""
EXTRA_LOOKS = 2
"""How often to ask again, after all others, about the users whose call failed all the same."""
REPORT_WAIT = 60.0
"""Seconds to wait for a credential report; past them every user is listed instead."""
PAGE_SIZE = 1000
"""The most that IAM gives on one page."""

TRANSIENT = frozenset(
    {"RequestLimitExceeded", "RequestTimeout", "Throttling", "ThrottlingException"}
)
"""Error codes after which asking again may help, besides those of a 5xx answer."""
FAILURES = (ClientError, BotoCoreError, ResponseParserError)
"""What botocore raises instead of an answer."""

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class CallFailedError(Exception):
    """An IAM call that gave no answer."""

    def __init__(self, unreadable: Unreadable) -> None:
        super().__init__(str(unreadable))
        self.unreadable = unreadable

    @property
    def gone(self) -> bool:
        """Whether the call failed because what it asks about does not exist (any more)."""
        return self.unreadable.error_code in ("NoSuchEntity", "NoSuchEntityException")


@dataclass(frozen=True)
class Listing:
    """Users that were listed, and why there may be more."""

    users: tuple[User, ...]
    failure: Unreadable | None = None


class LeanIAM(AWSService):
    """IAM as Prowler's own service classes reach it: same session, same region, same filters.

    Prowler's ``IAM`` reads all of IAM when it is made; this one reads nothing until asked. It
    retries in botocore's adaptive mode, as often as ``--aws-retries-max-attempts`` says if that
    differs from Prowler's default.
    """

    def __init__(self, provider: Any) -> None:
        region = provider.get_default_region("iam")
        # With global_service, AWSService makes no client for each region: IAM needs one.
        super().__init__("iam", provider, global_service=True, region=region)
        self.client: Any = self.client
        attempts = self.client.meta.config.retries["total_max_attempts"]
        if attempts == PROWLER_ATTEMPTS:
            attempts = ATTEMPTS
        self.client = self.session.client(
            "iam",
            region,
            config=Config(retries={"mode": "adaptive", "total_max_attempts": attempts}),
        )

    # How IAM is asked

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Make one call, named as in AWS's API reference. Raises CallFailedError."""
        method: Callable[..., dict[str, Any]] = getattr(self.client, xform_name(operation))
        try:
            return method(**parameters)
        except FAILURES as error:
            raise self._failed(operation, error) from error

    def _pages(self, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        paginator = self.client.get_paginator(xform_name(operation))
        try:
            yield from paginator.paginate(**parameters, PaginationConfig={"PageSize": PAGE_SIZE})
        except FAILURES as error:
            raise self._failed(operation, error) from error

    def _failed(self, operation: str, error: Exception) -> CallFailedError:
        if isinstance(error, ClientError):
            code = error.response["Error"]["Code"]
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            transient = status >= 500 or code in TRANSIENT
        else:
            code = type(error).__name__
            transient = isinstance(error, (BotoConnectionError, HTTPClientError))
        failed = CallFailedError(Unreadable(f"iam:{operation}", code, transient))
        # The code only: botocore's messages can quote what was sent.
        (logger.warning if failed.gone else logger.error)(f"{self.region} -- {failed}")
        return failed

    def ask_each(
        self, question: Callable[[Asked], Answer | Unreadable], about: Iterable[Asked]
    ) -> dict[Asked, Answer | Unreadable]:
        """Ask about many in parallel; what failed for a while only is asked again."""
        about = tuple(about)
        answers = dict(zip(about, self.thread_pool.map(question, about), strict=True))
        for _ in range(EXTRA_LOOKS):
            failed = [
                asked
                for asked, answer in answers.items()
                if isinstance(answer, Unreadable) and answer.transient
            ]
            answers.update(zip(failed, self.thread_pool.map(question, failed), strict=True))
        return answers

    # What IAM is asked

    def account_summary(self) -> dict[str, int] | Unreadable:
        """``GetAccountSummary``: how many users there are, whether the root user has keys."""
        try:
            summary: dict[str, int] = self.call("GetAccountSummary")["SummaryMap"]
        except CallFailedError as failed:
            return failed.unreadable
        if not is_complete(summary):
            return Unreadable("iam:GetAccountSummary", "IncompleteSummary")
        return summary

    def list_users(self) -> Listing:
        """All users with their tags.

        ``GetAccountAuthorizationDetails`` gives both in one go; where it fails, ``ListUsers``
        and one ``ListUserTags`` for each user do.
        """
        detailed = self._list_pages("GetAccountAuthorizationDetails", "UserDetailList", ["User"])
        if detailed.failure is None:
            return detailed
        plain = self._list_pages("ListUsers", "Users")
        with_tags = {user.arn: user for user in detailed.users}
        without_tags = [user for user in plain.users if user.arn not in with_tags]
        tagged = self.with_tags(without_tags)
        return Listing((*with_tags.values(), *tagged), plain.failure)

    def _list_pages(self, operation: str, member: str, kinds: list[str] | None = None) -> Listing:
        users: dict[str, User] = {}
        failure = None
        try:
            for page in self._pages(operation, **({"Filter": kinds} if kinds else {})):
                users.update((user.arn, user) for user in map(_user, page.get(member, ())))
        except CallFailedError as failed:
            failure = failed.unreadable
        return Listing(tuple(users.values()), failure)

    def is_user_arn(self, arn: str) -> bool:
        """Whether this is the ARN of an IAM user of the audited account."""
        return arn.startswith(f"arn:{self.audited_partition}:iam::{self.audited_account}:user/")

    def get_users(self, arns: Iterable[str]) -> dict[str, User | Unreadable]:
        """By ARN, these users and their tags; those that do not exist are left out."""
        answers = self.ask_each(self._get_user, sorted(arns))
        return {arn: answer for arn, answer in answers.items() if answer is not None}

    def _get_user(self, arn: str) -> User | Unreadable | None:
        try:
            user = _user(self.call("GetUser", UserName=User.of_arn(arn).name)["User"])
        except CallFailedError as failed:
            return None if failed.gone else failed.unreadable
        # A user's name is unique in an account, but an ARN has its path too.
        return user if user.arn == arn else None

    def with_tags(self, users: Iterable[User]) -> tuple[User, ...]:
        """The users with the tags that ``ListUserTags`` gives; those deleted since are left out."""
        return tuple(
            User(user.name, user.arn, tags)
            for user, tags in self.ask_each(self._tags, users).items()
            if tags is not None
        )

    def _tags(self, user: User) -> tuple[Tag, ...] | Unreadable | None:
        try:
            pages = self._pages("ListUserTags", UserName=user.name)
            return tuple(tag for page in pages for tag in page["Tags"])
        except CallFailedError as failed:
            return None if failed.gone else failed.unreadable

    def active_keys(self, user: User) -> ActiveKeys | Unreadable | None:
        """The user's active access keys, live; None if the user was deleted since."""
        keys = self.list_keys(user)
        return active_keys_in(keys) if isinstance(keys, list) else keys

    def list_keys(self, user: User) -> list[dict[str, Any]] | Unreadable | None:
        """All of the user's access keys as ``ListAccessKeys`` gives them; None without the user."""
        try:
            pages = self._pages("ListAccessKeys", UserName=user.name)
            return [key for page in pages for key in page["AccessKeyMetadata"]]
        except CallFailedError as failed:
            return None if failed.gone else failed.unreadable

    def last_use(self, key: AccessKey) -> LastUse | Unreadable | None:
        """When the key was last used, live; None if it never was."""
        try:
            answer = self.call("GetAccessKeyLastUsed", AccessKeyId=key.access_key_id)
        except CallFailedError as failed:
            return failed.unreadable
        used = answer["AccessKeyLastUsed"]
        if not used.get("LastUsedDate"):
            return None
        return LastUse(used["LastUsedDate"], used["ServiceName"], used["Region"])

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


def active_keys_in(metadata: Iterable[dict[str, Any]]) -> ActiveKeys:
    """The active ones of what ``ListAccessKeys`` answers as ``AccessKeyMetadata``."""
    return ActiveKeys.of(
        AccessKey(key["AccessKeyId"], key["CreateDate"])
        for key in metadata
        if key["Status"] == "Active"
    )


def _user(answer: dict[str, Any]) -> User:
    return User(answer["UserName"], answer["Arn"], tuple(answer.get("Tags", ())))
