"""The scan of an organization: give every account to a backend, and record every result."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic

from .account_result import not_scanned
from .account_scan import INTERRUPTED, ScanTask
from .backends import THIS_MACHINE, Backend, BackendLostError, FinishedScan
from .prowler_arguments import ParsedArguments
from .prowler_log import LONGEST_REASON
from .recorder import Recorder
from .state import State

CHECK_EVERY = 5.0
"""Seconds without a finished scan after which to check the backend."""
FAULTS_OF_A_MACHINE = 3
"""How many scans in a row a machine may fail for its own sake before it is no longer used."""
TRIES = 3
"""On how many machines to try an account, if they fail for their own sake."""


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
            parsed.expected,
            parsed.secrets,
        )
        for account in state.to_scan
    ]


def scan_organization(backend: Backend, recorder: Recorder, tasks: Iterable[ScanTask]) -> bool:
    """Scan the accounts and have the results recorded. Returns whether it was interrupted."""
    try:
        scan_all(backend, tasks, recorder.record, recorder.warn)
    except BackendLostError as lost:
        recorder.end(str(lost))
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
    warn: Callable[[str], None],
) -> None:
    """Scan all accounts. ``record`` gets finished scans in batches, and sometimes an empty batch.

    What a machine fails to scan for its own sake is scanned again, elsewhere if there is another
    machine. A machine that fails so again and again is no longer used, and ``warn`` gets its name
    and the reason. Raises BackendLostError, also if no machine is left. After that and after
    KeyboardInterrupt, some accounts have no result.
    """
    ended: SimpleQueue[Future[FinishedScan]] = SimpleQueue()
    waiting = deque(tasks)
    running: dict[Future[FinishedScan], ScanTask] = {}
    faults: Counter[str] = Counter()
    failed_on: defaultdict[str, list[str]] = defaultdict(list)
    lost: list[BackendLostError] = []

    def submit_more() -> None:
        # Not more than the capacity: a task that is queued behind a scan that hangs would wait.
        for _ in range(min(len(waiting), backend.capacity() - len(running))):
            task = waiting.popleft()
            future = backend.submit(task, failed_on[task.account.id])
            running[future] = task
            future.add_done_callback(ended.put)

    def is_to_repeat(task: ScanTask, finished: FinishedScan) -> bool:
        machine, account = finished.machine, task.account.id
        if not finished.fault_of_machine:
            faults[machine] = 0
            return False
        faults[machine] += 1
        if machine and faults[machine] > FAULTS_OF_A_MACHINE:
            return True  # it is not used any more, so the account loses no try
        failed_on[account].append(machine)
        if machine and faults[machine] == FAULTS_OF_A_MACHINE:
            exclude(machine, finished.result.reason)
            return True
        return len(failed_on[account]) < TRIES

    def exclude(machine: str, reason: str) -> None:
        if machine != THIS_MACHINE:
            warn(f"The worker {machine} is no longer used: {reason}")
        try:
            backend.exclude(machine, reason)
        except BackendLostError as error:
            lost.append(error)  # the scans that still run elsewhere count

    def record_ended(seconds: float) -> bool:
        """Wait for a scan to end, and record all that have ended. Returns whether any has."""
        batch = []
        with suppress(Empty):
            batch.append(ended.get(timeout=seconds))
            while True:
                batch.append(ended.get_nowait())
        done = [(running[future], _finished(future, running[future])) for future in batch]
        repeated = [task for task, finished in done if is_to_repeat(task, finished)]
        record([finished for task, finished in done if task not in repeated])
        waiting.extend(repeated)
        if lost:
            waiting.clear()
        for future in batch:
            del running[future]
        # Nothing refers to these futures now. As long as something does, Dask repeats a scan when
        # the worker that has its result dies.
        return bool(batch)

    checked = monotonic()
    try:
        while waiting or running:
            submit_more()
            if not record_ended(CHECK_EVERY) or monotonic() - checked > CHECK_EVERY:
                backend.check()
                checked = monotonic()
        if lost:
            raise lost[0]
    except (KeyboardInterrupt, BackendLostError):
        # Record a batch again as a whole if it was interrupted.
        done = [(future, task) for future, task in running.items() if future.done()]
        finished = [_finished(future, task) for future, task in done]
        record([one for one in finished if not one.fault_of_machine])
        raise


def held_against(task: ScanTask, finished: FinishedScan) -> FinishedScan:
    """What was delivered, if it is what the task asked for: a worker may be wrong."""
    result = finished.result
    if (result.account, result.name) != (task.account.id, task.account.name):
        return FinishedScan(not_scanned(task.account, "A worker sent the scan of another account."))
    return finished


def _finished(future: Future[FinishedScan], task: ScanTask) -> FinishedScan:
    try:
        return held_against(task, future.result())
    except CancelledError:
        reason = "The connection to the scheduler or to a worker was lost."
    except Exception as error:
        reason = f"The scan was lost: {type(error).__name__}: {error}"[:LONGEST_REASON]
    return FinishedScan(not_scanned(task.account, reason), fault_of_machine=True)
