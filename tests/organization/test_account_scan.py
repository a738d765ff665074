"""What the end of Prowler says about the account that it scanned."""

from __future__ import annotations

import sys
import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from prowler_org import account_scan
from prowler_org.account_scan import (
    ATTEMPTS,
    ATTEMPTS_IF_THROTTLED,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    ScanTask,
    explain_end,
    scan_account,
)
from prowler_org.prowler_log import LONGEST_LINE, LONGEST_REASON, Logged, read_log
from prowler_org.prowler_processes import LOST, ProwlerLauncher

from .examples import REPORT, TASK

DENIED = (
    "\n2026-11-24 07:15:34,916 [File: aws_provider.py:1290] \t[Module: aws_provider]\t CRITICAL: "
    "ClientError[1267] -- An error occurred ({code}) when calling the {call} operation: Because"
)
NONE = "\n \x1b[1mThere are no findings in Account \x1b[33m111111111111\x1b[0m\n\n"
LOGS_ONLY = (
    '{"timestamp": "x", "filename": "y:1", "level": "CRITICAL", "module": "m", "message": "Stop"}'
)
DISK = "Is the disk full?"


@pytest.mark.parametrize(
    ("exit_code", "log", "reason", "attempts", "of_machine"),
    [
        (None, "", "The scan did not end within 60 seconds and was stopped.", 1, False),
        (-9, "", "SIGKILL killed the scan.", ATTEMPTS, False),
        (-11, "", "SIGSEGV killed the scan.", ATTEMPTS, False),
        (255, "half a log", "The process that scans are forked from ended.", ATTEMPTS, True),
        (1, DENIED.format(code="AccessDenied", call="AssumeRole"),
         "prowler-org could not assume the role: it is missing, or its policy does not allow it.",
         1, False),
        (1, DENIED.format(code="Throttling", call="AssumeRole"),
         "AssumeRole failed with Throttling.", ATTEMPTS_IF_THROTTLED, False),
        (1, DENIED.format(code="InvalidClientTokenId", call="GetCallerIdentity"),
         "GetCallerIdentity failed with InvalidClientTokenId.", 1, True),
        (1, DENIED.format(code="ExpiredToken", call="AssumeRole"),
         "AssumeRole failed with ExpiredToken.", 1, True),
        (1, "CRITICAL: Could not connect to the endpoint URL",
         "Prowler ended with exit code 1: Could not connect to the endpoint URL", ATTEMPTS, True),
        (1, "text\nKeyError: 'x'\n", "Prowler ended with exit code 1: KeyError: 'x'", 1, False),
        (1, "\x1b[31mred\x1b[0m", "Prowler ended with exit code 1: red", 1, False),
        (1, LOGS_ONLY, "Prowler ended with exit code 1: Stop", 1, False),
        (2, "", "Prowler ended with exit code 2: it printed nothing", 1, False),
        (1, "x" * 5000, f"Prowler ended with exit code 1: {'x' * LONGEST_REASON}…", 1, False),
    ],
)  # fmt: skip
def test_an_end_without_reports_has_a_reason(
    exit_code: int | None, log: str, reason: str, attempts: int, of_machine: bool
) -> None:
    end = explain_end(exit_code, log, TASK)
    assert (end.reason, end.attempts, end.fault_of_machine) == (reason, attempts, of_machine)


def test_throttling_is_waited_for_for_more_than_a_minute() -> None:
    pauses = [min(FIRST_PAUSE * 2**one, LONGEST_PAUSE) for one in range(ATTEMPTS_IF_THROTTLED - 1)]
    assert 0.5 * sum(pauses) > 60  # a pause is between half as long and as long


COMPLIANCE = {"compliance/prowler-output-1_cis.csv": "REQUIREMENT\r\n1.5\r\n"}
COMPLETE = {REPORT: "STATUS\r\nFAIL\r\n"}
WITH_HTML = replace(TASK, formats=("csv", "html"))
WITH_OCSF = replace(TASK, formats=("csv", "json-ocsf"))
ALWAYS_FINDS = replace(TASK, always_finds=True)


@pytest.mark.parametrize("exit_code", [0, 3])
@pytest.mark.parametrize(
    ("files", "log", "task", "reason"),
    [
        (COMPLETE, "", TASK, ""),
        ({}, NONE, TASK, ""),
        (COMPLIANCE, NONE, WITH_HTML, ""),
        ({}, "Overview Results", TASK, f"Prowler wrote no report. {DISK}"),
        (COMPLIANCE, "", TASK, f"Prowler wrote no report. {DISK}"),
        ({}, NONE, ALWAYS_FINDS,
         "Prowler found nothing, not even about the root user. See prowler.log."),
        (COMPLETE, "", WITH_HTML, f"Prowler wrote no html report. {DISK}"),
        (COMPLETE, "", WITH_OCSF, f"Prowler wrote no json-ocsf report. {DISK}"),
        ({REPORT: "STATUS\r\nFAI"}, "", TASK, f"Prowler did not complete {REPORT}. {DISK}"),
        ({REPORT: ""}, "", TASK, f"Prowler did not complete {REPORT}. {DISK}"),
        ({**COMPLETE, "x.ocsf.json": '[{"a": 1}'}, "", TASK,
         f"Prowler did not complete x.ocsf.json. {DISK}"),
        ({**COMPLETE, "x.html": "<html><body>"}, "", TASK,
         f"Prowler did not complete x.html. {DISK}"),
    ],
)  # fmt: skip
def test_an_account_was_scanned_if_its_reports_are_complete(
    tmp_path: Path, exit_code: int, files: dict[str, str], log: str, task: ScanTask, reason: str
) -> None:
    (tmp_path / "compliance").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, newline="")
    reports = tuple(tmp_path / name for name in files)
    assert explain_end(exit_code, log, task, reports).reason == reason


def test_without_findings_a_crashed_check_is_the_reason() -> None:
    end = explain_end(0, "", TASK, (), Logged(("iam_x",)))
    assert end.reason == "No results: iam_x crashed. See prowler.log."
    names = tuple(f"iam_{number}" for number in range(200))
    many = explain_end(0, "", TASK, (), Logged(names))
    assert len(many.reason) < LONGEST_REASON + 60


LOGGED = "2026-11-24 07:15:34,916 [File: x.py:7] \t[Module: {module}]\t ERROR: "


@pytest.mark.parametrize(
    ("line", "crashed"),
    [
        ("Something went wrong in iam_x, please use --log-level ERROR", ("iam_x",)),
        (f"{LOGGED.format(module='check')}Check 'iam_x' was not found for the AWS", ("iam_x",)),
        (f"{LOGGED.format(module='check')}iam_x - TypeError[656]: Because", ("iam_x",)),
        (f"{LOGGED.format(module='check')}iam_x -- TypeError[12]: Because", ("iam_x",)),
        (f"{LOGGED.format(module='iam_service')}iam_x - ClientError[12]: Because", ()),
        (f"{LOGGED.format(module='check')}Service 'iam' was not found for the AWS", ()),
        (f"{LOGGED.format(module='check')}ClientError[12]: iam_x - TypeError[12]: Because", ()),
    ],
)
def test_prowlers_log_names_the_checks_that_crashed(
    tmp_path: Path, line: str, crashed: tuple[str, ...]
) -> None:
    (tmp_path / "prowler.log").write_text(f"-> Scanning\n{line}\n")
    assert read_log(tmp_path / "prowler.log").crashed == crashed


CALL = "An error occurred ({}) when calling the {} operation: Because"


@pytest.mark.parametrize(
    ("line", "expired"),
    [
        (LOGGED.format(module="iam_client") + "us-east-1 -- iam:ListUsers failed with ExpiredToken",
         True),
        (LOGGED.format(module="ec2_service") + CALL.format("RequestExpired", "DescribeX"), True),
        (LOGGED.format(module="x").replace("ERROR", "WARNING") + "ExpiredToken", False),
        ("A policy of the user ExpiredToken", False),
        (LOGGED.format(module="x") + CALL.format("InvalidClientTokenId", "DescribeX"), False),
    ],
)  # fmt: skip
def test_credentials_that_expire_in_a_scan_are_noticed(
    tmp_path: Path, line: str, expired: bool
) -> None:
    (tmp_path / "prowler.log").write_text(f"-> Scanning\n{line}\n")
    logged = read_log(tmp_path / "prowler.log")
    assert logged.expired is expired
    reason = explain_end(3, "", TASK, (), logged).reason
    assert reason.startswith("The credentials expired during the scan.") is expired


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (LOGGED.format(module="s3") + CALL.format("NoSuchBucket", "PutObject"),
         "Not delivered to S3: PutObject failed with NoSuchBucket."),
        (LOGGED.format(module="security_hub") + "No enabled regions found in Security Hub.",
         "Not delivered to Security Hub: No enabled regions found in Security Hub."),
        (LOGGED.format(module="security_hub").replace("ERROR", "WARNING")
         + "Skipping findings in region eu-west-1 because it is not enabled in Security Hub.",
         "Not delivered to Security Hub: Skipping findings in region eu-west-1 because it is not "
         "enabled in Security Hub."),
    ],
)  # fmt: skip
def test_what_could_not_be_delivered_is_told_once(tmp_path: Path, line: str, sentence: str) -> None:
    (tmp_path / "prowler.log").write_text(f"{line}\n\n{line}\n")
    assert read_log(tmp_path / "prowler.log").undelivered == (sentence,)


@pytest.mark.parametrize(
    "line",
    [
        LOGGED.format(module="security_hub") + CALL.format("AccessDenied", "DescribeHub"),
        LOGGED.format(module="s3_service") + CALL.format("AccessDenied", "ListBuckets"),
    ],
)
def test_a_region_without_findings_and_a_check_of_s3_are_no_delivery(
    tmp_path: Path, line: str
) -> None:
    (tmp_path / "prowler.log").write_text(f"{line}\n")
    assert read_log(tmp_path / "prowler.log").undelivered == ()


def test_a_log_line_may_have_any_length(tmp_path: Path) -> None:
    log = tmp_path / "prowler.log"
    log.write_text("x" * 10 * LONGEST_LINE + f"\n{LOGGED.format(module='check')}iam_x - E[1]: y\n")
    tracemalloc.start()
    assert read_log(log).crashed == ("iam_x",)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 6 * LONGEST_LINE


class NoForkServer:
    """A launcher whose fork server is gone, so that nothing makes a log."""

    stopped = threading.Event()

    def run(self, *_: object) -> int:
        return LOST


def test_a_scan_that_is_lost_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prowler_org.account_scan.FIRST_PAUSE", 0.0)
    scan = scan_account(TASK, tmp_path / "scan", cast(ProwlerLauncher, NoForkServer()))
    assert scan.result.reason == "The process that scans are forked from ended."
    assert (scan.result.attempts, scan.fault_of_machine) == (ATTEMPTS, True)


def test_a_full_disk_is_called_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_scan, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(account_scan, "NO_SPACE", sys.maxsize)
    scan = scan_account(TASK, tmp_path / "scan", cast(ProwlerLauncher, NoForkServer()))
    assert (scan.result.reason, scan.fault_of_machine) == ("The disk is full.", True)
