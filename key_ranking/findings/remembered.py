"""What a run remembers of a finding for later ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .reports import Seconds


@dataclass(frozen=True)
class Remembered:
    """A finding as the newest run that judged it had it."""

    account: str
    check: str
    user: str
    status: Literal["FAIL", "MANUAL", "muted"]
    seen: Seconds = 0
    """When that scan began; 0 in the first format, where it is when its check looked last."""
    keys: tuple[str, ...] = ()
    """The keys that fail, by ID; none before the third format."""
    user_id: str = ""
