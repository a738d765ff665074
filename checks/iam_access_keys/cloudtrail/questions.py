"""What CloudTrail is asked about keys: those of all users together, and each once a run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from ..facts import AccessKey, Keys
from .event_history import CloudTrail
from .evidence import TOO_OLD, Evidence, Origin, Usage, is_too_old

Answer = TypeVar("Answer")
User = TypeVar("User", bound=Hashable)


@dataclass(frozen=True)
class Questions:
    """What to ask about a user's keys."""

    use_of: Keys = ()
    """Keys, with their last use: what uses them."""
    creation_of: Keys = ()
    """Who created them."""
    deactivation_of: Keys = ()
    """Who deactivated them, and when."""
    is_incident: bool = False
    """Whether to ask in all enabled Regions what uses keys, and not only where IAM says that they
    were used last, which it shows hours later; a program's name is then what the program claims."""


class Interview:
    """Asks CloudTrail, and remembers what it said of a key."""

    def __init__(self, cloudtrail: CloudTrail) -> None:
        self._cloudtrail = cloudtrail
        self._usage: dict[bool, dict[AccessKey, Usage]] = {False: {}, True: {}}
        self._origins: dict[AccessKey, Origin] = {}
        self._deactivations: dict[AccessKey, Origin] = {}

    def answers(self, asked: Mapping[User, Questions], now: datetime) -> dict[User, Evidence]:
        """The evidence on each user's keys; ``now`` is UTC."""
        asks = asked.values()
        created = (key for ask in asks for key in ask.creation_of if not is_too_old(key, now))
        _complete(self._origins, created, self._cloudtrail.origins)
        for everywhere, known in self._usage.items():
            used = (key for ask in asks if ask.is_incident == everywhere for key in ask.use_of)
            _complete(known, used, partial(self._cloudtrail.usage, everywhere=everywhere))
        deactivated = (key for ask in asks for key in ask.deactivation_of)
        _complete(self._deactivations, deactivated, self._cloudtrail.deactivations)
        return {
            user: Evidence(
                {key: self._usage[ask.is_incident][key] for key in ask.use_of},
                {key: self._origins.get(key, Origin(unknown=TOO_OLD)) for key in ask.creation_of},
                {key: self._deactivations[key] for key in ask.deactivation_of},
            )
            for user, ask in asked.items()
        }


def _complete(
    known: dict[AccessKey, Answer],
    keys: Iterable[AccessKey],
    ask: Callable[[list[AccessKey]], Mapping[AccessKey, Answer]],
) -> None:
    known.update(ask([key for key in dict.fromkeys(keys) if key not in known]))
