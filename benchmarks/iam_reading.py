"""What all checks cost together, beside Prowler's own three.

Calls are counted by the server. Time inside the checks is what Prowler's own progress bar says
once all checks are done.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks

from .programs import LATENCY, run
from .tables import ratio, table

FAMILY = tuple(sorted(our_checks()))
SIBLINGS = (
    "iam_user_accesskey_unused", "iam_rotate_access_key_90_days", "iam_user_two_active_access_key",
)  # fmt: skip
TOGETHER = "all checks"
SIBLINGS_RUN = "three built-in checks"
BOTH = "all checks and the three"
ONE_FAILING_IN = 10
"""One user in so many fails most checks, and another one that of inactive keys."""
_BAR = re.compile(r"\[100%\] in (?:(?:(\d+):)?(\d+):)?([\d.]+)s?")


@dataclass(frozen=True)
class Cost:
    """What one run of ``prowler`` cost."""

    calls: int
    """IAM calls."""
    inside: float
    """Seconds that its checks took."""


Costs = Mapping[tuple[str, str], Cost]
"""By the name of the run, and by the credential report that there is: fresh or cached."""


def figures(users: Sequence[int], many_users: Sequence[int]) -> str:
    """Measure accounts of these sizes, those of ``many_users`` without Prowler's own checks.

    Returns Markdown.
    """
    costs = {}
    with EmbeddedAWS() as aws:
        for size in users:
            costs[size] = measure(aws, size, siblings=True)
        for size in many_users:
            costs[size] = measure(aws, size, siblings=False)
    return f"""\
## One account

On the embedded AWS with {LATENCY * 1000:.0f} ms for each call. Users have one key in use; one in
{ONE_FAILING_IN} fails most checks, and another one has an inactive key. *Inside* is the time
on Prowler's own progress bar. The built-in checks are
{", ".join(f"`{check}`" for check in SIBLINGS)}.

{compared(costs)}
"""


def compared(costs: Mapping[int, Costs]) -> str:
    """The costs by the number of users."""
    columns = (
        "users", "run", "IAM calls, fresh report", "cached report",
        "inside, fresh report", "cached report", "speed-up", "cached report",
    )  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for users, runs in costs.items():
        shown = [name for name in (TOGETHER, SIBLINGS_RUN, BOTH) if (name, "fresh") in runs]
        siblings = runs.get((SIBLINGS_RUN, "fresh"))
        for number, name in enumerate(shown):
            both = [runs.get((name, report)) for report in ("fresh", "cached")]
            compares = siblings if name not in (SIBLINGS_RUN, BOTH) else None
            rows.append(
                (
                    "" if number else f"{users:,}",
                    name,
                    *(f"{cost.calls:,}" if cost else "" for cost in both),
                    *(f"{cost.inside:,.1f} s" if cost else "" for cost in both),
                    *(
                        ratio(compares.inside, cost.inside) if compares and cost else ""
                        for cost in both
                    ),
                )
            )
    return table(columns, rows)


def measure(aws: EmbeddedAWS, users: int, *, siblings: bool) -> dict[tuple[str, str], Cost]:
    """Scan an account of so many users in each way; ``siblings``: with Prowler's own checks too."""
    aws.clear()
    _fill(aws, users)
    aws.behavior.latency = LATENCY
    reports: dict[str, Callable[[], None]] = {
        "fresh": aws.drop_report,
        "cached": lambda: aws.hold_report(timedelta(hours=1)),
    }
    runs: dict[str, Sequence[str]] = {TOGETHER: FAMILY}
    if siblings:
        runs |= {SIBLINGS_RUN: SIBLINGS, BOTH: (*SIBLINGS, *FAMILY)}
    costs = {}
    for name, checks in runs.items():
        for report, prepare in reports.items():
            if name in (SIBLINGS_RUN, BOTH) and report == "cached":
                continue
            prepare()
            costs[name, report] = _scan(aws, checks)
            print(f"{users} users: {name}, {report}: {costs[name, report]}", file=sys.stderr)
    return costs


def _fill(aws: EmbeddedAWS, users: int) -> None:
    now = datetime.now(timezone.utc)

    def days_ago(days: int) -> datetime:
        return now - timedelta(days=days)

    for number in range(users):
        fails = number % ONE_FAILING_IN == 0
        user = aws.add_user(f"user-{number:04}", tags={} if fails else {"owner": "payments"})
        aws.add_key(user, created=days_ago(200 if fails else 60), last_used=days_ago(1))
        if fails:
            aws.add_key(user, created=days_ago(300), last_used=days_ago(200))
            aws.add_password(user)
            aws.attach(user, "AdministratorAccess")
            service = "bedrock.amazonaws.com"
            aws.add_service_specific_credential(user, service, created=days_ago(30))
        elif number % ONE_FAILING_IN == 1:
            aws.add_key(user, active=False, created=days_ago(300), last_used=days_ago(200))
        if number == 0:
            aws.attach(user, "AWSCompromisedKeyQuarantineV3")
    aws.behavior.root_keys_active = (True,)


def _scan(aws: EmbeddedAWS, checks: Sequence[str]) -> Cost:
    aws.calls.clear()
    output = run(aws, "prowler", "aws", "-c", *checks, "-M", "csv", "--no-banner")
    calls = sum(count for call, count in aws.calls.items() if call.startswith("iam:"))
    return Cost(calls, inside(output))


def inside(output: str) -> float:
    """The seconds that Prowler's own progress bar gives for the checks."""
    found = _BAR.search(output)
    if found is None:
        raise SystemExit(f"prowler did not finish:\n{output}")
    hours, minutes, seconds = found.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)
