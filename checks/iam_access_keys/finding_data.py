"""The data of a finding, declared once: pydantic writes and reads it.

It is Prowler's resource metadata, and ``resources[].data.metadata`` of an OCSF report.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    WrapSerializer,
)

from .cloudtrail.evidence import Origin, Usage
from .facts import Unreadable

ID = Annotated[str, Field(min_length=1, max_length=128)]
Text = Annotated[str, Field(max_length=10_000)]
Days = Annotated[int, Field(ge=0, le=100_000)]
Few = Field(max_length=1000)
NEVER = datetime(9999, 12, 31, tzinfo=timezone.utc)


def _with_regions(usage: Usage) -> Usage:
    if not usage.regions and (usage.events or usage.used_by):
        raise ValueError("the checks always write the regions of events")
    return usage


def _also_if_empty(usage: Usage, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
    """A usage without events says something too, so these members are always written."""
    return {"regions": [], "events": 0, "all_events": False, "used_by": [], **write(usage)}


WrittenUsage = Annotated[Usage, AfterValidator(_with_regions), WrapSerializer(_also_if_empty)]


@dataclass(frozen=True, slots=True)
class KeyData:
    """An access key."""

    access_key_id: ID
    create_date: Text = ""
    """This and each date below that is text: ISO 8601, UTC."""
    age_days: Days | None = None
    active: bool = True
    last_used_date: Text = ""
    last_used_service: Text = ""
    last_used_region: Text = ""
    last_use_unreadable: Unreadable | None = None
    usage: WrittenUsage | None = None
    origin: Origin | None = None
    deactivation: Origin | None = None
    destinations: Annotated[tuple[Text, ...], Few] = ()
    """Where what uses it could go: names in ``cloudtrail/destinations.py``."""
    description: Text = ""
    """What the IAM console shows as the key's description."""


@dataclass(frozen=True, slots=True)
class ReportedKeyData:
    """An access key as a credential report shows it, without its ID."""

    active: bool
    changed: Text = ""
    """When it was created, activated, or deactivated, whichever came last."""
    last_used_date: Text = ""


@dataclass(frozen=True, slots=True)
class ReadingData:
    """Who read an account, when, how much of it, and with which settings."""

    began: Text
    ended: Text
    caller: Text
    """The ARN of the identity that read the account."""
    settings: dict[str, Any]
    users_listed: int | None = None
    """How many users were listed; None if the check is not about users."""
    users_counted: int | None = None
    """How many there are by ``iam:GetAccountSummary``."""


@dataclass(frozen=True, slots=True)
class CredentialData:
    """An API key or another service-specific credential."""

    service_specific_credential_id: ID
    service_name: Text = "unknown"
    create_date: Text = ""
    age_days: Days | None = None
    expiration_date: Text = ""
    """Empty if it never expires."""
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class AdviceData:
    """What to do about a user's keys: ``advice.Advice``, with the IDs of the keys."""

    action: Text
    retire: Text = ""
    keep: Text = ""
    creator_of: tuple[ID, ...] = ()
    reason: Text = ""
    """With ``find-out``: what is to be found out first. See ``Advice.reason``."""


@dataclass(frozen=True, slots=True)
class ExceptionData:
    """An exception about what fails: an entry of the file ``access_key_exceptions``."""

    account: Text = ""
    user: Text = ""
    access_key_id: Text = ""
    checks: tuple[Text, ...] = ()
    reason: Text = ""
    approver: Text = ""
    owner: Text = ""
    ticket: Text = ""
    until: AwareDatetime = NEVER
    state: Text = ""
    """``in force``, or why it is not, when the finding was made: see ``ExceptionEntry.state``."""
    ends_soon: bool = False
    """Whether it ends within the days of the setting ``access_key_exceptions_notice_days``."""


@dataclass(frozen=True, slots=True)
class FindingData:
    """What a finding says as data. What is at its default is not written."""

    name: Text = ""
    arn: Text = ""
    active_access_keys: Annotated[int, Field(ge=0, le=1000)] | None = None
    unreadable: Unreadable | None = None
    access_keys: Annotated[tuple[KeyData, ...], Few] = ()
    reported_access_keys: Annotated[tuple[ReportedKeyData, ...], Few] = ()
    """In a PASS by a credential report: what it shows of the keys."""
    credential_report_date: Text = ""
    """When AWS made that report."""
    failing_access_keys: Annotated[tuple[ID, ...], Few] | None = None
    """The keys that fail, if not all of them do."""
    quarantine_policies: tuple[Text, ...] = ()
    quarantine_unreadable: Unreadable | None = None
    advice: AdviceData | None = None
    administrator: tuple[Text, ...] = ()
    """The policies that make the user an administrator, in words."""
    console_password: bool = False
    mfa_devices: Annotated[int, Field(ge=0, le=1000)] | None = None
    """The root user's, as the next two: None if no session of the root user read them."""
    signing_certificates: Annotated[int, Field(ge=0, le=1000)] | None = None
    root_session_date: Text = ""
    """When a session of the root user read its keys."""
    root_session_unreadable: Unreadable | None = None
    """Why no session of the root user could."""
    service_specific_credentials: Annotated[tuple[CredentialData, ...], Few] = ()
    failing_service_specific_credentials: Annotated[tuple[ID, ...], Few] | None = None
    """Those that fail, if not all of them do."""
    api_key_usage: WrittenUsage | None = None
    """What uses the user's API keys: which of them, CloudTrail does not say."""
    policies_with_user_name: tuple[Text, ...] = ()
    """Policies that use ``${aws:username}``, which the session of a role does not have."""
    owner: Text = ""
    exceptions: Annotated[tuple[ExceptionData, ...], Few] = ()
    """Those that accept the finding; of a finding that none accepts, those that do not apply."""
    accepted: bool = False
    """Whether they accept it."""
    muted_by_mutelist: bool = False
    """Whether a mutelist mutes the finding too that exceptions accept."""
    user_id: Annotated[str, Field(max_length=128)] = ""
    """AWS's ID of the user, which a new name does not change. Empty if Prowler's own IAM client
    listed the user: it keeps no IDs."""
    reading: ReadingData | None = None
    """On findings about the root user or the account."""
    limited: bool = False
    """Whether the scan looked at chosen resources only, as with ``--resource-arn``."""
    check: Text = ""
    """The check that wrote it; empty if it did not say so yet."""


NO_DATA = FindingData()
_DATA = TypeAdapter(FindingData)


def to_json(data: FindingData) -> dict[str, Any]:
    """The data as plain JSON; nothing is verified."""
    plain: dict[str, Any] = _DATA.dump_python(
        data, mode="json", by_alias=True, exclude_defaults=True
    )
    return plain


def from_json(plain: Any) -> FindingData:
    """The data that ``to_json`` wrote; unknown members are ignored.

    Raises ValueError if a value is not as the checks write it: anybody can write a report.
    """
    return _DATA.validate_python(plain)
