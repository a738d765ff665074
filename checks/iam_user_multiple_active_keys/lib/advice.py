"""Which of somebody's active access keys to retire, and whether that is safe now. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from .access_keys import AccessKey, ActiveKeys, Unreadable


class Action(str, Enum):
    """What to do about a user with more than one active key."""

    DEACTIVATE = "deactivate"
    """One key is unused: deactivate it now. The only one that the fixer acts upon."""
    MOVE = "move"
    """All keys are in use: move what uses the older one to the newer one first."""
    FINISH_ROTATION = "finish-rotation"
    """The newer key was never used: put it to use, then deactivate the older one."""
    LOOK = "look"
    """When a key was last used is not known: find out first."""


@dataclass(frozen=True)
class Advice:
    """What to do, which key is to be retired, and which is to stay in its place."""

    action: Action
    retire: AccessKey
    keep: AccessKey


def advise(active: ActiveKeys, now: datetime, unused_days: int) -> Advice:
    """The advice for two or more active keys, by the first of these rules that fits.

    1. The last use of a key could not be read: look. Retiring a key could break what uses it.
    2. A key was not used for ``unused_days`` or longer, or never used and made at least that
       long ago: deactivate it. What runs once a month would have used it. If that is true of
       several keys, it is the one that was idle longest, and one key stays active.
    3. The newest key was never used: a rotation was begun and not finished, so the older key
       still does the work. Put the newer one in its place, then deactivate the older.
    4. All keys are in use: move what uses the older key to the newer one, which has the longer
       part of its life before it, then deactivate the older.

    ``now`` is UTC. The limits are whole days, reached when that many times 24 hours are over.
    """
    older, newer = active.keys[0], active.keys[-1]
    if any(isinstance(key.last_use, Unreadable) for key in active.keys):
        return Advice(Action.LOOK, older, newer)
    idle_longest = min(active.keys, key=AccessKey.last_active)
    if now - idle_longest.last_active() >= timedelta(days=unused_days):
        return Advice(Action.DEACTIVATE, idle_longest, _other(active, idle_longest))
    if newer.last_use is None:
        return Advice(Action.FINISH_ROTATION, older, newer)
    return Advice(Action.MOVE, older, newer)


def grace_ends(active: ActiveKeys, grace_days: int) -> datetime:
    """When the newest key is older than the grace period (UTC)."""
    return active.keys[-1].create_date + timedelta(days=grace_days)


def in_grace(active: ActiveKeys, now: datetime, grace_days: int) -> bool:
    """Whether a rotation may still be under way: the newest key is no older than the grace."""
    return grace_days > 0 and active.count > 1 and now <= grace_ends(active, grace_days)


def _other(active: ActiveKeys, key: AccessKey) -> AccessKey:
    """The newest of the other keys."""
    return next(other for other in reversed(active.keys) if other != key)
