"""What a finding tells the person who reads it."""

from __future__ import annotations

from prowler_access_keys.services.iam.iam_user_multiple_active_keys.lib.access_keys import (
    AccessKey,
    ActiveKeys,
    CountedOnly,
    RootAccessKeys,
    User,
    UserAccessKeys,
)
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.lib.resource import describe
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.lib.settings import Settings
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.lib.verdict import (
    Verdict,
    judge_root,
    judge_user,
)

from .keys import DENIED, NOW, active, key

ALICE = User("alice", "arn:aws:iam::123456789012:user/alice")
COUNTED = CountedOnly("iam:ListAccessKeys", "AccessDenied", count=2)


def sentence(*keys: AccessKey, grace: int = 0) -> str:
    settings = Settings(multiple_active_keys_grace_days=grace)
    return str(judge_user(UserAccessKeys(ALICE, active(*keys)), settings, NOW).sentence)


def test_a_failure_names_both_keys_their_age_their_last_use_and_the_one_to_retire() -> None:
    assert sentence(key("AKIAOLD", 900, 100), key("AKIANEW", 10, 1)) == (
        "User alice has 2 active access keys: "
        "AKIAOLD (created 2024-06-07, 900 days ago; last used 2026-08-16, 100 days ago, by s3 in "
        "eu-west-1) and "
        "AKIANEW (created 2026-11-14, 10 days ago; last used 2026-11-23, 1 day ago, by s3 in "
        "eu-west-1). AKIAOLD was not used for 100 days and can be deactivated now."
    )


def test_a_key_that_was_never_used_is_called_so() -> None:
    said = sentence(key("AKIAOLD", 900, 1), key("AKIANEW", 50))
    assert "AKIANEW (created 2026-10-05, 50 days ago; never used)." in said
    assert said.endswith("AKIANEW was never used and can be deactivated now.")


def test_two_keys_in_use_are_to_be_made_one() -> None:
    assert sentence(key("AKIAOLD", 900, 1), key("AKIANEW", 90, 1)).endswith(
        "Both are in use: move what uses AKIAOLD to AKIANEW, then deactivate AKIAOLD."
    )


def test_an_unfinished_rotation_is_to_be_finished() -> None:
    assert sentence(key("AKIAOLD", 900, 1), key("AKIANEW", 4)).endswith(
        "A rotation was started and not finished: put AKIANEW to use, then deactivate AKIAOLD."
    )


def test_a_last_use_that_could_not_be_read_is_named_and_nothing_is_advised() -> None:
    said = sentence(key("AKIAOLD", 900, DENIED), key("AKIANEW", 90, 1))
    assert "last use could not be read: iam:GetAccessKeyLastUsed failed with AccessDenied" in said
    assert said.endswith("Find out which keys are in use before you deactivate one.")


def test_a_rotation_within_the_grace_period_passes_and_says_until_when() -> None:
    assert sentence(key("AKIAOLD", 900), key("AKIANEW", 4), grace=7) == (
        "User alice has 2 active access keys, and a rotation is under way: AKIANEW was created "
        "2026-11-20, 4 days ago. The grace period ends on 2026-11-27 12:00 UTC."
    )


def test_keys_that_could_only_be_counted_fail_and_the_sentence_says_why_they_are_not_named() -> (
    None
):
    assert judge_user(UserAccessKeys(ALICE, COUNTED), Settings(), NOW) == Verdict(
        "FAIL",
        "User alice has 2 active access keys, says the credential report that was made for this "
        "scan. Which they are could not be read: iam:ListAccessKeys failed with AccessDenied. "
        "Look at this user by hand, or scan again once the call is allowed and answered.",
    )


def test_a_grace_period_might_excuse_keys_that_could_only_be_counted() -> None:
    verdict = judge_user(
        UserAccessKeys(ALICE, COUNTED), Settings(multiple_active_keys_grace_days=7), NOW
    )
    assert verdict.status == "MANUAL"
    assert "Which they are, and so whether the grace period excuses them, could" in verdict.sentence


def test_dates_in_the_future_have_no_negative_age() -> None:
    said = sentence(key("AKIAOLD", 900, -3), key("AKIANEW", -1, 1))
    assert "last used 2026-11-27, less than a day ago" in said
    assert "created 2026-11-25, less than a day ago" in said


def test_a_pass_is_short() -> None:
    assert sentence(key("AKIANEW", 90, 1)) == "User alice has 1 active access key."


def test_a_failure_fits_into_a_security_hub_description() -> None:
    longest = User("n" * 64, "arn")
    keys = active(key("A" * 128, 9000, DENIED), key("B" * 128, 8000, DENIED))
    assert len(judge_user(UserAccessKeys(longest, keys), Settings(), NOW).sentence) <= 1024


def test_the_facts_are_there_as_data() -> None:
    keys = active(key("AKIAOLD", 900, 100), key("AKIANEW", 10))
    verdict = judge_user(UserAccessKeys(ALICE, keys), Settings(), NOW)
    assert describe(ALICE.name, ALICE.arn, keys, verdict, NOW) == {
        "name": "alice",
        "arn": "arn:aws:iam::123456789012:user/alice",
        "active_access_keys": 2,
        "access_keys": [
            {
                "access_key_id": "AKIAOLD",
                "create_date": "2024-06-07T12:00:00+00:00",
                "age_days": 900,
                "last_used_date": "2026-08-16T12:00:00+00:00",
                "last_used_service": "s3",
                "last_used_region": "eu-west-1",
            },
            {
                "access_key_id": "AKIANEW",
                "create_date": "2026-11-14T12:00:00+00:00",
                "age_days": 10,
            },
        ],
        "advice": {"action": "deactivate", "retire": "AKIAOLD", "keep": "AKIANEW"},
    }


def test_keys_that_could_only_be_counted_are_there_as_their_number_and_the_error() -> None:
    verdict = judge_user(UserAccessKeys(ALICE, COUNTED), Settings(), NOW)
    assert describe(ALICE.name, ALICE.arn, COUNTED, verdict, NOW) == {
        "name": "alice",
        "arn": "arn:aws:iam::123456789012:user/alice",
        "active_access_keys": 2,
        "unreadable": {"call": "iam:ListAccessKeys", "error_code": "AccessDenied"},
    }


def test_of_the_root_user_with_two_keys_the_number_is_there_and_no_list() -> None:
    active_keys = ActiveKeys(2)
    verdict = judge_root(RootAccessKeys(ALICE.arn, active_keys))
    assert describe("<root_account>", "arn", active_keys, verdict, NOW) == {
        "name": "<root_account>",
        "arn": "arn",
        "active_access_keys": 2,
    }
