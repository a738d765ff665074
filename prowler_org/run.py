"""The run: every account scanned by an executor, every outcome noted as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from .outcome import Outcome
from .scan import ScanTask


@dataclass(frozen=True)
class Delivery:
    """The outcome of a scan, and its files where they come from another machine."""

    outcome: Outcome
    archive: bytes | None = None
    """A zip file with the account's folder; None if that folder is on this machine."""


def run_all(
    executor: Executor,
    scan: Callable[[ScanTask], Delivery],
    tasks: Iterable[ScanTask],
    take: Callable[[Sequence[Delivery]], None],
    watch: Callable[[], None] = lambda: None,
    watch_every: float | None = None,
) -> None:
    """Scan all accounts; ``take`` gets what has come, one or more deliveries at a time.

    ``watch`` is called whenever nothing has come for ``watch_every`` seconds; what it raises ends
    the run, as does KeyboardInterrupt.
    """
    ended: SimpleQueue[Future[Delivery]] = SimpleQueue()
    running: dict[Future[Delivery], ScanTask] = {}
    for task in tasks:
        future = executor.submit(scan, task)
        running[future] = task
        future.add_done_callback(ended.put)
    while running:
        try:
            batch = [ended.get(timeout=watch_every)]
        except Empty:
            watch()
            continue
        while not ended.empty():
            batch.append(ended.get())
        take([_delivery(future, running.pop(future)) for future in batch])


def _delivery(future: Future[Delivery], task: ScanTask) -> Delivery:
    try:
        return future.result()
    except CancelledError:
        reason = "The scan was cancelled."
    except Exception as error:
        reason = f"The scan was lost: {type(error).__name__}: {error}"
    return Delivery(Outcome(task.account.id, task.account.name, "not scanned", reason))
