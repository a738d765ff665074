"""The check of decoys."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prowler_access_keys.services.iam.iam_access_keys.facts import User
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings

from ..keys import DENIED, key
from ..known_facts import UNLISTED, Known, check_named, judged, with_keys

CHECK = "iam_user_decoy_access_keys_used"
SETTINGS = Settings(decoy_users=("honey", "canary-?"))


@pytest.mark.parametrize(
    ("name", "facts", "status"),
    [
        ("Canary-1", with_keys(key("A", 900, 300)), "FAIL"),
        ("canary-1", with_keys(key("A", 900)), "PASS"),
        ("canary-1", with_keys(replace(key("A", 900, 300), active=False)), "FAIL"),
        ("canary-1", with_keys(key("A", 900, DENIED)), "MANUAL"),
        ("canary-1", with_keys(key("A", 900, DENIED), key("B", 900, 1)), "FAIL"),
        ("canary-1", Known(listed=UNLISTED), "MANUAL"),
    ],
)
def test_a_decoy_whose_key_was_ever_used_fails(name: str, facts: Known, status: str) -> None:
    decoy = replace(facts, user=User(name, f"arn:aws:iam::123456789012:user/{name}"))
    assert judged(CHECK, decoy, SETTINGS).status == status


@pytest.mark.parametrize(("name", "concerned"), [("CANARY-9", True), ("my-canary-1", False)])
def test_it_concerns_users_whose_names_the_setting_matches(name: str, concerned: bool) -> None:
    assert check_named(CHECK).concerns(Known(User(name, "arn"), settings=SETTINGS)) == concerned


def test_of_another_check_a_decoy_that_could_not_be_read_does_not_pass() -> None:
    decoy = User("canary-1", "arn")
    unread = judged("iam_user_multiple_active_keys", Known(decoy, listed=UNLISTED), SETTINGS)
    assert unread.status == "MANUAL"
