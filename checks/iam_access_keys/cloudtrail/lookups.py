"""Calls of CloudTrail's ``LookupEvents``: at AWS's rate, until a deadline, region by region.

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

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from prowler.lib.logger import logger

from ..aws_failures import TRANSIENT, failure_of
from ..facts import Unreadable
from .events import Event, event_of
from .evidence import CALL, TIME_LIMIT, TOO_MANY_EVENTS, EventsFound

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
SECONDS_BETWEEN_LINES = 10.0
"""How long lookups must take for their progress to be printed, and how often it is."""
NO_EVENTS = "AnswerWithoutEvents"
"""The error code of an answer that is not one of ``LookupEvents``, as a proxy may give it."""
ABOUT_ONE_CALL = frozenset(
    {
        "InvalidEventCategoryException", "InvalidLookupAttributesException",
        "InvalidMaxResultsException", "InvalidNextTokenException", "InvalidTimeRangeException",
    }
)  # fmt: skip
"""Error codes that say something of the call's parameters, and nothing of the next call."""

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


class EventHistory:
    """Asks event history in all regions. What AWS did not say comes as ``Unreadable``.

    A region that refuses a call is not asked again.
    """

    def __init__(
        self,
        session: Any,
        most_seconds: float,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """``most_seconds`` for all that is asked from now on.

        A call that began in time may end up to 25 seconds later. ``report`` gets lines about
        progress, from any thread. ``wait`` waits for so many seconds; the default lets Ctrl-C end
        that.
        """
        self._session, self._seconds_left = session, float(most_seconds)
        self._report, self._clock, self._wait = report, clock, wait
        self._regions: dict[str, _Region] = {}

    @contextmanager
    def deadline(self) -> Iterator[Deadline]:
        """When what is asked in this block must end; what it took is not left for the next."""
        deadline = Deadline(self._seconds_left, self._clock, self._wait)
        try:
            yield deadline
        finally:
            deadline.stop()
            self._seconds_left = deadline.seconds_left()

    def ask_each(
        self, queries: Mapping[Subject, Sequence[EventQuery]]
    ) -> dict[Subject, list[EventsFound]]:
        """The answers to the queries about each subject; each query is made once."""
        found = self.ask(query for about in queries.values() for query in about)
        return {subject: [found[query] for query in about] for subject, about in queries.items()}

    def ask(self, queries: Iterable[EventQuery]) -> dict[EventQuery, EventsFound]:
        """The answers to queries."""
        by_region: dict[str, list[EventQuery]] = {}
        for query in dict.fromkeys(queries):
            by_region.setdefault(query.region, []).append(query)
        if not by_region:
            return {}
        for name in by_region.keys() - self._regions.keys():  # clients are not made in threads
            self._regions[name] = _Region(name, self._session, self._clock)
        seconds = min(max(map(len, by_region.values())) * SECONDS_A_CALL, self._seconds_left)
        lookups = sum(map(len, by_region.values()))
        count = _lookup_counter(lookups, seconds, self._report, self._clock)
        # The deadline stops before the pool ends: Ctrl-C must not wait for all queries.
        with ThreadPoolExecutor(len(by_region)) as pool, self.deadline() as deadline:

            def ask_in(region: str) -> list[tuple[EventQuery, EventsFound]]:
                answers = []
                for query in by_region[region]:
                    answers.append((query, self._regions[region].ask(query, deadline)))
                    count()
                return answers

            return dict(chain.from_iterable(pool.map(ask_in, by_region)))


class Deadline:
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
        """0 once it is over."""
        return max(0.0, self._end - self._clock())

    def is_over(self) -> bool:
        """Whether nothing more is to be asked."""
        return self._stopped.is_set() or self._clock() >= self._end

    def wait_until(self, moment: float) -> None:
        """Wait until this moment of the clock, and no longer than it makes sense."""
        seconds = min(moment, self._end) - self._clock()
        if seconds > 0 and not self._stopped.is_set():
            self._wait(seconds)

    def stop(self) -> None:
        """Stop asking now, and interrupt any wait, as Ctrl-C does."""
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

    def ask(self, query: EventQuery, deadline: Deadline) -> EventsFound:
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
        self, parameters: Mapping[str, Any], deadline: Deadline
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


def _lookup_counter(
    lookups: int, seconds: float, report: Callable[[str], None], clock: Callable[[], float]
) -> Callable[[], None]:
    """Returns what counts a lookup, in any thread, and says now and then how many are done.

    ``seconds`` is how long they take at least. ``report`` gets the lines, from any thread.
    """
    done, said_at, lock = 0, clock(), threading.Lock()
    is_long = seconds >= SECONDS_BETWEEN_LINES

    def say(line: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads it any more
            report(line)

    def count() -> None:
        nonlocal done, said_at
        with lock:
            done += 1
            now = clock()
            if is_long and now - said_at >= SECONDS_BETWEEN_LINES:
                said_at = now
                say(f"CloudTrail: {done} of {lookups} lookups of access keys done.")

    if is_long:
        say(
            f"Looking up events of access keys in CloudTrail: {lookups} calls or more, "
            f"about {seconds:.0f} seconds."
        )
    return count


def _says_something_of_the_next_call(error: Exception) -> bool:
    """Whether a call about something else would fail too."""
    if isinstance(error, ClientError):
        # Who is throttled may get through later.
        return error.response["Error"]["Code"] not in ABOUT_ONE_CALL | TRANSIENT
    return isinstance(error, BotoCoreError)
