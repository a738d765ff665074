"""What an event of CloudTrail says of an access key, and nothing else of it. Pure.

Events have other people's input (user agents, names of sessions) and what nobody but an
investigator should see (session issuers, request parameters). What leaves this file has neither:
what ``user_agents`` takes from a user agent, addresses, names that AWS allows, and times.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .user_agents import Agent, agent_of

CREATION, UPDATE = "CreateAccessKey", "UpdateAccessKey"
UNKNOWN_SOURCE = "an unknown address"
UNKNOWN_CREATOR = "unknown"
UNKNOWN_WORD = "unknown"
"""A service or an action whose name is not as AWS writes names."""
AWS_SERVICE = "an AWS service"
CONSOLE = "the AWS console"
"""The program and the source of what a person does there: CloudTrail may not say from where."""
_INTERNAL = re.compile(r"AWS Internal(?:/\d+)?")

_SERVICE = re.compile(
    r"([a-z0-9-]{1,64})(?:\.[a-z0-9.-]{1,64})?\.amazonaws\.com(?:\.cn)?", re.ASCII
)
_ACTION = re.compile(r"\w{1,128}", re.ASCII)
_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:iam|sts)::\d{12}:"
    r"(root|(?:user|assumed-role|federated-user)/[\w+=,.@/-]{1,600})",
    re.ASCII,
)


@dataclass(frozen=True)
class Call:
    """The API call that an event is about."""

    agent: Agent
    """The program, or AWS_SERVICE or CONSOLE in its place."""
    source: str
    """An IP address, or the AWS service that called: ``cloudformation.amazonaws.com``."""
    service: str
    """As its endpoint is named: ``s3``."""
    action: str
    """``ListBuckets``."""
    failed: bool
    """Whether AWS refused it, or it ended with another error."""
    creator: str
    """The end of the caller's ARN (``user/ci/deploy``, ``assumed-role/Admin/alice``, ``root``), the
    name of an AWS service, or UNKNOWN_CREATOR."""
    created: str = ""
    """The ID of the access key that it created."""
    deactivated: str = ""
    """The ID of the access key that it deactivated."""


@dataclass(frozen=True)
class Event:
    """An event, as far as it matters here."""

    time: datetime | None
    """UTC; None if the event does not say."""
    call: Call | None
    """None if it is not as CloudTrail writes events."""


def event_of(given: Mapping[str, Any]) -> Event:
    """An event as ``LookupEvents`` gives it. Whatever that is, this does not raise."""
    record = _record(given.get("CloudTrailEvent"))
    return Event(_time(given.get("EventTime")), None if record is None else _call(record))


def _record(text: Any) -> Mapping[str, Any] | None:
    try:
        record = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and "eventName" in record else None


def _time(moment: Any) -> datetime | None:
    try:
        return moment.astimezone(timezone.utc) if isinstance(moment, datetime) else None
    except OverflowError:
        return None


def _call(record: Mapping[str, Any]) -> Call:
    service = _matched(_SERVICE, record.get("eventSource"))
    action = _matched(_ACTION, record.get("eventName"))
    source, user_agent = record.get("sourceIPAddress"), record.get("userAgent")
    console = record.get("sessionCredentialFromConsole") == "true"
    internal = _matched(_INTERNAL, source) is not None
    # Anybody can call a program as AWS's services call themselves, but not from there.
    by_service = internal or _matched(_SERVICE, source)
    agent = Agent(AWS_SERVICE) if by_service else agent_of(user_agent)
    failed = record.get("errorCode") is not None
    created = _at(record, "responseElements", "accessKey", "accessKeyId")
    updated = _at(record, "requestParameters", "accessKeyId")
    deactivates = not failed and _at(record, "requestParameters", "status") == "Inactive"
    return Call(
        Agent(CONSOLE) if internal and console else agent,
        CONSOLE if internal and console else _source(source),
        service[1] if service else UNKNOWN_WORD,
        action[0] if action else UNKNOWN_WORD,
        failed,
        _creator(record.get("userIdentity")),
        _text(created) if record["eventName"] == CREATION else "",
        _text(updated) if record["eventName"] == UPDATE and deactivates else "",
    )


def _source(value: Any) -> str:
    service = _matched(_SERVICE, value)
    if service:
        return service[0]
    if _matched(_INTERNAL, value):
        return AWS_SERVICE
    try:
        # Python takes any text after a "%" for an IPv6 zone.
        return UNKNOWN_SOURCE if "%" in value else str(ipaddress.ip_address(value))
    except (TypeError, ValueError):
        return UNKNOWN_SOURCE


def _creator(identity: Any) -> str:
    arn = _matched(_ARN, _at(identity, "arn"))
    if arn:
        return arn[1]
    service = _matched(_SERVICE, _at(identity, "invokedBy"))
    return service[0] if service else UNKNOWN_CREATOR


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _matched(pattern: re.Pattern[str], value: Any) -> re.Match[str] | None:
    return pattern.fullmatch(value) if isinstance(value, str) else None
