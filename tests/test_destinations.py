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
from prowler_access_keys.services.iam.iam_access_keys.facts import LastUse
from prowler_access_keys.services.iam.iam_access_keys.findings.evidence_wording import (
    word_destination,
)

from .events import TERRAFORM, event, looked
from .keys import NOW, key

KEY = key("AKIA1", 300, 1)


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
        ("Boto3/1.40", "i-1", ("instance-role",)),
        ("Boto3/1.40", "nat-1", ("role-in-network",)),
        ("Boto3/1.40", "eipalloc-1", ("role-in-network",)),
        ("APN/1.0 Veeam/1.0 Backup/10.0", "", ("vendor-role",)),
        ("Datadog", "", ("vendor-role",)),
        ("S3 Browser/12.2.9", "", ("sign-in",)),
        ("aws-cli/2 os/windows#11", "", ("sign-in",)),
        (TERRAFORM, "", ("sign-in",)),
        ("aws-sdk-go/1.44 exec-env/CloudShell", "", ("sign-in",)),
        ("Boto3/1.40", "", ("roles-anywhere",)),
        ("Boto3/1.40 os/linux#6-kali1", "i-1", ()),
        ("Pacu/1.5", "", ()),
    ],
)
def test_the_first_row_that_fits_counts(agent: str, resource: str, names: Any) -> None:
    assert destinations({KEY: usage(agent, resource=resource)}) == {KEY: names}


@pytest.mark.parametrize("source", ["AWS Internal", "nobody", "cloudformation.amazonaws.com"])
def test_without_an_address_the_destination_is_not_known(source: str) -> None:
    found = usage("Boto3/1.40", sourceIPAddress=source)
    assert destinations({KEY: found}) == {KEY: ()}
    assert word_destination("AKIA1", (), found) == "What could replace AKIA1 is not known."
    assert word_destination("AKIA1", (), usage()) == ""


def test_all_programs_of_a_key_count_those_with_the_most_events_first() -> None:
    found = usage("Pacu/1", "Boto3/1", "Boto3/2 exec-env/EC2", "Boto3/1", "S3 Browser/1")
    assert destinations({KEY: found})[KEY] == ("roles-anywhere", "instance-role", "sign-in")


def test_a_key_for_smtp_goes_to_the_api_of_ses() -> None:
    smtp = replace(KEY, last_use=LastUse(NOW - timedelta(days=1), "ses-smtp", "eu-west-1"))
    assert destinations({smtp: usage()}) == {smtp: ("ses-api",)}


def test_keys_that_the_same_programs_use_from_the_same_places_are_a_rotation_to_finish() -> None:
    newer, both = key("AKIA2", 10, 1), usage("Boto3/1", "S3 Browser/1")
    assert destinations({KEY: usage("Boto3/1"), newer: both})[KEY][0] == "newer-key"
    assert destinations({KEY: both, newer: usage("Boto3/1")})[KEY][0] != "newer-key"
    assert destinations({KEY: usage(), newer: both}) == {
        KEY: (),
        newer: ("roles-anywhere", "sign-in"),
    }


def test_each_row_has_its_page_of_aws() -> None:
    for name, row in TABLE.items():
        assert row.page.endswith(".html"), name
        assert row.because, name
