"""The state file: what it has, and which runs it lets you resume. No test starts Prowler."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prowler_org.accounts.account_list import Account, SkippedAccount
from prowler_org.cli import exit_code
from prowler_org.errors import StartError
from prowler_org.options import Selection
from prowler_org.reporting.summary import describe_result
from prowler_org.results.account_result import FindingCounts, not_scanned
from prowler_org.results.state import FILE_NAME, resume, start_or_resume
from prowler_org.running_prowler.expected_reports import ExpectedReports
from prowler_org.scanning.backends import THIS_MACHINE, FinishedScan
from prowler_org.scanning.recorder import Recorder

from .examples import (
    ALICE,
    BOB,
    DEFAULT,
    JOB,
    LISTED,
    STARTED,
    finished,
    new_state,
    reports_of,
    scanned,
)

NAME = f"prowler-output-{ALICE.id}-20260301020304"


def reports(
    directory: Path, *findings: tuple[str, str], account: str = ALICE.id, **more: Any
) -> tuple[str, ...]:
    """The reports of Alice's account with these findings, as the state file names them."""
    folder = directory / "accounts" / ALICE.id
    folder.mkdir(parents=True, exist_ok=True)
    made = reports_of(*findings, account=account, name=NAME, **more)
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return tuple(f"accounts/{ALICE.id}/{name}" for name in made)


def report(directory: Path, *statuses: str, account: str = ALICE.id) -> str:
    """A CSV report of Alice's account, with findings of these statuses."""
    return reports(directory, *((status, "alice") for status in statuses), account=account)[0]


def saved(directory: Path, *reports: str) -> dict[str, Any]:
    """A state file in which Alice's account was scanned, with these reports; and its data."""
    state = new_state()
    state.results[ALICE.id] = scanned(ALICE, FindingCounts(failed=1), reports)
    state.save(directory)
    data: dict[str, Any] = json.loads((directory / FILE_NAME).read_text("utf-8"))
    return data


def test_a_run_is_resumed_from_a_readable_state_file(tmp_path: Path) -> None:
    data = saved(tmp_path, report(tmp_path, "FAIL"))
    resumed = resume(JOB, LISTED, tmp_path)
    (path,) = data["accounts"][0]["reports"]
    assert resumed.results[ALICE.id] == scanned(ALICE, FindingCounts(failed=1), (path,))
    assert resumed.to_scan == (BOB,)
    text = (tmp_path / FILE_NAME).read_text("utf-8")
    assert '"name": "bob\'s <account>"' in text
    assert data["started"] == "2026-03-01T02:03:04Z"


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


def test_counts_and_the_exit_code_are_those_of_the_reports(tmp_path: Path) -> None:
    data = saved(tmp_path, report(tmp_path, "FAIL", "FAIL", "PASS"))
    data["accounts"][0] |= {"exit_code": 0, "counts": {"failed": 0, "passed": 9}}
    (tmp_path / FILE_NAME).write_text(json.dumps(data))
    result = resume(JOB, LISTED, tmp_path).results[ALICE.id]
    assert (result.counts, result.exit_code) == (FindingCounts(failed=2, passed=1), 3)
    ignoring = ExpectedReports(ignores_failures=True)
    assert resume(JOB, LISTED, tmp_path, ignoring).results[ALICE.id].exit_code == 0


def link(directory: Path, to: str) -> str:
    """A report that is a link to a file elsewhere."""
    path = report(directory, "PASS")
    (directory / path).rename(directory / "elsewhere.csv")
    (directory / path).symlink_to(to)
    return path


def torn(directory: Path, *, at: int) -> str:
    path = report(directory, "PASS", "PASS")
    (directory / path).write_bytes((directory / path).read_bytes()[:at])
    return path


def changed(suffix: str, old: bytes, new: bytes) -> Callable[[Path], tuple[str, ...]]:
    """Reports of two findings, of which the one with this suffix was changed."""

    def make(directory: Path) -> tuple[str, ...]:
        made = reports(directory, ("PASS", "alice"), ("FAIL", "bob"))
        (path,) = (directory / name for name in made if name.endswith(suffix))
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new, 1))
        return made

    return make


def pipe(directory: Path) -> tuple[str, ...]:
    *others, ocsf = reports(directory, ("PASS", "alice"))
    (directory / ocsf).unlink()
    os.mkfifo(directory / ocsf)
    return (*others, ocsf)


def compliance(directory: Path, content: bytes) -> tuple[str, ...]:
    path = directory / "accounts" / ALICE.id / "compliance" / f"{NAME}_cis.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return (*reports(directory, ("PASS", "alice")), path.relative_to(directory).as_posix())


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda folder: ("/etc/passwd",), "A report is not in the folder of its account"),
        (lambda folder: ("accounts/111111111111/../../x.csv",), "A report is not in the folder"),
        (lambda folder: ("accounts/222222222222/a.csv",), "A report is not in the folder"),
        (lambda folder: ("accounts/111111111111/none.csv",), "none.csv is missing"),
        (lambda folder: ("accounts/111111111111/" + "x" * 500,), "is missing"),
        (lambda folder: (link(folder, "../../elsewhere.csv"),), ".csv is a link"),
        (lambda folder: (torn(folder, at=-9),), ".csv is not complete"),
        (lambda folder: (torn(folder, at=0),), ".csv is not complete"),
        (lambda folder: (report(folder, "PASS", "ODD"),), "has the status ODD"),
        (lambda folder: (report(folder, "PASS;False", "PASS"),), ".csv: it is damaged"),
        (lambda folder: reports(folder, ("PASS", "a"), account=BOB.id), "is about another account"),
        (changed(".csv", ALICE.id.encode(), BOB.id.encode()), ".csv is about another account"),
        (changed("csv", b"alice", b"\xff"), ".csv: it is not text in UTF-8"),
        (changed("csv", b"MUTED", b"muted"), "A report cannot be read (KeyError)"),
        (changed(".ocsf.json", ALICE.id.encode(), BOB.id.encode()), "is about another account"),
        (changed(".ocsf.json", b"PASS", b"FAIL"), "has other findings than the CSV report"),
        (changed(".ocsf.json", b"New", b"Suppressed"), "has other findings than the CSV report"),
        (changed(".ocsf.json", b"cloud", b"cloth"), "A report cannot be read (KeyError)"),
        (changed(".ocsf.json", b"[{", b"[[{"), "is not a list of findings"),
        (changed(".ocsf.json", b"}, {", b", {"), "it ends in the middle of a finding"),
        (changed(".html", b"</html>", b""), ".html is not complete"),
        (pipe, ".ocsf.json is missing"),
        (lambda folder: compliance(folder, b"A;B\r\n\xff;x\r\n"), "_cis.csv: it is not text"),
        (lambda folder: compliance(folder, b"A;B\r\nx\r\n"), "_cis.csv: it is damaged"),
        # What is there must be all that the default checks write.
        (lambda folder: (), "There is no finding, not even about the root user"),
        (lambda folder: (report(folder),), "There is no finding, not even about the root user"),
        (lambda folder: reports(folder, ("PASS", "a"))[:1], "There is no html report"),
        (lambda folder: reports(folder, ("PASS", "a"))[:2], "There is no json-ocsf report"),
        (lambda folder: reports(folder, ("PASS", "a"))[1:2], "There is no finding, not even"),
        (lambda folder: reports(folder, ("PASS", "a"))[1:], "There is no finding, not even"),
    ],
)
def test_an_account_with_untrustworthy_reports_is_scanned_again_for_a_reason(
    tmp_path: Path, made: Callable[[Path], tuple[str, ...]], why: str
) -> None:
    saved(tmp_path, *made(tmp_path))
    state = resume(JOB, LISTED, tmp_path, DEFAULT)
    assert state.to_scan == (ALICE, BOB)
    assert why in state.distrusted[ALICE.id]


ROOT = ("PASS", "<root_account>")


@pytest.mark.parametrize(
    ("findings", "more", "is_judged"),
    [
        ((ROOT,), {}, True),
        ((ROOT, ("FAIL", "alice"), ("MANUAL", "bob")), {}, True),
        ((("MANUAL", "<root_account>"), ("PASS", "alice")), {}, True),
        ((("MANUAL", "<root_account>"),), {}, False),
        ((ROOT, ("MANUAL", "alice")), {}, False),
        ((ROOT, ("MANUAL", ALICE.id)), {}, False),
        ((("MANUAL", "alice"), ("MANUAL", "bob")), {}, False),
        ((("MANUAL", "alice"),), {"muted": True}, True),
        ((ROOT, ("PASS", "alice")), {"check": "s3_of_prowler"}, False),
    ],
)
def test_an_account_whose_users_are_unknown_is_not_judged_and_scanned_again(
    tmp_path: Path, findings: tuple[tuple[str, str], ...], more: dict[str, Any], is_judged: bool
) -> None:
    saved(tmp_path, *reports(tmp_path, *findings, **more))
    state = resume(JOB, LISTED, tmp_path, DEFAULT)
    result = state.results[ALICE.id]
    assert result.was_scanned
    assert bool(result.unjudged) is not is_judged
    assert state.to_scan == ((BOB,) if is_judged else (ALICE, BOB))
    assert exit_code(finished(result), incomplete=False) == (
        4 if not is_judged else result.exit_code
    )
    assert ("Not judged: " in describe_result(result)) is not is_judged


def test_an_account_that_has_left_the_organization_is_named_and_not_reported(
    tmp_path: Path,
) -> None:
    saved(tmp_path, report(tmp_path, "FAIL"))
    listed = replace(LISTED, accounts=(BOB,), members=frozenset({BOB.id}))
    state = resume(JOB, listed, tmp_path)
    assert (state.results, list(state.left)) == ({}, [ALICE.id])
    assert state.to_scan == (BOB,)


def test_an_account_that_was_not_delivered_is_scanned_again_and_keeps_its_result_until_then(
    tmp_path: Path,
) -> None:
    data = saved(tmp_path, report(tmp_path, "FAIL"))
    data["accounts"][0]["undelivered"] = ["Not delivered to S3: PutObject failed with X."]
    (tmp_path / FILE_NAME).write_text(json.dumps(data))
    state = resume(JOB, LISTED, tmp_path)
    assert (list(state.results), state.to_scan) == ([ALICE.id], (ALICE, BOB))
    recorder = Recorder(state, tmp_path, lambda result: None, print)
    recorder.give_up("The run was interrupted.")
    assert state.results[ALICE.id].was_scanned
    recorder.record([FinishedScan(scanned(ALICE), machine=THIS_MACHINE)])
    assert state.to_scan == ()


def test_the_longest_tags_and_paths_of_units_are_resumed(tmp_path: Path) -> None:
    selection = Selection(tags=(f"{'k' * 128}={'v' * 256}",), units=("/".join(["u" * 128] * 5),))
    job = replace(JOB, selection=selection)
    start_or_resume(job, LISTED, tmp_path, resumed=False, now=STARTED)
    assert resume(job, LISTED, tmp_path).job == job


def test_an_account_suspended_after_its_scan_keeps_its_result(
    tmp_path: Path,
) -> None:
    saved(tmp_path, report(tmp_path, "FAIL"))
    suspended = SkippedAccount(ALICE, "its state is SUSPENDED")
    excluded = SkippedAccount(Account("3" * 12, "carol"), "excluded")
    listed = replace(LISTED, accounts=(BOB,), skipped=(suspended, excluded))
    state = resume(JOB, listed, tmp_path)
    assert (list(state.results), state.to_scan) == ([ALICE.id], (BOB,))
    assert listed.without_scanned(state.results).skipped == (excluded,)


def test_two_runs_never_share_a_name(tmp_path: Path) -> None:
    first = start_or_resume(JOB, LISTED, tmp_path, resumed=False, now=STARTED)
    (tmp_path / f"{first.name}.html").touch()
    second = start_or_resume(JOB, LISTED, tmp_path, resumed=False, now=STARTED)
    assert first.name < second.name


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"organization": "o-2"}, "for: the organization. Give"),
        ({"role": "Other"}, "for: --role. Give"),
        ({"selection": Selection()}, "for: the choice of accounts. Give"),
        ({"prowler_arguments": ("-M", "html")}, "for: the options of prowler aws. Give"),
        ({"versions": {"prowler": "5.99"}}, "for: the version of Prowler or of this plug-in. Give"),
        ({"files": {"--mutelist-file": "5e88"}}, "for: what is in a file that these options name"),
    ],
)
def test_another_job_is_not_resumed(tmp_path: Path, other: dict[str, object], words: str) -> None:
    new_state().save(tmp_path)
    with pytest.raises(StartError, match=words):
        resume(replace(JOB, **other), LISTED, tmp_path)  # type: ignore[arg-type]


def edited(**entry: Any) -> Callable[[dict[str, Any]], Any]:
    """An edit of the entry of Alice's account."""
    return lambda data: data["accounts"][0].update(entry)


@pytest.mark.parametrize(
    "edit",
    [
        edited(account=111111111111),
        edited(account=None),
        edited(account="../../x"),
        edited(name="x" * 10_000_000),
        edited(status="fine"),
        edited(exit_code=1),
        edited(exit_code="0"),
        edited(counts={"failed": "0"}),
        edited(counts={"failed": None}),
        edited(counts={"failed": -1}),
        edited(counts={"failed": 10**30}),
        edited(counts={"failed": 0.5}),
        edited(reports=[1, 2]),
        edited(reports=["x" * 4000]),
        edited(reports="accounts"),
        edited(seconds="NaN"),
        edited(crashed=[None]),
        edited(more=1),
        lambda data: data["accounts"].append(data["accounts"][0]),
        lambda data: data.update(started="yesterday"),
        edited(unjudged=["x"]),
        lambda data: data.update(format=1),
        lambda data: data["job"].update(versions=[]),
        lambda data: data.clear(),
    ],
)
def test_an_edited_state_is_refused_with_a_sentence(
    tmp_path: Path, edit: Callable[[dict[str, Any]], Any]
) -> None:
    data = saved(tmp_path, report(tmp_path, "FAIL"))
    edit(data)
    (tmp_path / FILE_NAME).write_text(json.dumps(data))
    with pytest.raises(StartError, match="is not the state of a run") as refused:
        resume(JOB, LISTED, tmp_path)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, '{"format": NaN}', '"\\ud800"', "\xff"])
def test_a_file_that_is_not_a_state_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text, "latin-1")
    with pytest.raises(StartError, match="is not the state of a run"):
        resume(JOB, LISTED, tmp_path)
    with pytest.raises(StartError, match="There is no run to resume"):
        resume(JOB, LISTED, tmp_path / "elsewhere")
