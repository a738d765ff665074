"""A lock on the output directory, so that two runs do not write there at the same time.

This locks the directory itself. The library filelock needs a file for its lock, and leaves it among
the reports. If a file system does not have locks, it leaves a mark that outlives a killed run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import StartError


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Make a directory and lock it until the process ends or leaves this context.

    Removes a directory that it made, if nothing has come into it but empty folders. Windows does
    not lock directories: there, this only makes and removes the directory. Raises StartError.
    """
    was_there = directory.exists()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = None if sys.platform == "win32" else os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise StartError(f"Cannot write to {directory}: {error.strerror or error}.") from error
    try:
        if descriptor is not None:
            _lock(descriptor, directory)
        try:
            yield
        finally:
            if not was_there:
                _remove_if_empty(directory)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _remove_if_empty(directory: Path) -> None:
    with suppress(OSError):  # one that is not empty cannot be removed in this way
        for folder in directory.iterdir():
            folder.rmdir()
        directory.rmdir()


def _lock(descriptor: int, directory: Path) -> None:
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StartError(
                f"Another run of prowler-org writes to {directory}. Wait for it, or give another "
                "--output-directory."
            ) from error
        except OSError as error:
            raise StartError(
                f"Cannot lock {directory}: {error.strerror or error}. Give another "
                "--output-directory."
            ) from error
