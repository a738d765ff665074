"""Report files: each account's in their place, and those of all accounts merged into one."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from .outcome import Outcome
from .scan import LOG, is_findings
from .whole_files import whole_file

ACCOUNTS = "accounts"
"""The folder below the output directory that has a folder for each account."""
SCANS = ".prowler-org-scans"
"""The folder below the output directory where scans write while they run."""


def scan_folder(directory: Path, account: str) -> Path:
    """Where the scan of an account writes while it runs."""
    return directory / SCANS / account


def pack(folder: Path) -> bytes:
    """A folder's files as a zip file, to be sent from one machine to another."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return packed.getvalue()


def unpack(archive: bytes, folder: Path) -> None:
    """The reverse of ``pack``; ``folder`` is emptied first. Raises OSError."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        packed.extractall(folder)


def place(outcome: Outcome, folder: Path, directory: Path) -> Outcome:
    """Move an account's files from ``folder`` to their place below the output directory.

    Returns the outcome with the reports' new paths. Raises OSError.
    """
    target = directory / ACCOUNTS / outcome.account
    for report in (*outcome.reports, LOG):
        if not (folder / report).exists():
            continue
        (target / report).parent.mkdir(parents=True, exist_ok=True)
        (folder / report).replace(target / report)
    shutil.rmtree(folder, ignore_errors=True)
    moved = tuple(f"{ACCOUNTS}/{outcome.account}/{report}" for report in outcome.reports)
    return replace(outcome, reports=moved)


def merge(outcomes: Iterable[Outcome], directory: Path, name: str) -> tuple[Path, ...]:
    """Merge the accounts' CSV and OCSF reports; returns the files made, which begin with ``name``.

    What is merged is what Prowler wrote, to the byte. Holds no findings in memory. A format that
    no account has a report of gives no file. Raises OSError.
    """
    reports = [report for outcome in outcomes for report in outcome.reports]
    made = []
    for suffix, merged in ((".csv", _merge_csv), (".ocsf.json", _merge_json)):
        files = [directory / report for report in reports if is_findings(report, suffix)]
        if files:
            made.append(directory / f"{name}{suffix}")
            with whole_file(made[-1]) as target:
                merged(files, target)
    return tuple(made)


def _merge_csv(files: list[Path], target: BinaryIO) -> None:
    """One after the other; the line with the columns' names, which are all alike, only once."""
    for number, path in enumerate(files):
        with path.open("rb") as file:
            columns = file.readline()
            if number == 0:
                target.write(columns)
            shutil.copyfileobj(file, target)


def _merge_json(files: list[Path], target: BinaryIO) -> None:
    """JSON lists to one list: what is between each file's brackets, with commas between."""
    target.write(b"[")
    for number, path in enumerate(files):
        if number:
            target.write(b",")
        with path.open("rb") as file:
            size = file.seek(-1, os.SEEK_END)
            file.seek(1)
            _copy(file.read, target, size - 1)
    target.write(b"]")


def _copy(read: Callable[[int], bytes], target: BinaryIO, size: int) -> None:
    while size > 0 and (chunk := read(min(size, 1 << 20))):
        target.write(chunk)
        size -= len(chunk)
