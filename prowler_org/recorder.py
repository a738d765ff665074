"""Noting what became of each account: its files put in their place, the state saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from zipfile import BadZipFile

from .outcome import Outcome
from .progress import Tell
from .reports import place, scan_folder, unpack
from .run import Delivery
from .state import State

PAUSE = 20
"""How many times as long as saving the state took passes at least until it is saved again.

With 10,000 accounts it takes a quarter of a second. What a run that is killed has not saved is
scanned again by ``--resume``.
"""


class Recorder:
    """Takes what comes from the scans of a run."""

    def __init__(
        self, state: State, directory: Path, tell: Tell, warn: Callable[[str], None]
    ) -> None:
        """``tell`` is told each outcome, ``warn`` once why a worker does not fork its scans."""
        self._state = state
        self._directory = directory
        self._tell = tell
        self._warn = warn
        self._warned: set[str] = set()
        self._unsaved = False
        self._next_save = 0.0
        self.problem: OSError | None = None
        """Why the state could not be saved the last time; None if it was."""

    def take(self, deliveries: Sequence[Delivery]) -> None:
        """Note outcomes. A full disk costs the accounts that it hits, and no others."""
        outcomes = [self._placed(delivery) for delivery in deliveries]
        self._state.outcomes.update((outcome.account, outcome) for outcome in outcomes)
        self._unsaved = self._unsaved or bool(outcomes)
        if self._unsaved and monotonic() >= self._next_save:
            self.save()
        for outcome in outcomes:
            self._tell_watcher(outcome)
        for problem in {one.not_forked for one in deliveries if one.not_forked} - self._warned:
            self._warned.add(problem)
            with suppress(OSError, ValueError):  # nobody can be told, as in _tell_watcher
                self._warn(problem)

    def give_up(self, reason: str) -> None:
        """Note that what is not scanned by now will not be."""
        for account in self._state.to_scan:
            outcome = Outcome(account.id, account.name, "not scanned", reason)
            self._state.outcomes[account.id] = outcome
        self.save()

    def save(self) -> None:
        """Save the state, or keep the problem: the next save may go better."""
        began = monotonic()
        try:
            self._state.save(self._directory)
        except OSError as error:
            self.problem = error
        else:
            self.problem, self._unsaved = None, False
            self._next_save = monotonic() + PAUSE * (monotonic() - began)

    def _tell_watcher(self, outcome: Outcome) -> None:
        """Tell who watches; go on in silence when nobody can be told, as on a lost terminal."""
        try:
            self._tell(outcome)
        except (OSError, ValueError):
            self._tell = lambda outcome: None

    def _placed(self, delivery: Delivery) -> Outcome:
        outcome = delivery.outcome
        folder = scan_folder(self._directory, outcome.account)
        try:
            if delivery.archive is not None:
                unpack(delivery.archive, folder)
            return place(outcome, folder, self._directory)
        except (OSError, BadZipFile) as error:
            said = getattr(error, "strerror", None) or error
            reason = f"The reports could not be written: {said}."
            return Outcome(
                outcome.account,
                outcome.name,
                "not scanned",
                reason,
                attempts=outcome.attempts,
                seconds=outcome.seconds,
            )
