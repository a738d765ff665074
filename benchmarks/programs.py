"""Running the programs of this Python's environment, and what they take."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS

LATENCY = 0.04
"""Seconds that each call to the embedded AWS takes on top of its own time."""
SOMETHING_FAILED = 3
"""Prowler's exit code for a scan with a finding that fails, and that of prowler-org."""


@dataclass(frozen=True)
class Run:
    """A program that has ended well, and the seconds that it took."""

    output: str
    wall: float


def run(aws: EmbeddedAWS, program: str, *arguments: str) -> Run:
    """Run a program on the embedded AWS, in a folder that is removed afterwards.

    Ends this process with what the program printed if it did not find something that fails.
    """
    started = time.monotonic()
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
    if done.returncode != SOMETHING_FAILED:
        raise SystemExit(f"{program} ended with {done.returncode}:\n{done.stdout}")
    return Run(done.stdout, time.monotonic() - started)
