"""Running the programs of this Python's environment, and what they take."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS

SOMETHING_FAILED = 3
"""Prowler's exit code for a scan with a finding that fails, and that of prowler-org."""


@dataclass(frozen=True)
class Run:
    """A program that has ended well; times in seconds."""

    output: str
    wall: float
    processor: float


def run(aws: EmbeddedAWS, program: str, *arguments: str, exit_code: int) -> Run:
    """Run a program on the embedded AWS, in a folder that is removed afterwards.

    Ends this process with what the program printed if that ended with another exit code.
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
    if done.returncode != exit_code:
        raise SystemExit(f"{program} ended with {done.returncode}:\n{done.stdout}")
    wall = time.monotonic() - started
    return Run(done.stdout, wall, children_processor_time() - before)


def children_processor_time() -> float:
    """Seconds of all processes that this one started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
