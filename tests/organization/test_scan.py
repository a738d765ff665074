"""What the end of a Prowler process says about the account that it scanned."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from prowler_org.organization import Account
from prowler_org.outcome import Counts
from prowler_org.processes import LOST, Launcher
from prowler_org.scan import (
    ATTEMPTS,
    LONGEST_REASON,
    ScanTask,
    count_findings,
    crashed_checks,
    judge,
    scan,
)

TASK = ScanTask(Account("111111111111", "one"), (), 60)
DENIED = (
    "\n2026-11-24 07:15:34,916 [File: aws_provider.py:1290] \t[Module: aws_provider]\t CRITICAL: "
    "ClientError[1267] -- An error occurred ({code}) when calling the {call} operation: Because"
)
LOGGED = "2026-11-24 07:15:34,916 [File: x.py:7] \t[Module: {module}]\t ERROR: "
NONE = "\n \x1b[1mThere are no findings in Account \x1b[33m111111111111\x1b[0m\n\n"
LOGS_ONLY = (
    '{"timestamp": "x", "filename": "y:1", "level": "CRITICAL", "module": "m", "message": "Stop"}'
)


@pytest.mark.parametrize("exit_code", [0, 3])
def test_prowlers_own_exit_codes_mean_that_the_account_was_scanned(
    exit_code: int, tmp_path: Path
) -> None:
    report = tmp_path / "prowler-output-1.csv"
    report.write_bytes(b"STATUS\r\nFAIL\r\n")
    assert not judge(exit_code, "", TASK, (report,)).reason


@pytest.mark.parametrize(
    ("exit_code", "log", "reason", "transient"),
    [
        (None, "", "The scan did not end within 60 seconds and was stopped.", False),
        (-9, "", "The scan was killed by SIGKILL.", True),
        (-11, "", "The scan was killed by SIGSEGV.", True),
        (255, "half a log", "The process that scans are forked from ended.", True),
        (1, DENIED.format(code="AccessDenied", call="AssumeRole"),
         "The role could not be assumed: it is missing, or its policy does not allow it.", False),
        (1, DENIED.format(code="Throttling", call="AssumeRole"),
         "AssumeRole failed with Throttling.", True),
        (1, DENIED.format(code="InvalidClientTokenId", call="GetCallerIdentity"),
         "GetCallerIdentity failed with InvalidClientTokenId.", False),
        (1, "CRITICAL: Could not connect to the endpoint URL",
         "Prowler ended with exit code 1: Could not connect to the endpoint URL", True),
        (1, "text\nKeyError: 'x'\n", "Prowler ended with exit code 1: KeyError: 'x'", False),
        (1, "\x1b[31mred\x1b[0m", "Prowler ended with exit code 1: red", False),
        (1, LOGS_ONLY, "Prowler ended with exit code 1: Stop", False),
        (2, "", "Prowler ended with exit code 2: it said nothing", False),
    ],
)  # fmt: skip
def test_any_other_end_has_a_reason(
    exit_code: int | None, log: str, reason: str, transient: bool
) -> None:
    end = judge(exit_code, log, TASK)
    assert (end.reason, end.transient) == (reason, transient)


def test_a_reason_is_no_longer_than_a_person_reads() -> None:
    assert len(judge(1, "x" * 5000, TASK).reason) < LONGEST_REASON + 50


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prowler-output-1.csv", b"STATUS\r\nFAI"),
        ("prowler-output-1.csv", b""),
        ("prowler-output-1.ocsf.json", b'[{"a": 1}'),
        ("prowler-output-1.html", b"<html><body>"),
    ],
)
def test_an_unfinished_report_means_that_the_account_was_not_scanned(
    tmp_path: Path, name: str, content: bytes
) -> None:
    report = tmp_path / name
    report.write_bytes(content)
    assert judge(0, NONE, TASK, (report,)).reason.startswith(f"Prowler did not complete {name}")


@pytest.mark.parametrize("exit_code", [0, 3])
def test_no_report_means_that_the_account_was_not_scanned_unless_prowler_says_so(
    exit_code: int,
) -> None:
    reason = "Prowler wrote no report. Is the disk full?"
    assert judge(exit_code, "Overview Results", TASK).reason == reason
    assert judge(0, NONE, TASK).reason == ""


def test_without_findings_an_account_where_there_is_always_one_was_not_scanned() -> None:
    task = replace(TASK, always_finds=True)
    assert judge(0, NONE, task).reason == (
        "Prowler found nothing, not even about the root user. See prowler.log."
    )


class NoForkServer:
    """Stands for a Launcher whose fork server is gone, so that nothing makes a log."""

    stopped = threading.Event()

    def run(self, *_: object) -> int:
        return LOST


def test_a_scan_that_was_lost_before_it_had_a_log_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prowler_org.scan.FIRST_PAUSE", 0.0)
    outcome = scan(TASK, tmp_path / "scan", cast(Launcher, NoForkServer()))
    assert (outcome.reason, outcome.attempts) == (
        "The process that scans are forked from ended.",
        ATTEMPTS,
    )


def test_without_findings_there_is_no_report_but_one_about_compliance(tmp_path: Path) -> None:
    about_compliance = tmp_path / "compliance" / "prowler-output-1_cis.csv"
    about_compliance.parent.mkdir()
    about_compliance.write_bytes(b"REQUIREMENT\r\n1.5\r\n")
    task = ScanTask(TASK.account, (), 60, ("csv", "html"))
    assert judge(0, NONE, task, (about_compliance,)).reason == ""


@pytest.mark.parametrize(
    "line",
    [
        "Something went wrong in iam_x, please use --log-level ERROR",
        f"{LOGGED.format(module='check')}Check 'iam_x' was not found for the AWS provider",
        f"{LOGGED.format(module='check')}iam_x - TypeError[656]: Because",
        f"{LOGGED.format(module='check')}iam_x -- TypeError[12]: Because",
    ],
)
def test_a_check_that_crashed_is_found_in_what_prowler_printed(tmp_path: Path, line: str) -> None:
    assert crashed_in(line, tmp_path) == ("iam_x",)


@pytest.mark.parametrize(
    "line",
    [
        f"{LOGGED.format(module='iam_service')}iam_x - ClientError[12]: Because",
        f"{LOGGED.format(module='check')}Service 'iam' was not found for the AWS provider",
        f"{LOGGED.format(module='check')}ClientError[12]: iam_x - TypeError[12]: Because",
    ],
)
def test_nothing_else_that_is_logged_is_taken_for_a_crash(tmp_path: Path, line: str) -> None:
    assert crashed_in(line, tmp_path) == ()


def crashed_in(line: str, folder: Path) -> tuple[str, ...]:
    log = folder / "prowler.log"
    log.write_text(f"-> Scanning\n{line}\n")
    return crashed_checks(log)


def test_a_check_that_crashed_and_no_report_mean_that_the_account_was_not_scanned() -> None:
    end = judge(0, "", TASK, (), ("iam_x",))
    assert end.reason == "Nothing was found out: iam_x did not complete. See prowler.log."
    many = judge(0, "", TASK, (), tuple(f"iam_{number}" for number in range(200)))
    assert len(many.reason) < LONGEST_REASON + 60


def test_a_format_that_is_missing_means_that_the_account_was_not_scanned(tmp_path: Path) -> None:
    report = tmp_path / "prowler-output-1.csv"
    report.write_bytes(b"STATUS\r\nFAIL\r\n")
    task = ScanTask(TASK.account, (), 60, ("csv", "json-ocsf"))
    assert judge(3, "", task, (report,)).reason.startswith("Prowler wrote no json-ocsf report")


def test_findings_are_counted_by_status_and_muted_ones_apart(tmp_path: Path) -> None:
    report = tmp_path / "prowler-output-1.csv"
    rows = ["FAIL;False", "FAIL;True", "PASS;False", "MANUAL;False", '"PASS";True', "PASS;False"]
    report.write_text("STATUS;MUTED\r\n" + "".join(f"{row}\r\n" for row in rows), newline="")
    other = tmp_path / "compliance" / "prowler-output-1_cis.csv"
    other.parent.mkdir()
    other.write_text("STATUS;MUTED\r\nFAIL;False\r\n", newline="")
    assert count_findings((report, other)) == Counts(failed=1, passed=2, manual=1, muted=2)
