"""A finding's facts as data: Prowler's resource metadata, and OCSF's ``resources[].data``. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .access_keys import AccessKey, ActiveKeys, CountedOnly, LastUse, Unreadable
from .verdict import Verdict


def describe(
    name: str, arn: str, active: ActiveKeys | Unreadable, verdict: Verdict, now: datetime
) -> dict[str, Any]:
    """What a program may want to know of a user: only plain JSON, dates in ISO 8601 and UTC."""
    resource: dict[str, Any] = {"name": name, "arn": arn}
    if isinstance(active, ActiveKeys | CountedOnly):
        resource["active_access_keys"] = active.count
    if isinstance(active, Unreadable):
        resource["unreadable"] = _unreadable(active)
    elif not active.wants_listing:
        resource["access_keys"] = [_key(key, now) for key in active.keys]
    if verdict.advice:
        resource["advice"] = {
            "action": verdict.advice.action.value,
            "retire": verdict.advice.retire.access_key_id,
            "keep": verdict.advice.keep.access_key_id,
        }
    return resource


def _key(key: AccessKey, now: datetime) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "access_key_id": key.access_key_id,
        "create_date": key.create_date.isoformat(),
        "age_days": max(0, (now - key.create_date).days),
    }
    if isinstance(key.last_use, LastUse):
        facts["last_used_date"] = key.last_use.date.isoformat()
        facts["last_used_service"] = key.last_use.service
        facts["last_used_region"] = key.last_use.region
    elif key.last_use is not None:
        facts["last_use_unreadable"] = _unreadable(key.last_use)
    return facts


def _unreadable(fact: Unreadable) -> dict[str, str]:
    return {"call": fact.call, "error_code": fact.error_code}
