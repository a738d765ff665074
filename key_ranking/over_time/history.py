"""How it went with a key, from the first scan that found it failing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ..findings.reports import Seconds, moment_of

State = Literal[
    "fails", "exception", "passes", "deactivated", "deactivated or deleted", "deleted",
    "user gone", "account left",
]  # fmt: skip
OPEN: tuple[State, ...] = ("fails", "exception")
RETIRED: tuple[State, ...] = ("deactivated", "deactivated or deleted", "deleted", "user gone")


def date_of(time: Seconds) -> date:
    """The day, UTC."""
    return moment_of(time).date()


@dataclass(frozen=True)
class History:
    """A key, or the root user's keys, that has failed a check.

    * fails: a check fails for the key, and it is active.
    * exception: all findings that fail for it are muted.
    * deactivated: the key was listed as inactive.
    * deactivated or deleted: it is not among the user's active keys.
    * deleted: it was inactive, and is not among the user's inactive keys either.
    * user gone: a whole scan of the account has no finding about the user.
    * passes: it was judged again, and nothing of the above is known.
    """

    account: str
    user: str
    """The newest name."""
    checks: Mapping[str, Seconds]
    """Those that have failed for it, and when a scan first saw that; the first comes first."""
    events: Annotated[tuple[tuple[Seconds, State], ...], Field(min_length=1)]
    """When a scan first saw the key in a state; the first is when it was first seen failing."""
    seen: Seconds
    """When a scan last said something about it."""
    owner: str = ""

    @property
    def state(self) -> State:
        """The newest state."""
        return self.events[-1][1]

    @property
    def is_retired(self) -> bool:
        """Whether it has failed as an active key, and has gone since."""
        return self.state in RETIRED and any(state in OPEN for _, state in self.events)

    def become(self, time: int, state: State) -> History:
        """The history after a scan at this time."""
        new = () if state == self.state else ((time, state),)
        return replace(self, events=(*self.events, *new), seen=time)
