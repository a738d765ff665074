"""Standard output and error that stop no scan: closed, full, or with a reader that does not read.

A thread writes what is printed. What cannot be written is lost.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any

SECONDS_TO_READ = 60.0
"""How long to wait at the end for a reader that does not read, such as a pager."""


class Output(io.FileIO):
    """Writes to a descriptor through a queue. Two that share it keep the order of lines."""

    def __init__(self, descriptor: int, queue: SimpleQueue[tuple[int, bytes]]) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._queue = queue

    def write(self, data: Any) -> int:
        """Queue the data. Never waits or fails."""
        self._queue.put((self.fileno(), bytes(data)))
        return len(data)


@contextmanager
def robust_streams() -> Iterator[None]:
    """Replace ``sys.stdout`` and ``sys.stderr`` while the context is entered."""
    _open_closed()
    before = sys.stdout, sys.stderr
    queue: SimpleQueue[tuple[int, bytes]] = SimpleQueue()
    writer = threading.Thread(target=_write_all, args=(queue,), daemon=True)
    writer.start()
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(
            Output(descriptor, queue),
            encoding=getattr(stream, "encoding", "utf-8"),
            errors="replace",  # a terminal may not be able to show every letter of a name
            write_through=True,
        )
        for descriptor, stream in enumerate(before, 1)
    )
    try:
        yield
    finally:
        queue.put((0, b""))
        with suppress(KeyboardInterrupt):
            writer.join(SECONDS_TO_READ)
        sys.stdout, sys.stderr = before


def _open_closed() -> None:
    """Open what is closed of standard input, output, and error, or another file gets its number."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _write_all(queue: SimpleQueue[tuple[int, bytes]]) -> None:
    while True:
        descriptor, data = queue.get()
        if not descriptor:
            return
        with suppress(OSError):
            while data:
                data = data[os.write(descriptor, data) :]
