"""Files that are written whole or not at all, and folders that one run has to itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .refusal import Refused


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of ``path`` once all is written.

    When something goes wrong on the way, ``path`` stays as it was. Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Make a folder, and have it to oneself: no other run writes there meanwhile.

    The lock ends with the process, however that ends. Without file locks (Windows) there is none.
    Raises Refused.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = None if sys.platform == "win32" else os.open(directory, os.O_RDONLY)
    except OSError as error:
        raise Refused(f"{directory} cannot be written to: {error.strerror or error}.") from error
    try:
        if descriptor is not None:
            _lock(descriptor, directory)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(descriptor: int, directory: Path) -> None:
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(
                f"Another run of prowler-org writes to {directory}: wait for it, or give another "
                "--output-directory."
            ) from error
        except OSError as error:
            raise Refused(
                f"{directory} cannot be locked: {error.strerror or error}. Give another "
                "--output-directory."
            ) from error
