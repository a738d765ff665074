"""The scan of all accounts, on a backend whose scans end as a test wants."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch
from weakref import ReferenceType, ref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prowler_org import cli, interrupts
from prowler_org.accounts.account_list import Account
from prowler_org.reporting.finished_run import FinishedRun
from prowler_org.reporting.summary import summarize
from prowler_org.results.account_result import AccountResult, not_scanned
from prowler_org.results.state import State, resume
from prowler_org.scanning import organization_scan
from prowler_org.scanning.account_scan import ScanTask
from prowler_org.scanning.backends import THIS_MACHINE, BackendLostError, FinishedScan
from prowler_org.scanning.backends.dask_cluster import DaskCluster
from prowler_org.scanning.organization_scan import scan_all, scan_organization
from prowler_org.scanning.recorder import Recorder

from .examples import ALICE, BOB, FAILS, JOB, LISTED, TASK, finished, new_state, scanned

TASKS = [ScanTask(Account(f"{number:012}", "name"), (), 60.0) for number in range(3)]
End = Callable[["Future[FinishedScan]", ScanTask], object]


def is_scanned(future: Future[FinishedScan], task: ScanTask) -> None:
    future.set_result(FinishedScan(scanned(task.account), machine=THIS_MACHINE))


def goes_on(future: Future[FinishedScan], task: ScanTask) -> None: ...


class ExampleBackend:
    """A Backend of two scans at a time, which ``end`` ends.

    It is lost when it is checked, or raises ``error`` before the first scan.
    """

    def __init__(self, end: End = goes_on, error: type[BaseException] | None = None) -> None:
        self._end = end
        self._error = error
        self.submitted = 0
        self.avoided: dict[str, list[str]] = {}
        self.calls: list[str] = []
        self.when_checked_or_stopped: Callable[[], object] = lambda: None

    def capacity(self) -> int:
        if self._error:
            raise self._error("It is gone.")
        return 2

    def submit(self, task: ScanTask, avoid: Collection[str] = ()) -> Future[FinishedScan]:
        self.submitted += 1
        self.avoided[task.account.id] = list(avoid)
        future: Future[FinishedScan] = Future()
        self._end(future, task)
        return future

    def avoid_alike(self, machines: Collection[str]) -> Collection[str]:
        return ()

    def exclude(self, machine: str, reason: str) -> None:
        self.calls.append(f"exclude {machine}")
        if machine == "last":
            raise BackendLostError(reason)

    def check(self) -> None:
        self.when_checked_or_stopped()
        raise BackendLostError("It is gone.")

    def stop(self) -> None:
        self.when_checked_or_stopped()
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


def results_of(backend: ExampleBackend, warnings: list[str] | None = None) -> list[AccountResult]:
    warnings = [] if warnings is None else warnings
    results: list[AccountResult] = []

    def record(finished: Sequence[FinishedScan]) -> None:
        results.extend(scan.result for scan in finished)

    scan_all(backend, TASKS, record, warnings.append)
    return results


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(organization_scan, "CHECK_EVERY", 0.01)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (is_scanned, ""),
        (
            lambda future, task: future.cancel(),
            "The connection to the scheduler or to a worker was lost.",
        ),
        (
            lambda future, task: future.set_exception(ValueError("y" * 500)),
            f"The scan was lost: ValueError: {'y' * 269}",
        ),
    ],
    ids=["scanned", "cancelled", "raised"],
)
def test_every_account_has_one_result(end: End, reason: str) -> None:
    results = results_of(ExampleBackend(end))
    assert sorted(result.account for result in results) == [task.account.id for task in TASKS]
    assert {result.reason for result in results} == {reason}


@pytest.mark.usefixtures("impatient")
def test_while_scans_run_the_recorder_is_called_and_no_more_scans_are_submitted_than_fit() -> None:
    recorded: list[Sequence[FinishedScan]] = []
    backend = ExampleBackend()
    with pytest.raises(BackendLostError, match="It is gone"):
        scan_all(backend, TASKS, recorded.append, print)
    assert recorded[0] == []
    assert backend.submitted == backend.capacity()


@pytest.mark.usefixtures("impatient")
def test_a_recorded_scan_is_released() -> None:
    # Dask repeats a scan when the worker that has its result dies, if something refers to it.
    ended: list[ReferenceType[Future[FinishedScan]]] = []

    def only_first(future: Future[FinishedScan], task: ScanTask) -> None:
        if task is TASKS[0]:
            ended.append(ref(future))
            is_scanned(future, task)

    freed: list[bool] = []
    backend = ExampleBackend(only_first)
    backend.when_checked_or_stopped = lambda: freed.append(ended[0]() is None)
    with pytest.raises(BackendLostError):
        results_of(backend)
    assert freed == [True]


def test_a_batch_whose_recording_is_interrupted_is_recorded_again() -> None:
    calls: list[Sequence[FinishedScan]] = []

    def record(finished: Sequence[FinishedScan]) -> None:
        calls.append(finished)
        if len(calls) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan_all(ExampleBackend(is_scanned), TASKS[:2], record, print)
    assert [len(call) for call in calls] == [2, 2]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("number", interrupts.SIGNALS)
def test_an_interrupt_during_the_release_of_a_future_is_not_lost(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Released(Future[FinishedScan]):
        def __del__(self) -> None:  # as that of a future of Dask, which takes a while
            signal.raise_signal(number)

    class Backend(ExampleBackend):
        def submit(self, task: ScanTask, avoid: Collection[str] = ()) -> Future[FinishedScan]:
            self.submitted += 1
            future: Future[FinishedScan] = Released() if task is TASKS[0] else Future()
            if task is TASKS[0]:
                is_scanned(future, task)
            return future

        def check(self) -> None: ...

    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda hook: lost.append(hook.exc_type))
    monkeypatch.setattr(interrupts, "SECONDS_UNTIL_AGAIN", 0.1)
    recorded: list[FinishedScan] = []
    with handled_signals(), pytest.raises(KeyboardInterrupt):
        scan_all(Backend(), TASKS, recorded.extend, print)
    assert lost == [KeyboardInterrupt]
    assert [scan.result.account for scan in recorded] == [TASKS[0].account.id]


@contextmanager
def handled_signals() -> Iterator[None]:
    """Signals as in prowler-org. If an interrupt is lost, another one ends the test: it fails."""
    before = {number: signal.getsignal(number) for number in (*interrupts.SIGNALS, signal.SIGALRM)}
    lost = threading.Event()

    def interrupt() -> None:
        lost.set()
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    another = threading.Timer(20, interrupt)
    try:
        for number in interrupts.SIGNALS:
            signal.signal(number, signal.SIG_DFL)  # nohup has tests ignore some
        interrupts.handle_signals()
        another.start()
        yield
    finally:
        another.cancel()
        interrupts.acknowledge_interrupt()
        for number, handler in before.items():
            signal.signal(number, handler)
    assert not lost.is_set()


# Machines that fail for their own sake

NO_CREDENTIALS = "Unable to locate credentials."


def fails(future: Future[FinishedScan], task: ScanTask, machine: str) -> None:
    result = not_scanned(task.account, NO_CREDENTIALS)
    future.set_result(FinishedScan(result, machine=machine, fault_of_machine=True))


def test_a_scan_that_fails_because_of_its_machine_is_repeated_elsewhere() -> None:
    backend = ExampleBackend()

    def end(future: Future[FinishedScan], task: ScanTask) -> None:
        if backend.avoided[task.account.id]:
            is_scanned(future, task)
        else:
            fails(future, task, "bad")

    backend._end = end
    warnings: list[str] = []
    assert all(result.was_scanned for result in results_of(backend, warnings))
    assert set(map(tuple, backend.avoided.values())) == {("bad",)}
    # Three in a row: it is named, and no longer used.
    assert backend.calls == ["exclude bad"]
    assert warnings == [f"The worker bad is no longer used: {NO_CREDENTIALS}"]


class SignedIn(ExampleBackend):
    """A Backend of machines that are signed in differently, and of which ``allowed`` may scan."""

    def __init__(
        self, roles: Sequence[str], allowed: Callable[[str, str], bool], liar: bool = False
    ) -> None:
        super().__init__()
        self._liar = liar
        self._roles = {f"machine-{number}": role for number, role in enumerate(roles)}
        self._allowed = allowed
        self.tried: dict[str, list[str]] = {task.account.id: [] for task in TASKS}

    def submit(self, task: ScanTask, avoid: Collection[str] = ()) -> Future[FinishedScan]:
        machine = next(iter([name for name in self._roles if name not in avoid] or self._roles))
        self._roles[machine] = self._roles.pop(machine)  # the next scan is for another one
        role, future = self._roles[machine], Future[FinishedScan]()
        self.tried[task.account.id].append(role)
        allowed = self._allowed(role, task.account.id)
        result = scanned(task.account) if allowed else not_scanned(task.account, "No role.")
        said = f"liar-{self.submitted}" if self._liar else machine
        self.submitted += 1
        assert self.submitted < 100, "it never ends"
        future.set_result(FinishedScan(result, machine=said, role_denied=not allowed))
        return future

    def avoid_alike(self, machines: Collection[str]) -> Collection[str]:
        cluster = DaskCluster.__new__(DaskCluster)
        cluster._identities = self._roles
        with patch.object(DaskCluster, "_used", lambda self: dict.fromkeys(self._identities, 1)):
            return cluster.avoid_alike(machines)


@given(
    st.lists(st.sampled_from(["", "auditor", "scanner", "guest"]), min_size=1, max_size=6),
    st.sets(st.tuples(st.sampled_from(["auditor", "scanner", "guest"]), st.integers(0, 2))),
    st.booleans(),
)
def test_an_account_fails_only_if_no_machine_may_scan_it(
    roles: list[str], may: set[tuple[str, int]], liar: bool
) -> None:
    backend = SignedIn(roles, lambda role, account: (role, int(account)) in may, liar)
    results = {int(result.account): result.was_scanned for result in results_of(backend)}
    assert results.keys() == {0, 1, 2}
    if liar:
        return  # all that it must do is end
    for number, was_scanned in results.items():
        tried = backend.tried[TASKS[number].account.id]
        assert was_scanned is any((role, number) in may for role in tried)
        assert was_scanned or {*tried, ""} == {*roles, ""}, "somebody else was not asked"
        assert len(tried) <= 1 + len(set(roles)), "and nobody twice"


def test_if_no_machine_is_left_the_run_ends_with_the_reason() -> None:
    backend = ExampleBackend(lambda future, task: fails(future, task, "last"))
    with pytest.raises(BackendLostError, match=NO_CREDENTIALS):
        results_of(backend)
    assert backend.submitted < 3 * len(TASKS)


def test_a_scan_that_still_runs_elsewhere_then_counts() -> None:
    slow: list[tuple[Future[FinishedScan], ScanTask]] = []
    backend = ExampleBackend()

    def end(future: Future[FinishedScan], task: ScanTask) -> None:
        if task is TASKS[0]:
            slow.append((future, task))
        else:
            fails(future, task, "last")

    def exclude(machine: str, reason: str) -> None:
        is_scanned(*slow[0])
        raise BackendLostError(reason)

    recorded: list[FinishedScan] = []
    backend._end = end
    backend.exclude = exclude  # type: ignore[method-assign]
    with pytest.raises(BackendLostError):
        scan_all(backend, TASKS, recorded.extend, print)
    assert [scan.result.was_scanned for scan in recorded] == [True]


def test_an_account_that_fails_on_several_machines_has_a_result() -> None:
    machines = iter(f"machine-{number}" for number in range(100))
    backend = ExampleBackend(lambda future, task: fails(future, task, next(machines)))
    assert [result.reason for result in results_of(backend)] == [NO_CREDENTIALS] * len(TASKS)
    assert backend.submitted == 3 * len(TASKS)


# The end of a run


@pytest.fixture
def state() -> State:
    return new_state()


@pytest.fixture
def recorder(state: State, tmp_path: Path) -> Recorder:
    return Recorder(state, tmp_path, lambda result: None, print)


@pytest.mark.parametrize("error", [KeyboardInterrupt, BackendLostError, RuntimeError])
def test_the_state_is_saved_before_the_backend_is_left(
    error: type[BaseException], recorder: Recorder, tmp_path: Path
) -> None:
    backend = ExampleBackend(error=error)
    backend.when_checked_or_stopped = lambda: resume(JOB, LISTED, tmp_path)
    with pytest.raises(RuntimeError) if error is RuntimeError else nullcontext():
        assert scan_organization(backend, recorder, [TASK]) is (error is KeyboardInterrupt)
    assert backend.calls == (["close"] if error is BackendLostError else ["stop", "close"])
    assert ALICE in resume(JOB, LISTED, tmp_path).to_scan


def test_a_second_interrupt_while_saving_still_ends_the_scans(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted_again(state: State, directory: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(State, "save", interrupted_again)
    backend = ExampleBackend(error=KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        scan_organization(backend, recorder, [TASK])
    assert backend.calls == ["stop", "close"]


def test_a_lost_backend_is_the_reason_for_untried_accounts(
    state: State, recorder: Recorder
) -> None:
    assert not scan_organization(ExampleBackend(error=BackendLostError), recorder, [TASK])
    assert (state.ended, state.to_scan) == ("It is gone.", (ALICE, BOB))
    assert summarize(state, ()).splitlines()[1] == (
        f"2 not tried ({ALICE.id}, {BOB.id}): It is gone. --resume goes on with them."
    )
    assert cli.exit_code(FinishedRun(state, LISTED, Path()), incomplete=False) == 4


@pytest.mark.parametrize(
    ("results", "interrupted", "code"),
    [
        ([scanned(ALICE, FAILS)], False, 3),
        ([AccountResult(ALICE.id, "", "scanned", "", 0, FAILS)], False, 0),  # with -z
        ([scanned(ALICE, FAILS), not_scanned(BOB, "Denied")], False, 4),
        ([scanned(ALICE, FAILS), not_scanned(BOB, "Denied")], True, 130),
        ([replace(scanned(ALICE), undelivered=("Not delivered to S3: x.",))], False, 4),
    ],
)
def test_the_exit_code_is_the_worst_of_all_accounts(
    results: list[AccountResult], interrupted: bool, code: int
) -> None:
    assert cli.exit_code(finished(*results, interrupted=interrupted), incomplete=False) == code
