"""What a scan of access keys costs: this check beside Prowler's own, on the same embedded AWS.

Calls are counted by the server. Time inside the check is what Prowler's own progress bar says
once all checks are done; time of the whole run is that of the ``prowler`` process.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from embedded_aws.aws import EmbeddedAWS

from .programs import LATENCY, run
from .tables import ratio, table

OURS = "iam_user_multiple_active_keys"
BUILT_IN = "iam_user_two_active_access_key"
FRESH = "this check, fresh report"
CACHED = "this check, cached report"
BUILT_IN_RUN = "built-in"
BOTH = "both in one run"
ONE_FAILING_IN = 10
"""One user in so many has two active keys."""
_BAR = re.compile(r"\[100%\] in (?:(?:(\d+):)?(\d+):)?([\d.]+)s?")


@dataclass(frozen=True)
class Cost:
    """What one run of ``prowler`` cost; times in seconds."""

    calls: int
    inside: float
    whole: float


def figures(users: Sequence[int], many_users: Sequence[int]) -> str:
    """Measure accounts of these sizes, those of ``many_users`` without Prowler's own check.

    Returns Markdown.
    """
    costs = {}
    with EmbeddedAWS() as aws:
        for size in users:
            costs[size] = measure(aws, size, (FRESH, CACHED, BUILT_IN_RUN, BOTH))
        for size in many_users:
            costs[size] = measure(aws, size, (FRESH, CACHED))
    return f"""\
## One account

On the embedded AWS with {LATENCY * 1000:.0f} ms for each call; one user in {ONE_FAILING_IN} has two
active keys. "Built-in" is `{BUILT_IN}`; *inside* is the time that Prowler's
own progress bar gives for the checks.

{compared(costs)}

In one run with the built-in check, which reads all of IAM:

{beside(costs)}
"""


def compared(costs: Mapping[int, Mapping[str, Cost]]) -> str:
    """The costs by the number of users, how much less than the built-in check first."""
    columns = (
        "users", "run", "fewer calls", "less time inside", "IAM calls", "inside", "whole run",
    )  # fmt: skip
    rows = []
    for users, runs in costs.items():
        built_in = runs.get(BUILT_IN_RUN)
        for number, name in enumerate(one for one in runs if one != BOTH):
            cost, less = runs[name], ("", "")
            if built_in and name != BUILT_IN_RUN:
                less = ratio(built_in.calls, cost.calls), ratio(built_in.inside, cost.inside)
            taken = f"{cost.calls:,}", _inside(cost), f"{cost.whole:,.0f} s"
            rows.append(("" if number else f"{users:,}", name, *less, *taken))
    return table(columns, rows)


def beside(costs: Mapping[int, Mapping[str, Cost]]) -> str:
    """How many calls this check adds to those of the built-in one."""
    columns = ("users", "failing", "IAM calls of the built-in check", "of both", "more")
    rows = []
    for users, runs in costs.items():
        if BOTH in runs:
            alone, both = runs[BUILT_IN_RUN].calls, runs[BOTH].calls
            failing = len(range(0, users, ONE_FAILING_IN))
            rows.append([f"{one:,}" for one in (users, failing, alone, both, both - alone)])
    return table(columns, rows)


def measure(aws: EmbeddedAWS, users: int, names: Iterable[str]) -> dict[str, Cost]:
    """Run the scenarios with these names on an account of so many users."""
    aws.clear()
    _fill(aws, users)
    aws.behaviour.latency = LATENCY
    fresh, cached = aws.drop_report, lambda: aws.hold_report(timedelta(hours=1))
    scenarios = {
        FRESH: (fresh, [OURS]),
        CACHED: (cached, [OURS]),
        BUILT_IN_RUN: (fresh, [BUILT_IN]),
        BOTH: (fresh, [BUILT_IN, OURS]),
    }
    costs = {}
    for name in names:
        costs[name] = scan(aws, *scenarios[name])
        print(f"{users} users: {name}: {costs[name]}", file=sys.stderr, flush=True)
    return costs


def _inside(cost: Cost) -> str:
    return f"{cost.inside:.1f} s" if cost.inside < 100 else f"{cost.inside:,.0f} s"


def _fill(aws: EmbeddedAWS, users: int) -> None:
    for number in range(users):
        user = aws.add_user(f"user-{number:04}", tags={"number": str(number)})
        aws.add_key(user)
        if number % ONE_FAILING_IN == 0:
            aws.add_key(user)


def scan(aws: EmbeddedAWS, prepare: Callable[[], None], checks: Iterable[str]) -> Cost:
    """Scan with these checks after ``prepare``."""
    prepare()
    aws.calls.clear()
    done = run(aws, "prowler", "aws", "-c", *checks, "-M", "csv", "--no-banner")
    calls = sum(count for call, count in aws.calls.items() if call.startswith("iam:"))
    return Cost(calls, _seconds_inside(done.output), done.wall)


def _seconds_inside(output: str) -> float:
    """The seconds that Prowler's bar says its checks took."""
    found = _BAR.search(output)
    if found is None:
        raise SystemExit(f"prowler did not finish:\n{output}")
    hours, minutes, seconds = found.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)
