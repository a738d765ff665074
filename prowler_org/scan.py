"""The scan of one account: run Prowler, judge how that ended, try again where it may help."""

from __future__ import annotations

import csv
import random
import re
import shutil
import signal
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from .organization import Account
from .outcome import Counts, Outcome
from .processes import LOST, Launcher
from .prowler_log import last_words

ATTEMPTS = 4
"""How often an account is tried, where trying again may help."""
FIRST_PAUSE = 1.0
"""Longest pause before the second attempt, in seconds; it doubles for each further one."""
LOG = "prowler.log"
LONGEST_REASON = 300
NO_FINDINGS = "There are no findings in "
"""What Prowler prints of an account without findings, for which it writes no CSV."""

_FAILED_CALL = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation")
_TRANSIENT = re.compile(
    r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable|ServiceFailure"
    r"|InternalFailure|InternalError|RequestTimeout|Could not connect|[Tt]imeout on endpoint"
    r"|Connection was closed|Read timed out|SSLError|EOF occurred"
    r"|CredentialRetrievalError|MetadataRetrievalError"
)
_CRASHED = re.compile(
    r"(?:Something went wrong in |\[Module: check\]\t ERROR: (?:Check ')?)(\w+)"
    r"(?:, please use --log-level ERROR|' was not found for the | --? \w+\[\d+\]: )"
)
"""What Prowler prints of a check that raised, and logs of one that it could not import."""
_SUFFIXES = {"html": ".html", "json-ocsf": ".ocsf.json"}
"""Reports that Prowler writes whenever it writes a CSV, by format."""
_ENDINGS = {".html": b"</html>", ".json": b"]", ".csv": b"\r\n"}
"""What the last bytes of a report that is complete are, by its name's ending."""


@dataclass(frozen=True)
class ScanTask:
    """One account to scan."""

    account: Account
    arguments: tuple[str, ...] = field(repr=False)
    """Those of ``prowler aws``, with ``-R`` and the account's role."""
    timeout: float
    """Seconds for one attempt."""
    formats: tuple[str, ...] = ()
    """The report formats asked for: ``csv``, ``html``, …"""
    always_finds: bool = False
    """Whether there is a finding about the root user in any account."""


@dataclass(frozen=True)
class End:
    """How one attempt ended."""

    reason: str = ""
    """Why the account is not scanned; empty if it is."""
    transient: bool = False
    """Whether trying again may help."""


def scan(task: ScanTask, folder: Path, launcher: Launcher) -> Outcome:
    """Scan an account; its reports and ``prowler.log`` are in ``folder`` then.

    ``folder`` is emptied first. The paths in the outcome are relative to it. Does not raise for
    what goes wrong with the scan or the disk: that is the outcome.
    """
    began = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        outcome, transient = _attempt(task, folder, launcher)
        if launcher.stopped.is_set():
            outcome, transient = _not_scanned(task, "The run was interrupted."), False
        if not transient or attempt == ATTEMPTS:
            break
        launcher.stopped.wait(random.uniform(0.5, 1) * FIRST_PAUSE * 2 ** (attempt - 1))  # noqa: S311
    return replace(outcome, attempts=attempt, seconds=round(time.monotonic() - began, 1))


def _attempt(task: ScanTask, folder: Path, launcher: Launcher) -> tuple[Outcome, bool]:
    """Scan an account once. Returns the outcome, and whether trying again may help."""
    try:
        exit_code, reports = _run(task, folder, launcher)
        crashed = crashed_checks(folder / LOG)
        end = judge(exit_code, _tail(folder / LOG), task, reports, crashed)
        counts = Counts() if end.reason else count_findings(reports)
    except OSError as error:
        end = End(f"The reports could not be written: {error.strerror or error}.")
    except (ValueError, KeyError, csv.Error) as error:
        end = End(f"Prowler's CSV report cannot be read: {type(error).__name__}.")
    if end.reason:
        return _not_scanned(task, end.reason), end.transient
    paths = tuple(sorted(path.relative_to(folder).as_posix() for path in reports))
    outcome = Outcome(
        task.account.id, task.account.name, "scanned", "", exit_code, counts, paths, crashed=crashed
    )
    return outcome, False


def _not_scanned(task: ScanTask, reason: str) -> Outcome:
    return Outcome(task.account.id, task.account.name, "not scanned", reason)


def _run(task: ScanTask, folder: Path, launcher: Launcher) -> tuple[int | None, tuple[Path, ...]]:
    """Run Prowler once. Returns its exit code, see ``Launcher.run``, and the reports."""
    shutil.rmtree(folder, ignore_errors=True)
    # Prowler's --output-bucket puts objects under what follows "prowler/" in this path.
    output = folder / "prowler" / "output"
    output.mkdir(parents=True)
    (folder / LOG).touch()  # a run that is lost may make none
    exit_code = launcher.run(task.arguments, output, folder / LOG, task.timeout)
    for path in output.iterdir():
        path.replace(folder / path.name)
    shutil.rmtree(folder / "prowler")
    reports = [path for path in folder.rglob("*") if path.is_file() and path.name != LOG]
    return exit_code, tuple(reports)


def judge(
    exit_code: int | None,
    log: str,
    task: ScanTask,
    reports: tuple[Path, ...] = (),
    crashed: tuple[str, ...] = (),
) -> End:
    """Whether an account was scanned, from how Prowler ended and the end of what it printed."""
    if exit_code is None:
        return End(f"The scan did not end within {task.timeout:g} seconds and was stopped.")
    if exit_code in (0, 3):
        return _judge_reports(NO_FINDINGS in log, task, reports, crashed)
    if exit_code < 0:
        return End(f"The scan was killed by {_signal_name(-exit_code)}.", transient=True)
    if exit_code == LOST:
        return End("The process that scans are forked from ended.", transient=True)
    said = _shortened(last_words(log))
    call = _FAILED_CALL.search(said)
    transient = bool(_TRANSIENT.search(said))
    if call and call[2] == "AssumeRole" and call[1].startswith("AccessDenied"):
        return End("The role could not be assumed: it is missing, or its policy does not allow it.")
    if call:
        return End(f"{call[2]} failed with {call[1]}.", transient)
    return End(f"Prowler ended with exit code {exit_code}: {said or 'it said nothing'}", transient)


def _judge_reports(
    says_none: bool, task: ScanTask, reports: tuple[Path, ...], crashed: tuple[str, ...]
) -> End:
    """Prowler takes no notice of a check that crashed, nor of a report that it could not write.

    ``says_none`` is whether it says that there are no findings.
    """
    has_findings = any(is_findings(path.as_posix(), ".csv") for path in reports)
    if not has_findings:
        if crashed:
            names = _shortened(", ".join(crashed))
            return End(f"Nothing was found out: {names} did not complete. See {LOG}.")
        if not says_none:
            return End("Prowler wrote no report. Is the disk full?")
        if task.always_finds:
            return End(f"Prowler found nothing, not even about the root user. See {LOG}.")
    for name, suffix in _SUFFIXES.items():
        written = any(path.name.endswith(suffix) for path in reports)
        if has_findings and name in task.formats and not written:
            return End(f"Prowler wrote no {name} report. Is the disk full?")
    for path in reports:
        ending = _ENDINGS.get(path.suffix, b"")
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 200))
            last = file.read()
        if not (last if path.suffix == ".csv" else last.rstrip()).endswith(ending):
            return End(f"Prowler did not complete {path.name}. Is the disk full?")
    return End()


def crashed_checks(log: Path) -> tuple[str, ...]:
    """The checks that Prowler says went wrong: it goes on without their findings."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        found = (_CRASHED.search(line) for line in lines)
        return tuple(sorted({match[1] for match in found if match}))


def count_findings(reports: tuple[Path, ...]) -> Counts:
    """Count by status what Prowler's CSV report says. Holds one finding at a time."""
    csv.field_size_limit(sys.maxsize)
    failed = passed = manual = muted = 0
    for path in reports:
        if not is_findings(path.as_posix(), ".csv"):
            continue
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter=";"):
                is_muted = row.get("MUTED") == "True"
                muted += is_muted
                failed += not is_muted and row["STATUS"] == "FAIL"
                passed += not is_muted and row["STATUS"] == "PASS"
                manual += not is_muted and row["STATUS"] == "MANUAL"
    return Counts(failed, passed, manual, muted)


def is_findings(report: str, suffix: str) -> bool:
    """Whether a report file holds an account's findings, in the format that ``suffix`` names.

    Compliance reports, in a folder of their own, do not; nor does Prowler's quick inventory.
    """
    folder, _, name = report.rpartition("/")
    return (
        name.startswith("prowler-output-")
        and name.endswith(suffix)
        and not folder.endswith("compliance")
    )


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}…"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 20_000))
        return file.read().decode("utf-8", "replace")
