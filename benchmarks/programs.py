"""Running the programs of this Python's environment, and what they take."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from demo.embedded_aws import EmbeddedAWS

DONE = (0, 3)
"""Prowler's exit codes for a scan that came to its end: 3 if something failed."""


@dataclass(frozen=True)
class Run:
    """A program that has ended well; times in seconds."""

    output: str
    wall: float
    processor: float


def run(aws: EmbeddedAWS, program: str, *arguments: str) -> Run:
    """Run a program on the embedded AWS, in a folder that is removed afterwards.

    Ends this process with what the program printed if that did not come to its end.
    """
    before, started = children_processor_time(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(Path(sys.executable).with_name(program)), *arguments],
            env=aws.environment(),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode not in DONE:
        raise SystemExit(f"{program} ended with {done.returncode}:\n{done.stdout}")
    wall = time.monotonic() - started
    return Run(done.stdout, wall, children_processor_time() - before)


def children_processor_time() -> float:
    """Seconds of all processes that this one started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
