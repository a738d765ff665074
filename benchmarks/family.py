"""What each check costs alone, and what all cost together, beside Prowler's own three."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks

from .iam_reading import Cost, scan
from .programs import LATENCY
from .tables import ratio, table

FAMILY = tuple(sorted(our_checks()))
SIBLINGS = (
    "iam_user_accesskey_unused", "iam_rotate_access_key_90_days", "iam_user_two_active_access_key",
)  # fmt: skip
TOGETHER = "all ten"
SIBLINGS_RUN = "three built-in checks"
BOTH = "all ten and the three"
ONE_FAILING_IN = 10
"""One user in so many fails most checks, and another one that of inactive keys."""
Costs = Mapping[tuple[str, str], Cost]
"""By the name of the run, and by the credential report that there is: fresh or cached."""


def figures(users: Sequence[int], many_users: Sequence[int]) -> str:
    """Measure accounts of these sizes, those of ``many_users`` with all ten checks only.

    Returns Markdown.
    """
    costs = {}
    with EmbeddedAWS() as aws:
        for size in users:
            costs[size] = measure(aws, size, alone=True)
        for size in many_users:
            costs[size] = measure(aws, size, alone=False)
    return f"""\
## All checks

On the embedded AWS with {LATENCY * 1000:.0f} ms for each call; the users have one key in
use; one in {ONE_FAILING_IN} fails most checks, and another one has an inactive key. The built-in
checks are
{", ".join(f"`{one}`" for one in SIBLINGS)}.

{compared(costs)}
"""


def compared(costs: Mapping[int, Costs]) -> str:
    """The costs by the number of users."""
    columns = (
        "users", "run", "IAM calls, fresh report", "cached report", "inside, fresh report",
        "cached report", "less time inside",
    )  # fmt: skip
    rows = []
    for users, runs in costs.items():
        names = dict.fromkeys(name for name, _ in runs)
        siblings = runs.get((SIBLINGS_RUN, "fresh"))
        for number, name in enumerate(names):
            fresh, cached = (runs.get((name, report)) for report in ("fresh", "cached"))
            less = ratio(siblings.inside, fresh.inside) if siblings and fresh else ""
            rows.append(
                (
                    "" if number else f"{users:,}",
                    f"`{name}`" if name in FAMILY else name,
                    *(f"{cost.calls:,}" if cost else "" for cost in (fresh, cached)),
                    *(f"{cost.inside:,.1f} s" if cost else "" for cost in (fresh, cached)),
                    less if name not in (SIBLINGS_RUN, BOTH) else "",
                )
            )
    return table(columns, rows)


def measure(aws: EmbeddedAWS, users: int, *, alone: bool) -> dict[tuple[str, str], Cost]:
    """Scan an account of so many users in each way; ``alone``: with each check alone too."""
    aws.clear()
    _fill(aws, users)
    aws.behaviour.latency = LATENCY
    reports: dict[str, Callable[[], None]] = {
        "fresh": aws.drop_report,
        "cached": lambda: aws.hold_report(timedelta(hours=1)),
    }
    runs: dict[str, Sequence[str]] = {TOGETHER: FAMILY}
    if alone:
        runs = {**{check: (check,) for check in FAMILY}, **runs}
        runs |= {SIBLINGS_RUN: SIBLINGS, BOTH: (*SIBLINGS, *FAMILY)}
    costs = {}
    for name, checks in runs.items():
        for report, prepare in reports.items():
            if name in (SIBLINGS_RUN, BOTH) and report == "cached":
                continue
            costs[name, report] = scan(aws, prepare, checks)
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
            aws.add_service_specific_credential(user, "bedrock.amazonaws.com", created=days_ago(30))
        elif number % ONE_FAILING_IN == 1:
            aws.add_key(user, active=False, created=days_ago(300), last_used=days_ago(200))
        if number == 0:
            aws.attach(user, "AWSCompromisedKeyQuarantineV3")
    aws.behaviour.root_keys_active = (True,)
