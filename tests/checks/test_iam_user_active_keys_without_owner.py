"""The check of owner tags."""

from __future__ import annotations

import pytest

from prowler_access_keys.services.iam.iam_access_keys.facts import User
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings

from ..known_facts import ONE, judge, with_keys


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        (("Owner", "payments"), "PASS"),
        (("company:owner-contact", "a@b.example"), "PASS"),
        (("Team ", "x"), "PASS"),
        (("owner", " "), "FAIL"),
        (("CostCenter", "42"), "FAIL"),
        (("AKIAONE", "nightly backup"), "FAIL"),
        (("owner", "N/A"), "FAIL"),
        (("owner", "-"), "FAIL"),
        (("owner", "Unknown."), "FAIL"),
        (("owner", "Nadia"), "PASS"),
    ],
)
def test_a_user_whose_tags_name_no_owner_fails(tag: tuple[str, str], status: str) -> None:
    user = User("alice", "arn", ({"Key": tag[0], "Value": tag[1]},))
    verdict = judge("iam_user_active_keys_without_owner", with_keys(ONE, user=user))
    assert verdict.status == status
    if status == "FAIL":
        assert (
            "None of the tags owner, owner_contact, team, contact names an owner."
            in verdict.sentence
        )
    else:
        assert f"the tag {tag[0]} names an owner" in verdict.sentence


def test_an_owner_tag_with_a_colon_is_compared_whole() -> None:
    settings = Settings(access_key_owner_tags=("company:owner",))
    for tag, status in (("Company:Owner", "PASS"), ("evil:owner", "FAIL"), ("owner", "FAIL")):
        user = User("alice", "arn", ({"Key": tag, "Value": "payments"},))
        facts = with_keys(ONE, user=user)
        assert judge("iam_user_active_keys_without_owner", facts, settings).status == status
