"""What CloudTrail's event history says of a key: what uses it, and who created it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, PlainSerializer

from ..facts import AccessKey, Unreadable
from .events import Call, Event
from .user_agents import Agent, KeptIn, RunsOn

CALL = "cloudtrail:LookupEvents"
HISTORY = timedelta(days=90)
"""How far CloudTrail's event history goes back."""
DELAY = timedelta(hours=1)
"""How long it may take until an event is there. Mostly it takes minutes."""
TIME_LIMIT = "TimeLimit"
"""The error code of what was not looked up because the time for it was over."""
TOO_MANY_EVENTS = "TooManyEvents"
"""The error code of what was not found among as many events as are looked at."""
TOO_OLD, NOT_YET, NO_EVENT = "too-old", "not-yet", "no-event"
"""Why it is not known who created a key."""
Moment = Annotated[datetime, PlainSerializer(datetime.isoformat, return_type=str)]
"""UTC; written in ISO 8601."""


@dataclass(frozen=True)
class Looked:
    """The newest events that one look found in a region."""

    region: str
    events: Sequence[Event] = ()
    complete: bool = True
    """Whether there are no older ones."""
    failure: Unreadable | None = None
    """Why there may be more; None if nothing went wrong."""


# What uses it


@dataclass(frozen=True)
class Action:
    """An action of a service, and in how many events."""

    service: str
    """As its endpoint is named: ``s3``."""
    action: str
    """``ListBuckets``."""
    events: int


@dataclass(frozen=True)
class UsedBy:
    """A program at a source, and what it did."""

    program: str
    source: str
    """An IP address, or the AWS service that called: ``cloudformation.amazonaws.com``."""
    events: int
    actions: tuple[Action, ...]
    """Most often first."""
    kept_in: KeptIn | None = None
    """Where the program keeps the key; None if that is not known."""
    runs_on: RunsOn | None = None
    """None if that is not known."""


@dataclass(frozen=True)
class Unread:
    """A region whose events, or whose older events, are not known, and why."""

    region: str
    call: str
    error_code: str

    @property
    def failure(self) -> Unreadable:
        """Why."""
        return Unreadable(self.call, self.error_code)


@dataclass(frozen=True)
class Usage:
    """What the newest events with a key say. No event does not mean that nothing uses it."""

    regions: tuple[str, ...] = ()
    """Where events were read."""
    events: int = 0
    """How many were looked at."""
    since: Moment | None = None
    """When the oldest of them was (UTC)."""
    all_events: bool = False
    """Whether event history has no other event of the key in these regions."""
    used_by: tuple[UsedBy, ...] = ()
    """Most often first."""
    malformed_events: int = 0
    """How many of them are not as CloudTrail writes them, and left out above."""
    failed_events: int = 0
    """In how many of them AWS refused the call, or it ended with another error."""
    unread: Annotated[tuple[Unread, ...], Field(alias="unreadable")] = ()


def usage_of(looked: Iterable[Looked], bound: int) -> Usage:
    """The usage that the newest events, at most ``bound``, of all regions show.

    They are the newest of all regions together: where a region was not read to its end, nothing
    that is older than what was read there counts.
    """
    looked = tuple(looked)
    ends = [_oldest(one.events) for one in looked if one.failure or not one.complete]
    end = max((moment for moment in ends if moment), default=None)
    every = [event for one in looked for event in one.events]
    newest = [one for one in every if not (end and one.time and one.time < end)]
    newest.sort(key=lambda one: one.time.timestamp() if one.time else 0.0, reverse=True)
    del newest[bound:]
    calls = [event.call for event in newest if event.call]
    return Usage(
        tuple(one.region for one in looked if one.events or not one.failure),
        len(newest),
        _oldest(newest),
        len(newest) == len(every) and all(one.complete and not one.failure for one in looked),
        _grouped(calls),
        len(newest) - len(calls),
        sum(call.failed for call in calls),
        tuple(
            Unread(one.region, one.failure.call, one.failure.error_code)
            for one in looked
            if one.failure
        ),
    )


def _oldest(events: Iterable[Event]) -> datetime | None:
    return min((event.time for event in events if event.time), default=None)


def _grouped(calls: Iterable[Call]) -> tuple[UsedBy, ...]:
    by_user: dict[tuple[Agent, str], Counter[tuple[str, str]]] = {}
    for call in calls:
        did = by_user.setdefault((call.agent, call.source), Counter())
        did[call.service, call.action] += 1
    grouped = [
        UsedBy(
            agent.program,
            source,
            did.total(),
            tuple(Action(*one, number) for one, number in _most_often_first(did)),
            agent.kept_in,
            agent.runs_on,
        )
        for (agent, source), did in by_user.items()
    ]
    return tuple(sorted(grouped, key=_place))


def _place(user: UsedBy) -> tuple[int, str, str, str, str]:
    places = (user.kept_in or "", user.runs_on or "")
    return (-user.events, user.program, user.source, *places)


def _most_often_first(counted: Counter[tuple[str, str]]) -> list[tuple[tuple[str, str], int]]:
    return sorted(counted.items(), key=lambda one: (-one[1], one[0]))


# Who created or deactivated it


@dataclass(frozen=True)
class Origin:
    """Who created a key, when, and from where, as far as event history says; or deactivated it."""

    creator: str = ""
    """Who did it: see ``Call.creator``; empty if it is not known."""
    date: Moment | None = None
    """UTC; None if the event does not say."""
    source: str = ""
    """An IP address, or the AWS service that called."""
    unknown: str = ""
    """TOO_OLD, NOT_YET, or NO_EVENT, if event history does not say who created it."""
    failure: Annotated[Unreadable | None, Field(alias="unreadable")] = None


def is_too_old(key: AccessKey, now: datetime) -> bool:
    """Whether the key was created before event history begins; ``now`` is UTC."""
    return now - key.create_date >= HISTORY


def origin_in(looked: Looked, key: AccessKey, now: datetime) -> Origin:
    """The origin of a key, as these events tell it; ``now`` is UTC."""
    return _done_in(looked, key, lambda call: call.created, now - key.create_date < DELAY)


def deactivation_in(looked: Looked, key: AccessKey) -> Origin:
    """Who deactivated a key and when, as these events tell it, the newest first."""
    return _done_in(looked, key, lambda call: call.deactivated, is_recent=False)


def _done_in(
    looked: Looked, key: AccessKey, done_to: Callable[[Call], str], is_recent: bool
) -> Origin:
    for event in looked.events:
        if event.call and done_to(event.call) == key.access_key_id:
            return Origin(event.call.creator, event.time, event.call.source)
    if looked.failure:
        return Origin(failure=looked.failure)
    if not looked.complete:
        return Origin(failure=Unreadable(CALL, TOO_MANY_EVENTS))
    return Origin(unknown=NOT_YET if is_recent else NO_EVENT)


@dataclass(frozen=True)
class Evidence:
    """What event history says of a user's keys; a key that was not asked about is not in it."""

    usage: Mapping[AccessKey, Usage] = field(default_factory=dict)
    origins: Mapping[AccessKey, Origin] = field(default_factory=dict)
    deactivations: Mapping[AccessKey, Origin] = field(default_factory=dict)


NO_EVIDENCE = Evidence()
