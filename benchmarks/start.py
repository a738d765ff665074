"""What a run of ``prowler`` costs before it has anything to do."""

from __future__ import annotations

import statistics

from embedded_aws.aws import EmbeddedAWS

from .iam_reading import OURS
from .programs import run
from .tables import table


def figures(runs: int) -> str:
    """Measure so many runs of each kind. Returns Markdown."""
    with EmbeddedAWS() as aws:
        taken = {
            "`prowler aws --list-checks`, which calls nothing": [
                run(aws, "prowler", "aws", "--list-checks", exit_code=0) for _ in range(runs)
            ],
            "this check, in an account without users": [
                run(aws, "prowler", "aws", "-c", OURS, "-M", "csv", exit_code=0)
                for _ in range(runs)
            ],
        }
    rows = [
        (
            name,
            f"{statistics.median(one.processor for one in each):.1f} s",
            f"{statistics.median(one.wall for one in each):.1f} s",
        )
        for name, each in taken.items()
    ]
    return f"""\
## The start of Prowler

The median of {runs} runs each.

{table(("run", "processor time", "time"), rows)}
"""
