"""What becomes of a run that is interrupted: first it is saved, then its scans are ended."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timezone
from pathlib import Path

import pytest

from prowler_org import cli
from prowler_org.options import Selection
from prowler_org.organization import Account, Roster
from prowler_org.recorder import Recorder
from prowler_org.run import Delivery
from prowler_org.scan import ScanTask
from prowler_org.state import Job, State, begin, resume

ALICE = Account("111111111111", "alice")
ROSTER = Roster("o-1", "aws", (ALICE,), ())
JOB = Job("o-1", "ProwlerScan", Selection(), (), {"prowler": "5.46.0"})
TASKS = [ScanTask(ALICE, (), 60.0)]


class InterruptedPlace:
    """A Place where Ctrl-C comes before the first scan begins; it notes what is asked of it."""

    def __init__(self, when_stopped: Callable[[], object] = lambda: None) -> None:
        self._when_stopped = when_stopped
        self.asked: list[str] = []

    def room(self) -> int:
        raise KeyboardInterrupt

    def submit(self, task: ScanTask) -> Future[Delivery]:
        raise NotImplementedError

    def watch(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        self._when_stopped()
        self.asked.append("stop")

    def close(self) -> None:
        self.asked.append("close")


@pytest.fixture
def state() -> State:
    return begin(JOB, ROSTER, datetime(2026, 3, 1, tzinfo=timezone.utc))


@pytest.fixture
def recorder(state: State, tmp_path: Path) -> Recorder:
    return Recorder(state, tmp_path, lambda outcome: None, print)


def test_the_state_is_saved_before_scans_are_ended(recorder: Recorder, tmp_path: Path) -> None:
    place = InterruptedPlace(lambda: resume(JOB, ROSTER, tmp_path))
    assert cli._scan(place, recorder, TASKS)
    assert place.asked == ["stop", "close"]


def test_scans_are_ended_though_a_second_interrupt_comes_while_saving(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted_again(state: State, directory: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(State, "save", interrupted_again)
    place = InterruptedPlace()
    with pytest.raises(KeyboardInterrupt):
        cli._scan(place, recorder, TASKS)
    assert place.asked == ["stop", "close"]


def test_the_state_is_saved_where_the_program_itself_fails(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> int:
        raise RuntimeError

    place = InterruptedPlace()
    monkeypatch.setattr(place, "room", fails)
    with pytest.raises(RuntimeError):
        cli._scan(place, recorder, TASKS)
    assert resume(JOB, ROSTER, tmp_path).to_scan == (ALICE,)
