"""The check of users that AWS made for an API key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prowler_access_keys.services.iam.iam_access_keys.facts import User

from ..known_facts import API_KEY, ONE, UNLISTED, Known, check_named, judged, with_keys

CHECK = "iam_user_made_for_api_key_other_credentials"


@pytest.mark.parametrize(
    ("name", "facts", "status", "severity"),
    [
        ("BedrockAPIKey-0g4z", Known(credentials=(API_KEY,)), "PASS", ""),
        ("BedrockAPIKey-0g4z", with_keys(ONE, credentials=(API_KEY,)), "FAIL", ""),
        ("BedrockAPIKey-0g4z", Known(password=True, credentials=(API_KEY,)), "FAIL", ""),
        ("CloudWatchAPIKey-sikp", Known(), "FAIL", "low"),
        ("BedrockAPIKey-0g4z", Known(listed=UNLISTED, password=True), "FAIL", ""),
        ("BedrockAPIKey-0g4z", Known(listed=UNLISTED), "MANUAL", ""),
        ("BedrockAPIKey-0g4z", Known(credentials=UNLISTED), "MANUAL", ""),
    ],
)
def test_a_user_made_for_an_api_key_has_nothing_else(
    name: str, facts: Known, status: str, severity: str
) -> None:
    user = replace(facts, user=User(name, f"arn:aws:iam::123456789012:user/{name}"))
    verdict = judged(CHECK, user)
    assert (verdict.status, verdict.severity) == (status, severity)


@pytest.mark.parametrize(
    ("name", "concerned"),
    [("BedrockAPIKey-0g4z", True), ("BedrockAPIKey-team-2", False), ("PartnerAPIKey-x", False)],
)
def test_it_concerns_users_with_a_name_as_aws_makes_it(name: str, concerned: bool) -> None:
    assert check_named(CHECK).concerns(Known(User(name, "arn"))) == concerned
