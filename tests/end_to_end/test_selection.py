"""Prowler's options for choosing and changing findings work on the installed check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.embedded_aws import EmbeddedAWS

from ..scanning import CHECK
from .environments import Environment

MUTELIST = f"""
Mutelist:
  Accounts:
    "*":
      Checks:
        "{CHECK}":
          Regions: ["*"]
          Resources: ["bob"]
"""
SEVERITY = f"""
CustomChecksMetadata:
  aws:
    Checks:
      {CHECK}:
        Severity: critical
"""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as embedded:
        for name in ("alice", "bob", "carol"):
            user = embedded.add_user(name)
            embedded.add_key(user)
            embedded.add_key(user)
        yield embedded


def test_a_scan_of_one_user_finds_that_user_only(
    aws: EmbeddedAWS, installed: Environment, tmp_path: Path
) -> None:
    alice = "arn:aws:iam::123456789012:user/alice"
    run = installed.run(
        "-c", CHECK, "--resource-arn", alice, "-M", "csv",
        environment=aws.environment(), directory=tmp_path,
    )  # fmt: skip
    assert run.statuses() == {"alice": "FAIL"}, run.output


def test_findings_can_be_muted_and_made_severe(
    aws: EmbeddedAWS, installed: Environment, tmp_path: Path
) -> None:
    (tmp_path / "mutelist.yaml").write_text(MUTELIST)
    (tmp_path / "severity.yaml").write_text(SEVERITY)
    run = installed.run(
        "-c", CHECK, "-M", "csv", "--mutelist-file", "mutelist.yaml",
        "--custom-checks-metadata-file", "severity.yaml",
        environment=aws.environment(), directory=tmp_path,
    )  # fmt: skip
    rows = run.csv()
    assert {row["RESOURCE_NAME"] for row in rows if row["MUTED"] == "True"} == {"bob"}, run.output
    assert {row["SEVERITY"] for row in rows} == {"critical"}


def test_a_checks_file_selects_the_check(
    aws: EmbeddedAWS, installed: Environment, tmp_path: Path
) -> None:
    (tmp_path / "checks.json").write_text(json.dumps({"aws": [CHECK]}))
    run = installed.run(
        "--checks-file", "checks.json", "-M", "csv",
        environment=aws.environment(), directory=tmp_path,
    )  # fmt: skip
    assert run.statuses()["alice"] == "FAIL", run.output


@pytest.mark.parametrize(
    ("credentials", "error"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "NoCredentialsError"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "Could not connect to the endpoint URL"),
    ],
    ids=["no credentials", "unreachable endpoint"],
)
def test_without_access_the_error_is_prowlers_own(
    aws: EmbeddedAWS,
    installed: Environment,
    tmp_path: Path,
    credentials: dict[str, str],
    error: str,
) -> None:
    environment = aws.environment() | credentials
    run = installed.run("-c", CHECK, environment=environment, directory=tmp_path)
    assert run.returncode == 1
    assert error in run.output
    assert "Traceback" not in run.output
