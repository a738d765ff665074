"""What holds for several checks; each has a file of its own beside this one."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

import pytest

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import (
    TOO_OLD,
    Origin,
    Usage,
    UsedBy,
)
from prowler_access_keys.services.iam.iam_access_keys.facts import User
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings

from .. import aws_cli
from ..keys import inactive
from ..known_facts import ONE, Known, credential, judge, judged, with_keys
from ..pages import REPOSITORY


def test_each_check_has_a_file_of_cases() -> None:
    files = {path.stem.removeprefix("test_") for path in (REPOSITORY / "tests/checks").iterdir()}
    assert our_checks() - files == {"iam_users_access_key_exceptions"}  # it judges no user


def test_a_user_without_active_keys_passes_every_check_of_active_keys() -> None:
    for name in ("unused", "unrotated", "console_password_and", "administrator", "quarantined"):
        verdict = judge(f"iam_user_{name}_active_keys", Known())
        assert (verdict.status, verdict.sentence) == (
            "PASS",
            "User alice has no active access keys.",
        )


@pytest.mark.parametrize(
    ("check", "name", "quarantined", "program"),
    [
        ("iam_user_unrotated_active_keys", "alice", (), "Boto3"),
        (
            "iam_user_unrotated_active_keys", "alice", ("AWSCompromisedKeyQuarantineV3",),
            'a program that calls itself "Boto3"',
        ),
        (
            "iam_user_decoy_access_keys_used", "canary-1", (),
            'a program that calls itself "Boto3"',
        ),
        (
            "iam_user_made_for_api_key_other_credentials", "BedrockAPIKey-0g4z", (),
            'a program that calls itself "Boto3"',
        ),
    ],
)  # fmt: skip
def test_in_an_incident_a_finding_quotes_the_name_that_a_program_gives_itself(
    check: str, name: str, quarantined: tuple[str, ...], program: str
) -> None:
    usage = Usage(("us-east-1",), 1, used_by=(UsedBy("Boto3", "192.0.2.1", 1, ()),))
    facts = with_keys(
        ONE, user=User(name, f"arn:aws:iam::123456789012:user/{name}"), quarantined=quarantined,
        uses={"AKIAONE": usage}, creations={"AKIAONE": Origin(unknown=TOO_OLD)},
    )  # fmt: skip
    settings = Settings(access_key_usage_from_cloudtrail=True, decoy_users=("canary-1",))
    assert f"AKIAONE was used by {program} from" in judged(check, facts, settings).sentence


@pytest.mark.parametrize("name", ["-ci-bot", "--help", "x=y,z"])
def test_the_commands_that_are_printed_are_valid_whatever_the_name(name: str) -> None:
    user = User(name, f"arn:aws:iam::123456789012:user/{name}")
    credentials = (credential("bedrock.amazonaws.com"), credential("logs.amazonaws.com"))
    keys = with_keys(inactive(900), inactive(901), ONE, user=user, password=True)
    made = replace(keys, user=User("BedrockAPIKey-0g4z", "arn"))
    said = [
        judge("iam_user_inactive_keys_not_deleted", keys),
        judge("iam_user_console_password_and_active_keys", keys),
        judge("iam_user_long_term_api_keys", Known(user=user, credentials=credentials)),
        judge("iam_user_made_for_api_key_other_credentials", made),
        judge("iam_user_made_for_api_key_other_credentials", Known(user=made.user)),
    ]
    for verdict in said:
        sentence = re.sub(r"\b(AKIA|ACCA)\w*", r"\1IOSFODNN7EXAMPLE", verdict.sentence)
        for command in re.findall(
            r"(?<!`)\baws iam .*?(?= && | deletes | deactivates |$)", sentence
        ):
            assert aws_cli.run([*shlex.split(command), "--generate-cli-skeleton=output"]) == 0
