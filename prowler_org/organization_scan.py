"""The scan of an organization: give every account to a backend, and record every result."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from .account_result import not_scanned
from .account_scan import INTERRUPTED, LONGEST_REASON, ScanTask
from .backends import Backend, BackendLostError, FinishedScan
from .prowler_arguments import ParsedArguments
from .recorder import Recorder
from .report_files import findings_csv
from .state import State

CHECK_EVERY = 5.0
"""Seconds without a finished scan after which to check the backend."""


def make_tasks(
    state: State, partition: str, parsed: ParsedArguments, timeout: float
) -> list[ScanTask]:
    """The scans of the accounts that have no result. ``timeout`` is in seconds."""
    role = f"arn:{partition}:iam::{{}}:role/{state.job.role}"
    return [
        ScanTask(
            account,
            ("-R", role.format(account.id), *parsed.arguments),
            timeout,
            parsed.formats,
            parsed.always_finds,
        )
        for account in state.to_scan
    ]


def scan_organization(backend: Backend, recorder: Recorder, tasks: Iterable[ScanTask]) -> bool:
    """Scan the accounts and have the results recorded. Returns whether it was interrupted."""
    try:
        scan_all(backend, tasks, recorder.record)
    except BackendLostError as lost:
        recorder.give_up(str(lost))
    except KeyboardInterrupt:
        try:
            # Save first, which certainly ends. A worker that hangs may delay stop().
            recorder.give_up(INTERRUPTED)
        finally:
            backend.stop()
        return True
    except BaseException:
        recorder.save()
        backend.stop()
        raise
    finally:
        backend.close()
    return False


def scan_all(
    backend: Backend,
    tasks: Iterable[ScanTask],
    record: Callable[[Sequence[FinishedScan]], None],
) -> None:
    """Scan all accounts. ``record`` gets finished scans in batches, and sometimes an empty batch.

    Raises BackendLostError. After that and after KeyboardInterrupt, some accounts have no result.
    """
    ended: SimpleQueue[Future[FinishedScan]] = SimpleQueue()
    waiting = deque(tasks)
    running: dict[Future[FinishedScan], ScanTask] = {}

    def submit_more() -> None:
        # Not more than the capacity: a task that is queued behind a scan that hangs would wait.
        for _ in range(min(len(waiting), max(1, backend.capacity()) - len(running))):
            task = waiting.popleft()
            future = backend.submit(task)
            running[future] = task
            future.add_done_callback(ended.put)

    def record_ended(seconds: float) -> bool:
        """Wait for a scan to end, and record all that have ended. Returns whether any has."""
        batch = []
        with suppress(Empty):
            batch.append(ended.get(timeout=seconds))
            while True:
                batch.append(ended.get_nowait())
        record([_finished(future, running[future]) for future in batch])
        for future in batch:
            del running[future]
        # Nothing refers to these futures now. As long as something does, Dask repeats a scan when
        # the worker that has its result dies.
        return bool(batch)

    try:
        while waiting or running:
            submit_more()
            if not record_ended(CHECK_EVERY):
                backend.check()
    except (KeyboardInterrupt, BackendLostError):
        # Record a batch again as a whole if it was interrupted.
        record([_finished(future, task) for future, task in running.items() if future.done()])
        raise


def held_against(task: ScanTask, finished: FinishedScan) -> FinishedScan:
    """What was delivered, if it is what the task asked for: a worker may be wrong."""
    result = finished.result
    if (result.account, result.name) != (task.account.id, task.account.name):
        return FinishedScan(not_scanned(task.account, "A worker sent the scan of another account."))
    if result.was_scanned and task.always_finds and not findings_csv(map(Path, result.reports)):
        return FinishedScan(not_scanned(task.account, "A worker sent no report of its findings."))
    return finished


def _finished(future: Future[FinishedScan], task: ScanTask) -> FinishedScan:
    try:
        return held_against(task, future.result())
    except CancelledError:
        reason = "The connection to the scheduler was lost."
    except Exception as error:
        reason = f"The scan was lost: {type(error).__name__}: {error}"[:LONGEST_REASON]
    return FinishedScan(not_scanned(task.account, reason))
