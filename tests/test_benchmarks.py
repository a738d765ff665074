"""What the benchmarks compute from the costs that they measure."""

from __future__ import annotations

from benchmarks import iam_reading, organization, programs
from benchmarks.iam_reading import BOTH, SIBLINGS_RUN, TOGETHER, Cost
from benchmarks.organization import LOOP, ONE_JOB

ACCOUNTS = {
    50: {
        (TOGETHER, "fresh"): Cost(70, 0.5),
        (TOGETHER, "cached"): Cost(130, 1.0),
        (SIBLINGS_RUN, "fresh"): Cost(467, 20.0),
        (BOTH, "fresh"): Cost(480, 21.0),
    },
    5000: {(TOGETHER, "fresh"): Cost(6007, 233)},
}
IN_LOOP = programs.Cost(24, wall=24 * 11.7, processor=24 * 11.5, memory=370)
FORKED = programs.Cost(24, wall=24 * 0.75, processor=24 * 0.92, memory=1475)
LARGE = programs.Cost(124, wall=18 + 100 * 0.36, processor=22.08 + 100 * 0.46, memory=1576)


def test_a_run_is_compared_with_the_built_in_checks_if_those_were_measured() -> None:
    assert iam_reading.compared(ACCOUNTS).splitlines()[2:] == [
        "| 50 | all checks | 70 | 130 | 0.5 s | 1.0 s | 40x | 20x |",
        "| | three built-in checks | 467 | | 20.0 s | | | |",
        "| | all checks and the three | 480 | | 21.0 s | | | |",
        "| 5,000 | all checks | 6,007 | | 233.0 s | | | |",
    ]


def test_a_scan_of_an_organization_is_compared_with_the_loop() -> None:
    assert organization.compared({LOOP: IN_LOOP, ONE_JOB: FORKED}).splitlines()[2:] == [
        "| `prowler aws -R …` in a loop | | 11.5 s | 11.7 s | 370 MB |",
        "| `prowler-org --jobs 1` | 12.5x | 0.92 s | 0.75 s | 1,475 MB |",
    ]


def test_the_cost_of_a_further_account_is_the_extra_time_of_a_larger_run() -> None:
    row = organization.more("TLS", IN_LOOP, FORKED, LARGE)
    assert dict(zip(organization.MORE, row, strict=True)) == {
        "connection": "TLS",
        "memory": "1,576 MB",
        "processor time of each further account": "0.46 s",
        "speed-up": "25x",
        "of 10,000 accounts (computed)": "1.3 hours",
    }
