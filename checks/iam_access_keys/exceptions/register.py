"""The file of exceptions: read, verified, and looked up by user or key. Pure, apart from ``load``.

A file with one mistake is not used at all: read in part, it may accept what nobody meant.
"""

from __future__ import annotations

import json
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
OWN_CHECK = "iam_users_access_key_exceptions"
"""The check of the exceptions themselves, which nothing excepts."""
ALL = "*"
"""Every account, or every check of hygiene."""
MOST_BYTES = 16 << 20
MOST_ENTRIES = 20_000
MISTAKES = 5
"""How many mistakes of a file are named."""
_LAST_SECOND = time(23, 59, 59)
_DATE = r"\d{4}-\d\d-\d\d"
_MOMENT = rf"({_DATE})[Tt ](\d\d:\d\d(?::\d\d)?) ?([Zz]|[+-]\d\d:\d\d)"

State = Literal["in force", "ended", "not begun", "too long", "without owner"]


class UnusableExceptionsError(ValueError):
    """Content that is not a usable file of exceptions; the text says why."""


def _moment(of_day: time, value: Any) -> Any:
    """A date, which stands for this time of the day in UTC, or a time with its zone."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(_DATE, value, re.ASCII):
        day = datetime.fromisoformat(value).date()
        return datetime.combine(day, of_day, timezone.utc)
    parts = isinstance(value, str) and re.fullmatch(_MOMENT, value, re.ASCII)
    if not parts:
        raise ValueError("it is neither a date nor a time with its zone")
    day_text, clock, zone = parts.groups()
    offset = "+00:00" if zone in "Zz" else zone
    try:
        return datetime.fromisoformat(f"{day_text}T{clock}{offset}").astimezone(timezone.utc)
    except OverflowError as error:
        raise ValueError("it is out of range") from error


_AS_TEXT = WithJsonSchema({"type": "string", "pattern": f"^({_DATE}|{_MOMENT})$"})
_Begin = Annotated[datetime, BeforeValidator(partial(_moment, time(0))), _AS_TEXT]
_End = Annotated[datetime, BeforeValidator(partial(_moment, _LAST_SECOND)), _AS_TEXT]
_Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^<>\x00-\x1f\x7f-\x9f]+$"),
    Field(description="a line of text without < and >, which mark what is still to be filled in"),
]


class ExceptionEntry(BaseModel):
    """What somebody accepts, of whom, and until when."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"oneOf": [{"required": ["user"]}, {"required": ["access_key_id"]}]},
    )

    account: str = Field(
        pattern=r"^([0-9]{12}|\*)$",
        description="12 digits in quotation marks, or * for every account",
    )
    user: str = Field(
        "",
        pattern=rf"^([A-Za-z0-9_+=,.@-]{{1,64}}|{ROOT_USER_NAME})$",
        description=f"the name of an IAM user, without its path, or {ROOT_USER_NAME}",
    )
    access_key_id: str = Field(
        "",
        pattern=r"^[A-Z0-9]{16,128}$",
        description="the ID of an access key or of a service-specific credential",
    )
    checks: tuple[Annotated[str, Field(pattern=r"^(iam_[a-z_]{1,96}|\*)$")], ...] = Field(
        min_length=1,
        max_length=50,
        description="a list of checks of this plug-in, or * for its checks of hygiene",
    )
    reason: _Text
    approver: _Text
    owner: _Text = ""
    ticket: _Text = ""
    begin: _Begin | None = Field(
        None, alias="from", description="a date, such as 2026-12-01, or a time with its zone"
    )
    end: _End = Field(
        alias="until", description="a date, such as 2027-01-31, or a time with its zone"
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> ExceptionEntry:
        if bool(self.user) == bool(self.access_key_id):
            raise ValueError("it must have a user or an access_key_id, and not both")
        if self.begin and self.begin > self.end:
            raise ValueError("it ends before it begins")
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

        It may last for ``most_days`` days, counted from its begin, and not end later than that many
        days from now.
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

    def about_user(self, account: str, name: str) -> list[ExceptionEntry]:
        """The entries that name the user, in this account or in all."""
        return self._about(account, f"user {name}")

    def about_key(self, account: str, key_id: str) -> list[ExceptionEntry]:
        """The entries that name the key, in this account or in all."""
        return self._about(account, key_id)

    def _about(self, account: str, subject: str) -> list[ExceptionEntry]:
        found = self._by_subject.get(subject, ())
        return [entry for entry in found if entry.account in (ALL, account)]

    def protecting(
        self, account: str, name: str, key_ids: Iterable[str]
    ) -> Iterator[ExceptionEntry]:
        """The entries that may mean a user, in any spelling, or one of its keys."""
        ids = set(key_ids)
        for entry in self.entries:
            is_meant = entry.user.casefold() == name.casefold() or entry.access_key_id in ids
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
    """The entries of a file in YAML or JSON. Raises UnusableExceptionsError."""
    plain = _plain(content)
    try:
        entries = ExceptionFile.model_validate(plain).exceptions
    except ValidationError as error:
        outer_first = sorted(error.errors(include_url=False), key=lambda one: len(one["loc"]) > 1)
        mistakes = [_in_words(mistake, plain) for mistake in outer_first]
    else:
        mistakes = [*_unknown_checks(entries), *_overlaps(entries)]
    if mistakes:
        mistakes = list(dict.fromkeys(mistakes))
        more = f", and {len(mistakes) - MISTAKES} more" if len(mistakes) > MISTAKES else ""
        raise UnusableExceptionsError("; ".join(mistakes[:MISTAKES]) + more)
    return entries


def _plain(content: bytes) -> Any:
    """The document as text, lists, and mappings."""
    if len(content) > MOST_BYTES:
        raise UnusableExceptionsError(f"it has more than {MOST_BYTES >> 20} MiB")
    try:
        text = content.decode("utf-8-sig")
        is_json = text.lstrip()[:1] == "{"
        return json.loads(text, object_pairs_hook=_unique) if is_json else _from_yaml(text)
    except UnusableExceptionsError:
        raise
    except UnicodeDecodeError as error:
        raise UnusableExceptionsError("it is not UTF-8 text") from error
    except RecursionError as error:
        raise UnusableExceptionsError("it is nested too deeply") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise UnusableExceptionsError(f"it is not valid YAML{where}") from error
    except ValueError as error:  # also a number of 5,000 digits
        where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise UnusableExceptionsError(f"it is not valid JSON{where}") from error


def _unique(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """A mapping in which no key is there twice; what has no value is left out."""
    unique = dict(pairs)
    if len(unique) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise UnusableExceptionsError(f"{twice[:60]!r} is there twice in one mapping")
    return {name: value for name, value in unique.items() if value is not None}


def _from_yaml(text: str) -> Any:
    """A document in YAML: no value is taken for a number or a date.

    An alias is refused: of few lines it can make a document that fills memory.
    """
    events = yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))

    def build(event: Any) -> Any:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            return None if event.implicit[0] and event.value in ("", "~", "null") else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            return list(members(yaml.SequenceEndEvent))
        if isinstance(event, yaml.MappingStartEvent):
            values = list(members(yaml.MappingEndEvent))
            if not all(isinstance(name, str) for name in values[::2]):
                raise UnusableExceptionsError(f"line {line} has a name that is not text")
            return _unique(list(zip(values[::2], values[1::2], strict=True)))
        raise UnusableExceptionsError(f"line {line} has an alias, which is not allowed here")

    def members(end: type[Any]) -> Iterator[Any]:
        while not isinstance(event := next(events), end):
            yield build(event)

    next(events)  # the begin of the stream
    if isinstance(next(events), yaml.StreamEndEvent):
        raise UnusableExceptionsError("it is empty")
    document = build(next(events))
    next(events)  # the end of the document
    if not isinstance(next(events), yaml.StreamEndEvent):
        raise UnusableExceptionsError("it has more than one document")
    return document


def _in_words(mistake: Any, plain: Any) -> str:
    """A mistake that pydantic found, with the number of its entry."""
    place = mistake["loc"]
    if len(place) < 2 or not isinstance(place[1], int):
        return f"it must have a list named exceptions, of up to {MOST_ENTRIES:,}, and nothing else"
    where = _named(place[1], plain["exceptions"][place[1]])
    fields = {field.alias or name: field for name, field in ExceptionEntry.model_fields.items()}
    name = place[2] if len(place) > 2 else ""
    if mistake["type"] == "missing":
        return f"{where}: {name} is missing"
    if mistake["type"] == "extra_forbidden":
        return f"{where}: {str(name)[:60]!r} is not one of {', '.join(fields)}"
    why = mistake["msg"].removeprefix("Value error, ")
    if name in fields:
        return f"{where}: {name} must be {fields[name].description}"
    return f"{where}: {why}"


def _named(number: int, entry: Any) -> str:
    """An entry by its place in the file, and by what it names."""
    of = entry if isinstance(entry, dict) else {}
    subject = of.get("user") or of.get("access_key_id")
    return f"entry {number + 1}{f' ({subject[:64]})' if isinstance(subject, str) else ''}"


def _unknown_checks(entries: tuple[ExceptionEntry, ...]) -> Iterator[str]:
    checks = our_checks() - {OWN_CHECK}
    for number, entry in enumerate(entries):
        unknown = entry.covered_checks - checks
        if unknown:
            where = _named(number, entry.model_dump())
            yield f"{where}: no check of this plug-in is called {min(unknown)}"


def _overlaps(entries: tuple[ExceptionEntry, ...]) -> list[str]:
    """The pairs of entries that cover the same at the same time: who accepted it is not clear."""
    timelines: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, entry in enumerate(entries):
        for check in entry.covered_checks:
            timelines[entry.subject, check][entry.account].append(number)
    earliest = datetime.min.replace(tzinfo=timezone.utc)
    pairs = set()
    for by_account in timelines.values():
        everywhere = by_account.get(ALL, [])
        for account, numbers in by_account.items():
            both = numbers if account == ALL else [*numbers, *everywhere]
            both = sorted(both, key=lambda number: entries[number].begin or earliest)
            for first, second in pairwise(both):
                if (entries[second].begin or earliest) <= entries[first].end:
                    pairs.add((min(first, second), max(first, second)))
    return [
        f"{_named(second, entries[second].model_dump())} "
        + ("repeats" if entries[first] == entries[second] else "contradicts")
        + f" entry {first + 1}: both cover the same at the same time"
        for first, second in sorted(pairs)
    ]
