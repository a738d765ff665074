"""Whether an account's reports are what Prowler wrote: whole, its own, and in agreement.

Reports are read back when a run is resumed, and come from workers of a cluster.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from key_ranking.reports import OCSF, UnusableReportError, count_members

from .account_result import AccountResult
from .report_files import (
    ACCOUNTS,
    count_findings,
    findings_csv,
    holds_findings,
    incomplete_report,
)

IGNORES_FAILURES = frozenset({"-z", "--ignore-exit-code-3"})
"""Options with which Prowler ends with 0 though something failed."""


class UntrustworthyReportsError(Exception):
    """Reports that cannot be merged; the text says why."""


def checked(
    result: AccountResult, directory: Path, prowler_arguments: Iterable[str]
) -> AccountResult:
    """The result of a scan, with counts and exit code taken from its reports.

    Raises UntrustworthyReportsError if a report is not a plain file in the account's own folder, is
    not whole, is about another account, or tells of other findings than another one; and OSError.
    """
    paths = [_own_file(result.account, report, directory) for report in result.reports]
    if damaged := incomplete_report(paths):
        raise UntrustworthyReportsError(f"{damaged} is not complete")
    for path in findings_csv(paths):
        _check_rows(path, result.account)
    counts = count_findings(paths)
    for path in paths:
        if holds_findings(path.as_posix(), OCSF):
            _compare(path, counts.total)
    ignored = IGNORES_FAILURES.intersection(prowler_arguments)
    exit_code = 3 if counts.failed and not ignored else 0
    return replace(result, counts=counts, exit_code=exit_code)


def check_paths(reports: Iterable[str]) -> None:
    """Raise UntrustworthyReportsError if a report is not in its own folder, or in one below."""
    for report in reports:
        parts = report.split("/")
        if len(parts) > 2 or any(part in ("", ".", "..") or "\\" in part for part in parts):
            raise UntrustworthyReportsError("a report is not in the folder of its account")


def _own_file(account: str, report: str, directory: Path) -> Path:
    parts = report.split("/")
    own = parts[:2] == [ACCOUNTS, account] and len(parts) in (3, 4)
    if not own or any(part in ("", ".", "..") or "\\" in part for part in parts):
        raise UntrustworthyReportsError("a report is not in the folder of its account")
    path = directory
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise UntrustworthyReportsError(f"{path.name} is a link")
    if not path.is_file():
        raise UntrustworthyReportsError(f"{path.name} is missing")
    return path


def _check_rows(path: Path, account: str) -> None:
    """Refuse a CSV report unless each finding is whole, and about this account."""
    csv.field_size_limit(sys.maxsize)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file, delimiter=";", strict=True)
            columns = next(reader)
            about, status = columns.index("ACCOUNT_UID"), columns.index("STATUS")
            for number, row in enumerate(reader, start=1):
                if len(row) != len(columns) or row[status] not in ("FAIL", "PASS", "MANUAL"):
                    raise UntrustworthyReportsError(f"row {number} of {path.name} is damaged")
                if row[about].lstrip("'") != account:
                    raise UntrustworthyReportsError(f"{path.name} is about another account")
    except (StopIteration, ValueError, csv.Error) as error:
        raise UntrustworthyReportsError(f"{path.name} is damaged") from error


def _compare(path: Path, rows: int) -> None:
    try:
        findings = count_members(path)
    except UnusableReportError as error:
        raise UntrustworthyReportsError(f"{path.name}: {error}") from error
    if findings != rows:
        raise UntrustworthyReportsError(
            f"{path.name} has {findings} findings, and the CSV report {rows}"
        )
