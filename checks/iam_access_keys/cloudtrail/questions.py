"""What CloudTrail is asked about keys: those of all users together, and each once a run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from ..facts import AccessKey, Keys
from .destinations import destinations
from .event_history import CloudTrail
from .events import API_KEY_CREATION
from .evidence import TOO_OLD, Evidence, Origin, Usage, is_too_old

Answer = TypeVar("Answer")
Subject = TypeVar("Subject", bound=Hashable)


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
    api_keys: Keys = ()
    """API keys with their IDs: who created them, and what uses any of them."""
    user: str = ""
    """Whose API keys they are: that is how their use is looked up."""
    to_move: Keys = ()
    """Keys of ``use_of`` that could be replaced: none in an incident."""
    keep: AccessKey | None = None
    """The one of them that stays, if the advice is to move what uses the others to it."""


class Interview:
    """Asks CloudTrail, and remembers what it said of a key."""

    def __init__(self, cloudtrail: CloudTrail) -> None:
        self._cloudtrail = cloudtrail
        self._usage: dict[bool, dict[AccessKey, Usage]] = {False: {}, True: {}}
        self._of_api_keys: dict[str, Usage] = {}
        self._origins: dict[AccessKey, Origin] = {}
        self._deactivations: dict[AccessKey, Origin] = {}

    def answers(self, asked: Mapping[Subject, Questions], now: datetime) -> dict[Subject, Evidence]:
        """The evidence on the keys of each subject, a user; ``now`` is UTC."""
        asks = asked.values()
        created = (key for ask in asks for key in ask.creation_of if not is_too_old(key, now))
        _complete(self._origins, created, self._cloudtrail.origins)
        new = (key for ask in asks for key in ask.api_keys if not is_too_old(key, now))
        _complete(self._origins, new, partial(self._cloudtrail.origins, name=API_KEY_CREATION))
        of_api_keys = (ask.user for ask in asks if ask.api_keys)
        _complete(self._of_api_keys, of_api_keys, self._cloudtrail.api_key_usage)
        for everywhere, known in self._usage.items():
            used = (key for ask in asks if ask.is_incident == everywhere for key in ask.use_of)
            _complete(known, used, partial(self._cloudtrail.usage, everywhere=everywhere))
        deactivated = (key for ask in asks for key in ask.deactivation_of)
        _complete(self._deactivations, deactivated, self._cloudtrail.deactivations)
        return {subject: self._evidence(ask) for subject, ask in asked.items()}

    def _evidence(self, ask: Questions) -> Evidence:
        usage = {key: self._usage[ask.is_incident][key] for key in ask.use_of}
        created = (*ask.creation_of, *ask.api_keys)
        return Evidence(
            usage,
            {key: self._origins.get(key, Origin(unknown=TOO_OLD)) for key in created},
            {key: self._deactivations[key] for key in ask.deactivation_of},
            destinations({key: usage[key] for key in ask.to_move}, ask.keep),
            self._of_api_keys.get(ask.user) if ask.api_keys else None,
        )

    def root_usage(self) -> dict[str, Usage]:
        """By ID, what uses the root user's keys: see ``CloudTrail.root_usage``."""
        return self._cloudtrail.root_usage()


def _complete(
    known: dict[Subject, Answer],
    subjects: Iterable[Subject],
    ask: Callable[[list[Subject]], Mapping[Subject, Answer]],
) -> None:
    known.update(ask([subject for subject in dict.fromkeys(subjects) if subject not in known]))
