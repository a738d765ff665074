"""Reports that are to go to S3 and to Security Hub: what arrives, and what is said if not."""

from __future__ import annotations

from pathlib import Path

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization

from .commands import run

BUCKET = "reports-of-the-organization"


def test_a_failed_delivery_is_reported_and_the_organizations_reports_are_delivered(
    organization: EmbeddedOrganization, aws: EmbeddedAWS, tmp_path: Path
) -> None:
    account = organization.add_account("account")
    organization.add_keys(account, "alice", 2)
    aws.client("s3").create_bucket(Bucket=BUCKET)
    done = run(
        "--output-bucket", BUCKET, "--", "--compliance", "access_key_hygiene_1.0_aws",
        "--region", "us-east-1", "-S", "-B", "no-such-bucket",
        environment=aws.environment(), directory=tmp_path / "output",
    )  # fmt: skip
    assert done.returncode == 4, done.output
    page = done.merged(".html").read_text("utf-8")
    for said in (
        "Not delivered to S3: PutObject failed with NoSuchBucket.",
        "Not delivered to Security Hub: No enabled regions found in Security Hub.",
    ):
        assert said in done.output
        assert said in page
    found = aws.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    names = {stored["Key"].removeprefix("output/organization/") for stored in found}
    own = [*done.directory.glob("prowler-org-o-*"), *done.directory.glob("[ck]*/*")]
    files = {path.relative_to(done.directory).as_posix() for path in own if path.is_file()}
    assert names == files
    assert any(name.startswith("compliance/") for name in names)
