"""What asking CloudTrail costs at AWS's rate, and how many events name a program that can be told.

The embedded AWS throttles as AWS does, at two calls a second for an account and region.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from demo.population import populate
from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import CALL
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.user_agents import (
    UNKNOWN,
    agent_of,
)

from .iam_reading import inside
from .programs import LATENCY, run
from .tables import table

USERS = 50
CHECK = "iam_user_multiple_active_keys"
REGION = "eu-west-1"
"""Where the keys were last used; global services have another region."""


def figures() -> str:
    """Measure. Returns Markdown."""
    rows = []
    with EmbeddedAWS() as aws:
        for on in (False, True):
            aws.clear()
            _fill(aws)
            aws.behavior.latency = LATENCY
            rows.append(_scan(aws, on=on))
            print(rows[-1], file=sys.stderr)
        named, events = _named(aws)
    return f"""\
## Evidence from CloudTrail

{USERS} users that fail `{CHECK}`, with two keys each, last used in
`{REGION}`; AWS's rate of two calls a second for an account and region, and
{LATENCY * 1000:.0f} ms for each call:

{table(("`access_key_usage_from_cloudtrail`", "calls", "throttled", "inside"), rows)}

Of {events:,} events of the demo's keys, {named / events:.1%} name a program that can be told.
"""


def _fill(aws: EmbeddedAWS) -> None:
    now = datetime.now(timezone.utc)
    for number in range(USERS):
        user = aws.add_user(f"user-{number:04}")
        for age in (300, 200):
            key = aws.add_key(
                user, created=now - timedelta(days=age), last_used=now - timedelta(days=1),
                region=REGION,
            )  # fmt: skip
            at = now - timedelta(days=1)
            aws.cloudtrail.add("X", at=at, region=REGION, access_key_id=key.access_key_id)


def _scan(aws: EmbeddedAWS, *, on: bool) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.yaml")
        config.write_text(f"aws:\n  access_key_usage_from_cloudtrail: {str(on).lower()}\n", "utf-8")
        words = ("-c", CHECK, "-M", "csv", "--no-banner", "--config-file", str(config))
        seconds = inside(run(aws, "prowler", "aws", *words).output)
    throttled = aws.cloudtrail.throttled
    return (str(on).lower(), f"{aws.calls[CALL]:,}", f"{throttled:,}", f"{seconds:,.1f} s")


def _named(aws: EmbeddedAWS) -> tuple[int, int]:
    """How many events of the demo name a program, and how many there are."""
    aws.clear()
    populate(aws)
    texts = [one["CloudTrailEvent"] for one in aws.cloudtrail.events()]
    programs = [agent_of(json.loads(text)["userAgent"]).program for text in texts]
    return sum(program != UNKNOWN for program in programs), len(programs)


if __name__ == "__main__":
    print(figures())
