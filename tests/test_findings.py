"""What a finding says of its account and its user, beside what tests/test_family.py draws."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.finding_data import from_json
from prowler_access_keys.services.iam.iam_access_keys.findings.finding import details

from .scanning import ACCOUNT_NAME, CHECK, ROOT, by_name, provider_of, scan_account, scan_with


def test_an_account_without_users_passes_as_a_whole(aws: EmbeddedAWS) -> None:
    account = by_name(scan_account(aws))[ACCOUNT_NAME]
    assert (account.status, account.sentence) == (
        "PASS",
        "Account 123456789012 has no IAM users: 0 were listed, and iam:GetAccountSummary counts 0.",
    )


def test_the_root_users_finding_says_what_the_findings_go_by(aws: EmbeddedAWS) -> None:
    for name in ("alice", "bob"):
        aws.add_user(name)
    before = datetime.now(timezone.utc)
    reading = by_name(scan_account(aws))[ROOT].data.reading
    assert reading
    assert (reading.users_listed, reading.users_counted) == (2, 2)
    assert reading.caller.startswith("arn:aws:")
    assert reading.settings["max_unused_access_keys_days"] == 45
    began, ended = map(datetime.fromisoformat, (reading.began, reading.ended))
    assert before <= began <= ended <= datetime.now(timezone.utc)


def test_the_proof_of_a_pass_takes_no_call(aws: EmbeddedAWS) -> None:
    aws.add_key(aws.add_user("bob"))
    with provider_of(aws) as provider:
        (bob,) = scan_with(provider, ("iam_user_long_term_api_keys",))
    assert (bob.status, bob.data.access_keys, bob.data.reported_access_keys) == ("PASS", (), ())
    assert not aws.calls["iam:GenerateCredentialReport"]


def test_a_pass_has_the_keys_that_were_listed(aws: EmbeddedAWS) -> None:
    key = aws.add_key(aws.add_user("bob"))
    aws.hold_report(timedelta(hours=1))  # too old to prove anything
    (held,) = by_name(scan_account(aws))["bob"].data.access_keys
    assert (held.access_key_id, held.active) == (key.access_key_id, True)


def test_a_pass_by_a_report_has_what_the_report_shows_of_the_keys(aws: EmbeddedAWS) -> None:
    user = aws.add_user("bob")
    aws.add_key(user, active=False)
    aws.add_key(user)
    data = by_name(scan_account(aws))["bob"].data
    assert sorted(key.active for key in data.reported_access_keys) == [False, True]
    assert all(key.changed for key in data.reported_access_keys)
    assert data.credential_report_date
    assert data.access_keys == ()


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
