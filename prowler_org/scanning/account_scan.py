"""The scan of one account: run Prowler, find out how that ended, and try again if it may help."""

from __future__ import annotations

import errno
import random
import shutil
import signal
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from prowler_access_keys.services.iam.iam_access_keys.facts import RootAudit

from ..accounts.account_list import Account
from ..accounts.sign_in import SignInError
from ..results.account_result import AccountResult, not_scanned
from ..results.report_check import UntrustworthyReportsError, verify_reports
from ..results.report_files import make_log
from ..running_prowler.expected_reports import ANY_REPORTS, ExpectedReports
from ..running_prowler.log import (
    LOG_FILE,
    OF_MACHINE,
    REDACTED,
    THROTTLED,
    TRANSIENT,
    Entry,
    critical_entries,
    end_of,
    last_line,
    quote,
    read_log,
)
from ..running_prowler.processes import LOST, ProwlerLauncher

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
PARAMETERS = b"<b>Parameters used:</b>"
"""What stands before the arguments in Prowler's HTML report."""
SEE_LOG = f"See {LOG_FILE}."


@dataclass(frozen=True)
class ScanTask:
    """One account to scan."""

    account: Account
    arguments: tuple[str, ...] = field(repr=False)
    """The arguments of ``prowler aws``, with ``-R`` and the account's role."""
    timeout: float
    """Seconds for one attempt."""
    expected: ExpectedReports = ANY_REPORTS
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Values among the arguments that no file may show."""
    root: RootAudit | None = None
    """What was read in a session of the account's root user; never its credentials."""


@dataclass(frozen=True)
class ScanEnd:
    """How one attempt ended."""

    reason: str = ""
    """Why the account was not scanned. Empty if it was."""
    attempts: int = 1
    """After how many attempts not to try again."""
    fault_of_machine: bool = False
    """Whether this machine would fail to scan any other account too."""
    role_denied: bool = False
    """Whether this machine may not assume the account's role, or there is none."""


@dataclass(frozen=True)
class Scan:
    """A scan that has ended."""

    result: AccountResult
    end: ScanEnd
    """How its last attempt ended."""


def scan_account(task: ScanTask, folder: Path, launcher: ProwlerLauncher) -> Scan:
    """Scan an account. Its reports and ``prowler.log`` are then in ``folder``.

    Empties ``folder`` first. The paths in the result are relative to it. A scan that fails and a
    full disk do not raise: the result says so.
    """
    began, attempt = time.monotonic(), 1
    while True:
        scan = _attempt(task, folder, launcher)
        if launcher.stopped.is_set():
            scan = failed_scan(task, ScanEnd(INTERRUPTED))
        if scan.result.was_scanned or attempt >= scan.end.attempts:
            break
        pause = min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE)
        launcher.stopped.wait(random.uniform(0.5, 1) * pause)  # noqa: S311
        attempt += 1
    seconds = round(time.monotonic() - began, 1)
    return Scan(replace(scan.result, attempts=attempt, seconds=seconds), scan.end)


def failed_scan(task: ScanTask, end: ScanEnd) -> Scan:
    """The scan of an account that ended in this way, without a result of Prowler's."""
    return Scan(not_scanned(task.account, end.reason), end)


def _attempt(task: ScanTask, folder: Path, launcher: ProwlerLauncher) -> Scan:
    """Scan an account once. Whatever goes wrong becomes the reason."""
    account = task.account
    try:
        exit_code, paths = _run_prowler(task, folder, launcher)
        redact(folder, task.secrets)
        logged = read_log(folder / LOG_FILE)
        end = explain_end(exit_code, end_of(folder / LOG_FILE), task, logged.expired)
        if not end.reason:
            result = AccountResult(
                account.id, account.name, "scanned", reports=paths,
                crashed=logged.crashed, undelivered=logged.undelivered,
            )  # fmt: skip
            return Scan(verify_reports(result, folder, task.expected), end)
    except SignInError as error:
        end = ScanEnd(str(error), fault_of_machine=True)
    except UntrustworthyReportsError as error:
        crashed = f" {quote(', '.join(logged.crashed))} crashed." if logged.crashed else ""
        end = ScanEnd(f"{error}.{crashed} {SEE_LOG}")
    except Exception as error:
        why = describe_error(error)
        end = ScanEnd(f"prowler-org could not write the reports: {why}.")
        if is_full_disk(error):
            end = ScanEnd(DISK_IS_FULL, fault_of_machine=True)
    if _is_full(folder):
        end = ScanEnd(DISK_IS_FULL, fault_of_machine=True)
    return failed_scan(task, end)


def redact(folder: Path, secrets: tuple[str, ...]) -> None:
    """Remove secret values from Prowler's log and from the arguments that HTML reports show."""
    hidden = REDACTED.encode()
    for secret in (secret.encode() for secret in secrets):
        log = folder / LOG_FILE
        log.write_bytes(log.read_bytes().replace(secret, hidden))
        for path in folder.glob("*.html"):
            before, parameters, rest = path.read_bytes().partition(PARAMETERS)
            shown, end, after = rest.partition(b"</li>")
            shown = shown.replace(secret, hidden)
            path.write_bytes(b"".join((before, parameters, shown, end, after)))


def is_full_disk(error: BaseException) -> bool:
    """Whether an error says that a disk or a user's share of it is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def describe_error(error: Exception) -> str:
    """What went wrong with files: the words of the system, or else the kind of the error."""
    return getattr(error, "strerror", None) or quote(f"{type(error).__name__} {error}").strip()


def _is_full(folder: Path) -> bool:
    """Whether the disk is full that has this folder, which may be gone."""
    try:
        return shutil.disk_usage(folder if folder.exists() else folder.parent).free < NO_SPACE
    except OSError:
        return False


def _run_prowler(
    task: ScanTask, folder: Path, launcher: ProwlerLauncher
) -> tuple[int | None, tuple[str, ...]]:
    """Run Prowler once. Returns its exit code, see ``ProwlerLauncher.run``, and the reports."""
    shutil.rmtree(folder, ignore_errors=True)
    # With --output-bucket, Prowler names objects by what follows "prowler/" in this path.
    output = folder / "prowler" / "output"
    output.mkdir(parents=True)
    make_log(folder)  # before anything is written, and for a process that is lost
    exit_code = launcher.run(task.arguments, output, folder / LOG_FILE, task.timeout, task.root)
    for path in output.iterdir():
        path.replace(folder / path.name)
    shutil.rmtree(folder / "prowler")
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != LOG_FILE)
    return exit_code, tuple(sorted(path.relative_to(folder).as_posix() for path in paths))


def explain_end(exit_code: int | None, log: str, task: ScanTask, expired: bool = False) -> ScanEnd:
    """Why Prowler did not come to its end in an account, if it did not.

    ``exit_code`` is from ``ProwlerLauncher.run``, ``log`` the end of what Prowler printed, and
    ``expired`` whether its credentials expired.
    """
    if exit_code is None:
        return ScanEnd(f"The scan did not end within {task.timeout:g} seconds and was stopped.")
    if exit_code in (0, 3):  # Prowler ignores a crash, and credentials that expire
        return ScanEnd(f"The credentials expired during the scan. {SEE_LOG}" if expired else "")
    if exit_code < 0:
        return ScanEnd(f"{_signal_name(-exit_code)} killed the scan.", ATTEMPTS)
    if exit_code == LOST:
        return ScanEnd(
            "The process that scans are forked from ended.", ATTEMPTS, fault_of_machine=True
        )
    entries = critical_entries(log)
    if entries:
        return _explain_entry(entries[-1], exit_code, task.secrets)
    reason = quote(last_line(log), task.secrets) or "it printed nothing"
    return ScanEnd(_with_log(f"Prowler ended with exit code {exit_code}: {reason}"))


def _explain_entry(entry: Entry, exit_code: int, secrets: tuple[str, ...]) -> ScanEnd:
    """The end of a scan whose log ends with this critical entry."""
    attempts = ATTEMPTS if entry.fails_to_sign_in_with(TRANSIENT) else 1
    if entry.fails_to_sign_in_with(THROTTLED):
        attempts = ATTEMPTS_IF_THROTTLED
    call, role_denied = entry.call, False
    if call is None:
        reason = f"Prowler ended with exit code {exit_code}: {quote(entry.message, secrets)}"
    elif call.operation == "AssumeRole" and call.code.startswith("AccessDenied"):
        role_denied = True
        reason = (
            "prowler-org could not assume the role: it is missing, or its policy does not "
            f"allow it. AWS says: {quote(call.sentence, secrets)}"
        )
    else:
        reason = f"{call.operation} failed with {call.code}: {quote(call.sentence, secrets)}"
    of_machine = entry.fails_to_sign_in_with(OF_MACHINE)
    return ScanEnd(_with_log(reason), attempts, of_machine, role_denied)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _with_log(reason: str) -> str:
    """A reason of Prowler's, which may end in any way, and where there is more."""
    return f"{reason.rstrip(' :.')}. {SEE_LOG}"
