"""Whatever users an account has, the findings are the truth about them."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings

from demo.embedded_aws import EmbeddedAWS

from .accounts import DrawnUser, accounts
from .scanning import by_name, provider_of, scan

ROOT = "<root_account>"


@given(accounts)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_user_gets_one_finding_with_the_right_verdict(users: list[DrawnUser]) -> None:
    with EmbeddedAWS() as aws:
        for user in users:
            user.put_into(aws)
        with provider_of(aws) as provider:
            found = by_name(scan(provider))
    assert found.pop(ROOT).status == "PASS"
    assert {name: finding.status for name, finding in found.items()} == {
        user.name: user.status for user in users
    }
    for user in users:
        finding = found[user.name]
        assert finding.arn == f"arn:aws:iam::123456789012:user{user.path}{user.name}"
        assert json.loads(finding.tags) == dict(user.tags)
        number = "no" if not any(user.keys) else str(sum(user.keys))
        assert f"User {user.name} has {number} active access key" in finding.sentence
