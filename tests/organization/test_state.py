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


def test_a_run_is_resumed_as_it_was_from_a_file_that_people_can_read(tmp_path: Path) -> None:
    state = new_state()
    state.results[ALICE.id] = scanned(ALICE, reports=(report(tmp_path),))
    state.save(tmp_path)
    resumed = resume(JOB, LISTED, tmp_path)
    assert resumed == state
    assert resumed.to_scan == (BOB,)
    text = (tmp_path / FILE_NAME).read_text("utf-8")
    assert '"name": "bob\'s <account>"' in text
    assert json.loads(text)["started"] == "2026-03-01T02:03:04+00:00"


def test_an_account_that_is_missing_is_scanned_again(tmp_path: Path) -> None:
    state = start_or_resume(
        JOB, replace(LISTED, accounts=(ALICE,)), tmp_path, resumed=False, now=STARTED
    )
    path = report(tmp_path)
    for result in (
        not_scanned(ALICE, "It was denied."),
        scanned(ALICE, reports=(path, f"{path}.gone")),
    ):
        state.results[ALICE.id] = result
        state.save(tmp_path)
        # Bob's account has joined the organization since.
        assert resume(JOB, LISTED, tmp_path).to_scan == (ALICE, BOB)


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
    with pytest.raises(StartError, match="There is no run to resume"):
        resume(JOB, LISTED, tmp_path / "elsewhere")
