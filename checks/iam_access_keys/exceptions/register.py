"""The file of exceptions: read, verified, and looked up by user or key. Pure, apart from ``load``.

A file with one mistake is not used at all: read in part, it may accept what nobody meant.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from functools import cached_property, lru_cache, partial
from itertools import pairwise
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from ..catalogue import our_checks
from ..facts import ROOT_USER_NAME

OWN_CHECK = "iam_users_access_key_exceptions"
"""The check of the exceptions themselves, which nothing excepts."""
HYGIENE = frozenset(
    {
        "iam_user_active_keys_without_owner",
        "iam_user_console_password_and_active_keys",
        "iam_user_inactive_keys_not_deleted",
        "iam_user_multiple_active_keys",
        "iam_user_unrotated_active_keys",
        "iam_user_unused_active_keys",
    }
)
"""The checks that ``*`` stands for: none of them is about an intruder or an administrator."""
ALL = "*"
"""Every account, or every check of hygiene."""
MOST_BYTES = 16 << 20
MOST_ENTRIES = 20_000
MISTAKES = 5
"""How many mistakes of a file are named."""
State = Literal["in force", "ended", "not begun", "too long", "without owner"]
_LAST_SECOND = time(23, 59, 59)
_DATE = r"2\d{3}-\d\d-\d\d"
_MOMENT = rf"{_DATE}[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)"


class UnusableExceptionsError(ValueError):
    """Content that is not a usable file of exceptions; the text says why."""


def _moment(of_day: time, value: Any) -> Any:
    """A date, which stands for this time of the day in UTC, or a time with its zone."""
    if not isinstance(value, str):
        return value
    text = f"{value}T{of_day}Z" if re.fullmatch(_DATE, value, re.ASCII) else value
    if not re.fullmatch(_MOMENT, text, re.ASCII):
        raise ValueError("it is neither a date nor a time with its zone")
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)


_WHEN = "a date, such as 2027-01-31, or a time with its zone"
_AS_TEXT = WithJsonSchema({"type": "string", "pattern": f"^({_DATE}|{_MOMENT})$"})
_Begin = Annotated[datetime, BeforeValidator(partial(_moment, time(0))), _AS_TEXT]
_End = Annotated[datetime, BeforeValidator(partial(_moment, _LAST_SECOND)), _AS_TEXT]
_Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^<>\x00-\x1f\x7f-\x9f]+$"),
    Field(description="a line of text without < and >, which mark what is still to be filled in"),
]


class ExceptionEntry(BaseModel):
    """A user or a key whose failing findings somebody accepts until a date."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"oneOf": [{"required": ["user"]}, {"required": ["access_key_id"]}]},
    )

    account: str = Field(
        pattern=r"^([0-9]{12}|\*)$", description="12 digits in quotation marks, or * for all"
    )
    user: str = Field(
        "", pattern=rf"^([A-Za-z0-9_+=,.@-]{{1,64}}|{ROOT_USER_NAME})$",
        description=f"the name of an IAM user, without its path, or {ROOT_USER_NAME}",
    )  # fmt: skip
    access_key_id: str = Field(
        "", pattern=r"^[A-Z0-9]{16,128}$",
        description="the ID of an access key or of a service-specific credential",
    )  # fmt: skip
    checks: tuple[Annotated[str, Field(pattern=r"^(iam_[a-z_]{1,96}|\*)$")], ...] = Field(
        min_length=1, max_length=50,
        description="a list of checks of this plug-in, or * for its checks of hygiene",
    )  # fmt: skip
    reason: _Text
    approver: _Text
    owner: _Text = ""
    ticket: _Text = ""
    begin: _Begin | None = Field(None, alias="from", description=_WHEN)
    end: _End = Field(alias="until", description=_WHEN)

    @model_validator(mode="after")
    def _is_consistent(self) -> ExceptionEntry:
        if bool(self.user) == bool(self.access_key_id):
            raise ValueError("it must have a user or an access_key_id, and not both")
        if self.begin and self.begin > self.end:
            raise ValueError("it ends before it begins")
        if unknown := self.covered_checks - (our_checks() - {OWN_CHECK}):
            raise ValueError(f"no check of this plug-in is called {min(unknown)}")
        return self

    @property
    def subject(self) -> str:
        """Whom or what it is about, in words."""
        return self.access_key_id or f"user {self.user}"

    @property
    def until(self) -> str:
        """When it ends, in words: a day or a time, in UTC."""
        is_day = self.end.time() == _LAST_SECOND
        return f"{self.end:%Y-%m-%d}" if is_day else f"{self.end:%Y-%m-%d %H:%M:%S} UTC"

    @cached_property
    def covered_checks(self) -> frozenset[str]:
        """The checks that it is about."""
        return frozenset(self.checks) - {ALL} | (HYGIENE if ALL in self.checks else frozenset())

    def state(self, now: datetime, most_days: int) -> State:
        """Whether it is in force at ``now`` (UTC), or why not.

        It may last for ``most_days`` days, and not end later than that many days from now.
        """
        if now > self.end:
            return "ended"
        if self.end - min(self.begin or now, now) > timedelta(days=most_days):
            return "too long"
        if not self.owner:
            return "without owner"
        return "not begun" if self.begin and now < self.begin else "in force"


class ExceptionFile(BaseModel):
    """What a file of exceptions has."""

    model_config = ConfigDict(extra="forbid", title="Exceptions of prowler-access-keys")

    exceptions: tuple[ExceptionEntry, ...] = Field(max_length=MOST_ENTRIES)


@dataclass(frozen=True)
class Register:
    """The exceptions of a run."""

    path: str = ""
    """The file; empty if there is none."""
    entries: tuple[ExceptionEntry, ...] = ()
    problem: str = ""
    """Why the file is not used, in a sentence; empty if it is. Then there are no entries."""

    @cached_property
    def _by_subject(self) -> dict[str, list[ExceptionEntry]]:
        found = defaultdict(list)
        for entry in self.entries:
            found[entry.subject].append(entry)
        return found

    def about(self, account: str, *, user: str = "", key_id: str = "") -> list[ExceptionEntry]:
        """The entries that name a user or a key, in this account or in all."""
        found = self._by_subject.get(key_id or f"user {user}", ())
        return [entry for entry in found if entry.account in (ALL, account)]

    def protecting(
        self, account: str, user: str, key_ids: Iterable[str]
    ) -> Iterator[ExceptionEntry]:
        """The entries that may mean a user, in any spelling, or one of its keys."""
        ids = set(key_ids)
        for entry in self.entries:
            is_meant = entry.user.casefold() == user.casefold() or entry.access_key_id in ids
            if is_meant and entry.account in (ALL, account):
                yield entry


NO_EXCEPTIONS = Register()


def load(path: str) -> Register:
    """The exceptions in a file; without a name, none. Does not raise."""
    try:
        return Register(path, parse(_read(path))) if path else NO_EXCEPTIONS
    except OSError as error:
        why = error.strerror or type(error).__name__
    except UnusableExceptionsError as error:
        why = str(error)
    problem = f"The exceptions in {path} cannot be used, and no finding is muted for them: {why}."
    return Register(path, problem=problem)


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnusableExceptionsError("it is not a regular file")
        return file.read(MOST_BYTES + 1)


@lru_cache(maxsize=1)
def parse(content: bytes) -> tuple[ExceptionEntry, ...]:
    """The entries of a file in YAML, of which JSON is a part. Raises UnusableExceptionsError."""
    if len(content) > MOST_BYTES:
        raise UnusableExceptionsError(f"it has more than {MOST_BYTES >> 20} MiB")
    try:
        entries = ExceptionFile.model_validate(_document(content.decode("utf-8-sig"))).exceptions
        mistakes = _overlaps(entries)
    except UnicodeDecodeError as error:
        raise UnusableExceptionsError("it is not UTF-8 text") from error
    except RecursionError as error:
        raise UnusableExceptionsError("it is nested too deeply") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise UnusableExceptionsError(f"it is not valid YAML{where}") from error
    except ValidationError as error:
        outer_first = sorted(error.errors(), key=lambda mistake: len(mistake["loc"]) > 1)
        mistakes = list(dict.fromkeys(map(_word_mistake, outer_first)))
    if mistakes:
        more = f", and {len(mistakes) - MISTAKES} more" if len(mistakes) > MISTAKES else ""
        raise UnusableExceptionsError("; ".join(mistakes[:MISTAKES]) + more)
    return entries


def _document(text: str) -> Any:
    """A document as text, lists, and mappings: no value is taken for a number or a date.

    An alias is refused: of few lines it can make a document that fills memory.
    """
    events = yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    def build(event: Any) -> Any:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            return None if event.implicit[0] and event.value in ("", "~", "null") else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return list(members(yaml.SequenceEndEvent))
        if not isinstance(event, yaml.MappingStartEvent):
            raise UnusableExceptionsError(f"line {line} has an alias, which is not allowed here")
        values = list(members(yaml.MappingEndEvent))
        names = values[::2]
        if not all(isinstance(name, str) for name in names):
            raise UnusableExceptionsError(f"line {line} has a name that is not text")
        if len(set(names)) < len(names):
            twice = Counter(names).most_common(1)[0][0]
            raise UnusableExceptionsError(f"{twice[:60]!r} is there twice in one mapping")
        pairs = zip(names, values[1::2], strict=True)
        return {name: value for name, value in pairs if value is not None}

    def members(end: type[Any]) -> Iterator[Any]:
        while not isinstance(event := next(events), end):
            yield build(event)

    next(events)  # the begin of the stream
    documents = []
    while not isinstance(next(events), yaml.StreamEndEvent):
        documents.append(build(next(events)))
        next(events)  # the end of the document
    if len(documents) != 1:
        raise UnusableExceptionsError(f"it has {len(documents) or 'no'} documents")
    return documents[0]


def _word_mistake(mistake: Any) -> str:
    """A mistake that pydantic found, with the number of its entry."""
    place = mistake["loc"]
    if len(place) < 2:
        return f"it must have a list named exceptions, of up to {MOST_ENTRIES:,}, and nothing else"
    fields = {field.alias or name: field for name, field in ExceptionEntry.model_fields.items()}
    name, why = place[2] if len(place) > 2 else "", mistake["msg"].removeprefix("Value error, ")
    if mistake["type"] == "missing":
        why = f"{name} is missing"
    elif name in fields:
        why = f"{name} must be {fields[name].description}"
    elif name:
        why = f"{name[:60]!r} is not one of {', '.join(fields)}"
    return f"entry {place[1] + 1}: {why}"


def _overlaps(entries: tuple[ExceptionEntry, ...]) -> list[str]:
    """The pairs of entries that cover the same at the same time: who accepted it is not clear."""
    timelines: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, entry in enumerate(entries):
        for check in entry.covered_checks:
            timelines[entry.subject, check][entry.account].append(number)
    begins = [entry.begin or datetime.min.replace(tzinfo=timezone.utc) for entry in entries]
    pairs = set()
    for by_account in timelines.values():
        everywhere = by_account.get(ALL, [])
        for account, numbers in by_account.items():
            both = numbers if account == ALL else numbers + everywhere
            for first, second in pairwise(sorted(both, key=begins.__getitem__)):
                if begins[second] <= entries[first].end:
                    pairs.add((min(first, second), max(first, second)))
    return [
        f"entries {first + 1} and {second + 1} ({entries[first].subject}) cover the same at the "
        "same time"
        for first, second in sorted(pairs)
    ]
