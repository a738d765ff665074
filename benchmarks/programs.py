"""Run programs, and measure what they take, with all processes that they start. Needs Linux."""

from __future__ import annotations

import ctypes
import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from subprocess import PIPE, STDOUT

import psutil

from embedded_aws.aws import EmbeddedAWS

LATENCY = 0.04
"""Seconds that each call to the embedded AWS takes on top of its own time."""
PR_SET_CHILD_SUBREAPER = 36
SECONDS_BETWEEN_LOOKS = 0.2
SOMETHING_FAILED = 3
"""Prowler's exit code for a scan with a finding that fails, and that of prowler-org."""


@dataclass(frozen=True)
class Cost:
    """What a number of scans took, all processes together, their start included."""

    accounts: int
    wall: float
    """Seconds."""
    processor: float
    """Seconds."""
    memory: float
    """The most at a time, in MB; memory that processes share is counted once."""

    @property
    def processor_each(self) -> float:
        return self.processor / self.accounts


def run(aws: EmbeddedAWS, program: str, *arguments: str) -> str:
    """Run a program on the embedded AWS, in a folder that is removed afterwards.

    Returns what it printed. Ends this process, with that, if it found nothing that fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        done = aws.run(program, *arguments, cwd=folder, stdout=PIPE, stderr=STDOUT)
    if done.returncode != SOMETHING_FAILED:
        raise SystemExit(f"{program} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def measure(accounts: int, scan: Callable[[], object]) -> Cost:
    """Measure what runs programs about so many accounts, as ``scan`` does."""
    _adopt_orphans()
    before, started = _processor_time(), time.monotonic()
    with _Memory() as memory:
        scan()
        wall = time.monotonic() - started
        _wait_for_orphans()
    return Cost(accounts, wall, _processor_time() - before, memory.most / 1e6)


def _processor_time() -> float:
    """Seconds of all processes that this one started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class _Memory:
    """Looks, while it is entered, at the memory of all processes below this one."""

    def __init__(self) -> None:
        self.most = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(SECONDS_BETWEEN_LOOKS):
            total = 0.0
            for process in psutil.Process().children(recursive=True):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:  # it has ended
                    continue
            self.most = max(self.most, total)


def _adopt_orphans() -> None:
    """Have processes whose parent ends become children of this one, so that they are counted."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("This benchmark needs Linux.")


def _wait_for_orphans() -> None:
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return
