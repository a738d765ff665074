"""How CloudTrail's event history is asked about access keys.

``LookupEvents`` gives the management events of the last 90 days in a region, newest first, at most
50 on a page. AWS allows two calls a second for an account and region, for all who call: so calls
in a region are made one after another, and regions in parallel.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html

Prowler has a reader of its own, ``CloudTrailTimeline`` (``prowler/providers/aws/lib/
cloudtrail_timeline``), for the events that changed a resource. It does not fit: it looks up by
resource only, not by access key; leaves out events that read, which are most of what a key does;
takes one page; does not limit its rate; and gives the whole event, with request parameters.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from itertools import chain
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from prowler.lib.logger import logger

from ..aws_failures import TRANSIENT, failure_of
from ..facts import AccessKey, LastUse, Unreadable
from .addresses import Addresses
from .events import CREATION, ROOT, UPDATE, Call, Event, event_of
from .evidence import (
    CALL,
    HISTORY,
    TIME_LIMIT,
    TOO_MANY_EVENTS,
    EventsFound,
    Origin,
    Sessions,
    Usage,
    deactivation_in,
    origin_in,
    usage_of,
)
from .lookup_progress import lookup_counter

SECONDS_A_CALL = 0.55
"""The least time from one call to the next in a region: AWS allows two a second."""
PAGE_SIZE = 50
"""The most events that AWS gives on a page."""
SPARE_PAGES = 5
"""How many pages may be short before it is given up to get as many events as wanted."""
ATTEMPTS = 4
"""How often a call is tried that was throttled or got no answer."""
FIRST_PAUSE = 1.0
"""Seconds before the second attempt; doubled before each further one."""
CONNECT_SECONDS, READ_SECONDS = 5, 20
"""How long one attempt may take to connect, and to be answered."""
AROUND_CREATION = timedelta(minutes=5)
"""How far the event of a key's creation can be from the date that IAM gives."""
MOST_CHANGES = 1000
"""How many events of keys that were created or changed are looked through."""
MOST_SESSION_QUERIES = 3
"""How many queries follow the sessions of a key."""
BY_KEY = "AccessKeyId"
NO_EVENTS = "AnswerWithoutEvents"
"""The error code of an answer that is not one of ``LookupEvents``, as a proxy may give it."""
ABOUT_ONE_CALL = frozenset(
    {
        "InvalidEventCategoryException", "InvalidLookupAttributesException",
        "InvalidMaxResultsException", "InvalidNextTokenException", "InvalidTimeRangeException",
    }
)  # fmt: skip
"""Error codes that say something of the call's parameters, and nothing of the next call."""

GLOBAL_SERVICES = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-eusc": "eusc-de-east-1",
}
"""By partition, the region with the events of IAM and other global services.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
"""
_REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]+)+-\d+")
"""A region, and not ``N/A`` or ``aws-global``, which IAM gives as that of some last uses."""


Subject = TypeVar("Subject", bound=Hashable)


@dataclass(frozen=True)
class EventQuery:
    """A question to event history: the newest events in a region with a value of an attribute."""

    region: str
    attribute: str
    """As ``LookupEvents`` names it: ``AccessKeyId``."""
    value: str
    most: int
    """How many events at most."""
    start: datetime | None = None
    """UTC; None for as far back as event history goes."""
    end: datetime | None = None
    """UTC; None for now."""

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call for the first page."""
        times = {"StartTime": self.start, "EndTime": self.end}
        attribute = {"AttributeKey": self.attribute, "AttributeValue": self.value}
        return {
            "LookupAttributes": [attribute],
            # A token holds for calls with the same parameters only, this one among them.
            "MaxResults": min(self.most, PAGE_SIZE),
            **{name: moment for name, moment in times.items() if moment},
        }

    @property
    def pages(self) -> int:
        """How many pages to read at most."""
        return -(-self.most // PAGE_SIZE) + SPARE_PAGES


class CloudTrail:
    """Asks event history about keys. What AWS did not say comes as ``Unreadable``.

    A region that refuses a call is not asked again.
    """

    def __init__(
        self,
        provider: Any,
        most_events: int,
        most_seconds: float,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """``most_events`` a key; ``most_seconds`` for all that is asked from now on.

        A call that began in time may end up to 25 seconds later. ``report`` gets lines about
        progress, from any thread. ``wait`` waits for so many seconds; the default lets Ctrl-C end
        that.
        """
        self._session = provider.session.current_session
        self._global_region = GLOBAL_SERVICES.get(
            provider.identity.partition, provider.get_default_region("iam")
        )
        # None if Prowler could not read them: findings name the regions that were asked.
        enabled: set[str] | None = getattr(provider, "_enabled_regions", None)
        self._enabled_regions = frozenset(enabled or ())
        self._most_events = most_events
        self._seconds_left = float(most_seconds)
        self._report, self._clock, self._wait = report, clock, wait
        self._regions: dict[str, _Region] = {}
        self._addresses = Addresses(self._session)

    def usage(
        self, keys: Iterable[AccessKey], *, everywhere: bool = False
    ) -> dict[AccessKey, Usage]:
        """What uses each key, by its events where it was last used and of global services.

        With ``everywhere``, by those in all enabled regions, and what its sessions did. Asks once
        for a key in a region for each 50 events and, if the newest are all of the newer half of
        its time, once for the older half: they may hide a second program.
        """
        regions = {key: self._regions_of(key, everywhere=everywhere) for key in keys}
        found = self._ask_each(
            {key: self._in(regions[key], BY_KEY, key.access_key_id) for key in regions}
        )
        usage = self._with_older(found)
        return self._with_resources(self._with_sessions(usage) if everywhere else usage)

    def _with_older(
        self, found: Mapping[AccessKey, Sequence[EventsFound]]
    ) -> dict[AccessKey, Usage]:
        """The usage that these events show, with those of the older half of the time."""
        half, now = self._most_events // 2, datetime.now(timezone.utc)
        middles = {key: now - min(HISTORY, now - key.create_date) / 2 for key in found}
        queries = {
            key: [
                EventQuery(part.region, BY_KEY, key.access_key_id, half, end=middles[key])
                for part in parts
                if half and part.may_go_on_before(middles[key])
            ]
            for key, parts in found.items()
        }
        older = self._ask_each(queries)
        return {
            key: usage_of(parts, self._most_events, older[key], middles[key])
            for key, parts in found.items()
        }

    def _with_sessions(self, usage: Mapping[AccessKey, Usage]) -> dict[AccessKey, Usage]:
        """The same, with what the newest sessions did: one step, a few queries for each key."""
        queries: dict[Sessions, list[EventQuery]] = {}
        for of_key in usage.values():
            of_sessions = [
                (sessions, query)
                for sessions in of_key.sessions
                if sessions.access_key_id
                for query in self._in(
                    (sessions.region, self._global_region), BY_KEY, sessions.access_key_id
                )
            ]
            for sessions, query in of_sessions[:MOST_SESSION_QUERIES]:
                queries.setdefault(sessions, []).append(query)
        used = {
            sessions: replace(sessions, usage=usage_of(parts, self._most_events))
            for sessions, parts in self._ask_each(queries).items()
        }
        return {
            key: replace(of_key, sessions=tuple(used.get(each, each) for each in of_key.sessions))
            for key, of_key in usage.items()
        }

    def _with_resources(self, usage: Mapping[Subject, Usage]) -> dict[Subject, Usage]:
        """The same, with the account's own resources that have the addresses."""
        sources: dict[str, set[str]] = {}
        for of_subject in usage.values():
            for region in of_subject.regions:
                users = of_subject.used_by
                sources.setdefault(region, set()).update(user.source for user in users)
        deadline = _Deadline(self._seconds_left, self._clock, self._wait)
        for region, addresses in sources.items():
            self._addresses.ask(region, addresses, deadline.is_over)
        self._seconds_left = deadline.seconds_left()
        return {subject: self._addresses.locate(usage[subject]) for subject in usage}

    def root_usage(self) -> dict[str, Usage]:
        """By ID, what uses the root user's keys.

        IAM does not give the IDs, so they are taken from the events of the user name ``root``. An
        empty ID stands for further keys: if no event shows one, or not all events were read.
        """
        (shown,) = self._by_user(
            [ROOT], lambda call: call.creator == ROOT and call.access_key_id.startswith("AKIA")
        ).values()
        calls = (event.call for part in shown for event in part.events)
        since = datetime.now(timezone.utc) - HISTORY
        ids = sorted({call.access_key_id for call in calls if call})
        usage = self.usage([AccessKey(key_id, since) for key_id in ids], everywhere=True)
        found = {key.access_key_id: of_key for key, of_key in usage.items()}
        unread = [part for part in shown if part.failure]
        return found | ({"": usage_of(unread or shown, 1)} if unread or not found else {})

    def api_key_usage(self, users: Iterable[str]) -> dict[str, Usage]:
        """By user, what uses its API keys."""
        shown = self._by_user(users, lambda call: call.has_bearer_token)
        return self._with_resources(
            {user: usage_of(parts, self._most_events) for user, parts in shown.items()}
        )

    def _by_user(
        self, names: Iterable[str], wanted: Callable[[Call], bool]
    ) -> dict[str, list[EventsFound]]:
        """Events of some calls, by the name of the user, in all enabled regions."""
        regions = sorted({self._global_region, *self._enabled_regions})
        queries = {name: self._in(regions, "Username", name) for name in names}
        found = self._ask_each(queries)
        return {name: [_only(part, wanted) for part in parts] for name, parts in found.items()}

    def _in(self, regions: Iterable[str], attribute: str, value: str) -> list[EventQuery]:
        return [
            EventQuery(region, attribute, value, self._most_events)
            for region in dict.fromkeys(filter(None, regions))
        ]

    def _regions_of(self, key: AccessKey, *, everywhere: bool) -> list[str]:
        used = key.last_use.region if isinstance(key.last_use, LastUse) else ""
        regions = [used] if _REGION.fullmatch(used) else []
        enabled = sorted(self._enabled_regions) if everywhere else []
        return [*regions, self._global_region, *enabled]

    def origins(self, keys: Iterable[AccessKey], name: str = CREATION) -> dict[AccessKey, Origin]:
        """Who created each key, by events of this name; none may be older than event history.

        Asks for the events about the key at the time of its creation, and only if its creation is
        not among them for all creations at that time: AWS does not document which resources the
        event of a creation names.
        """
        now = datetime.now(timezone.utc)

        def times(key: AccessKey) -> tuple[datetime, datetime | None]:
            # Not earlier than event history begins, or AWS may refuse the question.
            start = max(key.create_date - AROUND_CREATION, now - HISTORY + timedelta(minutes=1))
            end = key.create_date + AROUND_CREATION
            return start, end if end < now else None

        return self._changes(keys, name, times, lambda found, key: origin_in(found, key, now))

    def deactivations(self, keys: Iterable[AccessKey]) -> dict[AccessKey, Origin]:
        """Who deactivated each key, and when, if that is in event history.

        Asks about each key and, for all that this does not find, once for all changes of keys.
        """
        return self._changes(keys, UPDATE, lambda _: (None, None), deactivation_in)

    def _changes(
        self,
        keys: Iterable[AccessKey],
        name: str,
        times: Callable[[AccessKey], tuple[datetime | None, datetime | None]],
        read: Callable[[EventsFound, AccessKey], Origin],
    ) -> dict[AccessKey, Origin]:
        """Who changed each key, by events about it or else by all events of this name."""
        origins: dict[AccessKey, Origin] = {}
        left = list(keys)
        for attribute in ("ResourceName", "EventName"):
            queries = {
                key: EventQuery(
                    self._global_region,
                    attribute,
                    key.access_key_id if attribute == "ResourceName" else name,
                    MOST_CHANGES,
                    *times(key),
                )
                for key in left
            }
            found = self._ask(queries.values())
            origins |= {key: read(found[query], key) for key, query in queries.items()}
            left = [key for key in left if origins[key].unknown]
        return origins

    # Calls

    def _ask_each(
        self, queries: Mapping[Subject, Sequence[EventQuery]]
    ) -> dict[Subject, list[EventsFound]]:
        """The answers to the queries about each subject; each query is made once."""
        found = self._ask(query for about in queries.values() for query in about)
        return {subject: [found[query] for query in about] for subject, about in queries.items()}

    def _ask(self, queries: Iterable[EventQuery]) -> dict[EventQuery, EventsFound]:
        by_region: dict[str, list[EventQuery]] = {}
        for query in dict.fromkeys(queries):
            by_region.setdefault(query.region, []).append(query)
        if not by_region:
            return {}
        for name in by_region.keys() - self._regions.keys():  # clients are not made in threads
            self._regions[name] = _Region(name, self._session, self._clock)
        deadline = _Deadline(self._seconds_left, self._clock, self._wait)
        seconds = min(max(map(len, by_region.values())) * SECONDS_A_CALL, self._seconds_left)
        lookups = sum(map(len, by_region.values()))
        count = lookup_counter(lookups, seconds, self._report, self._clock)

        def ask_in(region: str) -> list[tuple[EventQuery, EventsFound]]:
            answers = []
            for query in by_region[region]:
                answers.append((query, self._regions[region].ask(query, deadline)))
                count()
            return answers

        with ThreadPoolExecutor(len(by_region)) as pool:
            try:
                found = dict(chain.from_iterable(pool.map(ask_in, by_region)))
            finally:
                deadline.stop()  # Ctrl-C must not wait for all queries
        self._seconds_left = deadline.seconds_left()
        return found


class _Deadline:
    """When to stop asking."""

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float],
        wait: Callable[[float], object] | None,
    ) -> None:
        self._clock, self._end = clock, clock() + seconds
        self._stopped = threading.Event()
        self._wait = wait or self._stopped.wait

    def seconds_left(self) -> float:
        return max(0.0, self._end - self._clock())

    def is_over(self) -> bool:
        return self._stopped.is_set() or self._clock() >= self._end

    def wait_until(self, moment: float) -> None:
        """Wait until this moment of the clock, and no longer than it makes sense."""
        seconds = min(moment, self._end) - self._clock()
        if seconds > 0 and not self._stopped.is_set():
            self._wait(seconds)

    def stop(self) -> None:
        self._stopped.set()


class _Region:
    """The event history of one region, asked one call after another."""

    def __init__(self, name: str, session: Any, clock: Callable[[], float]) -> None:
        self._name, self._clock = name, clock
        self._next_call = clock()
        self._refused: Unreadable | None = None
        # One attempt, as botocore's further ones would not keep to the rate.
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 1},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )
        try:
            self._client = session.client("cloudtrail", region_name=name, config=config)
        except Exception as error:
            self._refused = failure_of(CALL, error)

    def ask(self, query: EventQuery, deadline: _Deadline) -> EventsFound:
        """The newest events, page by page, until the deadline."""
        events: list[Event] = []
        parameters = query.parameters()
        for _ in range(query.pages):
            page = self._call(parameters, deadline)
            if isinstance(page, Unreadable):
                return EventsFound(self._name, events, complete=False, failure=page)
            events += map(event_of, page["Events"])
            if not page.get("NextToken"):
                return EventsFound(self._name, events)
            if len(events) >= query.most:
                return EventsFound(self._name, events, complete=False)
            parameters["NextToken"] = page["NextToken"]
        return EventsFound(self._name, events, False, Unreadable(CALL, TOO_MANY_EVENTS))

    def _call(
        self, parameters: Mapping[str, Any], deadline: _Deadline
    ) -> dict[str, Any] | Unreadable:
        """One page, or why there is none."""
        if self._refused:
            return self._refused
        failure, pause = Unreadable(CALL, TIME_LIMIT), 0.0
        for _ in range(ATTEMPTS):
            deadline.wait_until(self._next_call + pause)
            pause = 2 * pause or FIRST_PAUSE
            if deadline.is_over():
                return failure
            self._next_call = self._clock() + SECONDS_A_CALL
            try:
                page: dict[str, Any] = self._client.lookup_events(**parameters)
            # Whatever is wrong with an answer, it must not cost the finding.
            except Exception as error:
                failure = failure_of(CALL, error)
                refused = _says_something_of_the_next_call(error)
            else:
                if isinstance(page.get("Events"), list):
                    return page
                failure, refused = Unreadable(CALL, NO_EVENTS), False
            if not failure.transient:
                break
        logger.error(f"{self._name} -- {failure}")
        self._refused = failure if refused else None
        return failure


def _only(found: EventsFound, wanted: Callable[[Call], bool]) -> EventsFound:
    """The events of some calls. If there are none among the newest, there may be older ones."""
    events = [event for event in found.events if event.call and wanted(event.call)]
    failure = found.failure
    if not (events or found.complete):
        failure = failure or Unreadable(CALL, TOO_MANY_EVENTS)
    return replace(found, events=events, failure=failure)


def _says_something_of_the_next_call(error: Exception) -> bool:
    """Whether who asks about something else gets the same answer."""
    if isinstance(error, ClientError):
        # Who is throttled may get through later.
        return error.response["Error"]["Code"] not in ABOUT_ONE_CALL | TRANSIENT
    return isinstance(error, BotoCoreError)
