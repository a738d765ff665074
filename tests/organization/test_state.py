"""The state file: what it has, and which runs it lets you resume. No test starts Prowler."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from prowler_org.account_result import not_scanned
from prowler_org.errors import StartError
from prowler_org.options import Selection
from prowler_org.state import FILE_NAME, resume, start_or_resume

from .examples import ALICE, BOB, JOB, LISTED, STARTED, new_state, scanned


def report(directory: Path) -> str:
    """A report file of Alice's account."""
    path = directory / "accounts" / ALICE.id / "prowler-output.csv"
    path.parent.mkdir(parents=True)
    path.write_text("")
    return path.relative_to(directory).as_posix()


def test_a_run_is_resumed_as_it_was(tmp_path: Path) -> None:
    state = new_state()
    state.results[ALICE.id] = scanned(ALICE, reports=(report(tmp_path),))
    state.save(tmp_path)
    resumed = resume(JOB, LISTED, tmp_path)
    assert resumed == state
    assert resumed.to_scan == (BOB,)


def test_an_account_that_was_not_scanned_is_scanned_again(tmp_path: Path) -> None:
    state = new_state()
    state.results[ALICE.id] = not_scanned(ALICE, "It was denied.")
    state.save(tmp_path)
    assert ALICE in resume(JOB, LISTED, tmp_path).to_scan


def test_an_account_that_lost_its_report_is_scanned_again(tmp_path: Path) -> None:
    state = new_state()
    path = report(tmp_path)
    state.results[ALICE.id] = scanned(ALICE, reports=(path,))
    state.save(tmp_path)
    (tmp_path / path).unlink()
    assert ALICE in resume(JOB, LISTED, tmp_path).to_scan


def test_an_account_that_has_joined_since_is_scanned(tmp_path: Path) -> None:
    before = replace(LISTED, accounts=(BOB,))
    start_or_resume(JOB, before, tmp_path, resumed=False, now=STARTED)
    after = start_or_resume(JOB, LISTED, tmp_path, resumed=True, now=STARTED)
    assert after.to_scan == (ALICE, BOB)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"organization": "o-2"}, "for: the organization. Give"),
        ({"role": "Other"}, "for: --role. Give"),
        ({"selection": Selection()}, "for: the choice of accounts. Give"),
        ({"prowler_arguments": ("-M", "html")}, "for: the options of prowler aws. Give"),
        ({"versions": {"prowler": "5.99"}}, "for: the version of Prowler or of this plug-in. Give"),
    ],
)
def test_another_job_is_not_resumed(tmp_path: Path, other: dict[str, object], words: str) -> None:
    new_state().save(tmp_path)
    with pytest.raises(StartError, match=words):
        resume(replace(JOB, **other), LISTED, tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "job": {}}'])
def test_a_file_that_is_not_a_state_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(StartError, match="is not the state of a run"):
        resume(JOB, LISTED, tmp_path)


def test_without_an_earlier_run_there_is_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="There is no run to resume"):
        resume(JOB, LISTED, tmp_path)


def test_a_state_that_cannot_be_written_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = new_state()
    state.save(tmp_path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    state.results[ALICE.id] = scanned(ALICE)
    with pytest.raises(OSError, match="No space left"):
        state.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    assert resume(JOB, LISTED, tmp_path).results == {}


def test_people_can_read_it(tmp_path: Path) -> None:
    new_state().save(tmp_path)
    text = (tmp_path / FILE_NAME).read_text("utf-8")
    assert '"name": "bob\'s <account>"' in text
    assert len(text.splitlines()) > 20
    assert json.loads(text)["started"] == "2026-03-01T02:03:04+00:00"
