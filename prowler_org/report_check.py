"""Whether an account's reports are what Prowler wrote: whole, its own, and in agreement.

This holds for a scan on this machine, for what a worker of a cluster sends, and for what a run
reads back that it resumes.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from key_ranking.reports import OCSF, UnusableReportError, members
from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks
from prowler_access_keys.services.iam.iam_access_keys.facts import ROOT_USER_NAME

from .account_result import AccountResult, FindingCounts
from .prowler_log import LOG_FILE, end_of, quoted, says_that_there_are_none
from .report_files import findings_csv, holds_findings, incomplete_report, missing_format

STATUSES = ("FAIL", "PASS", "MANUAL")
UNJUDGED = (
    "Not judged: the checks of this plug-in could not read what they need about any user. The "
    "account's findings name the calls that failed."
)


class UntrustworthyReportsError(Exception):
    """Reports that cannot be used; the text says why, and begins a sentence."""


@dataclass(frozen=True)
class ExpectedReports:
    """What Prowler's arguments say about the reports of every account."""

    formats: tuple[str, ...] = ()
    """The report formats: ``csv``, ``html``, …"""
    always_finds: bool = False
    """Whether every account has a finding about its root user."""
    ignores_failures: bool = False
    """Whether Prowler ends with 0 though a finding failed."""


ANY_REPORTS = ExpectedReports()


def verified(
    result: AccountResult, folder: Path, expected: ExpectedReports, prefix: str = ""
) -> AccountResult:
    """The result of a scan, with counts, exit code, and ``unjudged`` taken from its reports.

    The names of the reports in ``folder`` follow ``prefix``. Raises UntrustworthyReportsError,
    whatever is wrong: if a report is missing, is not a plain file in ``folder`` or one folder
    below, is not whole, is about another account, or has other findings than another report.
    """
    try:
        paths = [_own_file(folder, report.removeprefix(prefix)) for report in result.reports]
        return _verified(result, folder, paths, expected)
    except UntrustworthyReportsError:
        raise
    except Exception as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise UntrustworthyReportsError(f"A report cannot be read ({why})") from error


def _own_file(folder: Path, report: str) -> Path:
    parts = report.split("/")
    if len(parts) > 2 or any(part in ("", ".", "..") or "\\" in part for part in parts):
        raise UntrustworthyReportsError("A report is not in the folder of its account")
    path = folder / report
    for place in (path, path.parent, folder, folder.parent):
        if place.is_symlink():
            raise UntrustworthyReportsError(f"{place.name} is a link")
    if not path.is_file():
        raise UntrustworthyReportsError(f"{path.name} is missing")
    return path


def _verified(
    result: AccountResult, folder: Path, paths: Sequence[Path], expected: ExpectedReports
) -> AccountResult:
    if damaged := incomplete_report(paths):
        raise UntrustworthyReportsError(f"{damaged} is not complete")
    seen = _Seen()
    for path in findings_csv(paths):
        for row in _rows(path):
            seen.add(row, path, result.account)
    if not seen.statuses:
        if expected.always_finds:
            raise UntrustworthyReportsError("There is no finding, not even about the root user")
        if not says_that_there_are_none(end_of(folder / LOG_FILE)):
            raise UntrustworthyReportsError("There is no report with findings")
    elif missing := missing_format(paths, expected.formats):
        raise UntrustworthyReportsError(f"There is no {missing} report")
    for path in paths:
        if holds_findings(path.as_posix(), OCSF) and _statuses(path, result) != seen.statuses:
            raise UntrustworthyReportsError(f"{path.name} has other findings than the CSV report")
        if path.parent != folder and path.suffix == ".csv":
            deque(_rows(path), maxlen=0)  # of compliance: only whether it can be read
    failed, passed, manual = (seen.statuses[status, False] for status in STATUSES)
    muted = sum(seen.statuses[status, True] for status in STATUSES)
    counts = FindingCounts(failed, passed, manual, muted)
    return replace(
        result,
        counts=counts,
        exit_code=3 if counts.failed and not expected.ignores_failures else 0,
        unjudged="" if seen.has_judged(expected) else UNJUDGED,
    )


@dataclass
class _Seen:
    """What the rows of a CSV report have said."""

    statuses: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """The number of findings by status, and whether they are muted."""
    ours: int = 0
    judged: int = 0
    """How many findings of the checks of this plug-in are a verdict on anything."""
    judged_users: int = 0
    unread: int = 0
    """How many are MANUAL, and not about the root user."""

    def add(self, row: dict[str, str], path: Path, account: str) -> None:
        status, is_muted = row["STATUS"], row["MUTED"] == "True"
        if status not in STATUSES:
            raise UntrustworthyReportsError(f"{path.name} has the status {quoted(status)}")
        if row["ACCOUNT_UID"].lstrip("'") != account:
            raise UntrustworthyReportsError(f"{path.name} is about another account")
        self.statuses[status, is_muted] += 1
        if row["CHECK_ID"] not in our_checks():
            return
        is_judged = status != "MANUAL" or is_muted
        is_of_root = row["RESOURCE_NAME"] == ROOT_USER_NAME
        self.ours += 1
        self.judged += is_judged
        self.judged_users += is_judged and ":user/" in row["RESOURCE_UID"]
        self.unread += not is_judged and not is_of_root

    def has_judged(self, expected: ExpectedReports) -> bool:
        """Whether an insider could not have gone silent: see ``unjudged`` of AccountResult."""
        if not self.ours:
            return not expected.always_finds
        return self.judged > 0 and (self.judged_users > 0 or not self.unread)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV report of Prowler's. Each must have all columns."""
    csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, delimiter=";", strict=True)
            columns = next(reader)
            for row in reader:
                yield dict(zip(columns, row, strict=True))
    except (StopIteration, ValueError, csv.Error) as error:
        raise UntrustworthyReportsError(f"{path.name} is damaged") from error


def _statuses(path: Path, result: AccountResult) -> Counter[tuple[str, bool]]:
    """The number of findings of an OCSF report by status, and whether they are muted."""
    found: Counter[tuple[str, bool]] = Counter()
    try:
        for member in members(path):
            if member["cloud"]["account"]["uid"] != result.account:
                raise UntrustworthyReportsError(f"{path.name} is about another account")
            found[member["status_code"], member["status"] == "Suppressed"] += 1
    except UnusableReportError as error:
        raise UntrustworthyReportsError(f"{path.name}: {error}") from error
    return found
