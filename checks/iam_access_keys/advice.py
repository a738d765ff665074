"""What to do about a user's active access keys, and how to say it. Pure.

Checks and fixers go by the same advice, so a fixer does what the finding announced.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from .facts import AccessKey, Keys, Quarantine, Unreadable
from .wording import days, ids


class Action(str, Enum):
    """What to do about a user's active access keys."""

    INCIDENT = "incident"
    """AWS has seen a key of this user in public: respond to an incident."""
    FIND_OUT = "find-out"
    """A fact that decides could not be read: find it out first."""
    DEACTIVATE = "deactivate"
    """One key can go: deactivate it now. A fixer acts on this advice and no other."""
    FINISH_ROTATION = "finish-rotation"
    """The newer key has no use on record: put it to use, then deactivate the older one."""
    FIND_CREATOR = "find-creator"
    """A young key that has not worked yet, and no rotation explains it: find out who made it."""
    MOVE = "move"
    """All keys are in use: move what uses the older one to the newer one first."""
    REPLACE = "replace"
    """The only key is in use: move what uses it to temporary credentials."""


@dataclass(frozen=True)
class Advice:
    """What to do, and with which keys."""

    action: Action
    retire: AccessKey | None = None
    """The key that goes in the end; safe to deactivate at once only with ``DEACTIVATE``."""
    keep: AccessKey | None = None
    """The key that stays in its place."""
    creator_of: tuple[AccessKey, ...] = ()
    """Young keys that have not worked yet, and that someone else may have made."""
    keep_is_idle: bool = False
    """Whether the key that stays is idle beyond the limit too."""
    quarantine: Quarantine = ()
    """AWS's quarantine policies on the user, or why they are not known."""


def advise(active: Keys, quarantine: Quarantine, now: datetime, unused_days: int) -> Advice:
    """The advice for a user's active keys, one or more, by the first of these rules that fits.

    The key that stays must have worked: the other one may be an attacker's way to stay (MITRE
    ATT&CK T1098.001). A key is idle if it was last used ``unused_days`` ago or longer or, with no
    use on record, made that long ago; else it is in use or, with no use on record, young.

    1. AWS has quarantined the user: an incident.
    2. The last use of a key could not be read: find out. Retiring a key could break its use.
    3. Some keys have a use on record, others have none and are idle: deactivate one that has
       none, the oldest. What runs once a month would have used it.
    4. Some keys have a use on record, others have none and are young. If the newest is one of
       those and a used key is in use, a rotation was started. Else find out who made them.
    5. All have a use on record, and some are idle: deactivate the one that was idle longest.
    6. None has a use on record: deactivate the oldest if it is idle, else find out who made them.
    7. All are in use: move what uses the oldest key to the newest, which has the longer part of
       its life before it. With one key only, replace it with temporary credentials.

    Rules 3, 5 and 6 do not hold if it is not known whether AWS has quarantined the user: then find
    that out first. ``now`` is UTC. Limits are whole days, reached when that many times 24 hours
    are over.
    """
    if quarantine and not isinstance(quarantine, Unreadable):
        return Advice(Action.INCIDENT, quarantine=quarantine)
    if any(isinstance(key.last_use, Unreadable) for key in active):
        return Advice(Action.FIND_OUT, quarantine=quarantine)

    def idle(key: AccessKey) -> bool:
        return key.idle(now) >= timedelta(days=unused_days)

    def deactivate(retire: AccessKey, keep: AccessKey | None) -> Advice:
        action = Action.FIND_OUT if isinstance(quarantine, Unreadable) else Action.DEACTIVATE
        keep_is_idle = keep is not None and idle(keep)
        return Advice(action, retire, keep, keep_is_idle=keep_is_idle, quarantine=quarantine)

    older, newer = active[0], active[-1]
    if len(active) == 1:
        if idle(older):
            return deactivate(older, None)
        if not older.used:
            return Advice(Action.FIND_CREATOR, creator_of=active, quarantine=quarantine)
        return Advice(Action.REPLACE, older, quarantine=quarantine)
    used = [key for key in active if key.used]
    unused = [key for key in active if not key.used]
    if used and unused:
        if idle(unused[0]):
            return deactivate(unused[0], max(used, key=AccessKey.last_active))
        if newer in unused and not all(map(idle, used)):
            return Advice(Action.FINISH_ROTATION, used[0], newer, (newer,), quarantine=quarantine)
        return Advice(Action.FIND_CREATOR, creator_of=tuple(unused), quarantine=quarantine)
    if unused:
        if idle(older):
            return deactivate(older, newer)
        return Advice(Action.FIND_CREATOR, creator_of=active, quarantine=quarantine)
    longest = min(active, key=AccessKey.last_active)
    if idle(longest):
        others = [key for key in active if key != longest]
        return deactivate(longest, max(others, key=AccessKey.last_active))
    return Advice(Action.MOVE, older, newer, quarantine=quarantine)


def word(advice: Advice, now: datetime) -> str:
    """The advice as one or two sentences; ``now`` is UTC."""
    if isinstance(advice.quarantine, Unreadable):
        unknown = f"Whether AWS has quarantined this user could not be read: {advice.quarantine}."
        return f"{_word(advice, now)} {unknown}"
    return _word(advice, now)


def _word(advice: Advice, now: datetime) -> str:
    retire, keep = advice.retire, advice.keep
    if advice.action is Action.INCIDENT and not isinstance(advice.quarantine, Unreadable):
        return (
            f"This is an incident: AWS has seen an access key of this user in public, and "
            f"attached {' and '.join(advice.quarantine)}. Find out what uses the keys and "
            "deactivate them, look at what they did, and keep the policy until then."
        )
    if advice.action is Action.DEACTIVATE and retire:
        return f"{_idle(retire, now)} and can be deactivated now.{_keep(advice, now)}"
    if advice.action is Action.FIND_OUT and retire:
        return (
            f"{_idle(retire, now)}: deactivate it once you know that AWS has not quarantined this "
            f"user.{_keep(advice, now)}"
        )
    if advice.action is Action.FINISH_ROTATION and retire and keep:
        return (
            f"A rotation was started and not finished: put {keep.access_key_id} to use, then "
            f"deactivate {retire.access_key_id}. If nobody is rotating this key, find out who "
            f"created {keep.access_key_id}."
        )
    if advice.action is Action.FIND_CREATOR:
        it = "it" if len(advice.creator_of) == 1 else "them"
        return (
            f"No use of {ids(advice.creator_of)} is recorded: find out who created {it} and why, "
            "and deactivate what is not needed."
        )
    if advice.action is Action.MOVE and retire and keep:
        return (
            f"Both are in use: move what uses {retire.access_key_id} to {keep.access_key_id}, "
            f"then deactivate {retire.access_key_id}."
        )
    if advice.action is Action.REPLACE and retire:
        return (
            f"{retire.access_key_id} is in use: move what uses it to an IAM role or, for a person, "
            "to aws login or IAM Identity Center, then deactivate it."
        )
    return "Find out which keys are in use before you deactivate one."


def _idle(key: AccessKey, now: datetime) -> str:
    if not key.used:
        return f"{key.access_key_id} has no use on record"
    return f"{key.access_key_id} was not used for {days(key.idle(now).days)}"


def _keep(advice: Advice, now: datetime) -> str:
    keep = advice.keep
    if keep is None:
        return " The user then has no active access key."
    if not advice.keep_is_idle:
        return ""
    return f" {_idle(keep, now)} either: check whether the user needs a key at all."


def grace_ends(active: Keys, grace_days: int) -> datetime:
    """When the newest key is older than the grace period (UTC)."""
    return active[-1].create_date + timedelta(days=grace_days)


def in_grace(active: Keys, now: datetime, grace_days: int) -> bool:
    """Whether the newest key is within the grace period, so that a rotation may be under way."""
    return grace_days > 0 and bool(active) and now <= grace_ends(active, grace_days)
