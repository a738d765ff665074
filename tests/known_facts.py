"""A user's facts for tests of rules and sentences, which need no reading and no AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.facts import (
    Keys,
    Quarantine,
    Unreadable,
    User,
)
from prowler_access_keys.services.iam.iam_access_keys.user_facts import UnreadableError, UserFacts

ALICE = User("alice", "arn:aws:iam::123456789012:user/alice")


@dataclass(frozen=True)
class Known(UserFacts):  # type: ignore[misc]
    """Facts that need no reading."""

    user: User = ALICE
    answers: Any = None
    listed: Keys | Unreadable = ()
    counted: int | None = None
    quarantined: Quarantine = ()

    def active_count(self) -> int:
        return self.counted if self.counted is not None else len(self.keys())

    def keys(self) -> Keys:
        if isinstance(self.listed, Unreadable):
            raise UnreadableError(self.listed)
        return self.listed

    def with_last_use(self, keys: Keys) -> Keys:
        return keys

    def quarantine(self) -> Quarantine:
        return self.quarantined
