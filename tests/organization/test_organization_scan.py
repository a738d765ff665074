"""The scan of all accounts, on a backend whose scans end as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from weakref import ReferenceType, ref

import pytest

from prowler_org import cli, organization_scan
from prowler_org.account_result import AccountResult, not_scanned
from prowler_org.account_scan import ScanTask
from prowler_org.accounts import Account
from prowler_org.backends import THIS_MACHINE, BackendLostError, FinishedScan
from prowler_org.organization_scan import scan_all, scan_organization
from prowler_org.recorder import Recorder
from prowler_org.state import State, resume
from prowler_org.summary import summarize

from .examples import ALICE, BOB, FAILS, JOB, LISTED, TASK, new_state, scanned

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
        results.extend(one.result for one in finished)

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
def test_while_nothing_ends_the_recorder_is_called_and_no_more_is_submitted_than_fits() -> None:
    recorded: list[Sequence[FinishedScan]] = []
    backend = ExampleBackend()
    with pytest.raises(BackendLostError, match="It is gone"):
        scan_all(backend, TASKS, recorded.append, print)
    assert recorded[0] == []
    assert backend.submitted == backend.capacity()


@pytest.mark.usefixtures("impatient")
def test_nothing_refers_to_a_scan_that_was_recorded() -> None:
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


# Machines that fail for their own sake

NO_CREDENTIALS = "Unable to locate credentials."


def fails(future: Future[FinishedScan], task: ScanTask, machine: str) -> None:
    result = not_scanned(task.account, NO_CREDENTIALS)
    future.set_result(FinishedScan(result, machine=machine, fault_of_machine=True))


def test_what_a_machine_fails_for_its_own_sake_is_scanned_elsewhere() -> None:
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
    assert [one.result.was_scanned for one in recorded] == [True]


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


def test_a_lost_backend_is_the_reason_why_the_remaining_accounts_were_not_tried(
    state: State, recorder: Recorder
) -> None:
    assert not scan_organization(ExampleBackend(error=BackendLostError), recorder, [TASK])
    assert (state.ended, state.to_scan) == ("It is gone.", (ALICE, BOB))
    assert summarize(state, ()).splitlines()[1] == (
        f"2 not tried ({ALICE.id}, {BOB.id}): It is gone. --resume goes on with them."
    )
    assert cli.exit_code([scanned(ALICE)], False, incomplete=bool(state.to_scan)) == 4


@pytest.mark.parametrize(
    ("results", "interrupted", "code"),
    [
        ([scanned(ALICE, FAILS)], False, 3),
        ([AccountResult(ALICE.id, "", "scanned", "", 0, FAILS)], False, 0),  # with -z
        ([scanned(ALICE, FAILS), not_scanned(ALICE, "Denied")], False, 4),
        ([scanned(ALICE, FAILS), not_scanned(ALICE, "Denied")], True, 130),
        ([replace(scanned(ALICE), undelivered=("Not delivered to S3: x.",))], False, 4),
    ],
)
def test_the_exit_code_says_the_worst(
    results: list[AccountResult], interrupted: bool, code: int
) -> None:
    assert cli.exit_code(results, interrupted) == code
