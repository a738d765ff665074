"""A user's own texts and severities, as ``--custom-checks-metadata-file`` gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from prowler.lib.outputs.csv.csv import CSV
from prowler.lib.outputs.ocsf.ocsf import OCSF
from prowler.providers.aws.aws_provider import AwsProvider

from embedded_aws.aws import EmbeddedAWS

from .csv_files import csv_rows
from .scanning import CHECK, FAMILY, begin_run, findings_of, provider_of

API_KEYS = "iam_user_long_term_api_keys"
URL = "https://example.com/runbook"
REJECTED: dict[str, dict[str, Any]] = {
    "CheckTitle": {"CheckTitle": "x" * 151},
    "CheckTitle (CheckTitle must not start with": {"CheckTitle": "Ensure that"},
    "Description": {"Description": "x" * 401},
    "Risk": {"Risk": "x" * 401},
    "RelatedUrl": {"RelatedUrl": URL},
    "Remediation (Remediation Recommend": {"Remediation": {"Recommendation": {"Url": URL}}},
    "Remediation (CLI command cannot be": {"Remediation": {"Code": {"CLI": URL}}},
    "Description ('utf-8' codec": {"Description": "\ud800"},
    "Remediation ('utf-8' codec": {"Remediation": {"Code": {"Other": "\ud800"}}},
    "Severity": {"Severity": 7, "Risk": "mine"},
    "Risk (Object of type": {"Risk": object()},
    "CheckTitle (CheckTitle must not exceed 150 characters, got 200 characters), Risk (": {
        "CheckTitle": "x" * 200, "Risk": "y" * 500,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def provider() -> Iterator[AwsProvider]:
    now = datetime.now(timezone.utc)
    with EmbeddedAWS() as aws:
        for name, days in (("lasting", None), ("expiring", 9)):
            user = aws.add_user(name)
            aws.add_key(user), aws.add_key(user)
            expires = None if days is None else now + timedelta(days=days)
            aws.add_service_specific_credential(
                user, "bedrock.amazonaws.com", created=now, expires=expires
            )
        with provider_of(aws) as connected:
            begin_run(connected, *FAMILY)
            yield connected


@pytest.mark.parametrize("said", REJECTED)
@pytest.mark.parametrize("check", [CHECK, API_KEYS, "iam_root_user_active_keys"])
def test_rejected_metadata_loses_no_finding_and_is_reported(
    provider: AwsProvider, tmp_path: Path, check: str, said: str
) -> None:
    shipped = findings_of(provider, check)
    found = findings_of(provider, check, REJECTED[said])
    assert [(finding.uid, finding.status) for finding in found] == [
        (finding.uid, finding.status) for finding in shipped
    ]
    assert all(f"own are used instead: {said}" in finding.status_extended for finding in found)
    assert all(finding.metadata.CheckTitle == shipped[0].metadata.CheckTitle for finding in found)
    reports = {"csv": tmp_path / "x.csv", "ocsf": tmp_path / "x.ocsf.json"}
    CSV(found, file_path=str(reports["csv"])).batch_write_data_to_file()
    OCSF(found, file_path=str(reports["ocsf"])).batch_write_data_to_file()
    assert len(csv_rows(reports["csv"], ";")) == len(found)
    assert len(json.loads(reports["ocsf"].read_text("utf-8"))) == len(found)


def test_accepted_metadata_is_used_beside_rejected_metadata(provider: AwsProvider) -> None:
    custom = {"Risk": "mine", "Description": "x" * 401, "Severity": "low"}
    found = findings_of(provider, CHECK, custom)
    assert {(finding.metadata.Risk, finding.metadata.Severity.value) for finding in found} == {
        ("mine", "low")
    }
    custom.pop("Description")
    assert all(
        "metadata" not in finding.status_extended
        for finding in findings_of(provider, CHECK, custom)
    )


@pytest.mark.parametrize("severity", [None, "critical", "high", "informational"])
def test_a_severity_is_only_lowered_and_not_if_the_user_has_set_it(
    provider: AwsProvider, severity: str | None
) -> None:
    custom = {"Severity": severity} if severity else None
    found = findings_of(provider, API_KEYS, custom)
    assert {finding.resource_name: finding.metadata.Severity.value for finding in found} == {
        "lasting": severity or "critical",
        "expiring": severity or "high",
    }
