"""The values that reading gives and deciding takes. Nothing here knows boto3 or Prowler."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeAlias, TypedDict, TypeVar

from pydantic import Field

ROOT_USER_NAME = "<root_account>"
"""AWS's name for the root user in the first row of a credential report."""
ACCOUNT_NAME = "<account>"
"""The name of the account itself in findings about it: no user can have it."""
MADE_FOR_API_KEY = re.compile(r"(?:Bedrock|CloudWatch|CloudWatchLogs)APIKey-[a-z0-9]{1,16}")
"""Names of users that the console makes when somebody generates an API key there."""
SMTP_SERVICE = "ses-smtp"
"""IAM's name for the last use of a key from which an SMTP password of Amazon SES was derived."""
GONE = frozenset({"NoSuchEntity", "NoSuchEntityException"})
"""Error codes with which IAM says that the user, group or key of a call does not exist."""

MANAGEMENT_ACCOUNT = "ManagementAccount"
"""The error code of a session that AWS gives nobody: that of the management account's root user."""
ROOT_ACCESS_OFF = "RootAccessOff"
"""The same if the organization has not turned centralized root access on."""


class Tag(TypedDict):
    """A tag as IAM answers it and as Prowler's findings hold it."""

    Key: str
    Value: str


@dataclass(frozen=True)
class Unreadable:
    """A fact that AWS did not give: the call that was made, and the error it ended with."""

    call: str
    """The IAM action, as a policy names it: ``iam:ListAccessKeys``."""
    error_code: str
    """AWS's error code (``AccessDenied``), or botocore's name for an answer that never came."""
    transient: Annotated[bool, Field(exclude=True)] = False
    """Whether asking again may help: throttling, a 5xx answer, a broken connection. Not written."""

    @property
    def gone(self) -> bool:
        """Whether the call failed because what it asks about does not exist (any more)."""
        return self.error_code in GONE

    @property
    def denied(self) -> bool:
        """Whether a policy forbids the call."""
        return self.error_code.startswith("AccessDenied")

    def __str__(self) -> str:
        return f"{self.call} failed with {self.error_code}"


@dataclass(frozen=True)
class LastUse:
    """The last time an access key was used, as ``GetAccessKeyLastUsed`` tells it."""

    date: datetime
    """UTC."""
    service: str
    """The service that was called: ``s3``."""
    region: str


@dataclass(frozen=True)
class AccessKey:
    """An access key. The secret is never part of it: AWS does not give it out again."""

    access_key_id: str
    create_date: datetime
    """UTC."""
    active: bool = True
    last_use: LastUse | Unreadable | None = None
    """None if AWS has no use on record, or if it was not asked for."""

    @property
    def used(self) -> bool:
        """Whether AWS has a use on record."""
        return isinstance(self.last_use, LastUse)

    @property
    def is_for_smtp(self) -> bool:
        """Whether the key was last used through an SMTP password of Amazon SES."""
        return isinstance(self.last_use, LastUse) and self.last_use.service == SMTP_SERVICE

    def last_active(self) -> datetime:
        """When the key was last used or, with no use on record, created (UTC).

        A use before the creation does not count: only a wrong clock makes one.
        """
        if isinstance(self.last_use, LastUse):
            return max(self.last_use.date, self.create_date)
        return self.create_date

    def idle(self, now: datetime) -> timedelta:
        """How long the key has not been used at ``now`` (UTC)."""
        return now - self.last_active()

    def age_days(self, now: datetime) -> int:
        """How many times 24 hours ago the key was created; 0 if that is in the future."""
        return max(0, (now - self.create_date).days)


Keys: TypeAlias = tuple[AccessKey, ...]
"""Access keys of one user, older first."""


def older_first(keys: Iterable[AccessKey]) -> Keys:
    """Keys in the order in which they were created."""
    return tuple(sorted(keys, key=lambda key: (key.create_date, key.access_key_id)))


@dataclass(frozen=True)
class Policies:
    """The policies of one user or of one group."""

    attached: tuple[str, ...] | Unreadable = ()
    """ARNs of managed policies."""
    inline: Mapping[str, Any] | Unreadable = field(default_factory=dict)
    """Documents of inline policies by name; None for a document that was not read."""
    boundary: str | None = None
    """ARN of the user's permissions boundary, empty without one; None if it was not read."""
    groups: tuple[str, ...] | Unreadable = ()
    """Names of the user's groups."""
    arn: str = ""
    """The group's ARN; empty for a user, or if it was not read."""


@dataclass(frozen=True)
class User:
    """An IAM user, as IAM names it."""

    name: str
    arn: str
    tags: tuple[Tag, ...] | Unreadable = field(default=(), hash=False)
    policies: Policies | None = field(default=None, hash=False)
    """The user's own policies and its groups; None if the listing does not say."""
    user_id: str = field(default="", compare=False)
    """Empty if the listing does not say: Prowler's IAM client does not."""

    @classmethod
    def of_arn(cls, arn: str) -> User:
        """The user that an ARN names, if nothing else is known."""
        return cls(arn.rsplit("/", 1)[-1], arn)


@dataclass(frozen=True)
class UserPolicies:
    """The policies that apply to a user: its own and those of its groups."""

    attached: tuple[tuple[str, str], ...] = ()
    """ARN of a managed policy and the group that it comes through, empty for the user's own."""
    inline: tuple[tuple[str, str, Any], ...] = ()
    """Name of an inline policy, the group that it comes through, and its document or Unreadable."""
    boundary: str | None = ""
    """ARN of the permissions boundary, empty without one; None if it was not read."""
    attached_unread: Unreadable | None = None
    """Why there may be more managed policies; None if these are all."""
    inline_unread: Unreadable | None = None
    """Why there may be more inline policies; None if these are all."""
    groups: tuple[str, ...] = ()
    """ARNs of the groups, as far as they were read."""


Quarantine: TypeAlias = tuple[str, ...] | Unreadable
"""Names of AWS's quarantine policies on a user, its groups included, or why they are not known."""
Item = TypeVar("Item")


def if_read(items: tuple[Item, ...] | Unreadable) -> tuple[Item, ...]:
    """What was read: nothing if it is not known whether there is anything."""
    return () if isinstance(items, Unreadable) else items


@dataclass(frozen=True)
class ServiceSpecificCredential:
    """A service-specific credential: an API key, or a user name and password for one service."""

    credential_id: str
    service: str
    """The service's name as IAM writes it: ``bedrock.amazonaws.com``."""
    create_date: datetime
    """UTC."""
    active: bool = True
    expires: datetime | None = None
    """UTC; None if it never expires."""


@dataclass(frozen=True)
class RootAudit:
    """What ``prowler-org --audit-root`` read in a session of an account's root user."""

    account: str
    keys: Keys | Unreadable
    """All access keys with their last use, or why they are not known."""
    date: datetime
    """When (UTC), by AWS's clock if it answered."""
    password: bool | None = None
    """This and each fact below: None if it was not read."""
    mfa_devices: int | None = None
    signing_certificates: int | None = None


@dataclass(frozen=True)
class RootAccessKeys:
    """The root user's access keys, or why they are not known."""

    arn: str
    active: int | Unreadable
    """How many are active."""
    present: bool | Unreadable = True
    """Whether there is one, active or not, at the time of the scan."""
    last_used: datetime | None = None
    """When an active one was last used (UTC); None if no use is recorded."""
    report_date: datetime | None = None
    """When the credential report that says so was made (UTC); None if no report was needed."""
    report_age: timedelta = timedelta(0)
    """How old that report was when it was read."""
    report_is_fresh: bool = False
    """Whether that report was made for this scan."""
    audit: RootAudit | None = None
    """What was read in a session of the root user; None if there was to be none."""
    now: datetime = field(kw_only=True)
    """The time of the run (UTC)."""

    @property
    def keys(self) -> Keys | None:
        """All keys, if a session of the root user listed them."""
        keys = self.audit.keys if self.audit else None
        return None if isinstance(keys, Unreadable) else keys


@dataclass(frozen=True)
class ListingGap:
    """Users that the account may have and that were not listed."""

    listed: int
    expected: int | Unreadable
    """How many users ``GetAccountSummary`` counts, or why that is not known."""
    failure: Unreadable | None = None
    """Why the listing ended early; None if AWS marked its last page as the last."""
    unlisted: tuple[str, ...] = ()
    """Names of users in other answers of AWS that were not listed."""


@dataclass(frozen=True)
class UnmatchedARN:
    """An ARN that the scan is limited to and that names nothing the checks look at."""

    arn: str
    foreign: bool = False
    """Whether it belongs to another account or partition."""
    actual: str = ""
    """The ARN of the user of that name, if there is one under another path."""
    is_user: bool = True
    """Whether it has the form of an IAM user's ARN, or of the root user's."""
