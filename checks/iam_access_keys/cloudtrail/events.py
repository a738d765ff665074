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
from urllib.parse import quote

from .user_agents import Agent, agent_of

CREATION, UPDATE = "CreateAccessKey", "UpdateAccessKey"
API_KEY_CREATION = "CreateServiceSpecificCredential"
ROOT = "root"
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
_WORD = re.compile(r"\w{1,128}", re.ASCII)
REGION = re.compile(r"[a-z]{2,5}(?:-[a-z]{1,20}){1,4}-\d{1,2}", re.ASCII)
"""A region, and not ``N/A`` or ``aws-global``, which IAM gives as that of some last uses."""
_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:iam|sts)::\d{12}:(root|user/(?:[!-\x7f]{1,510}/)?[\w+=,.@-]{1,128}|"
    r"(?:assumed-role|federated-user)/[\w+=,.@/-]{1,600})",
    re.ASCII,
)
_ROLE = re.compile(
    r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:[!-\x7f]{1,510}/)?([\w+=,.@-]{1,64})", re.ASCII
)
_SESSIONS = frozenset({"AssumeRole", "GetFederationToken", "GetSessionToken"})
"""Actions that answer with temporary credentials, which go on when the key is deactivated."""


@dataclass(frozen=True)
class Session:
    """Temporary credentials that a call got."""

    action: str
    """``AssumeRole``, ``GetFederationToken``, or ``GetSessionToken``."""
    role: str = ""
    account: str = ""
    """The role's."""
    access_key_id: str = ""
    """The session's own; empty if its events are in the history of another account."""
    region: str = ""


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
    """The end of the caller's ARN (``user/ci/deploy``, ``assumed-role/Admin/alice``, ROOT), the
    name of an AWS service, or UNKNOWN_CREATOR."""
    creator_id: str = ""
    """The caller's ID (``AIDA…``), which stays when an IAM user is renamed."""
    access_key_id: str = ""
    """The key that signed the call."""
    has_bearer_token: bool = False
    """Whether an API key signed it."""
    session: Session | None = None
    """The session that began, if one did."""
    created: str = ""
    """The ID of the access key or the API key that it created."""
    is_own: bool = False
    """Whether the caller created it for itself, whatever its name is now."""
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
    service, action = _match_text(_SERVICE, record.get("eventSource")), _word(record["eventName"])
    source, identity = record.get("sourceIPAddress"), record.get("userIdentity")
    console = record.get("sessionCredentialFromConsole") == "true"
    internal = _match_text(_INTERNAL, source) is not None
    # Anybody can call a program as AWS's services call themselves, but not from there.
    by_service = internal or _match_text(_SERVICE, source)
    agent = Agent(AWS_SERVICE) if by_service else agent_of(record.get("userAgent"))
    failed = record.get("errorCode") is not None
    access_key = _at(record, "responseElements", "accessKey")
    api_key = _at(record, "responseElements", "serviceSpecificCredential")
    created = {
        CREATION: _at(access_key, "accessKeyId"),
        API_KEY_CREATION: _at(api_key, "serviceSpecificCredentialId"),
    }
    owner = _text(_at(access_key or api_key, "userName"))
    creator = _creator(identity)
    updated = _at(record, "requestParameters", "accessKeyId")
    deactivates = not failed and _at(record, "requestParameters", "status") == "Inactive"
    return Call(
        Agent(CONSOLE) if internal and console else agent,
        CONSOLE if internal and console else _source(source),
        service[1] if service else UNKNOWN_WORD,
        action or UNKNOWN_WORD,
        failed,
        creator,
        _word(_text(_at(identity, "principalId")).partition(":")[0]),
        _word(_at(identity, "accessKeyId")),
        _at(record, "additionalEventData", "callWithBearerToken") in (True, "true"),
        _session(record) if action in _SESSIONS and not failed else None,
        _text(created.get(action)),
        # The name of the root user is the account's alias, which may be a user's name too.
        creator.startswith("user/") and owner == _at(identity, "userName") != "",
        _text(updated) if action == UPDATE and deactivates else "",
    )


def _session(record: Mapping[str, Any]) -> Session:
    role = _match_text(_ROLE, _at(record, "requestParameters", "roleArn"))
    account, name = role.groups() if role else ("", "")
    is_here = account in ("", record.get("recipientAccountId"))
    key_id = _word(_at(record, "responseElements", "credentials", "accessKeyId"))
    region = _match_text(REGION, record.get("awsRegion"))
    return Session(
        record["eventName"], name, account, key_id if is_here else "", region[0] if region else ""
    )


def _source(value: Any) -> str:
    service = _match_text(_SERVICE, value)
    if service:
        return service[0]
    if _match_text(_INTERNAL, value):
        return AWS_SERVICE
    try:
        # Python takes any text after a "%" for an IPv6 zone.
        return UNKNOWN_SOURCE if "%" in value else str(ipaddress.ip_address(value))
    except (TypeError, ValueError):
        return UNKNOWN_SOURCE


def _creator(identity: Any) -> str:
    arn = _match_text(_ARN, _at(identity, "arn"))
    if arn:
        return end_of_arn(arn[0])
    service = _match_text(_SERVICE, _at(identity, "invokedBy"))
    return service[0] if service else UNKNOWN_CREATOR


def end_of_arn(arn: str) -> str:
    """``user/ci/deploy``: a path may have any character, so most signs are as in a URL."""
    return quote(arn.split(":", 5)[-1], safe="/!+,.:=@")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _word(value: Any) -> str:
    return value if _match_text(_WORD, value) else ""


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _match_text(pattern: re.Pattern[str], value: Any) -> re.Match[str] | None:
    return pattern.fullmatch(value) if isinstance(value, str) else None
