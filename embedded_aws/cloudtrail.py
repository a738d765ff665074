"""CloudTrail's event history, which moto does not have: ``LookupEvents`` as AWS documents it.

Events of the last 90 days, by region; newest first; at most 50 on a page, the next one by
``NextToken``; one attribute to filter by; two calls a second for an account and region.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.core.models import DEFAULT_ACCOUNT_ID

MOST_ON_A_PAGE = 50
HISTORY = timedelta(days=90)
LOOKUPS_A_SECOND = 2
ATTRIBUTES = frozenset(
    {
        "AccessKeyId", "EventId", "EventName", "EventSource", "ReadOnly", "ResourceName",
        "ResourceType", "Username",
    }
)  # fmt: skip


@dataclass(frozen=True)
class _Recorded:
    account: str
    region: str
    event: Mapping[str, Any]
    """As ``LookupEvents`` gives it."""

    def has(self, attribute: str, value: str) -> bool:
        if attribute.startswith("Resource"):
            return any(resource.get(attribute) == value for resource in self.event["Resources"])
        return bool(self.event.get(attribute) == value)


class EmbeddedCloudTrail:
    """The event history of all accounts. Everything may be changed while it runs."""

    def __init__(self) -> None:
        self.lookups_a_second: int | None = LOOKUPS_A_SECOND
        """How many calls an account may make in a region; None for as many as it likes."""
        self.disabled_regions: frozenset[str] = frozenset()
        """Regions that no account has enabled."""
        self.records_calls = False
        """Whether calls of this AWS become events too, with the caller's own user agent."""
        self.clock: Callable[[], float] = time.monotonic
        """The clock for throttling, in seconds."""
        self.short_pages = 0
        """How many events fewer than asked for are on each page, as AWS may give them."""
        self.answer: str | None = None
        """What is answered whatever the question, as by something between here and AWS."""
        self.throttled = 0
        """How many calls were throttled so far."""
        self.called: list[tuple[str, float]] = []
        """The region of each call that was not throttled, and when it came by ``clock``."""
        self.asked_about: set[str] = set()
        """The values that events were looked up by."""
        self._recorded: list[_Recorded] = []
        self._recent: dict[tuple[str, str], deque[float]] = {}
        self._tokens: dict[str, tuple[str, int]] = {}
        self._lock = threading.Lock()

    def add(
        self,
        event_name: str,
        service: str = "s3",
        *,
        at: datetime,
        region: str = "us-east-1",
        account: str = DEFAULT_ACCOUNT_ID,
        access_key_id: str = "",
        user_agent: str = "aws-cli/2.15.30 Python/3.11.8 Linux/6.1.0",
        source: str = "203.0.113.7",
        identity: Mapping[str, Any] | None = None,
        resources: Mapping[str, str] | None = None,
        text: str | None = None,
        **more: Any,
    ) -> None:
        """Record an event; ``at`` is UTC.

        ``resources`` are types by name. ``more`` are further members of ``CloudTrailEvent``, and
        ``text`` is what there is instead of all of it.
        """
        user_identity = {"type": "IAMUser", **(identity or {}), "accessKeyId": access_key_id}
        record = {
            "eventVersion": "1.10",
            "userIdentity": user_identity,
            "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": event_name,
            "awsRegion": region,
            "sourceIPAddress": source,
            "userAgent": user_agent,
            "requestParameters": None,
            "responseElements": None,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
            **more,
        }
        event = {
            "EventId": str(uuid.uuid4()),
            "EventName": event_name,
            "EventSource": record["eventSource"],
            "EventTime": at.timestamp(),
            "AccessKeyId": access_key_id,
            "Username": user_identity.get("userName", ""),
            "ReadOnly": str(event_name.startswith(("Describe", "Get", "List"))).lower(),
            "Resources": [
                {"ResourceName": name, "ResourceType": kind}
                for name, kind in (resources or {}).items()
            ],
            "CloudTrailEvent": json.dumps(record) if text is None else text,
        }
        self._recorded.append(_Recorded(account, region, event))

    def add_key_creation(
        self,
        access_key_id: str,
        user_name: str,
        *,
        at: datetime,
        creator: str,
        region: str = "us-east-1",
        account: str = DEFAULT_ACCOUNT_ID,
        resources: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        """Record that an IAM user, ``creator``, created an access key for a user."""
        if resources is None:
            resources = {access_key_id: "AWS::IAM::AccessKey", user_name: "AWS::IAM::User"}
        arn = f"arn:aws:iam::{account}:user/{creator}"
        identity = {"arn": arn, "userName": creator.rpartition("/")[2], "accountId": account}
        key = {"accessKeyId": access_key_id, "status": "Active", "userName": user_name}
        self.add(
            "CreateAccessKey", "iam", at=at, region=region, account=account, resources=resources,
            requestParameters={"userName": user_name}, responseElements={"accessKey": key},
            **{"identity": identity, **more},
        )  # fmt: skip

    def events(self) -> list[Mapping[str, Any]]:
        """All events of all accounts and regions, as ``LookupEvents`` gives them."""
        return [recorded.event for recorded in self._recorded]

    def look_up_events(self, response: CloudTrailResponse) -> str:
        """Answer ``LookupEvents``, in place of moto."""
        account, region = response.current_account, response.region
        if region in self.disabled_regions:
            raise _error("UnrecognizedClientException", "The security token is invalid.")
        self._throttle(account, region)
        if self.answer is not None:
            return self.answer
        asked = json.loads(response.body or "{}")
        token = asked.pop("NextToken", None)
        start = self._start(token, asked, region)
        size = asked.get("MaxResults", MOST_ON_A_PAGE)
        if not 1 <= size <= MOST_ON_A_PAGE:
            raise _error("InvalidMaxResultsException", "MaxResults is not between 1 and 50.")
        found = self._found(account, region, asked)
        end = start + max(0, size - self.short_pages)
        answer: dict[str, Any] = {"Events": found[start:end]}
        if end < len(found):
            answer["NextToken"] = str(uuid.uuid4())
            self._tokens[answer["NextToken"]] = (_fingerprint(asked, region), end)
        return json.dumps(answer)

    def _throttle(self, account: str, region: str) -> None:
        with self._lock:
            now = self.clock()
            recent = self._recent.setdefault((account, region), deque())
            while recent and now - recent[0] >= 1:
                recent.popleft()
            if self.lookups_a_second is not None and len(recent) >= self.lookups_a_second:
                self.throttled += 1
                raise _error("ThrottlingException", "Rate exceeded")
            recent.append(now)
            self.called.append((region, now))

    def _start(self, token: str | None, asked: Mapping[str, Any], region: str) -> int:
        if token is None:
            return 0
        fingerprint, start = self._tokens.get(token, ("", 0))
        if fingerprint != _fingerprint(asked, region):
            raise _error("InvalidNextTokenException", "The token is not valid.")
        return start

    def _found(
        self, account: str, region: str, asked: Mapping[str, Any]
    ) -> list[Mapping[str, Any]]:
        attributes = asked.get("LookupAttributes", [])
        if len(attributes) > 1 or any(
            attribute["AttributeKey"] not in ATTRIBUTES for attribute in attributes
        ):
            raise _error("InvalidLookupAttributesException", "There can be one attribute.")
        self.asked_about.update(attribute["AttributeValue"] for attribute in attributes)
        now = datetime.now(timezone.utc)
        oldest = (now - HISTORY).timestamp()
        since, until = asked.get("StartTime", oldest), asked.get("EndTime", now.timestamp())
        # AWS does not document what "outside the range of possible values" means: at its strictest.
        if since > until or since < oldest:
            raise _error("InvalidTimeRangeException", "The time range is not possible.")
        found = [
            recorded.event
            for recorded in self._recorded
            if (recorded.account, recorded.region) == (account, region)
            and since <= recorded.event["EventTime"] <= until
            and all(recorded.has(a["AttributeKey"], a["AttributeValue"]) for a in attributes)
        ]
        return sorted(found, key=lambda event: -event["EventTime"])


def _fingerprint(asked: Mapping[str, Any], region: str) -> str:
    return json.dumps([region, asked], sort_keys=True)


def _error(code: str, message: str) -> JsonRESTError:
    return JsonRESTError(code, f"{message} (the embedded AWS)")
