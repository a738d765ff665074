"""What event history says about access keys: which queries answer a question.

See ``lookups`` for how it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ..facts import AccessKey, LastUse, Unreadable
from .addresses import Addresses
from .events import CREATION, REGION, ROOT, UPDATE, Call
from .evidence import (
    CALL,
    HISTORY,
    TOO_MANY_EVENTS,
    EventsFound,
    Origin,
    Sessions,
    Usage,
    deactivation_in,
    origin_in,
    usage_of,
)
from .lookups import EventHistory, EventQuery, Subject

AROUND_CREATION = timedelta(minutes=5)
"""How far the event of a key's creation can be from the date that IAM gives."""
MOST_CHANGES = 1000
"""How many events of keys that were created or changed are looked through."""
MOST_SESSION_QUERIES = 3
"""How many queries follow the sessions of a key."""
BY_KEY = "AccessKeyId"
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


class CloudTrail:
    """Asks event history about keys."""

    def __init__(self, provider: Any, most_events: int, history: EventHistory) -> None:
        """``most_events`` a key."""
        self._global_region = GLOBAL_SERVICES.get(
            provider.identity.partition, provider.get_default_region("iam")
        )
        # None if Prowler could not read them: findings name the regions that were asked.
        enabled: set[str] | None = getattr(provider, "_enabled_regions", None)
        self._enabled_regions = frozenset(enabled or ())
        self._most_events = most_events
        self._history = history
        self._addresses = Addresses(provider.session.current_session)

    def usage(
        self, keys: Iterable[AccessKey], *, everywhere: bool = False
    ) -> dict[AccessKey, Usage]:
        """What uses each key, by its events where it was last used and of global services.

        With ``everywhere``, by those in all enabled regions, and what its sessions did. Asks once
        for a key in a region for each 50 events and, if the newest are all of the newer half of
        its time, once for the older half: they may hide a second program.
        """
        regions = {key: self._regions_of(key, everywhere=everywhere) for key in keys}
        found = self._history.ask_each(
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
        older = self._history.ask_each(queries)
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
            for sessions, parts in self._history.ask_each(queries).items()
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
        with self._history.deadline() as deadline:
            for region, addresses in sources.items():
                self._addresses.ask(region, addresses, deadline.is_over)
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
        found = self._history.ask_each(queries)
        return {name: [_only(part, wanted) for part in parts] for name, parts in found.items()}

    def _in(self, regions: Iterable[str], attribute: str, value: str) -> list[EventQuery]:
        return [
            EventQuery(region, attribute, value, self._most_events)
            for region in dict.fromkeys(filter(None, regions))
        ]

    def _regions_of(self, key: AccessKey, *, everywhere: bool) -> list[str]:
        used = key.last_use.region if isinstance(key.last_use, LastUse) else ""
        regions = [used] if REGION.fullmatch(used) else []
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
            found = self._history.ask(queries.values())
            origins |= {key: read(found[query], key) for key, query in queries.items()}
            left = [key for key in left if origins[key].unknown]
        return origins


def _only(found: EventsFound, wanted: Callable[[Call], bool]) -> EventsFound:
    """The events of some calls. If there are none among the newest, there may be older ones."""
    events = [event for event in found.events if event.call and wanted(event.call)]
    failure = found.failure
    if not (events or found.complete):
        failure = failure or Unreadable(CALL, TOO_MANY_EVENTS)
    return replace(found, events=events, failure=failure)
