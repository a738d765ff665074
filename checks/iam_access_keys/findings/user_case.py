"""One user as a check judges it: its facts, and the verdicts and words that checks share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..cloudtrail.questions import Questions
from ..facts import AccessKey, Keys, ServiceSpecificCredential, Unreadable, if_read
from ..finding_data import NO_DATA, FindingData
from ..reading.policy_documents import with_user_name
from ..reading.user_facts import UnreadableError, UserFacts
from ..settings import Settings
from . import service_specific_credentials
from .administrator import denies_everything
from .advice import Action, Advice, about, advise, incident, word, word_incident
from .finding import Verdict
from .wording import comma_and, count_phrase, describe_key, what_to_do


@dataclass(frozen=True)
class UserCase(UserFacts):
    """A user's facts with the settings and the time of the run, and what follows from them."""

    settings: Settings = field(kw_only=True, hash=False)
    now: datetime = field(kw_only=True)
    """UTC; the same for all users and checks of a run."""

    @property
    def name(self) -> str:
        """The user's name."""
        return self.user.name

    @property
    def is_decoy(self) -> bool:
        """Whether the settings say that the user's access keys are decoys."""
        return self.settings.is_decoy(self.name)

    # Verdicts

    def passes(self, rest: str = "") -> Verdict:
        """PASS with the number of active keys; ``rest`` ends the sentence if there are any."""
        count = self.active_count()
        return Verdict("PASS", f"{self.has_active_keys()}{rest if count else ''}.", count)

    def fails(
        self,
        reason: str = "",
        keys: Keys | None = None,
        more: FindingData = NO_DATA,
        *,
        danger: str = "",
        one_may_stay: bool = False,
    ) -> Verdict:
        """FAIL for active keys: the advice, why they fail, and the keys with age and last use.

        The advice comes first because mail subjects, tickets, and dashboards cut sentences off.

        ``reason`` are sentences about tidying, which an incident leaves out; ``danger`` those that
        matter in an incident too. ``keys`` are the keys that fail, if that is not all of them; with
        ``one_may_stay``, one of them may. Asks for the keys, for the last use of each, and whether
        AWS has quarantined the user. CloudTrail is to be asked what uses those in use, in an
        incident what uses any, and who created those that the advice is about. If the keys could be
        counted and not listed, it says so. Raises UnreadableError if not even their number is
        known.
        """
        if keys is not None:
            more = replace(more, failing_access_keys=tuple(key.access_key_id for key in keys))
        count, has = self.active_count(), self.has_active_keys()
        quarantine = if_read(self.quarantine())
        opening = word_incident(self.name, quarantine)
        because = (danger, "" if quarantine else reason)
        try:
            active = self.active_keys()
        except UnreadableError as error:
            unread = f"The key IDs could not be read: {error.failure}. {what_to_do(error.failure)}"
            has = f"{has}, according to the credential report made for this scan."
            return Verdict(
                "FAIL",
                " ".join(filter(None, (opening, has, *because, unread))),
                count,
                advice=incident(quarantine),
                unreadable=error.failure,
                quarantine=self.quarantine(),
                more=more,
            )
        active = self.with_last_use(active)
        advice = self._advise(active)
        if not one_may_stay:
            failing_ids = {key.access_key_id for key in (active if keys is None else keys)}
            advice = about(advice, tuple(key for key in active if key.access_key_id in failing_ids))
        listed = self.list_keys(active)
        sentences = (opening, f"{has}.", word(advice, self.now), *because, listed)
        ask = self._questions(active, advice)
        if self.settings.access_key_usage_from_cloudtrail and ask.to_move:
            more = replace(
                more, policies_with_user_name=with_user_name(*self.policies_with_documents())
            )
        return Verdict(
            "FAIL", " ".join(filter(None, sentences)), count, active, advice, ask, more=more
        )

    def _advise(self, active: Keys) -> Advice:
        """The advice for the active keys, with their last use."""
        limit = self.settings.max_unused_access_keys_days
        advice = advise(active, self.quarantine(), self.now, limit)
        if self.is_decoy and advice.action is not Action.INCIDENT:
            return Advice(Action.FIND_OUT, quarantine=advice.quarantine, is_decoy=True)
        if advice.action is not Action.DEACTIVATE:
            return advice
        # Somebody planted the decoy and waits for its use.
        denies = denies_everything(*self.policies_with_documents())
        return advise(active, (), self.now, limit, denies)

    def _questions(self, active: Keys, advice: Advice) -> Questions:
        """What to ask CloudTrail about the active keys, with the advice on them."""
        limit = timedelta(days=self.settings.max_unused_access_keys_days)
        in_use = tuple(key for key in active if key.used and key.idle(self.now) < limit)
        is_quarantined = advice.action is Action.INCIDENT
        is_incident = is_quarantined or self.is_decoy
        # A key that somebody else may have made is not to be moved, but to be explained.
        to_move = [key for key in in_use if key not in advice.creator_of and not is_incident]
        return Questions(
            active if is_quarantined else in_use,
            advice.creator_of,
            is_incident=is_incident,
            to_move=tuple(to_move),
            keep=advice.keep if advice.action is Action.MOVE else None,
        )

    # Choices

    def unused(self, keys: Keys, longest: timedelta) -> Keys:
        """Those of the keys that have been idle for ``longest``.

        Asks for the last use of each key for which it matters. Raises UnreadableError if none of
        them is idle, and the last use of one could not be read.
        """
        # A younger key cannot have been idle for longer.
        old = tuple(key for key in keys if self.now - key.create_date >= longest)
        keys = self.with_last_use(self.not_used_since(old, self.now - longest))
        known = [key for key in keys if not isinstance(key.last_use, Unreadable)]
        idle = tuple(key for key in known if key.idle(self.now) >= longest)
        if not idle:
            require_last_use(keys)
        return idle

    def known_quarantine(self) -> tuple[str, ...]:
        """AWS's quarantine policies on the user; raises UnreadableError if they are not known."""
        quarantine = self.quarantine()
        if isinstance(quarantine, Unreadable):
            raise UnreadableError(quarantine, "policies")
        return quarantine

    def usable_credentials(self) -> tuple[ServiceSpecificCredential, ...]:
        """The service-specific credentials that are active and have not expired."""
        return tuple(
            credential
            for credential in self.service_specific_credentials()
            if credential.active and (credential.expires is None or credential.expires > self.now)
        )

    # Words

    def has_active_keys(self) -> str:
        """The beginning of a sentence: how many active access keys the user has."""
        return f"User {self.name} has {count_phrase(self.active_count())}"

    def describe(self, found: Iterable[AccessKey | ServiceSpecificCredential]) -> str:
        """Access keys with age and last use, and credentials with service, age, and expiry."""
        return comma_and(
            describe_key(key, self.now)
            if isinstance(key, AccessKey)
            else service_specific_credentials.describe_credential(key, self.now)
            for key in found
        )

    def list_keys(self, keys: Keys) -> str:
        """The same of keys as the sentence that ends a finding."""
        return f"Key{'s' if keys[1:] else ''}: {self.describe(keys)}."


def require_last_use(keys: Keys) -> None:
    """Raises UnreadableError if the last use of one of the keys could not be read."""
    for key in keys:
        if isinstance(key.last_use, Unreadable):
            raise UnreadableError(key.last_use, f"last use of access key {key.access_key_id}")
