"""What the findings of this run said, for the fixer to compare with what is true when it acts.

Prowler gives a fixer the ARN of a finding and nothing else of it, in the process of the scan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .access_keys import ActiveKeys, Unreadable, UserAccessKeys


@dataclass(frozen=True)
class Found:
    """What this run found of a user."""

    active: ActiveKeys
    muted: bool
    unread_tags: Unreadable | None = None
    """Why it is not known whether a mutelist mutes the user by tag; None if it is."""


_remembered: dict[str, tuple[UserAccessKeys, Any]] = {}


def remember(findings: Iterable[tuple[UserAccessKeys, Any]]) -> None:
    """Keep what was found of users; forget earlier runs.

    Each comes with Prowler's report of it, on which Prowler marks later whether it is muted.
    """
    _remembered.clear()
    for record, report in findings:
        _remembered[record.user.arn] = (record, report)


def recall(arn: str) -> Found | None:
    """What this run found of the user; None if that was not two or more active keys."""
    if arn not in _remembered:
        return None
    record, report = _remembered[arn]
    if not isinstance(record.active, ActiveKeys) or record.active.count < 2:
        return None
    tags = record.user.tags
    return Found(record.active, bool(report.muted), tags if isinstance(tags, Unreadable) else None)
