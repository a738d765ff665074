"""One user's facts, each read when a check asks for it, and for all users that need it at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol, TypeVar

from .credential_report import ReportRow
from .facts import Keys, Quarantine, Unreadable, User
from .iam import IAM
from .quarantine import read_quarantine

Subject = TypeVar("Subject", bound=Hashable)
Result = TypeVar("Result")


class Fact(Enum):
    """A fact that takes calls of its own."""

    KEYS = "the user's access keys"
    LAST_USE = "when an access key was last used"
    QUARANTINE = "AWS's quarantine policies on the user"


class NotReadYetError(Exception):
    """A check asked for facts that have to be read first."""

    def __init__(self, fact: Fact, about: Iterable[Hashable]) -> None:
        super().__init__(fact.value)
        self.fact = fact
        self.about = tuple(about)


class UnreadableError(Exception):
    """A check asked for a fact that could not be read."""

    def __init__(self, failure: Unreadable) -> None:
        super().__init__(str(failure))
        self.failure = failure


class KnownKeys(Protocol):
    """What a source knows of users' keys without a call for each."""

    @property
    def held_keys(self) -> Mapping[str, Keys]:
        """By ARN, the keys of users for which they are listed already."""

    @property
    def fresh_rows(self) -> Mapping[str, ReportRow]:
        """By ARN, the rows of a credential report that was made for this scan, if there is one."""


class Answers:
    """What has been read so far, each fact at most once, and how to read more."""

    def __init__(self, iam: IAM, known: KnownKeys | None, *, whole_account: bool) -> None:
        """``whole_account``: whether calls about all users are worth it."""
        self._answers: dict[tuple[Fact, Hashable], Any] = {}
        self._known = known
        self._readers: dict[Fact, Callable[[Iterable[Any]], Mapping[Any, Any]]] = {
            Fact.KEYS: lambda users: iam.ask_each(iam.list_keys, users),
            Fact.LAST_USE: lambda ids: iam.ask_each(iam.last_use, ids),
            Fact.QUARANTINE: lambda users: read_quarantine(iam, users, whole_account=whole_account),
        }

    def get(self, fact: Fact, about: Iterable[Hashable]) -> list[Any]:
        """The answers about these subjects. Raises NotReadYetError if one is missing."""
        about = tuple(about)
        missing = [one for one in about if (fact, one) not in self._answers]
        if missing:
            raise NotReadYetError(fact, missing)
        return [self._answers[fact, one] for one in about]

    def keys(self, user: User) -> Keys | Unreadable:
        """All of a user's keys. Raises NotReadYetError."""
        held = self._known.held_keys.get(user.arn) if self._known else None
        if held is not None:
            return held
        answer: Keys | Unreadable = self.get(Fact.KEYS, (user,))[0]
        return answer

    def row(self, user: User) -> ReportRow | None:
        """The user's row of a report that was made for this scan, if there is a clear one."""
        return self._known.fresh_rows.get(user.arn) if self._known else None

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
                self._answers.update(((fact, one), answers[one]) for one in about)
            pending = undecided
        return results


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

    def keys(self) -> Keys:
        """All access keys, live."""
        failure = self.failure
        if failure is None:
            keys = self.answers.keys(self.user)
            if not isinstance(keys, Unreadable):
                return keys
            failure = keys
        raise UnreadableError(failure)

    def active_keys(self) -> Keys:
        """The active access keys, live."""
        return tuple(key for key in self.keys() if key.active)

    def with_last_use(self, keys: Keys) -> Keys:
        """The same keys with their last use, which may be Unreadable. No UnreadableError."""
        uses = self.answers.get(Fact.LAST_USE, (key.access_key_id for key in keys))
        return tuple(replace(key, last_use=use) for key, use in zip(keys, uses, strict=True))

    def quarantine(self) -> Quarantine:
        """AWS's quarantine policies on the user and its groups. No UnreadableError."""
        quarantine: Quarantine = self.answers.get(Fact.QUARANTINE, (self.user,))[0]
        return quarantine
