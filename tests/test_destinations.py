"""Where what uses a key could go, by the evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.destinations import (
    TABLE,
    destinations,
)
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import Usage, usage_of
from prowler_access_keys.services.iam.iam_access_keys.facts import LastUse, UserPolicies
from prowler_access_keys.services.iam.iam_access_keys.findings.evidence_wording import (
    word_destination,
)
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings

from .events import TERRAFORM, event, looked
from .keys import NOW, key
from .known_facts import Known, judged

KEY = key("AKIA1", 300, 1)
ADMIN = UserPolicies((("arn:aws:iam::aws:policy/AdministratorAccess", ""),))


def usage(*agents: str, resource: str = "", **record: Any) -> Usage:
    found = usage_of([looked(*(event(userAgent=agent, **record) for agent in agents))], 50)
    return replace(found, used_by=tuple(replace(user, resource=resource) for user in found.used_by))


@pytest.mark.parametrize(
    ("agent", "resource", "names"),
    [
        ("Boto3/1.40 exec-env/AWS_Lambda_python3.12", "", ("lambda-role",)),
        ("Boto3/1.40 exec-env/AWS_Lambda_python3.12", "nat-1", ("lambda-role",)),
        ("Boto3/1.40 exec-env/AWS_ECS_FARGATE", "", ("ecs-task-role",)),
        ("Boto3/1.40 exec-env/CodeBuild", "", ("codebuild-role",)),
        ("elbv2.k8s.aws/v2.4 aws-sdk-go/1.44", "", ("eks-pod-role",)),
        ("configure-aws-credentials-for-github-actions", "", ("oidc-role",)),
        ("gitlab-runner/16.1 aws-sdk-go/1.44", "", ("oidc-role",)),
        ("Boto3/1.40 exec-env/EC2", "", ("instance-role",)),
        ("Boto3/1.40", "i-1", ("role-in-network",)),
        ("Boto3/1.40", "nat-1", ("role-in-network",)),
        ("APN/1.0 Veeam/1.0 Backup/10.0", "", ("vendor-role",)),
        ("Datadog", "", ("vendor-role",)),
        ("S3 Browser/12.2.9", "", ("sign-in",)),
        ("aws-cli/2 os/windows#11", "", ("sign-in",)),
        (TERRAFORM, "", ("sign-in",)),
        ("aws-sdk-go/1.44 exec-env/CloudShell", "", ("sign-in",)),
        ("Boto3/1.40", "", ()),
        ("AWS Internal", "", ()),
    ],
)
def test_the_first_row_that_fits_counts(agent: str, resource: str, names: Any) -> None:
    assert destinations({KEY: usage(agent, resource=resource)}, None) == {KEY: names}


@pytest.mark.parametrize("agent", ["Boto3/1.40 os/linux#6-kali1", "Pacu/1.5", "trufflehog/3"])
def test_of_a_key_that_a_tool_for_attacks_uses_nothing_is_to_be_moved(agent: str) -> None:
    found = usage(TERRAFORM, TERRAFORM, agent, resource="i-1")
    assert destinations({KEY: found}, None) == {}


def test_all_programs_of_a_key_count_those_with_the_most_events_first() -> None:
    found = usage("Boto3/1", "Boto3/2 exec-env/EC2", "Boto3/1", "S3 Browser/1")
    assert destinations({KEY: found}, None)[KEY] == ("instance-role", "sign-in")


def test_a_key_for_smtp_goes_to_the_api_of_ses_which_the_advice_says() -> None:
    smtp = replace(KEY, last_use=LastUse(NOW - timedelta(days=1), "ses-smtp", "eu-west-1"))
    assert destinations({smtp: usage()}, None) == {smtp: ("ses-api",)}
    assert word_destination("AKIA1", ("ses-api",)) == ""
    assert word_destination("AKIA1", ("ses-api", "sign-in")) == (
        "A person seems to use AKIA1: consider aws login or IAM Identity Center instead."
    )


def test_keys_that_the_same_programs_use_from_the_same_places_are_a_rotation_to_finish() -> None:
    newer, both = key("AKIA2", 60, 1), usage("Boto3/1", "S3 Browser/1")
    assert destinations({KEY: usage("Boto3/1"), newer: both}, newer) == {
        KEY: ("newer-key",),
        newer: ("sign-in",),
    }
    assert destinations({KEY: both, newer: usage("Boto3/1")}, newer)[KEY] == ("sign-in",)
    assert destinations({KEY: usage(), newer: both}, newer)[KEY] == ()
    assert destinations({KEY: usage("Boto3/1"), newer: both}, None)[KEY] == ()


@pytest.mark.parametrize(
    ("agent", "source"),
    [
        ("Boto3/1", "nobody"),
        ("", "203.0.113.7"),
        ("Boto3/1", "cloudformation.amazonaws.com"),
        ("Boto3/1", "AWS Internal"),
    ],
)
def test_programs_and_addresses_that_are_not_known_are_not_the_same(
    agent: str, source: str
) -> None:
    newer, found = key("AKIA2", 60, 1), usage(agent, sourceIPAddress=source)
    assert destinations({KEY: found, newer: found}, newer) == {KEY: (), newer: ()}


@pytest.mark.parametrize(
    ("check", "keys", "facts", "to_move", "keep"),
    [
        ("multiple_active_keys", (KEY, key("AKIA2", 60, 1)), {}, ["AKIA1", "AKIA2"], "AKIA2"),
        ("unrotated_active_keys", (KEY, key("AKIA2", 100, 1)), {}, ["AKIA1", "AKIA2"], None),
        ("multiple_active_keys", (KEY, key("AKIA2", 4, 1)), {}, ["AKIA1"], None),
        (
            "multiple_active_keys",
            (KEY, key("AKIA2", 60, 1)),
            {"quarantined": ("AWSCompromisedKeyQuarantineV3",)},
            [],
            None,
        ),
        ("administrator_active_keys", (KEY,), {"applying": ADMIN}, [], None),
    ],
    ids=["move", "the newer key fails too", "a young key", "quarantined", "decoy"],
)
def test_only_a_key_that_is_not_suspect_is_to_be_moved_and_only_to_one_that_stays(
    check: str, keys: Any, facts: Any, to_move: list[str], keep: str | None
) -> None:
    settings = Settings(decoy_users=("alice",) if "applying" in facts else ())
    verdict = judged(f"iam_user_{check}", Known(listed=keys, **facts), settings)
    ask = verdict.ask
    assert ask
    assert [moved.access_key_id for moved in ask.to_move] == to_move
    assert (ask.keep and ask.keep.access_key_id) == keep
    assert ask.is_incident is (not to_move)


def test_each_row_has_its_page_of_aws() -> None:
    for name, row in TABLE.items():
        assert row.page.endswith(".html"), name
        assert row.because, name
