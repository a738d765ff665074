"""What the recorder does with results, also if the disk is full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prowler_org.accounts.account_list import Account
from prowler_org.results.account_result import FindingCounts
from prowler_org.results.report_files import pack, scan_folder
from prowler_org.results.state import State, resume
from prowler_org.scanning import recorder as recorder_module
from prowler_org.scanning.backends import THIS_MACHINE, BackendLostError, FinishedScan
from prowler_org.scanning.recorder import Recorder

from .examples import ALICE, BOB, DEFAULT, JOB, LISTED, REPORT, new_state, reports_of, scanned

NOT_FORKED = "this system cannot fork"


@pytest.fixture
def state() -> State:
    return new_state()


@pytest.fixture
def warnings() -> list[str]:
    """The warnings that the user got."""
    return []


@pytest.fixture
def recorder(state: State, tmp_path: Path, warnings: list[str]) -> Recorder:
    return Recorder(state, tmp_path, lambda result: None, warnings.append)


@pytest.fixture
def finished(tmp_path: Path) -> Callable[[Account], FinishedScan]:
    """Makes an account's finished scan, with its report in the scan folder."""

    def make(account: Account) -> FinishedScan:
        folder = scan_folder(tmp_path, account.id)
        folder.mkdir(parents=True)
        reports = reports_of(("FAIL", "alice"), account=account.id)
        (folder / REPORT).write_bytes(reports[REPORT])
        return FinishedScan(scanned(account, reports=(REPORT,)), machine=THIS_MACHINE)

    return make


Finished = Callable[[Account], FinishedScan]


@pytest.mark.parametrize("machine", [THIS_MACHINE, "a worker"])
def test_reports_that_cannot_be_stored_affect_only_their_account(
    state: State, recorder: Recorder, finished: Finished, tmp_path: Path, machine: str
) -> None:
    (tmp_path / "accounts").mkdir()
    (tmp_path / "accounts" / ALICE.id).write_text("a file in place of a folder")
    alices = finished(ALICE)
    if machine != THIS_MACHINE:
        alices = replace(alices, machine=machine, archive=pack(scan_folder(tmp_path, ALICE.id)))
    recorder.record([alices, finished(BOB)])
    alice, bob = state.results[ALICE.id], state.results[BOB.id]
    assert (alice.status, alice.counts, alice.reports) == ("not scanned", FindingCounts(), ())
    assert alice.reason.startswith("prowler-org could not store the reports: ")
    assert (tmp_path / bob.reports[0]).is_file()


def test_a_state_that_cannot_be_saved_is_a_problem_until_it_can(
    recorder: Recorder, finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", full)
        recorder.record([finished(ALICE)])
        assert recorder.problem is not None
    recorder.record([finished(BOB)])
    assert recorder.problem is None
    assert resume(JOB, LISTED, tmp_path).to_scan == ()


def test_a_state_that_is_slow_to_save_is_not_saved_for_each_account(
    recorder: Recorder, finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    save = State.save

    def slow(state: State, directory: Path) -> None:
        now[0] += 1
        save(state, directory)

    monkeypatch.setattr(State, "save", slow)
    monkeypatch.setattr(recorder_module, "monotonic", lambda: now[0])
    recorder.record([finished(ALICE)])
    recorder.record([finished(BOB)])
    assert resume(JOB, LISTED, tmp_path).to_scan == (BOB,)
    now[0] += recorder_module.SAVE_PAUSE_FACTOR
    recorder.record([])
    assert resume(JOB, LISTED, tmp_path).to_scan == ()
    recorder.record([])
    assert now == [102.0 + recorder_module.SAVE_PAUSE_FACTOR]


def test_a_worker_that_does_not_fork_is_named_once(
    recorder: Recorder, finished: Finished, warnings: list[str]
) -> None:
    for account in (ALICE, BOB):
        recorder.record([replace(finished(account), warnings=(NOT_FORKED,))])
    assert warnings == [f"On a worker: {NOT_FORKED}"]


def test_a_lost_terminal_loses_no_result(state: State, finished: Finished, tmp_path: Path) -> None:
    def lost(shown: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    recorder = Recorder(state, tmp_path, lost, lost)
    recorder.record([replace(finished(ALICE), warnings=(NOT_FORKED,)), finished(BOB)])
    assert resume(JOB, LISTED, tmp_path).to_scan == ()


def test_results_from_a_worker_are_validated(
    state: State, recorder: Recorder, finished: Finished, tmp_path: Path
) -> None:
    whole, other = finished(ALICE), finished(BOB)
    reports = reports_of(("FAIL", "alice"))
    (scan_folder(tmp_path, BOB.id) / REPORT).write_bytes(reports[REPORT])
    for scan in (whole, other):
        archive = pack(scan_folder(tmp_path, scan.result.account))
        recorder.record([replace(scan, machine="a worker", archive=archive)])
    assert state.results[ALICE.id].counts == FindingCounts(failed=1)
    reason = state.results[BOB.id].reason
    assert reason == f"The reports of a worker cannot be used: {REPORT} is about another account."


@pytest.mark.parametrize(
    ("reports", "log", "why"),
    [
        ((), "", "There are none"),
        ((), "Scan completed!", "There is no report with findings"),
        (("../../elsewhere.csv",), "Done.", "A report is not in the folder of its account"),
        ((), "There are no findings in Account 1", ""),
    ],
)
def test_a_result_without_its_own_reports_counts_only_if_prowler_found_nothing(
    reports: tuple[str, ...],
    log: str,
    why: str,
    state: State,
    recorder: Recorder,
    finished: Finished,
    tmp_path: Path,
) -> None:
    scan = finished(ALICE)
    folder = scan_folder(tmp_path, ALICE.id)
    (folder / REPORT).unlink()
    (folder / "prowler.log").write_text(log)
    sent = replace(scan.result, reports=reports)
    archive = pack(folder) if log else None
    recorder.record([replace(scan, result=sent, machine="a worker", archive=archive)])
    result = state.results[ALICE.id]
    assert result.was_scanned is not bool(why)
    assert result.reason == (f"The reports of a worker cannot be used: {why}." if why else "")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("scan")
    for name, content in reports_of(("FAIL", "alice"), ("PASS", "bob")).items():
        (folder / name).write_bytes(content)
    (folder / "prowler.log").write_text("-> Scanning")
    return pack(folder)


NAMES = tuple(reports_of())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_corrupt_archive_affects_only_its_account(
    archive: bytes, tmp_path: Path, data: st.DataObject
) -> None:
    damaged = bytearray(archive)
    for bit in data.draw(st.lists(st.integers(0, 8 * len(archive) - 1), min_size=1, max_size=8)):
        damaged[bit // 8] ^= 1 << bit % 8
    state = replace(new_state(), expected=DEFAULT)
    recorder = Recorder(state, tmp_path, lambda result: None, print)
    sent = scanned(ALICE, reports=NAMES)
    recorder.record([FinishedScan(sent, bytes(damaged), machine="a worker")])
    result = state.results[ALICE.id]
    whole = FindingCounts(failed=1, passed=1)
    assert result.counts == (whole if result.was_scanned else FindingCounts())
    assert bool(result.reason) is not result.was_scanned


@pytest.mark.parametrize(
    "values",
    [
        {"reason": "x" * 10_000_000},
        {"exit_code": 1},
        {"counts": FindingCounts(failed=-1)},
        {"seconds": float("nan")},
        {"attempts": "1"},
        {"crashed": ("\ud800",)},
        {"undelivered": (None,)},
    ],
)
def test_a_worker_cannot_send_what_the_state_file_cannot_store(
    state: State, recorder: Recorder, archive: bytes, tmp_path: Path, values: dict[str, Any]
) -> None:
    sent = replace(scanned(ALICE, reports=NAMES), **values)
    recorder.record([FinishedScan(sent, archive, machine="a worker")])
    assert state.results[ALICE.id].reason == "A worker sent a result with values that cannot be."
    assert resume(JOB, LISTED, tmp_path).to_scan == (ALICE, BOB)


def test_a_workers_log_is_readable_only_by_its_owner(
    state: State, recorder: Recorder, archive: bytes, tmp_path: Path
) -> None:
    sent = scanned(ALICE, reports=NAMES)
    recorder.record([FinishedScan(sent, archive, machine="a worker")])
    log = tmp_path / "accounts" / ALICE.id / "prowler.log"
    assert (log.read_text(), log.stat().st_mode & 0o777) == ("-> Scanning", 0o600)


def test_a_full_disk_ends_the_run(
    recorder: Recorder, finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recorder_module, "move_to_account", full)
    with pytest.raises(BackendLostError, match=r"The disk is full\."):
        recorder.record([finished(ALICE)])


def test_links_in_the_output_directory_are_not_followed(
    state: State, recorder: Recorder, finished: Finished, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "accounts").mkdir()
    (tmp_path / "accounts" / ALICE.id).symlink_to(elsewhere)
    recorder.record([finished(ALICE)])
    assert state.results[ALICE.id].was_scanned
    assert list(elsewhere.iterdir()) == []
