"""What a finding says of its account and its user, beside what tests/test_family.py draws."""

from __future__ import annotations

import pytest

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.finding_data import from_json
from prowler_access_keys.services.iam.iam_access_keys.findings.finding import details

from .scanning import CHECK, ROOT, by_name, scan_account


def test_an_account_without_users_has_no_finding_for_a_user(aws: EmbeddedAWS) -> None:
    assert list(by_name(scan_account(aws))) == [ROOT]


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")],
)
def test_a_finding_names_the_user_as_its_partition_does(region: str, partition: str) -> None:
    with EmbeddedAWS(region) as aws:
        user = aws.add_user("deploy", "/ci/bots/", {"team": "platform"})
        aws.add_key(user)
        deploy = by_name(scan_account(aws))["deploy"]
    assert deploy.arn == f"arn:{partition}:iam::123456789012:user/ci/bots/deploy"
    assert (deploy.region, deploy.partition) == (region, partition)
    assert deploy.tags == '{"team": "platform"}'
    assert deploy.uid == f"prowler-aws-{CHECK}-123456789012-{region}-deploy"


def test_the_details_column_names_action_and_key() -> None:
    deactivate = {"advice": {"action": "deactivate", "retire": "AKIA1", "keep": "AKIA2"}}
    assert details(from_json(deactivate)) == "deactivate; retire AKIA1"
    find_creator = {"advice": {"action": "find-creator", "creator_of": ["AKIA1"]}}
    assert details(from_json(find_creator)) == "find-creator"
    assert details(from_json({"name": "alice"})) == ""
