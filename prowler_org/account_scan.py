"""The scan of one account: run Prowler, find out how that ended, and try again if it may help."""

from __future__ import annotations

import csv
import errno
import random
import shutil
import signal
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from .account_result import AccountResult, FindingCounts, not_scanned
from .accounts import Account
from .prowler_log import (
    LOG_FILE,
    LONGEST_REASON,
    NO_FINDINGS,
    Logged,
    end_of,
    failed_call,
    is_throttled,
    is_transient,
    lacks_credentials_or_network,
    last_message,
    read_log,
)
from .prowler_processes import LOST, ProwlerLauncher
from .report_files import count_findings, findings_csv, incomplete_report, missing_format
from .sign_in import SignInError

ATTEMPTS = 4
"""How often to try an account."""
ATTEMPTS_IF_THROTTLED = 9
"""The same if AWS asks for fewer calls: the pauses then last for more than a minute."""
FIRST_PAUSE = 1.0
"""Longest pause before the second attempt, in seconds. It doubles for each further attempt."""
LONGEST_PAUSE = 30.0
NO_SPACE = 1_000_000
"""Bytes. A disk with less is full."""
INTERRUPTED = "The run was interrupted."
DISK_IS_FULL = "The disk is full."
NOTHING_LOGGED = Logged()


@dataclass(frozen=True)
class ScanTask:
    """One account to scan."""

    account: Account
    arguments: tuple[str, ...] = field(repr=False)
    """The arguments of ``prowler aws``, with ``-R`` and the account's role."""
    timeout: float
    """Seconds for one attempt."""
    formats: tuple[str, ...] = ()
    """The report formats: ``csv``, ``html``, …"""
    always_finds: bool = False
    """Whether every account has a finding about its root user."""


@dataclass(frozen=True)
class ScanEnd:
    """How one attempt ended."""

    reason: str = ""
    """Why the account was not scanned. Empty if it was."""
    attempts: int = 1
    """After how many attempts not to try again."""
    fault_of_machine: bool = False
    """Whether this machine would fail to scan any other account too."""


@dataclass(frozen=True)
class Scan:
    """A scan that has ended."""

    result: AccountResult
    fault_of_machine: bool = False
    """See ScanEnd."""


def scan_account(task: ScanTask, folder: Path, launcher: ProwlerLauncher) -> Scan:
    """Scan an account. Its reports and ``prowler.log`` are then in ``folder``.

    Empties ``folder`` first. The paths in the result are relative to it. A scan that fails and a
    full disk do not raise: the result says so.
    """
    began, attempt = time.monotonic(), 1
    while True:
        result, end = _attempt(task, folder, launcher)
        if launcher.stopped.is_set():
            result, end = not_scanned(task.account, INTERRUPTED), ScanEnd(INTERRUPTED)
        if result.was_scanned or attempt >= end.attempts:
            break
        pause = min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE)
        launcher.stopped.wait(random.uniform(0.5, 1) * pause)  # noqa: S311
        attempt += 1
    seconds = round(time.monotonic() - began, 1)
    return Scan(replace(result, attempts=attempt, seconds=seconds), end.fault_of_machine)


def _attempt(
    task: ScanTask, folder: Path, launcher: ProwlerLauncher
) -> tuple[AccountResult, ScanEnd]:
    """Scan an account once."""
    logged = NOTHING_LOGGED
    try:
        exit_code, reports = _run_prowler(task, folder, launcher)
        logged = read_log(folder / LOG_FILE)
        end = explain_end(exit_code, end_of(folder / LOG_FILE), task, reports, logged)
        counts = FindingCounts() if end.reason else count_findings(reports)
    except SignInError as error:
        end = ScanEnd(str(error), fault_of_machine=True)
    except OSError as error:
        end = _not_written(error)
    except (ValueError, KeyError, csv.Error) as error:
        end = ScanEnd(f"prowler-org cannot read Prowler's CSV report: {type(error).__name__}.")
    if end.reason and _is_full(folder):
        end = ScanEnd(DISK_IS_FULL, fault_of_machine=True)
    if end.reason:
        return not_scanned(task.account, end.reason), end
    account = task.account
    paths = tuple(sorted(path.relative_to(folder).as_posix() for path in reports))
    result = AccountResult(
        account.id, account.name, "scanned", "", exit_code, counts, paths,
        crashed=logged.crashed, undelivered=logged.undelivered,
    )  # fmt: skip
    return result, end


def is_full_disk(error: BaseException) -> bool:
    """Whether an error says that a disk or a user's share of it is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _not_written(error: OSError) -> ScanEnd:
    if is_full_disk(error):
        return ScanEnd(DISK_IS_FULL, fault_of_machine=True)
    return ScanEnd(f"prowler-org could not write the reports: {error.strerror or error}.")


def _is_full(folder: Path) -> bool:
    """Whether the disk is full that has this folder, which may be gone."""
    try:
        return shutil.disk_usage(folder if folder.exists() else folder.parent).free < NO_SPACE
    except OSError:
        return False


def _run_prowler(
    task: ScanTask, folder: Path, launcher: ProwlerLauncher
) -> tuple[int | None, tuple[Path, ...]]:
    """Run Prowler once. Returns its exit code, see ``ProwlerLauncher.run``, and the reports."""
    shutil.rmtree(folder, ignore_errors=True)
    # With --output-bucket, Prowler names objects by what follows "prowler/" in this path.
    output = folder / "prowler" / "output"
    output.mkdir(parents=True)
    (folder / LOG_FILE).touch()  # a process that is lost may not make one
    exit_code = launcher.run(task.arguments, output, folder / LOG_FILE, task.timeout)
    for path in output.iterdir():
        path.replace(folder / path.name)
    shutil.rmtree(folder / "prowler")
    reports = [path for path in folder.rglob("*") if path.is_file() and path.name != LOG_FILE]
    return exit_code, tuple(reports)


def explain_end(
    exit_code: int | None,
    log: str,
    task: ScanTask,
    reports: tuple[Path, ...] = (),
    logged: Logged = NOTHING_LOGGED,
) -> ScanEnd:
    """Why an account was not scanned, if it was not.

    ``exit_code`` is from ``ProwlerLauncher.run``, ``log`` the end of what Prowler printed, and
    ``logged`` what all of it tells.
    """
    if exit_code is None:
        return ScanEnd(f"The scan did not end within {task.timeout:g} seconds and was stopped.")
    if exit_code in (0, 3):
        return ScanEnd(_fault_of(reports, NO_FINDINGS in log, task, logged))
    if exit_code < 0:
        return ScanEnd(f"{_signal_name(-exit_code)} killed the scan.", ATTEMPTS)
    if exit_code == LOST:
        return ScanEnd(
            "The process that scans are forked from ended.", ATTEMPTS, fault_of_machine=True
        )
    said = _shortened(last_message(log))
    call, of_machine = failed_call(said), lacks_credentials_or_network(said)
    attempts = ATTEMPTS if is_transient(said) else 1
    if is_throttled(said):
        attempts = ATTEMPTS_IF_THROTTLED
    if call and call.operation == "AssumeRole" and call.code.startswith("AccessDenied"):
        return ScanEnd(
            "prowler-org could not assume the role: it is missing, or its policy does not allow it."
        )
    if call:
        return ScanEnd(f"{call.operation} failed with {call.code}.", attempts, of_machine)
    return ScanEnd(
        f"Prowler ended with exit code {exit_code}: {said or 'it printed nothing'}",
        attempts,
        of_machine,
    )


def _fault_of(reports: tuple[Path, ...], says_none: bool, task: ScanTask, logged: Logged) -> str:
    """What is wrong with the reports.

    Prowler ignores a crash, a report that it cannot write, and credentials that expire.
    ``says_none`` is whether Prowler says that there are no findings.
    """
    has_findings = bool(findings_csv(reports))
    if logged.expired:
        return f"The credentials expired during the scan. See {LOG_FILE}."
    if not has_findings and logged.crashed:
        return f"No results: {_shortened(', '.join(logged.crashed))} crashed. See {LOG_FILE}."
    if not has_findings and not says_none:
        return "Prowler wrote no report. Is the disk full?"
    if not has_findings and task.always_finds:
        return f"Prowler found nothing, not even about the root user. See {LOG_FILE}."
    if has_findings and (missing := missing_format(reports, task.formats)):
        return f"Prowler wrote no {missing} report. Is the disk full?"
    if incomplete := incomplete_report(reports):
        return f"Prowler did not complete {incomplete}. Is the disk full?"
    return ""


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
