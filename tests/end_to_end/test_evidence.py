"""The real ``prowler`` command with ``access_key_usage_from_cloudtrail``, at AWS's rate."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.ranking.cli import main

from .. import loaded
from ..permissions import actions, role_credentials
from ..scanning import CHECK

ON = "aws:\n  access_key_usage_from_cloudtrail: true\n"
KEYS = 4


def test_the_command_finds_what_uses_keys_and_who_created_one(
    aws: EmbeddedAWS, tmp_path: Path
) -> None:
    now = datetime.now(timezone.utc)
    for number in range(KEYS // 2):
        user = aws.add_user(f"user-{number:02}")
        for _ in range(2):
            key = aws.add_key(
                user, created=now - timedelta(days=100), last_used=now - timedelta(days=1)
            )
            aws.cloudtrail.add(
                "ListBuckets", at=now - timedelta(days=1), access_key_id=key.access_key_id
            )
    alice = aws.add_user("alice")
    for days in (3, 2):
        made = aws.add_key(alice, created=now - timedelta(days=days)).access_key_id
        aws.cloudtrail.add_key_creation(
            made, "alice", at=now - timedelta(days=days), creator="mallory", source="198.51.100.9"
        )
    (tmp_path / "config.yaml").write_text(ON)
    allowed = [*actions("scan.json"), *actions("scan-cloudtrail.json")]
    credentials = role_credentials(aws, allowed)
    with aws.enforcing_policies():
        run = loaded.run(
            ("prowler", "aws", "--checks", CHECK, "--config-file", "config.yaml"),
            environment=aws.environment() | credentials, directory=tmp_path,
        )  # fmt: skip
    sentences = {row["RESOURCE_NAME"]: row["STATUS_EXTENDED"] for row in run.csv()}
    assert sentences["alice"].endswith("by user mallory from 198.51.100.9.")
    assert "was used by aws-cli from 203.0.113.7 (S3)." in sentences["user-00"]
    # At AWS's rate; on a busy machine, two calls may still arrive at once.
    assert aws.calls["cloudtrail:LookupEvents"] - aws.cloudtrail.throttled == KEYS + 2
    main([str(run.report("*.ocsf.json")), "--output-directory", str(tmp_path / "ranked")])
    (page,) = (tmp_path / "ranked").glob("*.html")
    assert "was used by aws-cli from 203.0.113.7 (S3).</bdi>" in page.read_text("utf-8")
    assert "by user mallory from 198.51.100.9.</bdi>" in page.read_text("utf-8")
