"""The scan of all accounts, on a backend whose scans end as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from pathlib import Path
from weakref import ReferenceType, ref

import pytest

from prowler_org import cli, organization_scan
from prowler_org.account_result import AccountResult, not_scanned
from prowler_org.account_scan import ScanTask
from prowler_org.accounts import Account
from prowler_org.backends import BackendLostError, FinishedScan
from prowler_org.organization_scan import scan_all, scan_organization
from prowler_org.recorder import Recorder
from prowler_org.state import State, resume

from .examples import ALICE, FAILS, JOB, LISTED, TASK, new_state, scanned

TASKS = [ScanTask(Account(f"{number:012}", "name"), (), 60.0) for number in range(3)]
End = Callable[["Future[FinishedScan]", ScanTask], object]


def is_scanned(future: Future[FinishedScan], task: ScanTask) -> None:
    future.set_result(FinishedScan(scanned(task.account)))


def goes_on(future: Future[FinishedScan], task: ScanTask) -> None: ...


class ExampleBackend:
    """A Backend of two scans at a time, which ``end`` ends.

    It is lost when it is checked, or raises ``error`` before the first scan.
    """

    def __init__(self, end: End = goes_on, error: type[BaseException] | None = None) -> None:
        self._end = end
        self._error = error
        self.submitted = 0
        self.calls: list[str] = []
        self.when_checked_or_stopped: Callable[[], object] = lambda: None

    def capacity(self) -> int:
        if self._error:
            raise self._error("It is gone.")
        return 2

    def submit(self, task: ScanTask) -> Future[FinishedScan]:
        self.submitted += 1
        future: Future[FinishedScan] = Future()
        self._end(future, task)
        return future

    def check(self) -> None:
        self.when_checked_or_stopped()
        raise BackendLostError("It is gone.")

    def stop(self) -> None:
        self.when_checked_or_stopped()
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


def results_of(backend: ExampleBackend) -> list[AccountResult]:
    results: list[AccountResult] = []

    def record(finished: Sequence[FinishedScan]) -> None:
        results.extend(one.result for one in finished)

    scan_all(backend, TASKS, record)
    return results


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(organization_scan, "CHECK_EVERY", 0.01)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (is_scanned, ""),
        (lambda future, task: future.cancel(), "The connection to the scheduler was lost."),
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
        scan_all(backend, TASKS, recorded.append)
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
        scan_all(ExampleBackend(is_scanned), TASKS[:2], record)
    assert [len(call) for call in calls] == [2, 2]


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


def test_a_lost_backend_is_the_reason_for_the_remaining_accounts(
    state: State, recorder: Recorder
) -> None:
    assert not scan_organization(ExampleBackend(error=BackendLostError), recorder, [TASK])
    assert {result.reason for result in state.results.values()} == {"It is gone."}


@pytest.mark.parametrize(
    ("results", "interrupted", "code"),
    [
        ([scanned(ALICE, FAILS)], False, 3),
        ([AccountResult(ALICE.id, "", "scanned", "", 0, FAILS)], False, 0),  # with -z
        ([scanned(ALICE, FAILS), not_scanned(ALICE, "Denied")], False, 4),
        ([scanned(ALICE, FAILS), not_scanned(ALICE, "Denied")], True, 130),
    ],
)
def test_the_exit_code_says_the_worst(
    results: list[AccountResult], interrupted: bool, code: int
) -> None:
    assert cli.exit_code(results, interrupted) == code
