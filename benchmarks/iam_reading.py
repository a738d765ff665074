"""What a scan of access keys costs: this check beside Prowler's own, on the same embedded AWS.

Calls are counted by the server. Time inside the check is what Prowler's own progress bar says
once all checks are done; time of the whole run is that of the ``prowler`` process.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from demo.embedded_aws import EmbeddedAWS

OURS = "iam_user_multiple_active_keys"
BUILT_IN = "iam_user_two_active_access_key"
LATENCY = 0.04
ONE_FAILING_IN = 10
"""One user in so many has two active keys."""
_BAR = re.compile(r"\[100%\] in (?:(?:(\d+):)?(\d+):)?([\d.]+)s?")


@dataclass(frozen=True)
class Cost:
    """What one run of ``prowler`` cost; times in seconds."""

    calls: int
    inside: float
    whole: float


def main() -> None:
    """Measure and print a Markdown table for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, nargs="+", default=[50, 500])
    parser.add_argument("--latency", type=float, default=LATENCY, help="seconds for each call")
    arguments = parser.parse_args()
    with EmbeddedAWS() as aws:
        for users in arguments.users:
            print(
                table(measure(aws, users, arguments.latency), users, arguments.latency), flush=True
            )


def measure(aws: EmbeddedAWS, users: int, latency: float) -> dict[str, Cost]:
    """Run all scenarios on an account of so many users."""
    aws.clear()
    _fill(aws, users)
    aws.behaviour.latency = latency
    fresh, cached = aws.drop_report, lambda: aws.hold_report(timedelta(hours=1))
    scenarios = {
        "ours, fresh report": (fresh, [OURS]),
        "ours, cached report": (cached, [OURS]),
        "built-in": (fresh, [BUILT_IN]),
        "both in one run": (fresh, [BUILT_IN, OURS]),
    }
    costs = {}
    for name, (prepare, checks) in scenarios.items():
        costs[name] = _run(aws, prepare, checks)
        print(f"{users} users: {name}: {costs[name]}", file=sys.stderr, flush=True)
    return costs


def table(costs: dict[str, Cost], users: int, latency: float) -> str:
    """The costs as Markdown: how much less than the built-in check first."""
    built_in = costs["built-in"]
    failing = len(range(0, users, ONE_FAILING_IN))
    lines = [
        f"\n{users} users, {failing} of them failing, {latency * 1000:.0f} ms for each call:\n",
        "| run | fewer calls | less time inside | IAM calls | time inside | whole run |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, cost in costs.items():
        ratios = f"{_times(built_in.calls, cost.calls)} | {_times(built_in.inside, cost.inside)}"
        times = f"{cost.inside:.1f} s | {cost.whole:.1f} s"
        lines.append(f"| {name} | {ratios} | {cost.calls} | {times} |")
    more = costs["both in one run"].calls - built_in.calls
    lines.append(f"\nBeside another IAM check, ours adds {more} calls.")
    return "\n".join(lines)


def _times(whole: float, part: float) -> str:
    return f"{whole / part:.1f} x" if part else "-"


def _fill(aws: EmbeddedAWS, users: int) -> None:
    for number in range(users):
        user = aws.add_user(f"user-{number:04}", tags={"number": str(number)})
        aws.add_key(user)
        if number % ONE_FAILING_IN == 0:
            aws.add_key(user)


def _run(aws: EmbeddedAWS, prepare: Callable[[], None], checks: Iterable[str]) -> Cost:
    prepare()
    aws.calls.clear()
    program = str(Path(sys.executable).with_name("prowler"))
    with tempfile.TemporaryDirectory() as directory:
        command = [program, "aws", "-c", *checks, "-M", "csv", "-o", directory, "--no-banner"]
        started = time.perf_counter()
        run = subprocess.run(
            command, env=aws.environment(), capture_output=True, text=True, check=False
        )
        whole = time.perf_counter() - started
    calls = sum(count for call, count in aws.calls.items() if call.startswith("iam:"))
    return Cost(calls, _seconds_inside(run.stdout), whole)


def _seconds_inside(output: str) -> float:
    """The seconds that Prowler's bar says its checks took."""
    found = _BAR.search(output)
    if found is None:
        raise SystemExit(f"prowler did not finish:\n{output}")
    hours, minutes, seconds = found.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)


if __name__ == "__main__":
    main()
