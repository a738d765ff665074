"""A lock on the output directory, so that two runs do not write there at the same time.

The lock is on a file that only its owner can open: a directory can be locked by anyone who may
read it. The file names the process that has the lock, and is gone after the run. The library
filelock leaves its file among the reports. If a file system has no locks, it leaves a mark that
outlives a killed run.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from io import FileIO
from pathlib import Path

from prowler_access_keys.ranking.outputs.printing import printable

from .errors import StartError

LOCK = ".prowler-org.lock"


@contextmanager
def lock(directory: Path) -> Iterator[None]:
    """Make a directory and lock it until the process ends or leaves this context.

    Removes a directory that it made, if nothing has come into it but empty folders. Raises
    StartError.
    """
    was_there = directory.exists()
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"Cannot write to {directory}: {error.strerror or error}.") from error
    file = directory / LOCK
    with _lock(file):
        try:
            yield
        finally:
            with suppress(OSError):
                file.unlink()
            if not was_there:
                _remove_if_empty(directory)


def _remove_if_empty(directory: Path) -> None:
    with suppress(OSError):  # one that is not empty cannot be removed in this way
        for folder in directory.iterdir():
            folder.rmdir()
        directory.rmdir()


def _lock(file: Path) -> FileIO:
    """The file, which is locked until it is closed."""
    try:
        while True:
            opened = open(file, "rb+", buffering=0, opener=_open)  # noqa: SIM115
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(opened.fileno()).st_nlink:
                    since = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
                    opened.truncate()
                    opened.write(f"{os.getpid()} on {socket.gethostname()}, since {since}".encode())
                    return opened
            except BlockingIOError as error:
                with opened:
                    holder = printable(opened.read(200).decode(errors="replace")) or "unknown"
                raise StartError(
                    f"Another run of prowler-org writes to {file.parent} (process {holder}). Wait "
                    "for it, or give another --output-directory."
                ) from error
            opened.close()  # a run that ended meanwhile has removed this file
    except OSError as error:
        raise StartError(
            f"Cannot lock {file.parent}: {error.strerror or error}. Give another "
            "--output-directory."
        ) from error


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
