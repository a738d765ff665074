"""The commands that deliver findings do what the page says."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator

import boto3
import pytest
from prowler.providers.aws.lib.security_hub.security_hub import SecurityHub

from embedded_aws.aws import EmbeddedAWS

from .. import loaded
from ..end_to_end.environments import Run
from ..pages import command
from ..scanning import ACCOUNT

BUCKET = "my-bucket"
REGION = "us-east-1"
OF_ANOTHER_SCAN = {
    "SchemaVersion": "2018-10-08", "Id": "prowler-another-check", "GeneratorId": "another-check",
    "ProductArn": f"arn:aws:securityhub:{REGION}::product/prowler/prowler",
    "ProductName": "Prowler", "AwsAccountId": ACCOUNT, "RecordState": "ACTIVE",
    "CreatedAt": "2026-11-25T00:00:00Z", "UpdatedAt": "2026-11-25T00:00:00Z",
    "Severity": {"Label": "LOW"}, "Title": "Another check", "Description": "Another check",
    "Resources": [{"Type": "AwsIamUser", "Id": "alice"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as embedded:
        embedded.client("s3").create_bucket(Bucket=BUCKET)
        embedded.add_key(embedded.add_user("alice"))
        yield embedded


@pytest.fixture(scope="module")
def delivered(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("deliveries")
    words = command(f"-o reports -B {BUCKET}")
    run = loaded.run(words, environment=aws.environment(), directory=folder)
    return Run(run.returncode, run.output, folder / "reports")


def test_the_reports_are_in_the_bucket(aws: EmbeddedAWS, delivered: Run) -> None:
    objects = aws.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert {stored["Key"].rpartition("/")[0] for stored in objects} == {
        "reports/csv", "reports/html", "reports/json-ocsf"
    }, delivered.output  # fmt: skip


@pytest.mark.skipif(not shutil.which("jq"), reason="needs jq")
def test_jq_gives_a_finding_a_line(delivered: Run) -> None:
    text = command("jq --compact-output '.[]' output/*.ocsf.json > findings.ndjson")
    assert text[0] == "jq"
    report = delivered.report("*.ocsf.json")
    lines = subprocess.check_output([*text[:3], str(report)], text=True).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(report.read_text("utf-8"))


def test_security_hub_archives_what_another_scan_of_prowler_delivered(aws: EmbeddedAWS) -> None:
    # Take the warning off the page once Prowler archives only findings of the checks that it ran.
    client = aws.client("securityhub")
    client.enable_security_hub()
    client.batch_import_findings(Findings=[OF_ANOTHER_SCAN])
    hub = SecurityHub(aws_account_id=ACCOUNT, aws_partition="aws", aws_session=boto3.Session())
    hub._enabled_regions, hub._findings_per_region = {REGION: client}, {REGION: []}
    assert hub.archive_previous_findings() == 1
    (archived,) = client.get_findings()["Findings"]
    assert archived["RecordState"] == "ARCHIVED"
