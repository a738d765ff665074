"""The values that reading gives and deciding takes. Nothing here knows AWS or Prowler."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict

ROOT_USER_NAME = "<root_account>"
"""What AWS calls the root user in the first row of a credential report."""


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
    transient: bool = False
    """Whether asking again may help: throttling, a 5xx answer, a broken connection."""

    def __str__(self) -> str:
        return f"{self.call} failed with {self.error_code}"


@dataclass(frozen=True)
class CountedOnly(Unreadable):
    """Access keys that could not be listed, of which a report made for this scan has the number."""

    count: int = field(kw_only=True)
    """How many are active; more than one."""


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
    """One active access key. The secret is never part of it: AWS does not give it out again."""

    access_key_id: str
    create_date: datetime
    """UTC."""
    last_use: LastUse | Unreadable | None = None
    """None if the key was never used, or nobody asked: it is asked of keys that fail only."""

    def last_active(self) -> datetime:
        """When the key was last used or, if it never was, created (UTC).

        A use before the creation, which only a wrong clock makes, does not count.
        """
        if isinstance(self.last_use, LastUse):
            return max(self.last_use.date, self.create_date)
        return self.create_date


@dataclass(frozen=True)
class ActiveKeys:
    """How many active access keys somebody has, and which they are where that matters."""

    count: int
    keys: tuple[AccessKey, ...] = ()
    """The keys, older first; only of those who have more than one, and only once listed."""

    @property
    def wants_listing(self) -> bool:
        """Whether it matters which keys they are, and that is not known."""
        return self.count > 1 and not self.keys

    @classmethod
    def of(cls, keys: Iterable[AccessKey]) -> ActiveKeys:
        """Keep a single key's count only: a credential report gives no more than that."""
        older_first = tuple(sorted(keys, key=lambda key: (key.create_date, key.access_key_id)))
        return cls(len(older_first), older_first if len(older_first) > 1 else ())


@dataclass(frozen=True)
class User:
    """An IAM user, as IAM names it."""

    name: str
    arn: str
    tags: tuple[Tag, ...] | Unreadable = field(default=(), hash=False)

    @classmethod
    def of_arn(cls, arn: str) -> User:
        """The user that an ARN names, of whom nothing else is known."""
        return cls(arn.rsplit("/", 1)[-1], arn)


@dataclass(frozen=True)
class UserAccessKeys:
    """An IAM user and the active access keys it has, or why that is not known."""

    user: User
    active: ActiveKeys | Unreadable


@dataclass(frozen=True)
class RootAccessKeys:
    """The root user's active access keys, or why they are not known."""

    arn: str
    active: ActiveKeys | Unreadable
    report_date: datetime | None = None
    """When the credential report that says so was made (UTC); None if no report was needed."""
    report_age: timedelta = timedelta(0)
    """How old that report was when it was read."""


@dataclass(frozen=True)
class ListingGap:
    """Users that the account may have and that were not listed."""

    listed: int
    expected: int | Unreadable
    """How many users ``GetAccountSummary`` counts, or why that is not known."""
    failure: Unreadable | None = None
    """Why the listing ended early; None if it ended as though it were complete."""


@dataclass(frozen=True)
class AccountReading:
    """All that one scan learned about the access keys of an account."""

    region: str
    """Where findings about the account's users are filed: the region of Prowler's IAM service."""
    users: tuple[UserAccessKeys, ...]
    """By name, so that two scans of the same account can be compared line by line."""
    root: RootAccessKeys | None
    """None only if the scan is limited to other resources."""
    gap: ListingGap | None
