"""Prowler's options for choosing and changing findings work on the installed check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from embedded_aws.aws import EmbeddedAWS

from ..pages import command, like_a_clone
from ..scanning import CHECK
from .environments import REPOSITORY, Environment, Run

EXAMPLES = REPOSITORY / "metadata" / "examples"


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


@pytest.fixture(scope="module")
def with_files(
    aws: EmbeddedAWS, installed: Environment, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """A run to which every choice is given in a file, one of them with a bad setting."""
    directory = tmp_path_factory.mktemp("with_files")
    (directory / "checks.json").write_text(json.dumps({"aws": [CHECK]}))
    (directory / "config.yaml").write_text("aws:\n  multiple_active_keys_grace_days: soon\n")
    return installed.run(
        "--checks-file", "checks.json", "-M", "csv", "--config-file", "config.yaml",
        "--mutelist-file", str(EXAMPLES / "mutelist.yaml"),
        "--custom-checks-metadata-file", str(EXAMPLES / "severity.yaml"), "--log-level", "ERROR",
        environment=aws.environment(), directory=directory,
    )  # fmt: skip


def test_a_checks_file_selects_the_check(with_files: Run) -> None:
    assert {row["CHECK_ID"] for row in with_files.csv()} == {CHECK}, with_files.output


def test_a_bad_setting_is_logged_and_the_run_goes_on_strictly(with_files: Run) -> None:
    assert "multiple_active_keys_grace_days is 'soon' in Prowler's config file" in with_files.output
    assert with_files.statuses()["rotating"] == "FAIL"


def test_findings_can_be_made_severe(with_files: Run) -> None:
    assert {row["SEVERITY"] for row in with_files.csv()} == {"high"}


def test_break_glass_users_can_be_muted_by_name(with_files: Run) -> None:
    assert muted(with_files) == {"break-glass-1"}


def test_break_glass_users_can_be_muted_by_tag(
    aws: EmbeddedAWS, installed: Environment, tmp_path: Path
) -> None:
    run = installed.run(
        "-c", CHECK, "-M", "csv", "--mutelist-file", str(EXAMPLES / "mutelist_by_tag.yaml"),
        environment=aws.environment(), directory=tmp_path,
    )  # fmt: skip
    assert muted(run) == {"alice"}


def muted(run: Run) -> set[str]:
    """The users whose findings are muted."""
    return {row["RESOURCE_NAME"] for row in run.csv() if row["MUTED"] == "True"}


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
