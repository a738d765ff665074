"""What to do about a user's active access keys, and how to say it. Pure.

Checks and fixers use the same advice, so a fixer does what the finding announced.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from ..facts import AccessKey, Keys, Quarantine, Unreadable, if_read
from .wording import ago, comma_and, days, ids

DECOY = "The user is a decoy, by your setting decoy_users: leave its credentials as they are."
SMTP_REPLACEMENT = (
    "Amazon SES accepts no temporary credentials over SMTP: send mail through its API with an IAM "
    "role, or {new} and derive a new SMTP password from it for each Region"
)
"""https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html"""


class Action(str, Enum):
    """What to do about a user's active access keys."""

    INCIDENT = "incident"
    """AWS's quarantine policy is on the user: respond to an incident."""
    DECOY_USED = "decoy-used"
    """Somebody used a key that was planted for that: find out who."""
    FIND_OUT = "find-out"
    """A fact that decides is not known: find it out first."""
    DEACTIVATE = "deactivate"
    """One key can go: deactivate it now. A fixer acts on this advice and no other."""
    FINISH_ROTATION = "finish-rotation"
    """The newer key has no use on record: put it to use, then deactivate the older one."""
    FIND_CREATOR = "find-creator"
    """Nobody vouches for a young key: find out who created it, before anything else changes."""
    MOVE = "move"
    """Move what uses the older key to the newer one first."""
    REPLACE = "replace"
    """Move what uses the key to temporary credentials first."""


SENTENCES = {
    Action.INCIDENT: (
        "Incident: deactivate all access keys and API keys of user {user} now; do not delete them. "
        "AWS suspects that one of the user's credentials is compromised or public ({attached}). "
        "Find out what they did, and leave the policy attached until AWS has closed the case."
    ),
    Action.DECOY_USED: (
        "Somebody used {keys} of the decoy {user}. Find out who can read the place where you "
        "planted {it}, and what else is kept there. Leave the decoy as it is while you look, and "
        "replace it afterwards."
    ),
    Action.FIND_OUT: "Find out {which} in use before you deactivate anything.",
    Action.DEACTIVATE: "{unused} can be deactivated now.",
    Action.FINISH_ROTATION: (
        "A rotation may be under way: put {keep} to use, then deactivate {retire}. If nobody is "
        "rotating this user's key, find out who created {keep}."
    ),
    Action.FIND_CREATOR: "{known}: find out who created {it}, and why",
    Action.MOVE: "Move what uses {keys} to {keep}, then deactivate {keys}.",
    Action.REPLACE: (
        "Move what uses {keys} to an IAM role or, for a person, to aws login or IAM Identity "
        "Center, then deactivate {keys}."
    ),
}
"""What findings say of each action; ``docs/findings.md`` shows how they begin."""


@dataclass(frozen=True)
class Advice:
    """What to do, and with which keys."""

    action: Action
    retire: AccessKey | None = None
    """The key that goes in the end; safe to deactivate at once only with ``DEACTIVATE``."""
    keep: AccessKey | None = None
    """The key that stays in its place."""
    creator_of: Keys = ()
    """Young keys that somebody else may have made."""
    others: Keys = ()
    """Further keys that something is to be done about."""
    idle: Keys = ()
    """All keys that are idle."""
    quarantine: Quarantine = ()
    """AWS's quarantine policies on the user, or why they are not known."""
    denies_everything: bool | Unreadable = False
    """Whether the user's policies deny every action, as those of a decoy do."""
    is_decoy: bool = False
    """Whether the user is a decoy by the settings: nothing is to be done about its keys."""

    @property
    def reason(self) -> str:
        """Why something is to be found out first, as one of a few words for data; else empty."""
        if self.action is not Action.FIND_OUT:
            return ""
        if self.is_decoy:
            return "decoy"
        if not self.retire:
            return "last-use-unread"
        if isinstance(self.quarantine, Unreadable):
            return "quarantine-unread"
        return "possible-decoy" if self.denies_everything is True else "policies-unread"


def advise(
    active: Keys,
    quarantine: Quarantine,
    now: datetime,
    unused_days: int,
    denies_everything: bool | Unreadable = False,
) -> Advice:
    """The advice for a user's active keys, one or more, by the first of these rules that fits.

    A key that stays must have worked, and somebody must vouch for it: a young one may be an
    attacker's way to stay (MITRE ATT&CK T1098.001). A key is idle if it was last used
    ``unused_days`` ago or longer or, with no use on record, was made that long ago. It is young if
    it was made later than that.

    1. The user is under AWS's quarantine: an incident. Find out who created each young key.
    2. The last use of a key could not be read: find out. Retiring a key could break its use.
    3. Some keys have no use on record and are idle: deactivate the oldest of them. What runs once
       a month would have used it.
    4. Some keys have no use on record and are young. If the newest is one of those and a key with
       a use on record is not idle, a rotation may be under way. Else find out who made them.
    5. All have a use on record, and some are idle: deactivate the one that was idle longest.
    6. All are in use: move what uses the oldest key to the newest, which has the longer part of
       its life before it. With one key only, replace it with temporary credentials.

    If each key that would stay by rules 3, 5, and 6 is young, find out who created them before
    anything is deactivated or moved. Rules 3 and 5 do not apply if it is not known whether AWS has
    quarantined the user, or if the user may be a decoy because its policies deny everything: then
    find that out first. ``now`` is UTC. Limits are whole days, reached when that many times 24
    hours are over.
    """
    limit = timedelta(days=unused_days)
    young = tuple(key for key in active if now - key.create_date < limit)
    if if_read(quarantine):
        return Advice(Action.INCIDENT, creator_of=young, quarantine=quarantine)
    if any(isinstance(key.last_use, Unreadable) for key in active):
        return Advice(Action.FIND_OUT, others=active, quarantine=quarantine)

    idle = tuple(key for key in active if key.idle(now) >= limit)
    fresh = tuple(key for key in young if not key.used)
    used = tuple(key for key in active if key.used)

    base = Advice(
        Action.DEACTIVATE, idle=idle, quarantine=quarantine, denies_everything=denies_everything
    )
    retire = next((key for key in idle if not key.used), None)
    if retire is None and fresh:
        if active[-1] in fresh and any(key not in idle for key in used):
            action, newest = Action.FINISH_ROTATION, active[-1]
            return replace(base, action=action, retire=used[0], keep=newest, creator_of=(newest,))
        return replace(base, action=Action.FIND_CREATOR, creator_of=fresh, others=idle)
    retire = retire or min(idle, key=AccessKey.last_active, default=None)
    if retire:
        stay = [key for key in active if key != retire]
        keep = max(stay, key=lambda key: (key not in young, key.last_active()), default=None)
        advice = replace(base, retire=retire, keep=keep)
        if isinstance(quarantine, Unreadable) or denies_everything is not False:
            advice = replace(advice, action=Action.FIND_OUT)
    elif len(active) == 1:
        advice = replace(base, action=Action.REPLACE, retire=active[0])
    else:
        retire, *others, keep = active
        advice = replace(base, action=Action.MOVE, retire=retire, keep=keep, others=tuple(others))
    if advice.keep in young:
        creator_of = tuple(key for key in young if key != retire)
        return replace(advice, action=Action.FIND_CREATOR, creator_of=creator_of)
    return advice


def about(advice: Advice, failing: Keys) -> Advice:
    """The same advice for a check that these keys fail, and that no key may stay by that fails.

    Nothing is moved to a key that fails too, and each that fails is dealt with.
    """
    if advice.is_decoy:
        return advice
    if advice.action is Action.INCIDENT or (not advice.retire and not advice.creator_of):
        return replace(advice, others=failing)
    retire, keep, action = advice.retire, advice.keep, advice.action
    if retire and retire not in failing and not any(key in advice.idle for key in failing):
        # Another check is about the key that can go.
        return replace(advice, action=Action.REPLACE, retire=failing[0], keep=None, creator_of=(),
                       others=failing[1:])  # fmt: skip
    if keep in failing:
        keep = None
        if action is Action.MOVE:
            action = Action.REPLACE
        elif action in (Action.FINISH_ROTATION, Action.FIND_CREATOR):
            action = Action.FIND_CREATOR
            retire = retire if retire in advice.idle else None
    done = (retire, *(key for key in advice.creator_of if not key.used))
    others = tuple(key for key in failing if key not in done)
    return replace(advice, action=action, retire=retire, keep=keep, others=others)


def incident(quarantine: Quarantine) -> Advice | None:
    """The advice for a user that is under AWS's quarantine, without keys; None for others."""
    policies = if_read(quarantine)
    return Advice(Action.INCIDENT, quarantine=policies) if policies else None


def word_incident(user: str, quarantine: Quarantine) -> str:
    """The beginning of each finding about a user under AWS's quarantine; empty for others.

    Anybody may attach the policy, so the sentence says what AWS means by it, and no more.
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV4.html
    """
    policies = if_read(quarantine)
    if not policies:
        return ""
    attached = f"{comma_and(policies)} {'is' if len(policies) == 1 else 'are'} attached"
    return SENTENCES[Action.INCIDENT].format(user=user, attached=attached)


def word(advice: Advice, now: datetime) -> str:
    """The advice in sentences, but for that of an incident; ``now`` is UTC."""
    sentences = [*_word(advice, now), *_word_others(advice, now)]
    if isinstance(advice.quarantine, Unreadable):
        sentences.append(
            f"Whether AWS has quarantined this user could not be determined: {advice.quarantine}."
        )
    return " ".join(sentences)


def word_root(arn: str, number: int | None) -> str:
    """What to do about the root user's access keys; ``number`` is None if that is not known.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-access-management.html
    """
    key, it = ("the keys", "them") if number and number > 1 else ("the key", "it")
    sign_in = "" if arn.startswith("arn:aws-us-gov:") else "Sign in as the root user to do so. "
    return (
        f"Find out what uses {key}, move that to an IAM role, deactivate {key} and, when nothing "
        f"breaks, delete {it}; do not rotate {it}. {sign_in}With centralized root access, the "
        "management account or the delegated administrator for IAM can delete the root user's "
        "credentials instead, which removes its password, certificates, and MFA devices too."
    )


def _word(advice: Advice, now: datetime) -> Iterator[str]:
    action, retire, keep = advice.action, advice.retire, advice.keep
    if advice.is_decoy:
        yield DECOY
    elif action in (Action.DEACTIVATE, Action.FIND_OUT) and retire:
        unused = _unused((retire,), now)
        if action is Action.FIND_OUT:
            yield f"{unused}. {_first_find_out(advice)}"
        else:
            so = " and" if retire.used else ", so it"
            yield SENTENCES[action].format(unused=f"{unused}{so}")
        if keep is None and not advice.others:
            yield "The user then has no active access key."
    elif action is Action.FIND_OUT:
        which = f"if {ids(advice.others)} is" if len(advice.others) == 1 else "which keys are"
        yield SENTENCES[action].format(which=which)
    elif action is Action.FINISH_ROTATION and retire and keep:
        yield SENTENCES[action].format(retire=retire.access_key_id, keep=keep.access_key_id)
    elif advice.creator_of:
        yield from _word_creator(advice, now)
    elif action in (Action.MOVE, Action.REPLACE) and retire:
        in_use = (retire, *(key for key in advice.others if key not in advice.idle))
        yield from _word_move(in_use, keep)


def _first_find_out(advice: Advice) -> str:
    """What stands against deactivating a key that is idle."""
    if isinstance(advice.quarantine, Unreadable):
        return "Deactivate it once you know that AWS has not quarantined this user."
    if advice.denies_everything is True:
        return (
            "Find out who planted it before you deactivate it: the user's policies deny every "
            "action, so the key may be a decoy."
        )
    return (
        "Deactivate it once you know that it is not a decoy: whether the user's policies deny "
        f"every action could not be determined ({advice.denies_everything})."
    )


def _word_creator(advice: Advice, now: datetime) -> Iterator[str]:
    keys, retire, keep = advice.creator_of, advice.retire, advice.keep
    it = "it" if len(keys) == 1 else "them"
    if advice.action is Action.INCIDENT:
        yield f"Find out who created {ids(keys)}, and why."
    else:
        known = f"AWS has no record of {ids(keys, 'or')} being used"
        end = ", and deactivate what is not needed."
        if any(key.used for key in keys):
            known = comma_and(
                f"{key.access_key_id} was created {ago(key.create_date, now)}" for key in keys
            )
            end = f", before you rely on {it}."
        yield f"{SENTENCES[Action.FIND_CREATOR].format(known=known, it=it)}{end}"
    if retire in advice.idle and retire:
        use = (
            f"not been used for {days(retire.idle(now).days)}" if retire.used else "no recorded use"
        )
        yield f"Only then deactivate {retire.access_key_id}, which has {use}."
    elif retire and keep:
        yield from _word_move((retire,), keep, f"If {keep.access_key_id} is to stay, ")


def _word_others(advice: Advice, now: datetime) -> Iterator[str]:
    """What is left to do about the keys that stay or fail too."""
    done_with = advice.action in (Action.FIND_OUT, Action.INCIDENT) and not advice.retire
    others = () if done_with else advice.others
    idle = tuple(key for key in (advice.keep, *others) if key and key in advice.idle)
    if idle:
        either = " either" if advice.retire in advice.idle else ""
        yield f"{_unused(idle, now)}{either}: check whether the user needs a key at all."
    in_use = tuple(key for key in others if key not in advice.idle)
    if in_use and advice.action not in (Action.MOVE, Action.REPLACE):
        yield from _word_move(in_use, None)


def _word_move(keys: Keys, keep: AccessKey | None, first: str = "") -> Iterator[str]:
    """What to do about keys in use: move what uses them to a key that stays, or away from keys."""
    smtp = tuple(key for key in keys if key.is_for_smtp)
    plain = tuple(key for key in keys if key not in smtp)
    if plain:
        sentence = SENTENCES[Action.MOVE if keep else Action.REPLACE]
        sentence = sentence.format(keys=ids(plain), keep=keep and keep.access_key_id)
        yield f"{first}{sentence[0].lower()}{sentence[1:]}" if first else sentence
    if smtp:
        new = f"take {keep.access_key_id}" if keep else "create a new key"
        yield (
            f"{ids(smtp)} {'sends' if len(smtp) == 1 else 'send'} mail over SMTP. "
            f"{SMTP_REPLACEMENT.format(new=new)}. Then deactivate {ids(smtp)}."
        )


def _unused(keys: Keys, now: datetime) -> str:
    """How long keys have been idle: the beginning of a sentence."""
    never = tuple(key for key in keys if not key.used)
    parts = [f"AWS has no record of {ids(never, 'or')} being used"] if never else []
    parts += [
        f"{key.access_key_id} has not been used for {days(key.idle(now).days)}"
        for key in keys
        if key.used
    ]
    return comma_and(parts)


def grace_ends(active: Keys, grace_days: int) -> datetime:
    """When the newest key is older than the grace period (UTC)."""
    return active[-1].create_date + timedelta(days=grace_days)


def in_grace(active: Keys, now: datetime, grace_days: int) -> bool:
    """Whether the newest key is within the grace period, so that a rotation may be under way."""
    return grace_days > 0 and bool(active) and now <= grace_ends(active, grace_days)
