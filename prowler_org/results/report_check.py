"""Whether an account's reports are what Prowler wrote: whole, its own, and in agreement.

This holds for a scan on this machine, for what a worker of a cluster sends, and for what a run
reads back that it resumes.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from prowler_access_keys.ranking.findings.reports import OCSF, members
from prowler_access_keys.ranking.whole_file import UnusableFileError
from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks
from prowler_access_keys.services.iam.iam_access_keys.facts import ROOT_USER_NAME

from ..running_prowler.expected_reports import ExpectedReports
from ..running_prowler.log import LOG_FILE, end_of, quote, says_that_there_are_none
from .account_result import AccountResult, FindingCounts
from .report_files import (
    csv_rows,
    findings_csv,
    holds_findings,
    incomplete_report,
    missing_format,
)

STATUSES = ("FAIL", "PASS", "MANUAL")
Statuses = Counter[tuple[str, bool]]
"""The number of findings by status, and whether they are muted."""
Verdicts = Counter[tuple[str, bool]]
"""Those of this plug-in's checks, by whom they are about, and whether they judge or are muted."""
Row = TypeVar("Row")
UNJUDGED = (
    "Not judged: no check of this plug-in has a verdict on any of the account's users. Its "
    "findings name the calls that failed."
)


class UntrustworthyReportsError(Exception):
    """Reports that cannot be used; the text says why, and begins a sentence."""


def verify_reports(
    result: AccountResult, folder: Path, expected: ExpectedReports, prefix: str = ""
) -> AccountResult:
    """The result of a scan, with counts, exit code, and ``unjudged`` taken from its reports.

    The names of the reports in ``folder`` follow ``prefix``. Raises UntrustworthyReportsError,
    whatever is wrong: if a report is missing, is not a plain file in ``folder`` or one folder
    below, is not whole, is about another account, or has other findings than another report.
    """
    try:
        paths = [_own_file(folder, report.removeprefix(prefix)) for report in result.reports]
        return _verify(result, folder, paths, expected)
    except UntrustworthyReportsError:
        raise
    except Exception as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise UntrustworthyReportsError(f"A report cannot be read ({why})") from error


def _own_file(folder: Path, report: str) -> Path:
    parts = report.split("/")
    if len(parts) > 2 or any(part in ("", ".", "..") for part in parts):
        raise UntrustworthyReportsError("A report is not in the folder of its account")
    path = folder / report
    for place in (path, path.parent, folder, folder.parent):
        if place.is_symlink():
            raise UntrustworthyReportsError(f"{place.name} is a link")
    if not path.is_file():
        raise UntrustworthyReportsError(f"{path.name} is missing")
    return path


def _verify(
    result: AccountResult, folder: Path, paths: Sequence[Path], expected: ExpectedReports
) -> AccountResult:
    if damaged := incomplete_report(paths):
        raise UntrustworthyReportsError(f"{damaged} is not complete")
    statuses, ours = _count_csv(findings_csv(paths), result.account)
    if not statuses:
        if expected.always_finds:
            raise UntrustworthyReportsError("There is no finding, not even about the root user")
        if not says_that_there_are_none(end_of(folder / LOG_FILE)):
            raise UntrustworthyReportsError("There is no report with findings")
    elif missing := missing_format(paths, expected.formats):
        raise UntrustworthyReportsError(f"There is no {missing} report")
    for path in paths:
        if holds_findings(str(path), OCSF) and _count_ocsf(path, result.account) != statuses:
            raise UntrustworthyReportsError(f"{path.name} has other findings than the CSV report")
        if path.parent != folder and path.suffix == ".csv":
            deque(_read(path, csv_rows), maxlen=0)  # of compliance: only whether it can be read
    failed, passed, manual = (statuses[status, False] for status in STATUSES)
    muted = sum(statuses[status, True] for status in STATUSES)
    return replace(
        result,
        counts=FindingCounts(failed, passed, manual, muted),
        exit_code=3 if failed and not expected.ignores_failures else 0,
        unjudged=UNJUDGED if _is_unjudged(ours, expected) else "",
    )


def _count_csv(reports: Iterable[Path], account: str) -> tuple[Statuses, Verdicts]:
    statuses: Statuses = Counter()
    ours: Verdicts = Counter()
    for path in reports:
        for row in _read(path, csv_rows):
            status, is_muted = row["STATUS"], row["MUTED"] == "True"
            if status not in STATUSES:
                raise UntrustworthyReportsError(f"{path.name} has the status {quote(status)}")
            if row["ACCOUNT_UID"].lstrip("'") != account:
                raise UntrustworthyReportsError(f"{path.name} is about another account")
            statuses[status, is_muted] += 1
            if row["CHECK_ID"] in our_checks():
                ours[_subject_of(row), status != "MANUAL" or is_muted] += 1
    return statuses, ours


def _count_ocsf(path: Path, account: str) -> Statuses:
    statuses: Statuses = Counter()
    for member in _read(path, members):
        if member["cloud"]["account"]["uid"] != account:
            raise UntrustworthyReportsError(f"{path.name} is about another account")
        statuses[member["status_code"], member["status"] == "Suppressed"] += 1
    return statuses


def _read(path: Path, read: Callable[[Path], Iterator[Row]]) -> Iterator[Row]:
    try:
        yield from read(path)
    except UnusableFileError as error:
        raise UntrustworthyReportsError(f"{path.name}: {error}") from error


def _subject_of(row: dict[str, str]) -> str:
    """Whom a finding of a check of this plug-in is about."""
    if row["RESOURCE_NAME"] == ROOT_USER_NAME:
        return "root user"
    return "user" if ":user/" in row["RESOURCE_UID"] else "account"


def _is_unjudged(ours: Verdicts, expected: ExpectedReports) -> bool:
    """Whether the account's users are unknown: somebody there may have denied the calls."""
    if not ours:
        return expected.always_finds
    unread = ours["user", False] or ours["account", False]
    judged = ours["root user", True] or ours["account", True]
    return not ours["user", True] and bool(unread or not judged)
