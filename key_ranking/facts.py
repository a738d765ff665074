"""The data of a finding, as ``finding.describe`` of the checks writes it: typed, and checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

ID = Annotated[str, Field(min_length=1, max_length=128)]
Text = Annotated[str, Field(max_length=10_000)]
Days = Annotated[int, Field(ge=0, le=100_000)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Few = Field(max_length=1000)


@dataclass(frozen=True, slots=True)
class FailedCall:
    """What could not be read."""

    call: Text
    error_code: Text


@dataclass(frozen=True, slots=True)
class Action:
    """What a program did, and in how many events of CloudTrail."""

    service: Text
    action: Text
    events: Count


@dataclass(frozen=True, slots=True)
class UsedBy:
    """A program that uses a key, from where, and what it did."""

    program: Text
    source: Text
    events: Count
    actions: Annotated[tuple[Action, ...], Few] = ()


@dataclass(frozen=True, slots=True)
class UnreadRegion(FailedCall):
    """A region whose events could not be read."""

    region: Text = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What CloudTrail says of the use of a key."""

    regions: Annotated[tuple[Text, ...], Few] = ()
    events: Count = 0
    since: datetime | None = None
    all_events: bool = False
    used_by: Annotated[tuple[UsedBy, ...], Few] = ()
    malformed_events: Count = 0
    failed_events: Count = 0
    unreadable: Annotated[tuple[UnreadRegion, ...], Few] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """What CloudTrail says of the creation of a key."""

    creator: Text = ""
    date: datetime | None = None
    source: Text = ""
    unknown: Text = ""
    unreadable: FailedCall | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """An access key."""

    access_key_id: ID
    age_days: Days | None = None
    active: bool = True
    last_used_date: Text = ""
    last_used_service: Text = ""
    last_used_region: Text = ""
    usage: Usage | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class SingleServiceKey:
    """An API key or another credential for one service."""

    service_specific_credential_id: ID
    age_days: Days | None = None


@dataclass(frozen=True, slots=True)
class UserAdvice:
    """What to do about a user's keys."""

    action: Text
    retire: Text = ""
    keep: Text = ""
    creator_of: tuple[ID, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What a finding says as data. What it does not have is empty."""

    access_keys: Annotated[tuple[Key, ...], Few] = ()
    failing_access_keys: Annotated[tuple[ID, ...], Few] | None = None
    """The keys that fail, if not all of them do."""
    advice: UserAdvice | None = None
    owner: Text = ""
    administrator: tuple[Text, ...] = ()
    quarantine_policies: tuple[Text, ...] = ()
    quarantine_unreadable: FailedCall | None = None
    unreadable: FailedCall | None = None
    service_specific_credentials: Annotated[tuple[SingleServiceKey, ...], Few] = ()
    failing_service_specific_credentials: Annotated[tuple[ID, ...], Few] | None = None


_FACTS = TypeAdapter(Facts)


def facts_of(data: Any) -> Facts | None:
    """The facts in the data of a finding's resource; None if they are not as they should be."""
    try:
        return _FACTS.validate_python(data)
    except ValidationError:
        return None
