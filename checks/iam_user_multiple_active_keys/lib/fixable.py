"""What the findings of this run said, for the fixer to compare with what is true when it acts.

Prowler gives a fixer the ARN of a finding and nothing else of it, in the process of the scan.
"""

from __future__ import annotations

from collections.abc import Iterable

from .access_keys import ActiveKeys, UserAccessKeys

_found: dict[str, ActiveKeys] = {}


def remember(users: Iterable[UserAccessKeys]) -> None:
    """Keep what was found of users with more than one active key; forget earlier runs."""
    _found.clear()
    for record in users:
        if isinstance(record.active, ActiveKeys) and record.active.count > 1:
            _found[record.user.arn] = record.active


def found(arn: str) -> ActiveKeys | None:
    """The active keys that this run's finding about the user named."""
    return _found.get(arn)
