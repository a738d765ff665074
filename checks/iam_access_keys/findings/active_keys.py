"""The FAIL of a user for its active access keys: which they are, and what to do about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from ..cloudtrail.questions import Questions
from ..facts import Keys, Unreadable, quarantine_policies
from ..finding_data import NO_DATA, FindingData
from ..reading.policy_documents import needed_documents
from ..reading.user_facts import UnreadableError, UserFacts
from ..settings import Settings
from .administrator import denies_everything
from .advice import Action, Advice, about, advise, incident, word, word_incident
from .finding import Verdict
from .wording import comma_and, counted, described, what_to_do


def has_active_keys(facts: UserFacts, count: int) -> str:
    """The beginning of a sentence: how many active access keys a user has."""
    return f"User {facts.user.name} has {counted(count)}"


def passing(facts: UserFacts, count: int, rest: str = "") -> Verdict:
    """PASS for a user; ``rest`` ends the sentence about a user that has active keys."""
    return Verdict("PASS", f"{has_active_keys(facts, count)}{rest if count else ''}.", count)


def failing(
    facts: UserFacts,
    settings: Settings,
    now: datetime,
    reason: str = "",
    keys: Keys | None = None,
    more: FindingData = NO_DATA,
    *,
    danger: str = "",
    one_may_stay: bool = False,
) -> Verdict:
    """FAIL for a user's active keys: the keys, why they fail, and the advice.

    ``reason`` are sentences about tidying, which an incident leaves out; ``danger`` those that
    matter in an incident too. ``keys`` are the keys that fail, if that is not all of them; with
    ``one_may_stay``, one of them may. Asks for the keys, for the last use of each, and whether AWS
    has quarantined the user. CloudTrail is to be asked what uses those in use, in an incident what
    uses any, and who created those that the advice is about. If the keys could be counted and not
    listed, it says so. ``now`` is UTC. Raises UnreadableError if not even their number is known.
    """
    if keys is not None:
        more = replace(more, failing_access_keys=tuple(key.access_key_id for key in keys))
    count = facts.active_count()
    quarantine = quarantine_policies(facts.quarantine())
    opening = word_incident(facts.user.name, quarantine)
    because = (danger, "" if quarantine else reason)
    has = has_active_keys(facts, count)
    try:
        active = facts.active_keys()
    except UnreadableError as error:
        unread = f"The key IDs could not be read: {error.failure}. {what_to_do(error.failure)}"
        has = f"{has}, according to the credential report made for this scan."
        return Verdict(
            "FAIL",
            " ".join(filter(None, (opening, has, *because, unread))),
            count,
            advice=incident(quarantine),
            unreadable=error.failure,
            more=more,
        )
    active = facts.with_last_use(active)
    advice = advise_user(facts, active, settings, now)
    if not one_may_stay:
        failing_ids = {key.access_key_id for key in (active if keys is None else keys)}
        advice = about(advice, tuple(key for key in active if key.access_key_id in failing_ids))
    sentences = [opening, f"{has}: {listed(active, now)}.", *because, word(advice, now)]
    limit = timedelta(days=settings.max_unused_access_keys_days)
    in_use = tuple(key for key in active if key.used and key.idle(now) < limit)
    ask = Questions(active if quarantine else in_use, advice.creator_of, (), bool(quarantine))
    return Verdict("FAIL", " ".join(filter(None, sentences)), count, active, advice, ask, more=more)


def advise_user(facts: UserFacts, active: Keys, settings: Settings, now: datetime) -> Advice:
    """The advice for a user's active keys, with their last use; ``now`` is UTC."""
    limit = settings.max_unused_access_keys_days
    advice = advise(active, facts.quarantine(), now, limit)
    if settings.is_decoy(facts.user.name) and advice.action is not Action.INCIDENT:
        return Advice(Action.FIND_OUT, quarantine=advice.quarantine, is_decoy=True)
    if advice.action is not Action.DEACTIVATE:
        return advice
    # Whoever planted a decoy waits for its use.
    policies = facts.policies()
    documents = facts.policy_documents(needed_documents(policies))
    return advise(active, (), now, limit, denies_everything(policies, documents))


def unused(facts: UserFacts, keys: Keys, now: datetime, longest: timedelta) -> Keys:
    """Those of the keys that have been idle for ``longest``; ``now`` is UTC.

    Asks for the last use of each key for which it matters. Raises UnreadableError if none of them
    is idle, and the last use of one could not be read.
    """
    # A younger key cannot have been idle for longer.
    old = tuple(key for key in keys if now - key.create_date >= longest)
    keys = facts.with_last_use(facts.not_used_since(old, now - longest))
    known = [key for key in keys if not isinstance(key.last_use, Unreadable)]
    idle = tuple(key for key in known if key.idle(now) >= longest)
    if not idle:
        require_last_use(keys)
    return idle


def require_last_use(keys: Keys) -> None:
    """Raises UnreadableError if the last use of one of the keys could not be read."""
    for key in keys:
        if isinstance(key.last_use, Unreadable):
            raise UnreadableError(key.last_use, f"last use of access key {key.access_key_id}")


def listed(keys: Keys, now: datetime) -> str:
    """Keys with their age and last use; ``now`` is UTC."""
    return comma_and(described(key, now) for key in keys)
