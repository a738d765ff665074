"""The file in which a fixer writes what it changes: JSON Lines, only ever appended to."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def append(path: str, record: Mapping[str, Any]) -> None:
    """Add a line with the time (UTC) and the record, which is plain JSON, and wait for the disk.

    Two processes may append at once: each line is one write, under a lock. A new file can be read
    by its owner only. Raises OSError if the line is not whole on disk, and for links and pipes.
    """
    descriptor = os.open(path, _FLAGS, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # another's line may be half written
        status = os.fstat(descriptor)
        line = json.dumps({"time": datetime.now(timezone.utc).isoformat(), **record}) + "\n"
        if status.st_size and os.pread(descriptor, 1, status.st_size - 1) != b"\n":
            line = f"\n{line}"  # after half a line of a full disk
        if os.write(descriptor, line.encode()) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
