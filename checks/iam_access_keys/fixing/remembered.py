"""What the findings of this run said, for a fixer to compare with what is true when it acts.

Prowler gives a fixer the ARN of a finding and nothing else of it, in the process of the scan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..facts import AccessKey, Keys, User
from ..findings.advice import Action
from ..findings.finding import Verdict


@dataclass(frozen=True)
class Found:
    """What this run found of a user."""

    user: User
    keys: Keys
    """The user's active keys, with their last use."""
    retire: AccessKey | None
    """The key of which the finding says that it can be deactivated now."""
    report: Any
    """Prowler's report of the finding, which also says whether it is muted."""


_remembered: dict[str, dict[str, tuple[User, Verdict, Any]]] = {}


def remember(check_id: str, findings: Iterable[tuple[User, Verdict, Any]]) -> None:
    """Keep what a check found of users; forget what it found in earlier runs.

    Each comes with Prowler's report of it, on which Prowler marks later whether it is muted.
    """
    _remembered[check_id] = {user.arn: (user, verdict, at) for user, verdict, at in findings}


def recall(check_id: str, arn: str) -> Found | None:
    """What a check found of the user in this run; None if no finding of it named keys."""
    if arn not in _remembered.get(check_id, {}):
        return None
    user, verdict, report = _remembered[check_id][arn]
    if not verdict.keys:
        return None
    advice = verdict.advice
    retire = advice.retire if advice and advice.action is Action.DEACTIVATE else None
    return Found(user, verdict.keys, retire, report)
