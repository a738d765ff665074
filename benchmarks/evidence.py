"""What asking CloudTrail costs at AWS's rate.

The embedded AWS throttles as AWS does, at two calls a second for an account and region.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import CALL

from .iam_reading import inside
from .programs import LATENCY, run

USERS = 50
CHECK = "iam_user_multiple_active_keys"
REGION = "eu-west-1"
"""Where the keys were last used; global services have another region."""


def figures() -> str:
    """Measure. Returns Markdown."""
    with EmbeddedAWS() as aws:
        without, with_cloudtrail = _scan(aws, on=False), _scan(aws, on=True)
        calls, throttled = aws.calls[CALL], aws.cloudtrail.throttled
    return f"""\
## Evidence from CloudTrail

{USERS} users that fail `{CHECK}`, with two keys each, last used in
`{REGION}`; AWS's rate of two calls a second for an account and region, and
{LATENCY * 1000:.0f} ms for each call: {calls:,} calls, {throttled:,} of them throttled, and
{with_cloudtrail:,.1f} s inside, instead of {without:,.1f} s without CloudTrail.
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


def _scan(aws: EmbeddedAWS, *, on: bool) -> float:
    """Scan anew. Returns the seconds inside the check."""
    aws.clear()
    _fill(aws)
    aws.behavior.latency = LATENCY
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.yaml")
        config.write_text(f"aws:\n  access_key_usage_from_cloudtrail: {str(on).lower()}\n", "utf-8")
        words = ("-c", CHECK, "-M", "csv", "--no-banner", "--config-file", str(config))
        seconds = inside(run(aws, "prowler", "aws", *words))
    print(f"CloudTrail {on}: {seconds:.1f} s", file=sys.stderr)
    return seconds


if __name__ == "__main__":
    print(figures())
