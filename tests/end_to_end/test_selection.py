"""Prowler's options for choosing and changing findings work on the installed check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from demo.embedded_aws import EmbeddedAWS

from ..pages import command, like_a_clone
from ..scanning import CHECK
from .environments import REPOSITORY, Environment

EXAMPLES = REPOSITORY / "metadata" / "examples"
SEVERITY = str(EXAMPLES / "severity.yaml")


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    today = datetime.now(timezone.utc)
    with EmbeddedAWS() as embedded:
        for name in ("alice", "break-glass-1", "not-break-glass-1"):
            purpose = "break-glass" if name == "alice" else "other"
            user = embedded.add_user(name, tags={"purpose": purpose})
            for age in (300, 100):
                embedded.add_key(user, created=today - timedelta(days=age))
        rotating = embedded.add_user("rotating")
        for age in (300, 3):
            embedded.add_key(rotating, created=today - timedelta(days=age), last_used=today)
        yield embedded


def test_a_scan_of_one_user_finds_that_user_only(
    aws: EmbeddedAWS, installed: Environment, tmp_path: Path
) -> None:
    run = installed.run_command(
        command("--resource-arn"), environment=aws.environment(), directory=tmp_path
    )
    assert run.statuses() == {"alice": "FAIL"}, run.output


@pytest.mark.parametrize(
    ("example", "muted"),
    [("mutelist.yaml", "break-glass-1"), ("mutelist_by_tag.yaml", "alice")],
    ids=["by name", "by tag"],
)
def test_break_glass_users_can_be_muted_and_findings_made_severe(
    aws: EmbeddedAWS, installed: Environment, tmp_path: Path, example: str, muted: str
) -> None:
    run = installed.run(
        "-c", CHECK, "-M", "csv", "--mutelist-file", str(EXAMPLES / example),
        "--custom-checks-metadata-file", SEVERITY,
        environment=aws.environment(), directory=tmp_path,
    )  # fmt: skip
    rows = run.csv()
    assert {row["RESOURCE_NAME"] for row in rows if row["MUTED"] == "True"} == {muted}, run.output
    assert {row["SEVERITY"] for row in rows} == {"high"}


def test_the_example_config_gives_a_rotation_its_grace(
    aws: EmbeddedAWS, installed: Environment, tmp_path: Path
) -> None:
    run = installed.run_command(
        command("--config-file"),
        environment=aws.environment(),
        directory=like_a_clone(tmp_path / "clone"),
    )
    row = next(row for row in run.csv() if row["RESOURCE_NAME"] == "rotating")
    assert row["STATUS"] == "PASS", run.output
    assert "The grace period ends on" in row["STATUS_EXTENDED"]
    assert run.statuses()["alice"] == "FAIL"


def test_a_bad_setting_is_logged_and_the_run_goes_on_strictly(
    aws: EmbeddedAWS, installed: Environment, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text("aws:\n  multiple_active_keys_grace_days: soon\n")
    run = installed.run(
        "-c", CHECK, "-M", "csv", "--config-file", "config.yaml", "--log-level", "ERROR",
        environment=aws.environment(), directory=tmp_path,
    )  # fmt: skip
    assert "multiple_active_keys_grace_days is 'soon' in Prowler's config file" in run.output
    assert run.statuses()["rotating"] == "FAIL"


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
        ({"AWS_SESSION_TOKEN": "expired"}, "ExpiredToken"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "Could not connect to the endpoint URL"),
    ],
    ids=["no credentials", "expired credentials", "unreachable endpoint"],
)
def test_without_access_the_error_is_prowlers_own(
    aws: EmbeddedAWS,
    installed: Environment,
    tmp_path: Path,
    credentials: dict[str, str],
    error: str,
) -> None:
    environment = aws.environment() | credentials
    aws.behaviour.credentials_expired = "AWS_SESSION_TOKEN" in credentials
    run = installed.run("-c", CHECK, environment=environment, directory=tmp_path)
    aws.behaviour.credentials_expired = False
    assert run.returncode == 1
    assert error in run.output
    assert "Traceback" not in run.output
