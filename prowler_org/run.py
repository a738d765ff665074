"""The run: every account scanned at some place, every outcome taken as it comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol

from .outcome import Outcome
from .scan import LONGEST_REASON, ScanTask

WATCH_EVERY = 5.0
"""Seconds without an outcome after which to see whether any are still to be expected."""


@dataclass(frozen=True)
class Delivery:
    """The outcome of a scan, and its files where they come from another machine."""

    outcome: Outcome
    archive: bytes | None = None
    """A zip file with the account's folder; None if that folder is on this machine."""
    not_forked: str | None = None
    """Why the worker scans with plain runs of Prowler; None if it does not."""


class PlaceLostError(Exception):
    """The place where scans run is gone. The text is a sentence for the user."""


class Place(Protocol):
    """Where scans run: this machine or a cluster."""

    def room(self) -> int:
        """How many scans run at a time. May change. Raises PlaceLostError."""

    def submit(self, task: ScanTask) -> Future[Delivery]:
        """Have an account scanned."""

    def watch(self) -> None:
        """Raise PlaceLostError if no outcome is to be expected any more."""

    def stop(self) -> None:
        """Start no more scans, and end those that run, if it can be done."""

    def close(self) -> None:
        """Leave the place."""


def run_all(
    place: Place, tasks: Iterable[ScanTask], take: Callable[[Sequence[Delivery]], None]
) -> None:
    """Scan all accounts; ``take`` gets what has come, and now and then learns that nothing has.

    Raises PlaceLostError. Both that and KeyboardInterrupt leave accounts without an outcome.
    """
    ended: SimpleQueue[Future[Delivery]] = SimpleQueue()
    waiting = deque(tasks)
    running: dict[Future[Delivery], ScanTask] = {}

    def submit_more() -> None:
        # No more than there is room for: behind a scan that hangs, another would wait for its end.
        for _ in range(min(len(waiting), max(1, place.room()) - len(running))):
            task = waiting.popleft()
            future = place.submit(task)
            running[future] = task
            future.add_done_callback(ended.put)

    def take_ended(seconds: float) -> bool:
        """Take all that has ended, after waiting for something to end. Returns whether it did."""
        batch = []
        with suppress(Empty):
            batch.append(ended.get(timeout=seconds))
            while True:
                batch.append(ended.get_nowait())
        take([_delivery(future, running[future]) for future in batch])
        for future in batch:
            del running[future]
        # Nothing holds on to a future now: a cluster scans again what a worker that dies had
        # scanned, as long as somebody might ask for it.
        return bool(batch)

    try:
        while waiting or running:
            submit_more()
            if not take_ended(WATCH_EVERY):
                place.watch()
    except (KeyboardInterrupt, PlaceLostError):
        # What was being taken is taken again, whole.
        take([_delivery(future, task) for future, task in running.items() if future.done()])
        raise


def _delivery(future: Future[Delivery], task: ScanTask) -> Delivery:
    try:
        return future.result()
    except CancelledError:
        reason = "The connection to the scheduler was lost."
    except Exception as error:
        reason = f"The scan was lost: {type(error).__name__}: {error}"[:LONGEST_REASON]
    return Delivery(Outcome(task.account.id, task.account.name, "not scanned", reason))
