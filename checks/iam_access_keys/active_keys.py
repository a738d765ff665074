"""The FAIL of a user for its active access keys: which they are, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .advice import advise, word
from .evidence_wording import word_evidence
from .facts import Keys, Unreadable
from .finding import Verdict
from .key_evidence import NO_EVIDENCE, TOO_OLD, Evidence, Origin, is_too_old
from .settings import Settings
from .user_facts import UnreadableError, UserFacts
from .wording import counted, described, what_to_do


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
    about: Keys = (),
    more: Mapping[str, Any] | None = None,
    *,
    whose: bool = False,
) -> Verdict:
    """FAIL for a user's active keys: the keys, the ``reason`` as sentences, and the advice.

    ``about`` are the keys that fail, if that is not all of them. Asks for the keys, for the last
    use of each, and whether AWS has quarantined the user; and, if the settings say so, for what
    CloudTrail says of the keys, which changes nothing but the end of the sentence: what uses those
    in use, and who created those that the advice is about or, with ``whose``, all of them. If the
    keys could be counted and not listed, it says so. ``now`` is UTC. Raises UnreadableError if not
    even their number is known.
    """
    more = dict(more or {})
    if about:
        more["failing_access_keys"] = [key.access_key_id for key in about]
    count = facts.active_count()
    has = has_active_keys(facts, count)
    because = f" {reason}" if reason else ""
    try:
        keys = facts.active_keys()
    except UnreadableError as error:
        return Verdict(
            "FAIL",
            f"{has}, according to the credential report made for this scan.{because} Which keys "
            f"they are could not be read: {error.failure}. {what_to_do(error.failure)}",
            count,
            unreadable=error.failure,
            more=more,
        )
    keys = facts.with_last_use(keys)
    advice = advise(keys, facts.quarantine(), now, settings.max_unused_access_keys_days)
    sentence = f"{has}: {listed(keys, now)}.{because} {word(advice, now)}"
    evidence = NO_EVIDENCE
    if settings.access_key_usage_from_cloudtrail:
        evidence = _evidence(facts, keys, keys if whose else advice.creator_of, settings, now)
        sentence = " ".join((sentence, *word_evidence(evidence, facts.user.arn)))
    return Verdict("FAIL", sentence, count, keys, advice, evidence, more=more)


def _evidence(
    facts: UserFacts, keys: Keys, creator_of: Keys, settings: Settings, now: datetime
) -> Evidence:
    """What CloudTrail says of the use of keys in use, and of the creation of ``creator_of``."""
    limit = timedelta(days=settings.max_unused_access_keys_days)
    in_use = tuple(key for key in keys if key.used and key.idle(now) < limit)
    young = tuple(key for key in creator_of if not is_too_old(key, now))
    origins = dict(zip(young, facts.origins(young), strict=True))
    return Evidence(
        dict(zip(in_use, facts.usage(in_use), strict=True)),
        {key: origins.get(key, Origin(unknown=TOO_OLD)) for key in creator_of},
    )


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
    for key in keys:
        if not idle and isinstance(key.last_use, Unreadable):
            raise UnreadableError(key.last_use, f"last use of access key {key.access_key_id}")
    return idle


def listed(keys: Keys, now: datetime) -> str:
    """Keys with their age and last use; ``now`` is UTC."""
    return " and ".join(described(key, now) for key in keys)
