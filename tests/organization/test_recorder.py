"""What is noted of an account whose reports cannot be stored, or whose state cannot be."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from prowler_org import recorder as recorder_module
from prowler_org.options import Selection
from prowler_org.organization import Account, Roster
from prowler_org.outcome import Counts, Outcome
from prowler_org.progress import progress
from prowler_org.recorder import Recorder
from prowler_org.reports import scan_folder
from prowler_org.run import Delivery
from prowler_org.state import Job, State, begin, resume

ALICE, BOB = Account("111111111111", "alice"), Account("222222222222", "bob")
ROSTER = Roster("o-1", "aws", (ALICE, BOB), ())
JOB = Job("o-1", "ProwlerScan", Selection(), (), {"prowler": "5.46.0"})
REPORT = "prowler-output-1.csv"


@pytest.fixture
def state() -> State:
    return begin(JOB, ROSTER, datetime(2026, 3, 1, tzinfo=timezone.utc))


@pytest.fixture
def warnings() -> list[str]:
    """What the user was warned of."""
    return []


@pytest.fixture
def recorder(state: State, tmp_path: Path, warnings: list[str]) -> Recorder:
    with progress(2, True, io.StringIO()) as tell:
        return Recorder(state, tmp_path, tell, warnings.append)


def delivery(account: Account, directory: Path) -> Delivery:
    folder = scan_folder(directory, account.id)
    folder.mkdir(parents=True)
    (folder / REPORT).write_text("")
    counts = Counts(failed=2)
    return Delivery(Outcome(account.id, account.name, "scanned", "", 3, counts, (REPORT,), 1, 1.0))


def test_reports_that_cannot_be_stored_cost_that_account_only(
    state: State, recorder: Recorder, tmp_path: Path
) -> None:
    (tmp_path / "accounts").mkdir()
    (tmp_path / "accounts" / ALICE.id).write_text("a file where a folder has to be")
    recorder.take([delivery(ALICE, tmp_path), delivery(BOB, tmp_path)])
    alice, bob = state.outcomes[ALICE.id], state.outcomes[BOB.id]
    assert (alice.status, alice.counts, alice.reports) == ("not scanned", Counts(), ())
    assert alice.reason.startswith("The reports could not be written: ")
    assert bob.status == "scanned"
    assert (tmp_path / bob.reports[0]).is_file()


def test_a_state_that_cannot_be_saved_is_a_problem_until_it_can(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", full)
        recorder.take([delivery(ALICE, tmp_path)])
        assert recorder.problem is not None
    recorder.take([delivery(BOB, tmp_path)])
    assert recorder.problem is None
    assert resume(JOB, ROSTER, tmp_path).to_scan == ()


def test_a_state_that_takes_long_to_save_is_not_saved_for_each_account(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    save = State.save

    def slow(state: State, directory: Path) -> None:
        now[0] += 1
        save(state, directory)

    monkeypatch.setattr(State, "save", slow)
    monkeypatch.setattr(recorder_module, "monotonic", lambda: now[0])
    recorder.take([delivery(ALICE, tmp_path)])
    recorder.take([delivery(BOB, tmp_path)])
    assert resume(JOB, ROSTER, tmp_path).to_scan == (BOB,)
    now[0] += recorder_module.PAUSE
    recorder.take([])
    assert resume(JOB, ROSTER, tmp_path).to_scan == ()
    recorder.take([])
    assert now == [102.0 + recorder_module.PAUSE]


def test_it_is_said_once_that_a_worker_does_not_fork_its_scans(
    recorder: Recorder, tmp_path: Path, warnings: list[str]
) -> None:
    for account in (ALICE, BOB):
        one = replace(delivery(account, tmp_path), not_forked="this system cannot fork")
        recorder.take([one])
    assert warnings == ["this system cannot fork"]


def test_a_warning_that_cannot_be_written_loses_nothing(state: State, tmp_path: Path) -> None:
    def closed(problem: str) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    recorder = Recorder(state, tmp_path, lambda outcome: None, closed)
    recorder.take([replace(delivery(ALICE, tmp_path), not_forked="this system cannot fork")])
    assert resume(JOB, ROSTER, tmp_path).to_scan == (BOB,)


def test_an_archive_that_cannot_be_unpacked_costs_that_account_only(
    state: State, recorder: Recorder, tmp_path: Path
) -> None:
    broken = replace(delivery(ALICE, tmp_path), archive=b"no zip file")
    recorder.take([broken, delivery(BOB, tmp_path)])
    assert state.outcomes[ALICE.id].reason.startswith("The reports could not be written: ")
    assert state.outcomes[BOB.id].status == "scanned"


def test_what_is_given_up_has_the_reason(state: State, recorder: Recorder, tmp_path: Path) -> None:
    recorder.take([delivery(ALICE, tmp_path)])
    recorder.give_up("The cluster is gone.")
    assert state.outcomes[ALICE.id].status == "scanned"
    assert state.outcomes[BOB.id].reason == "The cluster is gone."


def test_a_watcher_who_cannot_be_told_loses_nothing(state: State, tmp_path: Path) -> None:
    def full(outcome: Outcome) -> None:
        raise OSError(28, "No space left on device")

    recorder = Recorder(state, tmp_path, full, print)
    recorder.take([delivery(ALICE, tmp_path), delivery(BOB, tmp_path)])
    assert resume(JOB, ROSTER, tmp_path).to_scan == ()
