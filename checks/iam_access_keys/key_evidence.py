"""What CloudTrail's event history says of a key: what uses it, and who created it. Pure.

Events have other people's input (user agents, names of sessions) and what nobody but an
investigator should see (session issuers, request parameters). What leaves this file has neither:
programs as ``user_agents`` names them, addresses, names that IAM allows, and numbers.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from .facts import AccessKey, Unreadable
from .user_agents import program_of

HISTORY_DAYS = 90
"""How many days CloudTrail's event history goes back."""
CREATION = "CreateAccessKey"
TIME_LIMIT = "TimeLimit"
"""The error code of what was not looked up because the time for it was over."""
PROGRAMS_TOLD = 3
"""How many programs with their sources a sentence names; the data have all."""
SERVICES_TOLD = 3
"""How many services a sentence names for each."""
UNKNOWN_SOURCE = "an unknown address"
UNKNOWN_CREATOR = "unknown"
UNKNOWN_WORD = "unknown"
"""A service or an action whose name is not as AWS writes names."""

_SERVICE = re.compile(
    r"([a-z0-9-]{1,64})(?:\.[a-z0-9.-]{1,64})?\.amazonaws\.com(?:\.cn)?", re.ASCII
)
_ACTION = re.compile(r"\w{1,128}", re.ASCII)
_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:iam|sts)::\d{12}:"
    r"(root|(?:user|assumed-role|federated-user)/[\w+=,.@/-]{1,600})",
    re.ASCII,
)


# What uses it


@dataclass(frozen=True)
class Action:
    """An action of a service, and in how many events."""

    service: str
    """As its endpoint is named: ``s3``."""
    name: str
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


@dataclass(frozen=True)
class Unread:
    """A region whose events are not known, and why."""

    region: str
    failure: Unreadable


@dataclass(frozen=True)
class Usage:
    """What the newest events with a key say. No event does not mean that nothing uses it."""

    regions: tuple[str, ...] = ()
    """Where events were read."""
    events: int = 0
    """How many were looked at."""
    since: datetime | None = None
    """When the oldest of them was (UTC)."""
    complete: bool = False
    """Whether event history has no other event of the key in these regions."""
    malformed: int = 0
    """How many of them are not as CloudTrail writes them, and left out below."""
    used_by: tuple[UsedBy, ...] = ()
    """Most often first."""
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True)
class Looked:
    """The newest events that one look found in a region."""

    region: str
    events: Sequence[Mapping[str, Any]] = ()
    """As ``LookupEvents`` gives them."""
    complete: bool = True
    """Whether there are no older ones."""
    failure: Unreadable | None = None
    """Why there may be more; None if nothing went wrong."""


def usage_of(looked: Iterable[Looked], bound: int) -> Usage:
    """The usage that the newest events, at most ``bound``, of all regions show."""
    looked = tuple(looked)
    every = [event for one in looked for event in one.events]
    newest = sorted(every, key=_time, reverse=True)[:bound]
    times = [moment for moment in map(_time, newest) if moment != _NEVER]
    uses = [use for use in map(_use, newest) if use]
    return Usage(
        tuple(one.region for one in looked if one.events or not one.failure),
        len(newest),
        min(times, default=None),
        len(every) <= bound and all(one.complete and not one.failure for one in looked),
        len(newest) - len(uses),
        _grouped(uses),
        tuple(Unread(one.region, one.failure) for one in looked if one.failure),
    )


def _grouped(uses: Iterable[tuple[str, str, str, str]]) -> tuple[UsedBy, ...]:
    by_user: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    for program, source, service, action in uses:
        by_user.setdefault((program, source), Counter())[service, action] += 1
    grouped = [
        UsedBy(
            program,
            source,
            actions.total(),
            tuple(Action(*one, number) for one, number in _most_often_first(actions)),
        )
        for (program, source), actions in by_user.items()
    ]
    return tuple(sorted(grouped, key=lambda one: (-one.events, one.program, one.source)))


def _most_often_first(counted: Counter[tuple[str, str]]) -> list[tuple[tuple[str, str], int]]:
    return sorted(counted.items(), key=lambda one: (-one[1], one[0]))


def _use(event: Mapping[str, Any]) -> tuple[str, str, str, str] | None:
    """Program, source, service, and action of an event; None if it is malformed."""
    record = _record(event)
    if record is None:
        return None
    service = _matched(_SERVICE, record.get("eventSource"))
    action = _matched(_ACTION, record.get("eventName"))
    return (
        program_of(record.get("userAgent")),
        _source(record.get("sourceIPAddress")),
        service[1] if service else UNKNOWN_WORD,
        action[0] if action else UNKNOWN_WORD,
    )


# Who created it


@dataclass(frozen=True)
class Origin:
    """Who created a key, when, and from where, as far as event history says."""

    creator: str = ""
    """The end of an ARN (``user/ci/deploy``, ``assumed-role/Admin/alice``, ``root``) or the name of
    an AWS service; empty if it is not known."""
    date: datetime | None = None
    """UTC."""
    source: str = ""
    """An IP address, or the AWS service that called."""
    too_old: bool = False
    """Whether the key is older than event history."""
    failure: Unreadable | None = None


def is_too_old(key: AccessKey, now: datetime) -> bool:
    """Whether the key was created before event history begins; ``now`` is UTC."""
    return now - key.create_date >= timedelta(days=HISTORY_DAYS)


def origin_in(looked: Looked, access_key_id: str) -> Origin | None:
    """The origin of a key if its creation is among these events or they could not be read."""
    for event in looked.events:
        record = _record(event) or {}
        made = _at(record, "responseElements", "accessKey", "accessKeyId")
        if record.get("eventName") == CREATION and made == access_key_id:
            source = _source(record.get("sourceIPAddress"))
            return Origin(_creator(record.get("userIdentity")), _time(event), source)
    return Origin(failure=looked.failure) if looked.failure else None


def _creator(identity: Any) -> str:
    arn = _matched(_ARN, _at(identity, "arn"))
    if arn:
        return arn[1]
    service = _matched(_SERVICE, _at(identity, "invokedBy"))
    return service[0] if service else UNKNOWN_CREATOR


@dataclass(frozen=True)
class Evidence:
    """What event history says of a user's keys; a key that was not asked about is not in it."""

    usage: Mapping[AccessKey, Usage] = field(default_factory=dict)
    origins: Mapping[AccessKey, Origin] = field(default_factory=dict)

    def sentences(self, user_arn: str) -> list[str]:
        """All of it, in sentences."""
        return [
            *(word_usage(key.access_key_id, usage) for key, usage in self.usage.items()),
            *(word_origin(key.access_key_id, o, user_arn) for key, o in self.origins.items()),
        ]

    def as_data(self, key: AccessKey) -> dict[str, Any]:
        """What it says of a key, as plain JSON."""
        data = {}
        if key in self.usage:
            data["usage"] = usage_as_data(self.usage[key])
        if key in self.origins:
            data["origin"] = origin_as_data(self.origins[key])
        return data


NO_EVIDENCE = Evidence()


# Events


_NEVER = datetime.min.replace(tzinfo=timezone.utc)


def _time(event: Mapping[str, Any]) -> datetime:
    """When the event was (UTC); _NEVER if it does not say."""
    moment = event.get("EventTime")
    try:
        return moment.astimezone(timezone.utc) if isinstance(moment, datetime) else _NEVER
    except OverflowError:
        return _NEVER


def _record(event: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The ``CloudTrailEvent`` of an event; None if it is not one."""
    try:
        record = json.loads(event.get("CloudTrailEvent") or "")
    except (TypeError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and "eventName" in record else None


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _matched(pattern: re.Pattern[str], value: Any) -> re.Match[str] | None:
    return pattern.fullmatch(value) if isinstance(value, str) else None


def _source(value: Any) -> str:
    """An IP address or an AWS service, else UNKNOWN_SOURCE."""
    service = _matched(_SERVICE, value)
    if service:
        return service[0]
    if value == "AWS Internal":
        return "an AWS service"
    try:
        # Python takes any text after a "%" for an IPv6 zone.
        return UNKNOWN_SOURCE if "%" in value else str(ipaddress.ip_address(value))
    except (TypeError, ValueError):
        return UNKNOWN_SOURCE


# As sentences


def word_usage(access_key_id: str, usage: Usage) -> str:
    """What uses a key, as one sentence and, for what is not known, one each."""
    sentences = []
    if usage.used_by:
        users = word_users(usage.used_by)
        sentences.append(f"{_span(usage)}, {access_key_id} was used {users}.")
    elif usage.regions and not usage.events:
        sentences.append(
            f"CloudTrail's event history has no event of {access_key_id} in "
            f"{' and '.join(usage.regions)}. It has management events of {HISTORY_DAYS} days only: "
            "the key may be in use."
        )
    if usage.malformed:
        events = "1 event" if usage.malformed == 1 else f"{usage.malformed} events"
        sentences.append(f"{events} of {access_key_id} could not be understood.")
    for one in usage.unread:
        what = f"The events of {access_key_id} in {one.region}"
        sentences.append(f"{what} could not be read: {_why(one.failure)}.")
    return " ".join(sentences)


def _span(usage: Usage) -> str:
    """Which events it is about: the beginning of a sentence."""
    if usage.complete:
        number = "the only event" if usage.events == 1 else f"all {usage.events} events"
        return f"In {number} of {HISTORY_DAYS} days"
    number = "event" if usage.events == 1 else f"{usage.events} events"
    return f"In the last {number}{f' since {usage.since:%Y-%m-%d}' if usage.since else ''}"


def word_users(users: Sequence[UsedBy]) -> str:
    """By which programs, from where, and which services: the end of a sentence."""
    told = [_word_user(one) for one in users[:PROGRAMS_TOLD]]
    rest = len(users) - PROGRAMS_TOLD
    if rest > 0:
        told.append(f"by {rest} {'other' if rest == 1 else 'others'}")
    return " and ".join(told) if len(told) < 3 else f"{', '.join(told[:-1])}, and {told[-1]}"


def _word_user(one: UsedBy) -> str:
    counted: Counter[str] = Counter()
    for action in one.actions:
        counted[action.service] += action.events
    names = [_service_name(name) for name, _ in counted.most_common()]
    if len(names) > SERVICES_TOLD:
        names = [*names[:SERVICES_TOLD], f"{len(names) - SERVICES_TOLD} more"]
    program = f"the {one.program}" if one.program.startswith("AWS SDK") else one.program
    return f"by {program} from {one.source} ({', '.join(names)})"


def _service_name(service: str) -> str:
    return service.upper() if len(service) <= 3 else service


def word_origin(access_key_id: str, origin: Origin, user_arn: str) -> str:
    """Who created a key of a user, as a sentence."""
    if origin.creator and origin.date:
        itself = origin.creator == user_arn.rpartition(":")[2]
        who = "the user itself" if itself else word_creator(origin.creator)
        return (
            f"{access_key_id} was created on {origin.date:%Y-%m-%d} by {who} from {origin.source}."
        )
    if origin.failure:
        return f"Who created {access_key_id} could not be read: {_why(origin.failure)}."
    why = (
        f"the key is older than the {HISTORY_DAYS} days of CloudTrail's event history"
        if origin.too_old
        else "CloudTrail's event history has no event of it"
    )
    return f"Who created {access_key_id} is not known: {why}."


def word_creator(creator: str) -> str:
    """Who it is that ``Origin.creator`` names."""
    if creator == "root":
        return "the root user"
    if creator == UNKNOWN_CREATOR:
        return "somebody whom the event does not name"
    kind, _, name = creator.partition("/")
    if kind == "assumed-role":
        role, _, session = name.partition("/")
        return f"role {role} (session {session})"
    last = creator.rpartition("/")[2]
    return {"user": f"user {last}", "federated-user": f"federated user {last}"}.get(kind, creator)


def _why(failure: Unreadable) -> str:
    if failure.error_code == TIME_LIMIT:
        return "the time of access_key_usage_max_seconds was over"
    return str(failure)


# As data


def usage_as_data(usage: Usage) -> dict[str, Any]:
    """The usage as plain JSON, dates in ISO 8601 and UTC."""
    data: dict[str, Any] = {
        "regions": list(usage.regions),
        "events": usage.events,
        "all_events": usage.complete,
        "used_by": [
            {
                "program": one.program,
                "source": one.source,
                "events": one.events,
                "actions": [
                    {"service": action.service, "action": action.name, "events": action.events}
                    for action in one.actions
                ],
            }
            for one in usage.used_by
        ],
    }
    if usage.since:
        data["since"] = usage.since.isoformat()
    if usage.malformed:
        data["malformed_events"] = usage.malformed
    if usage.unread:
        data["unreadable"] = [
            {"region": one.region, **_unreadable(one.failure)} for one in usage.unread
        ]
    return data


def origin_as_data(origin: Origin) -> dict[str, Any]:
    """The origin as plain JSON, dates in ISO 8601 and UTC."""
    if origin.creator and origin.date:
        return {
            "creator": origin.creator,
            "date": origin.date.isoformat(),
            "source": origin.source,
        }
    if origin.failure:
        return {"unreadable": _unreadable(origin.failure)}
    return {"unknown": "too-old" if origin.too_old else "no-event"}


def _unreadable(failure: Unreadable) -> dict[str, str]:
    return {"call": failure.call, "error_code": failure.error_code}
