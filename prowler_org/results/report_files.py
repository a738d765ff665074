"""Prowler's report files: their names, their places, what is in them, and merging them."""

from __future__ import annotations

import csv
import io
import shutil
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from prowler_access_keys.ranking.findings.reports import OCSF, member_texts
from prowler_access_keys.ranking.whole_file import UnusableFileError, regular_file, whole_file

from ..running_prowler.log import LOG_FILE
from .account_result import AccountResult

ACCOUNTS = "accounts"
"""The folder in the output directory that has a folder for each account."""
SCANS = ".prowler-org-scans"
"""The folder in the output directory that running scans write to."""

_CSV = ".csv"
_SUFFIXES = {"html": ".html", "json-ocsf": OCSF}
"""Reports that Prowler writes whenever it writes a CSV, by format."""
_LAST_BYTES = {".html": b"</html>", ".json": b"]", ".csv": b"\r\n"}
"""The last bytes of a complete report, by the ending of its name."""


def scan_folder(directory: Path, account: str) -> Path:
    """The folder that a running scan of an account writes to."""
    return directory / SCANS / account


def holds_findings(report: str, suffix: str) -> bool:
    """Whether a report has an account's findings, in the format that ``suffix`` names.

    Compliance reports, in a folder of their own, do not. Prowler's quick inventory does not.
    """
    folder, _, name = report.rpartition("/")
    return (
        name.startswith("prowler-output-")
        and name.endswith(suffix)
        and not folder.endswith("compliance")
    )


def findings_csv(reports: Iterable[Path]) -> list[Path]:
    """The CSV reports with findings among these files."""
    return [path for path in reports if holds_findings(path.as_posix(), _CSV)]


def missing_format(reports: Iterable[Path], formats: Iterable[str]) -> str:
    """The first of these formats that has no report. Empty if all have one."""
    files = [path.name for path in reports]
    for name, suffix in _SUFFIXES.items():
        if name in formats and not any(file.endswith(suffix) for file in files):
            return name
    return ""


def incomplete_report(reports: Iterable[Path]) -> str:
    """The name of the first report that ends too early. Empty if all are complete."""
    for path in reports:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 200))
            last = file.read()
        if path.suffix != _CSV:
            last = last.rstrip()
        if not last.endswith(_LAST_BYTES.get(path.suffix, b"")):
            return path.name
    return ""


def csv_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV report. Each must have all columns. Raises UnusableFileError."""
    csv.field_size_limit(sys.maxsize)
    with regular_file(path) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        reader = csv.reader(text, delimiter=";", strict=True)
        columns = next(reader, [])
        for row in reader:
            yield dict(zip(columns, row, strict=True))


def write_csv(rows: Iterable[dict[str, str]], target: BinaryIO) -> None:
    """Write rows, under the columns of the first, as Prowler writes its CSV reports."""
    text = io.TextIOWrapper(target, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, delimiter=";")
    for number, row in enumerate(rows):
        if number == 0:
            writer.writerow(row)
        writer.writerow(row.values())
    text.detach()


def pack(folder: Path) -> bytes:
    """A folder's files as a zip file, to send to another machine."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return packed.getvalue()


def unpack(archive: bytes, folder: Path) -> None:
    """The reverse of ``pack``. Empties ``folder`` first. A damaged archive may raise anything."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make_log(folder)
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        packed.extractall(folder)


def make_log(folder: Path) -> None:
    """Make an empty log, which only its owner can read. What is written to it later keeps that."""
    (folder / LOG_FILE).touch(mode=0o600)


def move_to_account(result: AccountResult, folder: Path, directory: Path) -> AccountResult:
    """Move an account's files from ``folder`` to the account's folder in the output directory.

    Returns the result with the reports' new paths. Raises OSError.
    """
    target = directory / ACCOUNTS / result.account
    for report in (*result.reports, LOG_FILE):
        if not (folder / report).exists():
            continue
        for place in (target, (target / report).parent):
            if place.is_symlink():
                place.unlink()  # only the link: what it leads to is not this run's
            place.mkdir(parents=True, exist_ok=True)
        (folder / report).replace(target / report)
    shutil.rmtree(folder, ignore_errors=True)
    moved = tuple(f"{ACCOUNTS}/{result.account}/{report}" for report in result.reports)
    return replace(result, reports=moved)


def merge(results: Sequence[AccountResult], directory: Path, name: str) -> tuple[Path, ...]:
    """Merge the accounts' CSV and OCSF reports. Returns the merged files.

    Their names begin with ``name``. They have what Prowler wrote of each finding; none is kept in
    memory. There is no file for a format in which no account has a report. Raises OSError.
    """
    reports = [report for result in results for report in result.reports]
    made = []
    for suffix, merge_files in ((_CSV, merge_csv), (OCSF, _merge_json)):
        files = [directory / report for report in reports if holds_findings(report, suffix)]
        if files:
            made.append(directory / f"{name}{suffix}")
            with whole_file(made[-1]) as target:
                merge_files(files, target)
    return tuple(made)


def merge_csv(files: list[Path], target: BinaryIO) -> None:
    """Write one file after the other, and the column names, which are all alike, only once."""
    for number, path in enumerate(files):
        with path.open("rb") as file:
            columns = file.readline()
            if number == 0:
                target.write(columns)
            shutil.copyfileobj(file, target)


def _merge_json(files: list[Path], target: BinaryIO) -> None:
    """Make one JSON list of several: the text of each finding, with commas between.

    Of a file that is damaged, the findings before the damage are there; the ranking names it.
    """
    target.write(b"[")
    separator = b""
    for path in files:
        with suppress(UnusableFileError):
            for text in member_texts(path):
                target.write(separator + text.encode())
                separator = b","
    target.write(b"]")
