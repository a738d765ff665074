"""The run loop, at a place where scans end as a test wants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from weakref import ReferenceType, ref

import pytest

from prowler_org import run
from prowler_org.organization import Account
from prowler_org.outcome import Outcome
from prowler_org.run import Delivery, PlaceLostError, run_all
from prowler_org.scan import ScanTask

TASKS = [ScanTask(Account(f"{number:012}", "name"), (), 60.0) for number in range(3)]


class SomePlace:
    """A Place where each scan's future is put in a state by ``end``."""

    def __init__(self, end: Callable[[Future[Delivery], ScanTask], object]) -> None:
        self._end = end
        self.submitted = 0

    def room(self) -> int:
        return 2

    def submit(self, task: ScanTask) -> Future[Delivery]:
        self.submitted += 1
        future: Future[Delivery] = Future()
        self._end(future, task)
        return future

    def watch(self) -> None:
        raise PlaceLostError("It is gone.")

    def stop(self) -> None: ...

    def close(self) -> None: ...


def outcomes(place: SomePlace) -> list[Outcome]:
    taken: list[Outcome] = []

    def take(deliveries: Sequence[Delivery]) -> None:
        taken.extend(delivery.outcome for delivery in deliveries)

    run_all(place, TASKS, take)
    return taken


def test_every_outcome_is_taken_once() -> None:
    def scanned(future: Future[Delivery], task: ScanTask) -> None:
        future.set_result(Delivery(Outcome(task.account.id, "", "scanned")))

    taken = outcomes(SomePlace(scanned))
    assert sorted(outcome.account for outcome in taken) == [task.account.id for task in TASKS]


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda future, task: future.cancel(), "The connection to the scheduler was lost."),
        (
            lambda future, task: future.set_exception(ValueError("y" * 500)),
            f"The scan was lost: ValueError: {'y' * 269}",
        ),
    ],
    ids=["cancelled", "raised"],
)
def test_a_scan_without_a_delivery_is_an_account_that_was_not_scanned(
    end: Callable[[Future[Delivery], ScanTask], object], reason: str
) -> None:
    taken = outcomes(SomePlace(end))
    assert {(outcome.status, outcome.reason) for outcome in taken} == {("not scanned", reason)}


def test_where_nothing_comes_any_more_the_run_ends_and_nothing_waits_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "WATCH_EVERY", 0.01)
    place = SomePlace(lambda future, task: None)
    with pytest.raises(PlaceLostError, match="It is gone"):
        outcomes(place)
    assert place.submitted == place.room()


def test_while_nothing_comes_the_taker_is_asked_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "WATCH_EVERY", 0.01)
    asked: list[int] = []

    class Quiet(SomePlace):
        def watch(self) -> None:
            if asked:
                raise PlaceLostError("It is gone.")

    def take(deliveries: Sequence[Delivery]) -> None:
        asked.append(len(deliveries))

    with pytest.raises(PlaceLostError):
        run_all(Quiet(lambda future, task: None), TASKS, take)
    assert asked[0] == 0


def test_nothing_holds_on_to_a_scan_that_was_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    # Dask scans again what a worker that dies has scanned, if somebody may still ask for it.
    monkeypatch.setattr(run, "WATCH_EVERY", 0.01)
    ended: list[ReferenceType[Future[Delivery]]] = []

    def first_ends(future: Future[Delivery], task: ScanTask) -> None:
        if task is TASKS[0]:
            ended.append(ref(future))
            future.set_result(Delivery(Outcome(task.account.id, "", "scanned")))

    class Looking(SomePlace):
        def watch(self) -> None:
            assert ended[0]() is None
            super().watch()

    with pytest.raises(PlaceLostError):
        outcomes(Looking(first_ends))


def test_what_has_ended_is_taken_when_the_run_is_interrupted_while_taking_it() -> None:
    def scanned(future: Future[Delivery], task: ScanTask) -> None:
        future.set_result(Delivery(Outcome(task.account.id, "", "scanned")))

    calls: list[Sequence[Delivery]] = []

    def take(deliveries: Sequence[Delivery]) -> None:
        calls.append(deliveries)
        if len(calls) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_all(SomePlace(scanned), TASKS[:2], take)
    assert len(calls[-1]) == 2
    assert len(calls) == 2
