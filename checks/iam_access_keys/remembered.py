"""What the findings of this run said, for a fixer to compare with what is true when it acts.

Prowler gives a fixer the ARN of a finding and nothing else of it, in the process of the scan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .facts import ActiveKeys, Unreadable, UserAccessKeys


@dataclass(frozen=True)
class Found:
    """What this run found of a user."""

    active: ActiveKeys
    muted: bool
    unread_tags: Unreadable | None = None
    """Why a mutelist that mutes by tag may mute the user; None if the tags are known."""


_remembered: dict[str, dict[str, tuple[UserAccessKeys, Any]]] = {}


def remember(check_id: str, findings: Iterable[tuple[UserAccessKeys, Any]]) -> None:
    """Keep what a check found of users; forget what it found in earlier runs.

    Each comes with Prowler's report of it, on which Prowler marks later whether it is muted.
    """
    _remembered[check_id] = {record.user.arn: (record, report) for record, report in findings}


def recall(check_id: str, arn: str) -> Found | None:
    """What a check found of the user in this run; None if that is not two or more active keys."""
    if arn not in _remembered.get(check_id, {}):
        return None
    record, report = _remembered[check_id][arn]
    if not isinstance(record.active, ActiveKeys) or len(record.active.keys) < 2:
        return None
    tags = record.user.tags
    return Found(record.active, bool(report.muted), tags if isinstance(tags, Unreadable) else None)
