"""What CloudTrail's event history says of a key: what uses it, and who created it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer

from ..facts import AccessKey, Unreadable
from .events import Call, Event, Session, end_of_arn
from .user_agents import Agent, KeptIn, RunsOn

CALL = "cloudtrail:LookupEvents"
HISTORY = timedelta(days=90)
"""How far CloudTrail's event history goes back."""
DELAY = timedelta(hours=1)
"""How long it may take until an event is there. Mostly it takes minutes."""
TIME_LIMIT = "TimeLimit"
"""The error code of what was not asked because the time for it was over."""
TOO_MANY_EVENTS = "TooManyEvents"
"""The error code of what was not found among as many events as are read."""
TOO_OLD, NOT_YET, NO_EVENT = "too-old", "not-yet", "no-event"
"""Why it is not known who created a key."""
Moment = Annotated[datetime, PlainSerializer(datetime.isoformat, return_type=str)]
"""UTC; written in ISO 8601."""
_Timed: TypeAlias = tuple[datetime | None, Call]


def known_or_none(kind: type[Enum]) -> BeforeValidator:
    """Reads a value that a newer version added as None, and so as not known."""
    values = {member.value for member in kind}

    def read(value: Any) -> Any:
        return None if isinstance(value, str) and value not in values else value

    return BeforeValidator(read)


@dataclass(frozen=True)
class EventsFound:
    """The newest events that a query found in a region."""

    region: str
    events: Sequence[Event] = ()
    complete: bool = True
    """Whether there are no older ones."""
    failure: Unreadable | None = None
    """Why there may be more; None if nothing went wrong."""

    def may_go_on_before(self, moment: datetime) -> bool:
        """Whether there may be events from before then, and none was read."""
        oldest = _oldest(self.events)
        return not (self.complete or self.failure) and oldest is not None and oldest > moment


# What uses it


@dataclass(frozen=True)
class Action:
    """An action of a service, and in how many events."""

    service: str
    """As its endpoint is named: ``s3``."""
    action: str
    """``ListBuckets``."""
    events: int
    failed_events: int = 0
    """In how many of them AWS refused the call, or it ended with another error."""


@dataclass(frozen=True)
class UsedBy:
    """A program at a source, and what it did."""

    program: str
    source: str
    """An IP address, or the AWS service that called: ``cloudformation.amazonaws.com``."""
    events: int
    actions: tuple[Action, ...]
    """Most often first."""
    kept_in: Annotated[KeptIn | None, known_or_none(KeptIn)] = None
    """Where the program keeps the key; None if that is not known."""
    runs_on: Annotated[RunsOn | None, known_or_none(RunsOn)] = None
    """None if that is not known."""
    first_seen: Moment | None = None
    """When the oldest of these events was (UTC)."""
    last_seen: Moment | None = None
    resource: str = ""
    """The account's own resource that has this address: ``i-…``, ``nat-…``, ``eni-…``."""


@dataclass(frozen=True)
class Sessions(Session):
    """Sessions of a role, or of the user itself, that began with a key. The newest is named."""

    events: int = 0
    last_seen: Moment | None = None
    """When the newest began (UTC)."""
    usage: Usage | None = None
    """What the newest did, if that was asked."""


@dataclass(frozen=True)
class Unread:
    """A region whose events, or whose older events, are not known, and why."""

    region: str
    call: str
    error_code: str

    @property
    def failure(self) -> Unreadable:
        """Why they are not."""
        return Unreadable(self.call, self.error_code)


@dataclass(frozen=True)
class Usage:
    """What the newest events with a key say. A key without events may still be in use."""

    regions: tuple[str, ...] = ()
    """Where events were read."""
    events: int = 0
    """How many were read."""
    since: Moment | None = None
    """When the oldest of the newest ones was (UTC)."""
    all_events: bool = False
    """Whether event history has no other event of the key in these regions."""
    used_by: tuple[UsedBy, ...] = ()
    """Most often first."""
    malformed_events: int = 0
    """How many of them are not as CloudTrail writes them, and left out above."""
    failed_events: int = 0
    """In how many of them AWS refused the call, or it ended with another error."""
    unread: Annotated[tuple[Unread, ...], Field(alias="unreadable")] = ()
    sessions: tuple[Sessions, ...] = ()
    """Newest first."""
    older_events: int = 0
    """How many of them are from before ``older_than``, because there are more than the newest."""
    older_than: Moment | None = None
    """The middle of the time for which event history may have events of the key (UTC)."""


def usage_of(
    found: Iterable[EventsFound],
    bound: int,
    older: Iterable[EventsFound] = (),
    middle: datetime | None = None,
) -> Usage:
    """The usage that events, at most ``bound``, of all regions show.

    They are the newest of all regions together and, with ``older``, which has what was found of the
    time before ``middle``, half of them are the newest from before then.
    """
    found, older = tuple(found), tuple(older)
    early: list[Event] = []
    if older and middle:
        before = {part.region: part for part in older}
        early = _newest(
            [before.get(part.region) or _before(part, middle) for part in found], bound // 2
        )
    newest = [*_newest(found, bound - len(early)), *early]
    every = sum(len(part.events) for part in (*found, *older))
    calls = [(event.time, event.call) for event in newest if event.call]
    failures = [(part.region, part.failure) for part in (*found, *older) if part.failure]
    return Usage(
        tuple(part.region for part in found if part.events or not part.failure),
        len(newest),
        _oldest(newest[: len(newest) - len(early)]),
        len(newest) == every and all(part.complete and not part.failure for part in found),
        _group_by_user(calls),
        len(newest) - len(calls),
        sum(call.failed for _, call in calls),
        tuple(Unread(region, why.call, why.error_code) for region, why in failures),
        _sessions(calls),
        len(early),
        middle if early else None,
    )


def _before(found: EventsFound, moment: datetime) -> EventsFound:
    events = [event for event in found.events if event.time and event.time < moment]
    return replace(found, events=events)


def _newest(found: Sequence[EventsFound], bound: int) -> list[Event]:
    """The newest of all regions: where one was not read to its end, nothing older counts."""
    ends = [_oldest(part.events) for part in found if part.failure or not part.complete]
    end = max((moment for moment in ends if moment), default=None)
    every = [event for part in found for event in part.events]
    newest = [event for event in every if not (end and event.time and event.time < end)]
    newest.sort(key=lambda event: event.time.timestamp() if event.time else 0.0, reverse=True)
    return newest[:bound]


def _oldest(events: Iterable[Event]) -> datetime | None:
    return min((event.time for event in events if event.time), default=None)


def _group_by_user(calls: Iterable[_Timed]) -> tuple[UsedBy, ...]:
    by_user: dict[tuple[Agent, str], list[_Timed]] = {}
    for time, call in calls:
        by_user.setdefault((call.agent, call.source), []).append((time, call))
    users = [_used_by(*user, of_user) for user, of_user in by_user.items()]
    return tuple(sorted(users, key=_rank))


def _used_by(agent: Agent, source: str, calls: Sequence[_Timed]) -> UsedBy:
    events = Counter((call.service, call.action) for _, call in calls)
    failed = Counter((call.service, call.action) for _, call in calls if call.failed)
    often_first = sorted(events.items(), key=lambda counted: (-counted[1], counted[0]))
    times = [time for time, _ in calls if time]
    return UsedBy(
        agent.program,
        source,
        len(calls),
        tuple(Action(*action, number, failed[action]) for action, number in often_first),
        agent.kept_in,
        agent.runs_on,
        min(times, default=None),
        max(times, default=None),
    )


def _sessions(calls: Iterable[_Timed]) -> tuple[Sessions, ...]:
    """The sessions that began with these calls, the newest of which come first."""
    found: dict[tuple[str, str, str], Sessions] = {}
    for time, call in calls:
        if session := call.session:
            kind = session.action, session.role, session.account
            newest = found.get(kind) or Sessions(**vars(session), last_seen=time)
            found[kind] = replace(newest, events=newest.events + 1)
    return tuple(found.values())


def _rank(user: UsedBy) -> tuple[int, str, str, str, str]:
    """Sorts the users of a key: most often first."""
    places = (user.kept_in or "", user.runs_on or "")
    return (-user.events, user.program, user.source, *places)


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
    creator_id: str = ""
    """The creator's ID, which stays when a user is renamed."""
    access_key_id: str = ""
    """The key that the creator used."""
    program: str = ""
    """The program that it used, by its own account."""
    is_own: bool = False
    """Whether the key's user itself did it, whatever its name was then."""
    unknown: str = ""
    """TOO_OLD, NOT_YET, or NO_EVENT, if event history does not say who created it."""
    failure: Annotated[Unreadable | None, Field(alias="unreadable")] = None

    def is_by(self, user_arn: str, user_id: str = "") -> bool:
        """Whether a user did it itself, whatever its name was then.

        Another user may have had the name: where both IDs are known, they decide.
        """
        if self.is_own or self.creator_id == user_id != "":
            return True
        is_another = self.creator_id.startswith("AIDA") and user_id
        return not is_another and self.creator == end_of_arn(user_arn)


def is_too_old(key: AccessKey, now: datetime) -> bool:
    """Whether the key was created before event history begins; ``now`` is UTC."""
    return now - key.create_date >= HISTORY


def origin_in(found: EventsFound, key: AccessKey, now: datetime) -> Origin:
    """The origin of a key, according to these events; ``now`` is UTC."""
    return _change_in(found, key, lambda call: call.created, now - key.create_date < DELAY)


def deactivation_in(found: EventsFound, key: AccessKey) -> Origin:
    """Who deactivated a key and when, according to these events, the newest first."""
    return _change_in(found, key, lambda call: call.deactivated, is_recent=False)


def _change_in(
    found: EventsFound, key: AccessKey, changed_by: Callable[[Call], str], is_recent: bool
) -> Origin:
    for event in found.events:
        if event.call and changed_by(event.call) == key.access_key_id:
            call = event.call
            return Origin(
                call.creator, event.time, call.source, call.creator_id, call.access_key_id,
                call.agent.program, call.is_own,
            )  # fmt: skip
    if found.failure:
        return Origin(failure=found.failure)
    if not found.complete:
        return Origin(failure=Unreadable(CALL, TOO_MANY_EVENTS))
    return Origin(unknown=NOT_YET if is_recent else NO_EVENT)


@dataclass(frozen=True)
class Evidence:
    """What event history says of a user's keys; a key that was not asked about is not in it."""

    usage: Mapping[AccessKey, Usage] = field(default_factory=dict)
    origins: Mapping[AccessKey, Origin] = field(default_factory=dict)
    deactivations: Mapping[AccessKey, Origin] = field(default_factory=dict)
    destinations: Mapping[AccessKey, tuple[str, ...]] = field(default_factory=dict)
    """Names of rows of the table of destinations; none in an incident."""
    of_api_keys: Usage | None = None
    """What uses the user's API keys; None if that was not asked."""


NO_EVIDENCE = Evidence()
