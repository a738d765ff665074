"""The scan of one account: run Prowler, find out how that ended, and try again if it may help."""

from __future__ import annotations

import csv
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
    NO_FINDINGS,
    crashed_checks,
    end_of,
    failed_call,
    is_transient,
    last_message,
)
from .prowler_processes import LOST, ProwlerLauncher
from .report_files import count_findings, findings_csv, incomplete_report, missing_format

ATTEMPTS = 4
"""How often to try an account."""
FIRST_PAUSE = 1.0
"""Longest pause before the second attempt, in seconds. It doubles for each further attempt."""
LONGEST_REASON = 300
INTERRUPTED = "The run was interrupted."


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
    transient: bool = False
    """Whether another attempt may help."""


def scan_account(task: ScanTask, folder: Path, launcher: ProwlerLauncher) -> AccountResult:
    """Scan an account. Its reports and ``prowler.log`` are then in ``folder``.

    Empties ``folder`` first. The paths in the result are relative to it. A scan that fails and a
    full disk do not raise: the result says so.
    """
    began = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        result, transient = _attempt(task, folder, launcher)
        if launcher.stopped.is_set():
            result, transient = not_scanned(task.account, INTERRUPTED), False
        if not transient or attempt == ATTEMPTS:
            break
        launcher.stopped.wait(random.uniform(0.5, 1) * FIRST_PAUSE * 2 ** (attempt - 1))  # noqa: S311
    return replace(result, attempts=attempt, seconds=round(time.monotonic() - began, 1))


def _attempt(task: ScanTask, folder: Path, launcher: ProwlerLauncher) -> tuple[AccountResult, bool]:
    """Scan an account once. Returns the result, and whether another attempt may help."""
    try:
        exit_code, reports = _run_prowler(task, folder, launcher)
        crashed = crashed_checks(folder / LOG_FILE)
        end = explain_end(exit_code, end_of(folder / LOG_FILE), task, reports, crashed)
        counts = FindingCounts() if end.reason else count_findings(reports)
    except OSError as error:
        end = ScanEnd(f"prowler-org could not write the reports: {error.strerror or error}.")
    except (ValueError, KeyError, csv.Error) as error:
        end = ScanEnd(f"prowler-org cannot read Prowler's CSV report: {type(error).__name__}.")
    if end.reason:
        return not_scanned(task.account, end.reason), end.transient
    account = task.account
    paths = tuple(sorted(path.relative_to(folder).as_posix() for path in reports))
    result = AccountResult(
        account.id, account.name, "scanned", "", exit_code, counts, paths, crashed=crashed
    )
    return result, False


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
    crashed: tuple[str, ...] = (),
) -> ScanEnd:
    """Why an account was not scanned, if it was not.

    ``exit_code`` is from ``ProwlerLauncher.run``, ``log`` the end of what Prowler printed.
    """
    if exit_code is None:
        return ScanEnd(f"The scan did not end within {task.timeout:g} seconds and was stopped.")
    if exit_code in (0, 3):
        return ScanEnd(_fault_of(reports, NO_FINDINGS in log, task, crashed))
    if exit_code < 0:
        return ScanEnd(f"{_signal_name(-exit_code)} killed the scan.", transient=True)
    if exit_code == LOST:
        return ScanEnd("The process that scans are forked from ended.", transient=True)
    said = _shortened(last_message(log))
    call, transient = failed_call(said), is_transient(said)
    if call and call.operation == "AssumeRole" and call.code.startswith("AccessDenied"):
        return ScanEnd(
            "prowler-org could not assume the role: it is missing, or its policy does not allow it."
        )
    if call:
        return ScanEnd(f"{call.operation} failed with {call.code}.", transient)
    return ScanEnd(
        f"Prowler ended with exit code {exit_code}: {said or 'it printed nothing'}", transient
    )


def _fault_of(
    reports: tuple[Path, ...], says_none: bool, task: ScanTask, crashed: tuple[str, ...]
) -> str:
    """What is wrong with the reports. Prowler ignores a crash, and a report that it cannot write.

    ``says_none`` is whether Prowler says that there are no findings.
    """
    has_findings = bool(findings_csv(reports))
    if not has_findings and crashed:
        return f"No results: {_shortened(', '.join(crashed))} crashed. See {LOG_FILE}."
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
