"""What the end of Prowler says about the account that it scanned."""

from __future__ import annotations

import sys
import tempfile
import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prowler_org.running_prowler.expected_reports import ANY_REPORTS, ExpectedReports
from prowler_org.running_prowler.log import (
    LONGEST_LINE,
    LONGEST_REASON,
    Logged,
    end_of,
    read_log,
    says_that_there_are_none,
)
from prowler_org.running_prowler.processes import LOST, ProwlerLauncher
from prowler_org.scanning import account_scan
from prowler_org.scanning.account_scan import (
    ATTEMPTS,
    ATTEMPTS_IF_THROTTLED,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    explain_end,
    scan_account,
)

from .examples import DEFAULT, TASK, reports_of

DENIED = (
    "\n2026-11-24 07:15:34,916 [File: aws_provider.py:1290] \t[Module: aws_provider]\t CRITICAL: "
    "ClientError[1267] -- An error occurred ({code}) when calling the {call} operation: Because"
)
NONE = "\n \x1b[1mThere are no findings in Account \x1b[33m111111111111\x1b[0m\n\n"
LOGGED = "2026-11-24 07:15:34,916 [File: x.py:7] \t[Module: {module}]\t ERROR: "
OF_PROVIDER = LOGGED.format(module="provider").replace("ERROR", "CRITICAL")
WRAPPED = (
    f"{OF_PROVIDER}AWSAssumeRoleError[331]: AWSAssumeRoleError[1012]: AWS assume role error - "
)


@pytest.mark.parametrize(
    ("exit_code", "log", "reason", "attempts", "of_machine"),
    [
        (None, "", "The scan did not end within 60 seconds and was stopped.", 1, False),
        (-9, "", "SIGKILL killed the scan.", ATTEMPTS, False),
        (-11, "", "SIGSEGV killed the scan.", ATTEMPTS, False),
        (255, "half a log", "The process that scans are forked from ended.", ATTEMPTS, True),
        (1, DENIED.format(code="AccessDenied", call="AssumeRole"),
         "prowler-org could not assume the role: it is missing, or its policy does not allow it. "
         "AWS says: Because", 1, False),
        (1, DENIED.format(code="ValidationError", call="AssumeRole"),
         "AssumeRole failed with ValidationError: Because", 1, False),
        (1, DENIED.format(code="Throttling", call="AssumeRole"),
         "AssumeRole failed with Throttling: Because", ATTEMPTS_IF_THROTTLED, False),
        (1, f"{WRAPPED}An error occurred (ServiceUnavailable) when calling the AssumeRole "
            "operation (reached max retries: 4): Because",
         "AssumeRole failed with ServiceUnavailable: Because", ATTEMPTS, False),
        (1, DENIED.format(code="InvalidClientTokenId", call="GetCallerIdentity"),
         "GetCallerIdentity failed with InvalidClientTokenId: Because", 1, True),
        (1, DENIED.format(code="ExpiredToken", call="AssumeRole"),
         "AssumeRole failed with ExpiredToken: Because", 1, True),
        (1, f'{WRAPPED}Could not connect to the endpoint URL: "x"',
         "Prowler ended with exit code 1: AWSAssumeRoleError[331]: AWSAssumeRoleError[1012]: AWS "
         'assume role error - Could not connect to the endpoint URL: "x"', ATTEMPTS, True),
        (1, "text\nKeyError: 'x'\n", "Prowler ended with exit code 1: KeyError: 'x'", 1, False),
        (1, "\x1b[31mred\x1b[0m", "Prowler ended with exit code 1: red", 1, False),
        (2, "", "Prowler ended with exit code 2: it printed nothing", 1, False),
        (1, "x " * 5000, f"Prowler ended with exit code 1: {('x ' * LONGEST_REASON)[:300]}…", 1,
         False),
    ],
)  # fmt: skip
def test_a_scan_without_reports_has_a_reason(
    exit_code: int | None, log: str, reason: str, attempts: int, of_machine: bool
) -> None:
    end = explain_end(exit_code, log, TASK)
    of_prowler = exit_code in (1, 2)  # then its log says more
    expected = f"{reason.rstrip('.')}. See prowler.log." if of_prowler else reason
    assert (end.reason, end.attempts, end.fault_of_machine) == (expected, attempts, of_machine)
    assert end.role_denied is ("could not assume the role" in reason)


SECRETS = ("ext-id", "ASIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE", "F" * 40)
ODD = st.text() | st.sampled_from([*SECRETS, "\n", "\x1b[2J", "\u2028"])


@given(st.lists(ODD, max_size=30))
def test_a_reason_is_one_printable_line_without_secrets(words: list[str]) -> None:
    log = DENIED.format(code="ValidationError", call="AssumeRole") + "".join(words)
    reason = explain_end(1, log, replace(TASK, secrets=SECRETS[:1])).reason
    assert reason.isprintable()
    assert len(reason) < LONGEST_REASON + 300
    assert not any(secret in reason for secret in SECRETS)


def test_retries_last_longer_than_a_minute_of_throttling() -> None:
    pauses = [
        min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE) for attempt in range(ATTEMPTS_IF_THROTTLED - 1)
    ]
    assert 0.5 * sum(pauses) > 60  # a pause is between half as long and as long


class FakeProwler:
    """A launcher whose scan leaves these files and this log, and ends with this exit code."""

    def __init__(self, files: dict[str, bytes], log: str, exit_code: int) -> None:
        self.stopped = threading.Event()
        self._files, self._log, self._exit_code = files, log, exit_code

    def run(self, _: object, output: Path, log: Path, *__: object) -> int:
        assert log.stat().st_mode & 0o777 == 0o600
        for name, content in self._files.items():
            (output / name).parent.mkdir(exist_ok=True)
            (output / name).write_bytes(content)
        log.write_text(self._log)
        return self._exit_code


COMPLIANCE = {"compliance/prowler-output-1_cis.csv": b"REQUIREMENT\r\n1.5\r\n"}
COMPLETE = reports_of(("FAIL", "alice"))
CSV = next(name for name in COMPLETE if name.endswith(".csv"))
CSV_ONLY = {CSV: COMPLETE[CSV]}
CRASH = f"{LOGGED.format(module='check')}iam_x - TypeError[656]: Because"


@pytest.mark.parametrize("exit_code", [0, 3])
@pytest.mark.parametrize(
    ("files", "log", "expected", "reason"),
    [
        (COMPLETE, "", DEFAULT, ""),
        (CSV_ONLY, "", ANY_REPORTS, ""),
        (COMPLETE | COMPLIANCE, "", DEFAULT, ""),
        ({}, NONE, ANY_REPORTS, ""),
        (COMPLIANCE, NONE, replace(DEFAULT, always_finds=False), ""),
        ({}, "Overview Results", ANY_REPORTS, "There is no report with findings"),
        ({}, f"x {NONE.strip()}", ANY_REPORTS, "There is no report with findings"),
        ({}, CRASH, ANY_REPORTS, "There is no report with findings. iam_x crashed"),
        (COMPLIANCE, "", ANY_REPORTS, "There is no report with findings"),
        ({}, NONE, DEFAULT, "There is no finding, not even about the root user"),
        (CSV_ONLY, "", DEFAULT, "There is no html report"),
        (CSV_ONLY | {"x.html": b"</html>"}, "", DEFAULT, "There is no json-ocsf report"),
        (COMPLETE | {"x.html": b"<html><body>"}, "", DEFAULT, "x.html is not complete"),
    ],
)  # fmt: skip
def test_an_account_was_scanned_if_its_reports_are_complete(
    tmp_path: Path,
    exit_code: int,
    files: dict[str, bytes],
    log: str,
    expected: ExpectedReports,
    reason: str,
) -> None:
    launcher = cast(ProwlerLauncher, FakeProwler(files, log, exit_code))
    scan = scan_account(replace(TASK, expected=expected), tmp_path / "scan", launcher)
    assert scan.result.reason == (f"{reason}. See prowler.log." if reason else "")
    assert scan.result.was_scanned is not bool(reason)
    assert scan.result.counts.failed == (CSV in files and not reason)


def test_no_secret_stays_in_the_log_or_in_html(tmp_path: Path) -> None:
    page = b"<b>Parameters used:</b> -I ext-id --shodan key\n</li><p>ext-id</p></html>"
    name = next(name for name in COMPLETE if name.endswith(".html"))
    launcher = cast(ProwlerLauncher, FakeProwler(COMPLETE | {name: page}, "ext-id, key", 3))
    scan_account(replace(TASK, secrets=("ext-id", "key")), tmp_path / "scan", launcher)
    assert (tmp_path / "scan" / "prowler.log").read_text() == "REDACTED, REDACTED"
    shown = (tmp_path / "scan" / name).read_text()
    assert shown.startswith("<b>Parameters used:</b> -I REDACTED --shodan REDACTED\n")
    assert shown.endswith("</li><p>ext-id</p></html>")


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


CALL = "ClientError[7]: An error occurred ({}) when calling the {} operation: Because"


@pytest.mark.parametrize(
    ("line", "expired"),
    [
        (LOGGED.format(module="iam_client") + "us-east-1 -- iam:ListUsers failed with ExpiredToken",
         True),
        (LOGGED.format(module="s3") + "my.bucket -- " + CALL.format("ExpiredToken", "X"), True),
        (LOGGED.format(module="x") + "KeyError[7]: 'ExpiredToken'", False),
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
    reason = explain_end(3, "", TASK, logged.expired).reason
    assert reason.startswith("The credentials expired during the scan.") is expired


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (LOGGED.format(module="s3") + "S3UploadFailedError[229] -- Failed to upload /a b/x.csv to "
         "bucket/output/csv/x.csv: " + CALL.format("NoSuchBucket", "PutObject")[16:],
         "Not delivered to S3: PutObject failed with NoSuchBucket."),
        (LOGGED.format(module="security_hub") + "No enabled regions found in Security Hub.",
         "Not delivered to Security Hub: No enabled regions found in Security Hub."),
        (LOGGED.format(module="security_hub").replace("ERROR", "WARNING")
         + "Skipping findings in region eu-west-1 because it is not enabled in Security Hub.",
         "Not delivered to Security Hub: Skipping findings in region eu-west-1 because it is not "
         "enabled in Security Hub."),
    ],
)  # fmt: skip
def test_a_failed_delivery_is_reported_once(tmp_path: Path, line: str, sentence: str) -> None:
    (tmp_path / "prowler.log").write_text(f"{line}\n\n{line}\n")
    assert read_log(tmp_path / "prowler.log").undelivered == (sentence,)


@pytest.mark.parametrize(
    "line",
    [
        LOGGED.format(module="security_hub") + CALL.format("AccessDenied", "DescribeHub"),
        LOGGED.format(module="s3_service") + CALL.format("AccessDenied", "ListBuckets"),
    ],
)
def test_a_region_without_findings_and_an_s3_check_are_not_deliveries(
    tmp_path: Path, line: str
) -> None:
    (tmp_path / "prowler.log").write_text(f"{line}\n")
    assert read_log(tmp_path / "prowler.log").undelivered == ()


WORDS = [
    "ExpiredToken", "Throttling", "EndpointConnectionError[7]: x", "Unable to locate credentials",
    'Could not connect to the endpoint URL: "x"', CALL.format("ExpiredToken", "AssumeRole"),
    "An error occurred (ExpiredToken) when calling the AssumeRole operation: x", OF_PROVIDER,
    "Something went wrong in iam_x, please use --log-level ERROR", NONE.strip(), "\u2028", "\r",
    LOGGED.format(module="check") + "iam_x - TypeError[7]: x", LOGGED.format(module="s3"),
    "iam:ListUsers failed with ExpiredToken", "InvalidClientTokenId", "\x0b", "\x85", "\x1c",
]  # fmt: skip
"""What a name, a tag, or a description in an account may say, and what Python ends lines with."""
AROUND = [
    "Something of {} happened", "KeyError: '{}'", OF_PROVIDER + "KeyError[7]: '{}'",
    LOGGED.format(module="ec2_service") + "us-east-1 -- KeyError[7]: '{}'",
    LOGGED.format(module="x") + CALL.format("NoSuchEntity", "GetUser") + " {}",
    OF_PROVIDER + CALL.format("NoSuchEntity", "GetUser") + " {}",
    LOGGED.format(module="iam_client").replace("ERROR", "CRITICAL")
    + CALL.format("Throttling", "GetUser") + " {}",
]  # fmt: skip


@example(["\ud800"], AROUND[0])
@example(["\r", LOGGED.format(module="check") + "iam_x - TypeError[7]: x"], AROUND[0])
@example(["\u2028", OF_PROVIDER + CALL.format("ExpiredToken", "AssumeRole")], AROUND[0])
@given(
    st.lists(st.sampled_from(WORDS) | st.text(st.characters(exclude_characters="\n"))),
    st.sampled_from(AROUND),
)
def test_text_chosen_in_an_account_decides_nothing(words: list[str], around: str) -> None:
    line = around.replace("{}", "".join(words))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "prowler.log")
        log.write_text(f"-> Scanning\n{line}\n", "utf-8", "surrogatepass", newline="")
        assert read_log(log) == Logged()
        end = explain_end(1, end_of(log), TASK)
    assert (end.attempts, end.fault_of_machine) == (1, False)
    assert not says_that_there_are_none(line)


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
    monkeypatch.setattr("prowler_org.scanning.account_scan.FIRST_PAUSE", 0.0)
    scan = scan_account(TASK, tmp_path / "scan", cast(ProwlerLauncher, NoForkServer()))
    assert scan.result.reason == "The process that scans are forked from ended."
    assert (scan.result.attempts, scan.end.fault_of_machine) == (ATTEMPTS, True)


def test_a_full_disk_is_named_as_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_scan, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(account_scan, "NO_SPACE", sys.maxsize)
    scan = scan_account(TASK, tmp_path / "scan", cast(ProwlerLauncher, NoForkServer()))
    assert (scan.result.reason, scan.end.fault_of_machine) == ("The disk is full.", True)
