"""How CloudTrail's event history is asked about access keys.

``LookupEvents`` gives the management events of the last 90 days in a region, newest first, at most
50 on a page. AWS allows two calls a second for an account and region, for all who call: so calls
in a region are made one after another, and regions in parallel.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html

Prowler has a reader of its own, ``CloudTrailTimeline`` (``prowler/providers/aws/lib/
cloudtrail_timeline``), for the events that changed a resource. It does not fit: it looks up by
resource only, not by access key; leaves out events that read, which are most of what a key does;
takes one page; does not limit its rate; and gives the whole event, with request parameters. From
there comes that an identity is named by the end of its ARN.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.config import Config
from prowler.lib.logger import logger

from .facts import AccessKey, LastUse, Unreadable
from .iam_client import FAILURES, TRANSIENT, failure_of
from .key_evidence import (
    CREATION,
    TIME_LIMIT,
    Looked,
    Origin,
    Usage,
    origin_in,
    usage_of,
)

CALL = "cloudtrail:LookupEvents"
SECONDS_A_CALL = 0.55
"""The least time from one call to the next in a region: AWS allows two a second."""
PAGE_SIZE = 50
"""The most events that AWS gives on a page."""
ATTEMPTS = 4
"""How often a call is tried that was throttled or got no answer."""
FIRST_PAUSE = 1.0
"""Seconds before the second attempt; doubled before each further one."""
CONNECT_SECONDS, READ_SECONDS = 5, 20
"""How long one attempt may take to connect, and to be answered."""
AROUND_CREATION = timedelta(minutes=15)
"""How far the event of a key's creation can be from the date that IAM gives."""
TOLD_EVERY = 10.0
"""Seconds from one line about progress to the next."""

GLOBAL_SERVICES = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-eusc": "eusc-de-east-1",
}
"""By partition, the region with the events of IAM and other global services.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
"""
_REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]+)+-\d+")
"""A region, and not ``N/A`` or ``aws-global``, which IAM gives as that of some last uses."""


@dataclass(frozen=True)
class Look:
    """One question: the newest events in a region with a value of an attribute."""

    region: str
    attribute: str
    """As ``LookupEvents`` names it: ``AccessKeyId``."""
    value: str
    most: int = PAGE_SIZE
    """How many events at most."""
    start: datetime | None = None
    """UTC; None for as far back as event history goes."""
    end: datetime | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call for the first page."""
        times = {"StartTime": self.start, "EndTime": self.end}
        attribute = {"AttributeKey": self.attribute, "AttributeValue": self.value}
        return {
            "LookupAttributes": [attribute],
            **{name: moment for name, moment in times.items() if moment},
        }


class CloudTrail:
    """Asks event history about keys. What AWS did not say comes as ``Unreadable``.

    A region that refuses a call is not asked again.
    """

    def __init__(
        self,
        provider: Any,
        most_events: int,
        most_seconds: float,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``most_events`` a key; ``most_seconds`` for all that is asked from now on.

        ``tell`` gets lines about progress, from any thread.
        """
        self._session = provider.session.current_session
        self._global_region = GLOBAL_SERVICES.get(
            provider.identity.partition, provider.get_default_region("iam")
        )
        self._most_events = most_events
        self._seconds_left = float(most_seconds)
        self._progress = _Progress(tell, clock)
        self._clock, self._sleep = clock, sleep
        self._regions: dict[str, _Region] = {}

    def usage(self, keys: Iterable[AccessKey]) -> dict[AccessKey, Usage]:
        """What uses each key, by its newest events where it was last used and of global services.

        Asks once for a key in a region for each 50 events.
        """
        looks = {
            key: [
                Look(region, "AccessKeyId", key.access_key_id, self._most_events)
                for region in self._regions_of(key)
            ]
            for key in keys
        }
        looked = self._look(look for every in looks.values() for look in every)
        return {
            key: usage_of((looked[look] for look in every), self._most_events)
            for key, every in looks.items()
        }

    def _regions_of(self, key: AccessKey) -> list[str]:
        used = key.last_use.region if isinstance(key.last_use, LastUse) else ""
        regions = [used] if _REGION.fullmatch(used) else []
        return list(dict.fromkeys([*regions, self._global_region]))

    def origins(self, keys: Iterable[AccessKey]) -> dict[AccessKey, Origin]:
        """Who created each key; no key may be older than event history.

        Asks for the events about the key at the time of its creation, and only if its creation is
        not among them for all creations at that time: AWS does not document which resources the
        event of a creation names.
        """
        keys = tuple(keys)
        origins: dict[AccessKey, Origin] = {}
        for attribute in ("ResourceName", "EventName"):
            looks = {key: self._creation(key, attribute) for key in keys if key not in origins}
            looked = self._look(looks.values())
            found = {key: origin_in(looked[look], key.access_key_id) for key, look in looks.items()}
            origins.update({key: origin for key, origin in found.items() if origin})
        return {key: origins.get(key, Origin()) for key in keys}

    def _creation(self, key: AccessKey, attribute: str) -> Look:
        value = key.access_key_id if attribute == "ResourceName" else CREATION
        start, end = key.create_date - AROUND_CREATION, key.create_date + AROUND_CREATION
        return Look(self._global_region, attribute, value, start=start, end=end)

    # Calls

    def _look(self, looks: Iterable[Look]) -> dict[Look, Looked]:
        """The answer to each look."""
        by_region: dict[str, list[Look]] = {}
        for look in dict.fromkeys(looks):
            by_region.setdefault(look.region, []).append(look)
        if not by_region:
            return {}
        for region in by_region.keys() - self._regions.keys():  # clients are not made in threads
            self._regions[region] = self._region(region)
        began = self._clock()
        stop = threading.Event()

        def is_over() -> bool:
            return stop.is_set() or self._clock() - began >= self._seconds_left

        def look_in(region: str) -> list[tuple[Look, Looked]]:
            answers = []
            for look in by_region[region]:
                answers.append((look, self._regions[region].look(look, is_over)))
                self._progress.one_more()
            return answers

        seconds = max(map(len, by_region.values())) * SECONDS_A_CALL
        self._progress.begin(sum(map(len, by_region.values())), min(seconds, self._seconds_left))
        with ThreadPoolExecutor(len(by_region)) as pool:
            try:
                looked = dict(one for some in pool.map(look_in, by_region) for one in some)
            finally:
                stop.set()  # Ctrl-C must not wait for all looks
        self._seconds_left = max(0.0, self._seconds_left - (self._clock() - began))
        return looked

    def _region(self, name: str) -> _Region:
        # One attempt, as botocore's further ones would not keep to the rate.
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 1},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )
        client = self._session.client("cloudtrail", region_name=name, config=config)
        return _Region(name, client, self._clock, self._sleep)


class _Region:
    """The event history of one region, asked one call after another."""

    def __init__(
        self,
        name: str,
        client: Any,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._name, self._client = name, client
        self._clock, self._sleep = clock, sleep
        self._next_call = clock()
        self._refused: Unreadable | None = None

    def look(self, look: Look, is_over: Callable[[], bool]) -> Looked:
        """The newest events, page by page, until ``is_over``."""
        events: list[Mapping[str, Any]] = []
        # A token holds for calls with the same parameters only, the size of a page among them.
        parameters = {**look.parameters(), "MaxResults": min(look.most, PAGE_SIZE)}
        while True:
            page = self._call(parameters, is_over)
            if isinstance(page, Unreadable):
                return Looked(self._name, events, complete=False, failure=page)
            events += page.get("Events", ())
            if "NextToken" not in page:
                return Looked(self._name, events)
            if len(events) >= look.most:
                return Looked(self._name, events, complete=False)
            parameters["NextToken"] = page["NextToken"]

    def _call(
        self, parameters: Mapping[str, Any], is_over: Callable[[], bool]
    ) -> dict[str, Any] | Unreadable:
        """One page, or why there is none."""
        if self._refused:
            return self._refused
        failure = Unreadable(CALL, TIME_LIMIT)
        pause = FIRST_PAUSE
        for _ in range(ATTEMPTS):
            self._wait()
            if is_over():
                return failure
            try:
                page: dict[str, Any] = self._client.lookup_events(**parameters)
            except FAILURES as error:
                failure = failure_of(CALL, error)
            else:
                return page
            if not failure.transient:
                break
            self._next_call += pause
            pause *= 2
        logger.error(f"{self._name} -- {failure}")
        if failure.error_code not in TRANSIENT:  # who is throttled may get through later
            self._refused = failure
        return failure

    def _wait(self) -> None:
        """Wait until AWS allows the next call."""
        left = self._next_call - self._clock()
        if left > 0:
            self._sleep(left)
        self._next_call = self._clock() + SECONDS_A_CALL


class _Progress:
    """Lines about long looks, from several threads; one check after another may have some."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._whole = self._done = 0
        self._tell, self._clock = tell, clock
        self._told = clock()
        self._lock = threading.Lock()

    def begin(self, looks: int, seconds: float) -> None:
        """So many more; say how long they may take, if that is long enough to wonder."""
        self._whole += looks
        if seconds >= TOLD_EVERY:
            self._told = self._clock()
            self._tell(
                f"Looking up events of access keys in CloudTrail: {looks} calls or more, "
                f"about {seconds:.0f} seconds."
            )

    def one_more(self) -> None:
        """Count a look, and tell now and then."""
        with self._lock:
            self._done += 1
            now = self._clock()
            if now - self._told < TOLD_EVERY:
                return
            self._told = now
            self._tell(f"CloudTrail: {self._done} of {self._whole} lookups of access keys done.")
