"""One user's facts, each read when a check asks for it, and for all users that need it at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any, TypeVar

from ..facts import (
    AccessKey,
    Keys,
    Quarantine,
    ServiceSpecificCredential,
    Tag,
    Unreadable,
    User,
    UserPolicies,
)
from .credential_report import CredentialReport, ReportRow
from .iam import IAM, PolicyListing
from .own_source import Source
from .policies import PolicyReader, quarantine_of
from .policy_documents import needed_documents

Subject = TypeVar("Subject", bound=Hashable)
Result = TypeVar("Result")


class Fact(Enum):
    """A fact that takes calls of its own."""

    KEYS = "access keys"
    LAST_USE = "last use of access keys"
    PASSWORD = "console password"  # noqa: S105 - a name
    TAGS = "tags"
    QUARANTINE = "policies of AWS's quarantine"
    POLICIES = "policies"
    POLICY_DOCUMENTS = "documents of managed policies"
    SERVICE_SPECIFIC_CREDENTIALS = "service-specific credentials"


class NotReadYetError(BaseException):
    """A check asked for facts that have to be read first. No ``except Exception`` may catch it."""

    def __init__(self, fact: Fact, about: Iterable[Hashable]) -> None:
        super().__init__(fact.value)
        self.fact = fact
        self.about = tuple(about)


class UnreadableError(Exception):
    """A check asked for a fact that could not be read."""

    def __init__(self, failure: Unreadable, what: str = Fact.KEYS.value) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.what = what
        """What could not be read, as a sentence names it."""


def attempt(read: Callable[[], Result], unread: list[UnreadableError]) -> Result | None:
    """A fact, or None if it could not be read: then ``unread`` has why."""
    try:
        return read()
    except UnreadableError as error:
        unread.append(error)
        return None


def word_unread(unread: Iterable[UnreadableError]) -> list[str]:
    """What could not be read of a user, in sentences."""
    return [f"Its {error.what} could not be read: {error.failure}." for error in unread]


class Answers:
    """What has been read so far, each fact at most once, and how to read more."""

    def __init__(
        self,
        iam: IAM,
        source: Source | None,
        *,
        whole_account: bool,
        listed: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        """``whole_account``: whether calls about all users are worth it.

        Without a ``source``, nothing counts but what is asked from now on. ``listed`` gives the
        names of all users that were listed.
        """
        self._answers: dict[tuple[Fact, Hashable], Any] = {}
        self._rows: dict[str, ReportRow] = {}
        self._iam = iam
        self._source = source or Source(iam)
        self._whole_account = whole_account
        self._listed = listed
        self._named: set[str] = set()
        policies = PolicyReader(iam, self._details)
        self._readers: dict[Fact, Callable[[Iterable[Any]], Mapping[Any, Any]]] = {
            Fact.KEYS: lambda users: iam.ask_each(iam.list_keys, users),
            Fact.LAST_USE: lambda ids: iam.ask_each(iam.last_use, ids),
            Fact.PASSWORD: lambda users: iam.ask_each(iam.has_password, users),
            Fact.TAGS: self._read_tags,
            Fact.QUARANTINE: lambda users: policies.read(users, whole_account=whole_account),
            Fact.POLICIES: lambda users: policies.read(users, whole_account=True),
            Fact.POLICY_DOCUMENTS: policies.documents,
            Fact.SERVICE_SPECIFIC_CREDENTIALS: self._read_service_specific_credentials,
        }

    @property
    def unlisted(self) -> tuple[str, ...]:
        """Names of users in what was read so far that were not listed."""
        return tuple(sorted(self._named - set(self._listed()))) if self._named else ()

    def get(self, fact: Fact, about: Iterable[Hashable]) -> list[Any]:
        """The answers about these subjects. Raises NotReadYetError if one is missing."""
        about = tuple(about)
        missing = [subject for subject in about if (fact, subject) not in self._answers]
        if missing:
            raise NotReadYetError(fact, missing)
        return [self._answers[fact, subject] for subject in about]

    def about(self, fact: Fact, user: User) -> Any:
        """A fact of a user, or why it could not be read. Raises NotReadYetError."""
        return self.get(fact, (user,))[0]

    def keys(self, user: User) -> Keys | Unreadable:
        """All of a user's keys. Raises NotReadYetError."""
        held = self._source.held_keys.get(user.arn)
        return self.about(Fact.KEYS, user) if held is None else held

    def keys_in_hand(self, user: User) -> Keys | None:
        """All of a user's keys, with the uses that were asked for; None if none were listed."""
        held = self._source.held_keys.get(user.arn)
        keys = self._answers.get((Fact.KEYS, user)) if held is None else held
        if keys is None or isinstance(keys, Unreadable):
            return None
        uses = ((key, self._answers.get((Fact.LAST_USE, key.access_key_id))) for key in keys)
        return tuple(replace(key, last_use=use) for key, use in uses)

    def report_in_hand(self, user: User) -> tuple[ReportRow, datetime] | None:
        """The row that a verdict went by, and when AWS made its report (UTC); None without one."""
        row = self._rows.get(user.arn)
        report = self._source.credential_report if row else None
        return (row, report.generated) if row and isinstance(report, CredentialReport) else None

    def row(self, user: User) -> ReportRow | None:
        """The user's row of a report that was made for this scan, if there is a clear one."""
        row = self._source.fresh_rows.get(user.arn)
        if row:
            self._rows[user.arn] = row
        return row

    def was_used_since(self, user: User, key: AccessKey, moment: datetime) -> bool:
        """Whether a credential report, however old, proves that the key was used after then."""
        row = self._source.any_rows.get(user.arn)
        used = row.last_used(key.create_date) if row else None
        return used is not None and used > moment

    def has_password(self, user: User) -> bool | Unreadable:
        """Whether the user has a console password. Raises NotReadYetError."""
        row = self.row(user)
        if row and row.password is not None:
            return row.password
        return user.arn in self._source.passwords or self.about(Fact.PASSWORD, user)

    def tags(self, user: User) -> tuple[Tag, ...] | Unreadable:
        """The user's tags. Raises NotReadYetError."""
        is_certain = user.tags or self._source.untagged_is_certain
        return user.tags if is_certain else self.about(Fact.TAGS, user)

    def settle(
        self, subjects: Iterable[Subject], judge: Callable[[Subject], Result]
    ) -> dict[Subject, Result]:
        """Judge each subject, and read what that asks for, for all subjects together."""
        results: dict[Subject, Result] = {}
        pending = list(subjects)
        while pending:
            needed: dict[Fact, dict[Hashable, None]] = {}
            undecided = []
            for subject in pending:
                try:
                    results[subject] = judge(subject)
                except NotReadYetError as need:
                    needed.setdefault(need.fact, {}).update(dict.fromkeys(need.about))
                    undecided.append(subject)
            for fact, about in needed.items():
                answers = self._readers[fact](about)
                self._answers.update(((fact, subject), answers[subject]) for subject in about)
            pending = undecided
        return results

    def _details(self) -> PolicyListing:
        details = self._source.account_details
        self._named.update(user.name for user in details.users)
        return details

    def _read_tags(self, users: Iterable[User]) -> Mapping[User, tuple[Tag, ...] | Unreadable]:
        users = tuple(users)
        details = self._details().users if self._whole_account else ()
        listed = {user.arn: user.tags for user in details}
        unlisted = [user for user in users if user.arn not in listed]
        listed |= {user.arn: user.tags for user in self._iam.with_tags(unlisted)}
        return {user: listed[user.arn] for user in users}

    def _read_service_specific_credentials(
        self, users: Iterable[User]
    ) -> Mapping[User, tuple[ServiceSpecificCredential, ...] | Unreadable]:
        """The credentials of each user: all at once or, if that fails, user by user.

        If a user is named that was not listed, one that was listed may have been renamed: then
        those without credentials are asked about too.
        """
        users = tuple(users)
        everyone = self._iam.all_service_specific_credentials() if self._whole_account else None
        if not isinstance(everyone, dict):
            return self._iam.ask_each(self._iam.service_specific_credentials, users)
        self._named |= everyone.keys()
        doubtful = [user for user in users if user.name not in everyone] if self.unlisted else []
        return {user: everyone.get(user.name, ()) for user in users} | self._iam.ask_each(
            self._iam.service_specific_credentials, doubtful
        )


@dataclass(frozen=True)
class UserFacts:
    """What a check may ask about one user.

    Each method raises NotReadYetError until its fact has been read (see ``Answers.settle``), and
    UnreadableError if it could not be read, unless it says otherwise.
    """

    user: User
    answers: Answers
    failure: Unreadable | None = None
    """Why nothing at all is known of the user."""

    # Access keys

    def active_count(self) -> int:
        """How many active access keys the user has: from a report made for this scan, or listed."""
        try:
            return len(self.active_keys())
        except (NotReadYetError, UnreadableError) as error:
            gone = isinstance(error, UnreadableError) and error.failure.gone
            row = None if self.failure or gone else self.answers.row(self.user)
            if row is None:
                raise
            return row.active_keys

    def all_used_since(self, moment: datetime) -> bool:
        """Whether a report made for this scan proves that all active keys were used after then.

        False proves nothing. Raises nothing.
        """
        row = None if self.failure else self.answers.row(self.user)
        return row is not None and all(
            slot.last_used is not None and slot.last_used > moment for slot in row.active_slots
        )

    def not_used_since(self, keys: Keys, moment: datetime) -> Keys:
        """The keys without those of which a report proves a use after then. Raises nothing."""
        return tuple(key for key in keys if not self.answers.was_used_since(self.user, key, moment))

    def all_keys(self) -> Keys:
        """All access keys, live."""
        return self._known(Fact.KEYS, self.answers.keys)

    def active_keys(self) -> Keys:
        """The active access keys, live."""
        return tuple(key for key in self.all_keys() if key.active)

    def with_last_use(self, keys: Keys) -> Keys:
        """The same keys with their last use, which may be Unreadable. No UnreadableError."""
        uses = self.answers.get(Fact.LAST_USE, (key.access_key_id for key in keys))
        return tuple(replace(key, last_use=use) for key, use in zip(keys, uses, strict=True))

    # Whatever else a user has

    def has_password(self) -> bool:
        """Whether the user has a console password."""
        return self._known(Fact.PASSWORD, self.answers.has_password)

    def tags(self) -> tuple[Tag, ...]:
        """The user's tags."""
        return self._known(Fact.TAGS, self.answers.tags)

    def quarantine(self) -> Quarantine:
        """AWS's quarantine policies on the user and its groups. No UnreadableError."""
        return quarantine_of(self.answers.about(Fact.QUARANTINE, self.user))

    def policies(self) -> UserPolicies:
        """All policies of the user and its groups, as far as they were read. No UnreadableError."""
        policies: UserPolicies = self.answers.about(Fact.POLICIES, self.user)
        return policies

    def policies_with_documents(self) -> tuple[UserPolicies, dict[str, Any]]:
        """The same policies and, by ARN, the documents that decide. No UnreadableError."""
        policies = self.policies()
        return policies, self.policy_documents(needed_documents(policies))

    def policy_documents(self, arns: Iterable[str]) -> dict[str, Any]:
        """By ARN, documents of the account's own policies, or Unreadable. No UnreadableError."""
        arns = tuple(arns)
        return dict(zip(arns, self.answers.get(Fact.POLICY_DOCUMENTS, arns), strict=True))

    def service_specific_credentials(self) -> tuple[ServiceSpecificCredential, ...]:
        """The user's service-specific credentials, live."""
        fact = Fact.SERVICE_SPECIFIC_CREDENTIALS
        credentials: tuple[ServiceSpecificCredential, ...]
        credentials = self._known(fact, partial(self.answers.about, fact))
        return credentials

    def _known(self, fact: Fact, read: Callable[[User], Result | Unreadable]) -> Result:
        """The user's fact that ``read`` gives."""
        if self.failure is not None:
            raise UnreadableError(self.failure)
        answer = read(self.user)
        if isinstance(answer, Unreadable):
            raise UnreadableError(answer, fact.value)
        return answer
