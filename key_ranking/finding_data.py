"""The data of a finding, as ``finding.describe`` of the checks writes it: typed, and verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError

from prowler_access_keys.services.iam.iam_access_keys.facts import Unreadable
from prowler_access_keys.services.iam.iam_access_keys.key_evidence import Origin, Usage

SINGLE_SERVICE = "iam_user_long_term_api_keys"
ADMINISTRATORS = "iam_user_administrator_active_keys"
QUARANTINED = "iam_user_quarantined_active_keys"

ID = Annotated[str, Field(min_length=1, max_length=128)]
Text = Annotated[str, Field(max_length=10_000)]
Days = Annotated[int, Field(ge=0, le=100_000)]
Few = Field(max_length=1000)


def _usage(raw: Any) -> Any:
    """The usage as ``key_evidence.usage_as_data`` writes it, in the fields of ``Usage``."""
    unread = [{"region": item["region"], "failure": item} for item in raw.get("unreadable", ())]
    return {**raw, "unread": unread}


def _whole(usage: Usage) -> Usage:
    if not usage.regions and (usage.events or usage.used_by):
        raise ValueError("the checks always write the regions of events")
    return usage


def _origin(raw: Any) -> Any:
    return {**raw, "failure": raw.get("unreadable")}


@dataclass(frozen=True, slots=True)
class Key:
    """An access key."""

    access_key_id: ID
    age_days: Days | None = None
    active: bool = True
    last_used_date: Text = ""
    last_used_service: Text = ""
    last_used_region: Text = ""
    usage: Annotated[Usage, BeforeValidator(_usage), AfterValidator(_whole)] | None = None
    origin: Annotated[Origin, BeforeValidator(_origin)] | None = None
    deactivation: Annotated[Origin, BeforeValidator(_origin)] | None = None
    service_name: Text = ""
    """The service of an API key; empty for an access key."""


@dataclass(frozen=True, slots=True)
class SingleServiceKey:
    """An API key or another credential for one service."""

    service_specific_credential_id: ID
    age_days: Days | None = None
    service_name: Text = "unknown"


@dataclass(frozen=True, slots=True)
class UserAdvice:
    """What to do about a user's keys."""

    action: Text
    retire: Text = ""
    keep: Text = ""
    creator_of: tuple[ID, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingData:
    """What a finding says as data. What it does not have is empty."""

    check: Text = ""
    """The check that wrote it; empty if it did not say so yet."""
    access_keys: Annotated[tuple[Key, ...], Few] = ()
    failing_access_keys: Annotated[tuple[ID, ...], Few] | None = None
    """The keys that fail, if not all of them do."""
    advice: UserAdvice | None = None
    owner: Text = ""
    administrator: tuple[Text, ...] = ()
    quarantine_policies: tuple[Text, ...] = ()
    quarantine_unreadable: Unreadable | None = None
    unreadable: Unreadable | None = None
    service_specific_credentials: Annotated[tuple[SingleServiceKey, ...], Few] = ()
    failing_service_specific_credentials: Annotated[tuple[ID, ...], Few] | None = None


NO_DATA = FindingData()
MALFORMED = "its data is not in the format that these checks write"
OTHER_CHECK = "the report has another check's data in its place, as exports of Prowler App do"
_ALWAYS_WRITTEN = {
    ADMINISTRATORS: "administrator",
    QUARANTINED: "quarantine_policies",
    SINGLE_SERVICE: "service_specific_credentials",
}
"""What a finding of a check that fails has, unless something could not be read."""
_DATA = TypeAdapter(FindingData)


def data_of(raw: Any, check: str, *, fails: bool) -> tuple[FindingData, str]:
    """The data of a finding of a check, and why it cannot be used; else that is empty.

    Prowler App keeps one set of data for each resource, the last check's, and exports it with every
    finding (prowler#11959). What it says is not what this finding said.
    """
    try:
        data = _DATA.validate_python(raw)
    except (ValidationError, LookupError, TypeError, AttributeError):
        return NO_DATA, MALFORMED
    if data.check:
        is_own = data.check == check
    else:  # written before the data named its check
        written = _ALWAYS_WRITTEN.get(check, "")
        lacks = written and fails and not data.unreadable and not getattr(data, written)
        is_own = not lacks and (check == ADMINISTRATORS or not data.administrator)
    return (data, "") if is_own else (NO_DATA, OTHER_CHECK)
