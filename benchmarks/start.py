"""What a run of ``prowler`` costs before it has anything to do."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.embedded_aws import EmbeddedAWS

from .iam_reading import OURS
from .tables import table


@dataclass(frozen=True)
class Cost:
    """What one run of ``prowler`` took, in seconds."""

    processor: float
    wall: float


def figures(runs: int) -> str:
    """Measure so many runs of each kind. Returns Markdown."""
    with EmbeddedAWS() as aws:
        environment = aws.environment()
        costs = {
            "`prowler aws --list-checks`, which calls nothing": [
                _run(environment, "--list-checks") for _ in range(runs)
            ],
            "this check, in an account without users": [
                _run(environment, "-c", OURS, "-M", "csv") for _ in range(runs)
            ],
        }
    rows = [
        (
            name,
            f"{statistics.median(cost.processor for cost in taken):.1f} s",
            f"{statistics.median(cost.wall for cost in taken):.1f} s",
        )
        for name, taken in costs.items()
    ]
    return f"""\
## The start of Prowler

The median of {runs} runs each.

{table(("run", "processor time", "time"), rows)}
"""


def _run(environment: Mapping[str, str], *arguments: str) -> Cost:
    program = str(Path(sys.executable).with_name("prowler"))
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [program, "aws", *arguments],
            env=environment,
            cwd=folder,
            capture_output=True,
            check=True,
        )
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(processor, wall)
