"""What the benchmarks compute from the costs that they measure."""

from __future__ import annotations

from benchmarks import iam_reading, organization
from benchmarks.iam_reading import BOTH, BUILT_IN_RUN, CACHED, FRESH
from benchmarks.organization import LOOP, ONE_JOB

ACCOUNTS = {
    50: {
        FRESH: iam_reading.Cost(20, 0.5, 15.4),
        BUILT_IN_RUN: iam_reading.Cost(467, 20.8, 38.1),
        BOTH: iam_reading.Cost(477, 21.0, 39.0),
    },
    5000: {CACHED: iam_reading.Cost(6007, 233, 1046)},
}
IN_LOOP = organization.Cost(24, wall=24 * 11.7, processor=24 * 11.5, memory=370)
FORKED = organization.Cost(24, wall=24 * 0.75, processor=24 * 0.92, memory=1475)
LARGE = organization.Cost(124, wall=18 + 100 * 0.36, processor=22.08 + 100 * 0.46, memory=1576)


def test_a_run_is_compared_with_the_built_in_check_if_that_was_measured() -> None:
    assert iam_reading.compared(ACCOUNTS).splitlines()[2:] == [
        "| 50 | this check, fresh report | 23 x | 42 x | 20 | 0.5 s | 15 s |",
        "| | built-in | | | 467 | 20.8 s | 38 s |",
        "| 5,000 | this check, cached report | | | 6,007 | 233 s | 1,046 s |",
    ]


def test_the_calls_beside_the_built_in_check_are_those_on_top_of_its_own() -> None:
    assert iam_reading.beside(ACCOUNTS).splitlines()[2:] == ["| 50 | 5 | 467 | 477 | 10 |"]


def test_a_scan_of_an_organization_is_compared_with_the_loop() -> None:
    assert organization.compared({LOOP: IN_LOOP, ONE_JOB: FORKED}).splitlines()[2:] == [
        "| `prowler aws -R …` in a loop | | 11.5 s | 11.7 s | 370 MB |",
        "| `prowler-org --jobs 1` | 12.5 x | 0.92 s | 0.75 s | 1,475 MB |",
    ]


def test_a_further_account_costs_what_a_larger_run_takes_more() -> None:
    assert organization.more(IN_LOOP, FORKED, LARGE).splitlines()[2:] == [
        "| 24 | 1,475 MB | | |",
        "| 124 | 1,576 MB | 0.46 s | 25 x |",
    ]
    assert organization.at_scale(IN_LOOP, FORKED, LARGE).splitlines()[2:] == [
        "| 1,000 | 3.2 h | 0.1 h |",
        "| 10,000 | 32.5 h | 1.0 h |",
    ]
