"""The state file: what it holds, and which runs it lets be resumed. No Prowler is started."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from prowler_org.options import Selection
from prowler_org.organization import Account, Roster
from prowler_org.outcome import Counts, Outcome
from prowler_org.refusal import Refused
from prowler_org.state import FILE_NAME, Job, begin, installed_versions, resume

ALICE, BOB = Account("111111111111", "alice"), Account("222222222222", "bob's <account>")
ROSTER = Roster("o-1", "aws", (ALICE, BOB), ())
JOB = Job("o-1", "ProwlerScan", Selection(units=("ou-1",)), ("-M", "csv"), installed_versions())
STARTED = datetime(2026, 3, 1, 2, 3, 4, tzinfo=timezone.utc)


def report(directory: Path) -> str:
    """A report file of Alice's account."""
    path = directory / "accounts" / ALICE.id / "prowler-output.csv"
    path.parent.mkdir(parents=True)
    path.write_text("")
    return path.relative_to(directory).as_posix()


def scanned(*reports: str) -> Outcome:
    return Outcome(ALICE.id, ALICE.name, "scanned", "", 3, Counts(failed=2), reports, 1, 1.5)


def test_a_run_is_resumed_as_it_was(tmp_path: Path) -> None:
    state = begin(JOB, ROSTER, STARTED)
    state.outcomes[ALICE.id] = scanned(report(tmp_path))
    state.save(tmp_path)
    resumed = resume(JOB, ROSTER, tmp_path)
    assert resumed == state
    assert resumed.to_scan == (BOB,)


def test_what_could_not_be_scanned_is_scanned_again(tmp_path: Path) -> None:
    state = begin(JOB, ROSTER, STARTED)
    state.outcomes[ALICE.id] = Outcome(ALICE.id, ALICE.name, "not scanned", "It was denied.")
    state.save(tmp_path)
    assert ALICE in resume(JOB, ROSTER, tmp_path).to_scan


def test_an_account_whose_report_is_gone_is_scanned_again(tmp_path: Path) -> None:
    state = begin(JOB, ROSTER, STARTED)
    path = report(tmp_path)
    state.outcomes[ALICE.id] = scanned(path)
    state.save(tmp_path)
    (tmp_path / path).unlink()
    assert ALICE in resume(JOB, ROSTER, tmp_path).to_scan


def test_an_account_that_has_joined_since_is_scanned(tmp_path: Path) -> None:
    begin(JOB, replace(ROSTER, accounts=(BOB,)), STARTED).save(tmp_path)
    assert resume(JOB, ROSTER, tmp_path).to_scan == (ALICE, BOB)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"organization": "o-2"}, "the organization differ"),
        ({"role": "Other"}, "--role differ"),
        ({"selection": Selection()}, "the choice of accounts differ"),
        ({"prowler_arguments": ("-M", "html")}, "the options of prowler aws differ"),
        ({"versions": {"prowler": "5.99"}}, "the version of Prowler or of this plug-in differ"),
    ],
)
def test_another_jobs_run_is_not_resumed(
    tmp_path: Path, other: dict[str, object], words: str
) -> None:
    begin(JOB, ROSTER, STARTED).save(tmp_path)
    with pytest.raises(Refused, match=words):
        resume(replace(JOB, **other), ROSTER, tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "job": {}}'])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(Refused, match="is no state of a run"):
        resume(JOB, ROSTER, tmp_path)


def test_where_no_run_was_there_is_none_to_resume(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="There is no run to resume"):
        resume(JOB, ROSTER, tmp_path)


def test_a_state_that_cannot_be_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = begin(JOB, ROSTER, STARTED)
    state.save(tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    state.outcomes[ALICE.id] = scanned()
    with pytest.raises(OSError, match="No space left"):
        state.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    assert resume(JOB, ROSTER, tmp_path).outcomes == {}


def test_a_person_can_read_it(tmp_path: Path) -> None:
    begin(JOB, ROSTER, STARTED).save(tmp_path)
    text = (tmp_path / FILE_NAME).read_text("utf-8")
    assert '"name": "bob\'s <account>"' in text
    assert len(text.splitlines()) > 20
    assert json.loads(text)["started"] == "2026-03-01T02:03:04+00:00"
