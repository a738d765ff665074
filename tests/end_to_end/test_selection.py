"""Prowler's options for choosing and changing findings work on this check."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from embedded_aws.aws import EmbeddedAWS
from scripts.compliance_framework import UNIVERSAL

from .. import loaded
from ..pages import EXAMPLES, command
from ..scanning import CHECK, FAMILY
from .environments import Run

SCAN = ("prowler", "aws", "-c", CHECK, "-M", "csv")
AUDITORS_KEY = "AKIAOFTHEAUDITORS"
PROFILE = f"[audit]\naws_access_key_id = {AUDITORS_KEY}\naws_secret_access_key = secret\n"
FRAMEWORK = "access_key_hygiene_1.0_aws"
UNROTATED = "iam_user_unrotated_active_keys"


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


def test_a_setting_makes_unread_facts_stop_a_pipeline(aws: EmbeddedAWS, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("aws:\n  unreadable_access_keys_fail: true\n")
    nobody = ("--resource-arn", "arn:aws:iam::123456789012:user/nobody")
    environment = aws.environment()
    run = loaded.run(SCAN, *nobody, environment=environment, directory=tmp_path)
    assert (run.returncode, [*run.statuses().values()]) == (0, ["MANUAL"])
    shutil.rmtree(run.directory)
    more = (*nobody, "--config-file", "config.yaml")
    run = loaded.run(SCAN, *more, environment=environment, directory=tmp_path)
    assert (run.returncode, [*run.statuses().values()]) == (3, ["FAIL"])


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("--list-checks --severity medium", f"[{CHECK}]"),
        ("--list-checks --severity critical", "[iam_user_long_term_api_keys]"),
        ("--list-checks --category identity-access", f"[{CHECK}]"),
        ("--list-checks --service iam", f"[{CHECK}]"),
        ("--list-compliance", f"- {FRAMEWORK}\n"),
        (
            f"--list-compliance-requirements {FRAMEWORK}",
            "A user has one active access key; a second one",
        ),
    ],
)
def test_prowler_lists_the_check_and_the_framework(tmp_path: Path, options: str, line: str) -> None:
    words = ("prowler", "aws", *options.split())
    assert line in loaded.run(words, environment={}, directory=tmp_path).output


def test_prowler_selects_exactly_the_frameworks_checks(tmp_path: Path) -> None:
    words = ("prowler", "aws", "--list-checks", "--compliance", FRAMEWORK)
    listed = loaded.run(words, environment={}, directory=tmp_path)
    requirements = json.loads(UNIVERSAL.read_text("utf-8"))["requirements"]
    assert set(re.findall(r"^\[(\w+)\]", listed.output, re.MULTILINE)) == {
        check for requirement in requirements for check in requirement["checks"].get("aws", [])
    }


def test_a_scan_uses_the_given_profile(aws: EmbeddedAWS, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text(PROFILE)
    environment = aws.environment(AWS_SHARED_CREDENTIALS_FILE="credentials")
    aws.callers.clear()
    run = loaded.run(command("--profile audit"), environment=environment, directory=tmp_path)
    assert run.returncode == 3
    assert aws.callers == {AUDITORS_KEY}


def test_a_scan_of_one_user_finds_that_user_only(aws: EmbeddedAWS, tmp_path: Path) -> None:
    words = [
        word.replace("user/ci/bots/backup-nightly", "user/alice")
        for word in command("--resource-arn")
    ]
    run = loaded.run(words, environment=aws.environment(), directory=tmp_path)
    assert run.statuses() == {"alice": "FAIL"}, run.output


def test_a_config_file_has_every_setting_and_a_bad_one_is_reported(
    aws: EmbeddedAWS, tmp_path: Path
) -> None:
    (tmp_path / "checks.json").write_text(json.dumps({"aws": FAMILY}))
    (tmp_path / "config.yaml").write_text("aws:\n  multiple_active_keys_grace_days: soon\n")
    run = loaded.run(
        ("prowler", "aws", "--checks-file", "checks.json", "-M", "csv"),
        "--config-file", "config.yaml", "--mutelist-file", str(EXAMPLES / "mutelist.yaml"),
        "--custom-checks-metadata-file", str(EXAMPLES / "severity.yaml"),
        environment=aws.environment(), directory=tmp_path,
    )  # fmt: skip
    rows = run.csv()
    assert {row["CHECK_ID"] for row in rows} == set(FAMILY)
    assert {row["SEVERITY"] for row in rows if row["CHECK_ID"] == CHECK} == {"high"}
    assert muted(run) == {"break-glass-1"}
    assert run.output.count("multiple_active_keys_grace_days is 'soon' in Prowler's config") == 1
    (row,) = [
        row for row in rows if row["CHECK_ID"] == CHECK and row["RESOURCE_NAME"] == "rotating"
    ]
    assert row["STATUS"] == "FAIL"


@pytest.mark.parametrize("left_out", ["checks.json", "siblings.json"])
def test_our_checks_or_prowlers_own_of_the_same_users_can_be_left_out(
    left_out: str, aws: EmbeddedAWS, tmp_path: Path
) -> None:
    words = command(f'--excluded-checks-file "{EXAMPLES / left_out}"')
    run = loaded.run(words, environment=aws.environment(), directory=tmp_path)
    ran = {row["CHECK_ID"] for row in run.csv()}
    excluded = {*json.loads((EXAMPLES / left_out).read_text("utf-8"))["aws"]}
    assert not ran & excluded
    assert ran >= {*FAMILY, "iam_user_two_active_access_key"} - excluded


def test_break_glass_users_can_be_muted_by_tag(aws: EmbeddedAWS, tmp_path: Path) -> None:
    run = loaded.run(
        SCAN, "--mutelist-file", str(EXAMPLES / "mutelist_by_tag.yaml"),
        environment=aws.environment(), directory=tmp_path,
    )  # fmt: skip
    assert muted(run) == {"alice"}


def muted(run: Run) -> set[str]:
    """The users whose findings are muted."""
    return {row["RESOURCE_NAME"] for row in run.csv() if row["MUTED"] == "True"}


def test_the_example_config_allows_a_grace_period_for_rotation(
    aws: EmbeddedAWS, tmp_path: Path
) -> None:
    run = loaded.run(command("--config-file"), environment=aws.environment(), directory=tmp_path)
    row = next(row for row in run.csv() if row["RESOURCE_NAME"] == "rotating")
    assert row["STATUS"] == "PASS", run.output
    assert "The grace period ends on" in row["STATUS_EXTENDED"]
    assert run.statuses()["alice"] == "FAIL"


def test_the_frameworks_reports_name_a_setting_that_breaks_a_requirement(
    aws: EmbeddedAWS, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text("aws:\n  max_unrotated_access_keys_days: 365\n")
    run = loaded.run(
        ("prowler", "aws", "--compliance", FRAMEWORK, "-M", "csv", "--region", "us-east-1"),
        "--config-file", "config.yaml", environment=aws.environment(), directory=tmp_path,
    )  # fmt: skip
    about = (run.csv(f"compliance/*_{FRAMEWORK}.csv"), run.csv())
    (row,), (finding,) = [
        [row for row in rows if UNROTATED in row.values() and "rotating" in row.values()]
        for rows in about
    ]
    assert (finding["STATUS"], row["STATUS"]) == ("PASS", "FAIL"), run.output
    assert "max_unrotated_access_keys_days set to 365" in row["STATUSEXTENDED"]
