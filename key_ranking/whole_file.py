"""Files that are written completely or not at all, and read without a surprise."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class UnusableFileError(Exception):
    """A file that cannot be read or is not as it should be; the text says why."""


@contextmanager
def regular_file(path: Path) -> Iterator[BinaryIO]:
    """A file to read, which other people may have written.

    Anything that goes wrong in the block raises UnusableFileError. A FIFO or a device is refused:
    to open or to read it may take forever.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnusableFileError("it is not a regular file")
            yield file
    except UnusableFileError:
        raise
    except OSError as error:
        raise UnusableFileError(f"it cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UnusableFileError("it is not text in UTF-8") from error
    except RecursionError as error:
        raise UnusableFileError("it is nested too deeply") from error
    except Exception as error:  # such as a number of 5,000 digits
        raise UnusableFileError(f"it is damaged ({type(error).__name__})") from error


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to. It replaces ``path`` when everything is written.

    After an error, ``path`` is as it was. A link is replaced and not followed. Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(temporary, flags, 0o666), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
