"""The output directory before a run: its folders are its own, and a killed run left nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .errors import StartError
from .reporting.organization_compliance import FOLDER as COMPLIANCE
from .reporting.page import KEYS
from .results.report_files import ACCOUNTS, SCANS

FOLDERS = (ACCOUNTS, KEYS, COMPLIANCE, SCANS)
HINT = "Remove it, or give another --output-directory."


def prepare(directory: Path) -> None:
    """Make the folder for accounts, and clear what a killed run has left. Raises StartError.

    Refuses a folder that is a link, a file, or on another file system: reports are moved there.
    """
    try:
        for name in FOLDERS:
            _refuse_foreign(directory / name)
        _clear(directory)
        accounts = directory / ACCOUNTS
        accounts.mkdir(exist_ok=True)
        if accounts.stat().st_dev != directory.stat().st_dev:
            raise StartError(f"{accounts} is on another file system than {directory}. {HINT}")
        if not os.access(accounts, os.W_OK | os.X_OK):
            raise StartError(f"{accounts} cannot be written to. {HINT}")
    except OSError as error:
        raise StartError(f"Cannot write to {directory}: {error.strerror or error}.") from error


def _refuse_foreign(path: Path) -> None:
    if path.is_symlink():
        raise StartError(f"{path} is a link. {HINT}")
    if path.exists() and not path.is_dir():
        raise StartError(f"{path} is not a folder. {HINT}")


def _clear(directory: Path) -> None:
    """Remove the folder of running scans, and files that were being written: see whole_file."""
    shutil.rmtree(directory / SCANS, ignore_errors=True)
    for folder in (directory, directory / KEYS, directory / COMPLIANCE):
        for path in folder.glob(".prowler-org-*.*"):
            if path.suffix[1:].isdecimal():
                path.unlink(missing_ok=True)
