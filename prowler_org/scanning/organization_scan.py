"""The scan of an organization: give every account to a backend, and record every result."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TypeAlias

from prowler_access_keys.services.iam.iam_access_keys.facts import RootAudit

from .. import interrupts
from ..results.account_result import not_scanned
from ..results.state import State
from ..running_prowler.arguments import ParsedArguments
from ..running_prowler.log import LONGEST_REASON
from .account_scan import INTERRUPTED, ScanTask
from .backends import THIS_MACHINE, Backend, BackendLostError, FinishedScan
from .recorder import Recorder

CHECK_EVERY = 5.0
"""Seconds without a finished scan after which to check the backend."""
FAULTS_OF_A_MACHINE = 3
"""How many scans in a row a machine may fail for its own sake before it is no longer used."""
TRIES = 3
"""On how many machines to try an account, if they fail for their own sake."""
AuditRoot: TypeAlias = Callable[[str], RootAudit] | None


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


def scan_organization(
    backend: Backend, recorder: Recorder, tasks: Iterable[ScanTask], audit_root: AuditRoot = None
) -> bool:
    """Scan the accounts and have the results recorded. Returns whether it was interrupted."""
    try:
        scan_all(backend, tasks, recorder.record, recorder.warn, audit_root)
    except BackendLostError as lost:
        recorder.end(str(lost))
    except KeyboardInterrupt:
        interrupts.acknowledge_interrupt()
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
    audit_root: AuditRoot = None,
) -> None:
    """Scan all accounts. ``record`` gets finished scans in batches, and sometimes an empty batch.

    ``audit_root`` is asked about each account once, before it is scanned.

    What a machine fails to scan for its own sake is scanned again, elsewhere if there is another
    machine, and so is an account whose role it may not assume, if another one is signed in as
    somebody else. A machine that fails again and again is no longer used, and ``warn`` gets its
    name and the reason. Raises BackendLostError, also if no machine is left. After that and after
    KeyboardInterrupt, some accounts have no result.
    """
    scans = _Scans(backend, deque(tasks), record, warn, audit_root)
    checked = monotonic()
    try:
        while scans.waiting or scans.running:
            scans.submit_more()
            if not scans.record_ended(CHECK_EVERY) or monotonic() - checked > CHECK_EVERY:
                backend.check()
                checked = monotonic()
        if scans.lost:
            raise scans.lost
    except (KeyboardInterrupt, BackendLostError):
        # Record a batch again as a whole if it was interrupted.
        done = [(future, task) for future, task in scans.running.items() if future.done()]
        finished = [_verify(future, task) for future, task in done]
        record([scan for scan in finished if not scan.fault_of_machine])
        raise


@dataclass
class _Scans:
    """The scans of a run: those that wait, those that run, and where they could not be done."""

    backend: Backend
    waiting: deque[ScanTask]
    record: Callable[[Sequence[FinishedScan]], None]
    warn: Callable[[str], None]
    audit_root: AuditRoot = None
    running: dict[Future[FinishedScan], ScanTask] = field(default_factory=dict)
    ended: SimpleQueue[Future[FinishedScan]] = field(default_factory=SimpleQueue)
    faults: Counter[str] = field(default_factory=Counter)
    """How many scans in a row each machine has failed for its own sake."""
    tries: Counter[str] = field(default_factory=Counter)
    """How many machines have failed for their own sake, by account."""
    avoid: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The machines that should not scan an account again."""
    lost: BackendLostError | None = None

    def submit_more(self) -> None:
        # Not more than the capacity: a task that is queued behind a scan that hangs would wait.
        for _ in range(min(len(self.waiting), self.backend.capacity() - len(self.running))):
            task = self.waiting.popleft()
            if self.audit_root and not task.root:
                task = replace(task, root=self.audit_root(task.account.id))
            future = self.backend.submit(task, self.avoid[task.account.id])
            self.running[future] = task
            future.add_done_callback(self.ended.put)

    def record_ended(self, seconds: float) -> bool:
        """Wait for a scan to end, and record all that have ended. Returns whether any has."""
        batch = []
        with suppress(Empty):
            batch.append(self.ended.get(timeout=seconds))
            while True:
                batch.append(self.ended.get_nowait())
        done = [(self.running[future], _verify(future, self.running[future])) for future in batch]
        repeated = [task for task, finished in done if self._must_repeat(task, finished)]
        self.record([finished for task, finished in done if task not in repeated])
        self.waiting.extend(repeated)
        if self.lost:
            self.waiting.clear()
        for future in batch:
            del self.running[future]
        # Nothing refers to these futures now. As long as something does, Dask repeats a scan when
        # the worker that has its result dies.
        return bool(batch)

    def _must_repeat(self, task: ScanTask, finished: FinishedScan) -> bool:
        """Whether to scan an account again. Counts faults, and excludes a machine with too many."""
        machine, account = finished.machine, task.account.id
        if not finished.fault_of_machine:
            self.faults[machine] = 0
            if not finished.role_denied:
                return False
            avoid = self.backend.avoid_alike((*self.avoid[account], machine))
            is_new = not self.avoid[account].issuperset(avoid)  # a worker may lie about its name
            self.avoid[account].update(avoid)
            return is_new
        self.faults[machine] += 1
        if machine and self.faults[machine] > FAULTS_OF_A_MACHINE:
            return True  # it is not used any more, so the account loses no try
        self.avoid[account].add(machine)
        self.tries[account] += 1
        if machine and self.faults[machine] == FAULTS_OF_A_MACHINE:
            self._exclude(machine, finished.result.reason)
            return True
        return self.tries[account] < TRIES

    def _exclude(self, machine: str, reason: str) -> None:
        if machine != THIS_MACHINE:
            self.warn(f"The worker {machine} is no longer used: {reason}")
        try:
            self.backend.exclude(machine, reason)
        except BackendLostError as error:
            self.lost = error  # the scans that still run elsewhere count


def _verify(future: Future[FinishedScan], task: ScanTask) -> FinishedScan:
    """What has become of a scan. What a worker sends must be of the account that it was to scan."""
    account = task.account
    try:
        finished = future.result()
        if (finished.result.account, finished.result.name) == (account.id, account.name):
            return finished
        return FinishedScan(not_scanned(account, "A worker sent the scan of another account."))
    except CancelledError:
        reason = "The connection to the scheduler or to a worker was lost."
    except Exception as error:
        reason = f"The scan was lost: {type(error).__name__}: {error}"[:LONGEST_REASON]
    return FinishedScan(not_scanned(account, reason), fault_of_machine=True)
