"""Whatever users an account has, the findings are the truth about them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from prowler.providers.aws.aws_provider import AwsProvider

from embedded_aws.aws import EmbeddedAWS

from .accounts import DrawnUser, accounts
from .scanning import NEIGHBOUR, ROOT, by_name, provider_of, scan, statuses


@pytest.fixture(scope="module")
def provider() -> Iterator[tuple[EmbeddedAWS, AwsProvider]]:
    # Prowler's shared client, made anew for each account, makes a client for each region.
    with EmbeddedAWS() as aws, provider_of(aws, regions={aws.region}) as connected:
        yield aws, connected


def put_into(aws: EmbeddedAWS, users: list[DrawnUser]) -> None:
    aws.clear()
    for user in users:
        user.put_into(aws)


@given(users=accounts, cached=st.booleans())
@settings(max_examples=100, deadline=None)
def test_every_user_gets_one_finding_with_the_right_verdict(
    provider: tuple[EmbeddedAWS, AwsProvider], users: list[DrawnUser], cached: bool
) -> None:
    aws, connected = provider
    put_into(aws, users)
    if cached:
        aws.hold_report(timedelta(minutes=90))
    found = by_name(scan(connected))
    assert found.pop(ROOT).status == "PASS"
    assert statuses(found.values()) == {user.name: user.status for user in users}
    for user in users:
        finding = found[user.name]
        assert finding.arn == f"arn:aws:iam::123456789012:user{user.path}{user.name}"
        assert json.loads(finding.tags) == dict(user.tags)
        number = user.active_keys or "no"
        assert f"User {user.name} has {number} active access key" in finding.sentence
        advice = json.loads(finding.resource).get("advice")
        assert bool(advice) == (user.status == "FAIL")
        event(advice["action"] if advice else user.status)


@given(users=accounts, root_keys=st.sampled_from([(), (True,), (True, True)]), cached=st.booleans())
@settings(max_examples=40, deadline=None)
def test_alone_and_beside_other_iam_checks_it_finds_the_same(
    provider: tuple[EmbeddedAWS, AwsProvider],
    users: list[DrawnUser],
    root_keys: tuple[bool, ...],
    cached: bool,
) -> None:
    aws, connected = provider
    put_into(aws, users)
    aws.behaviour.root_keys_active = root_keys
    if cached:
        aws.hold_report(timedelta(minutes=90))
    alone = scan(connected)
    beside = scan(connected, NEIGHBOUR)
    assert alone == beside
