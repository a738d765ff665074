"""What a finding tells the person who reads it."""

from __future__ import annotations

from typing import Any

import pytest

from prowler_access_keys.services.iam.iam_access_keys import finding
from prowler_access_keys.services.iam.iam_access_keys.facts import (
    AccessKey,
    RootAccessKeys,
    UnmatchedARN,
    Unreadable,
    User,
)
from prowler_access_keys.services.iam.iam_access_keys.finding import Verdict
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.iam_user_multiple_active_keys import (  # noqa: E501
    iam_user_multiple_active_keys,
)

from .keys import DENIED, NOW, active, key
from .known_facts import ALICE, Known

CHECK = iam_user_multiple_active_keys()
COUNTED = Known(listed=Unreadable("iam:ListAccessKeys", "AccessDenied"), counted=2)


def judge(facts: Known, grace: int = 0) -> Verdict:
    settings = Settings(multiple_active_keys_grace_days=grace)
    verdict: Verdict = CHECK.judge(facts, settings, NOW)
    return verdict


def sentence(*keys: AccessKey, grace: int = 0) -> str:
    return judge(Known(listed=active(*keys)), grace).sentence


def test_a_failure_names_both_keys_their_age_their_last_use_and_the_one_to_retire() -> None:
    assert sentence(key("AKIAOLD", 900, 100), key("AKIANEW", 10, 1)) == (
        "User alice has 2 active access keys: "
        "AKIAOLD (created 2024-06-07, 900 days ago; last used 2026-08-16, 100 days ago, by s3 in "
        "eu-west-1) and "
        "AKIANEW (created 2026-11-14, 10 days ago; last used 2026-11-23, 1 day ago, by s3 in "
        "eu-west-1). AKIAOLD was not used for 100 days and can be deactivated now."
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


def test_keys_that_could_only_be_counted_fail_and_are_not_named() -> None:
    verdict = judge(COUNTED)
    assert (verdict.status, verdict.sentence) == (
        "FAIL",
        "User alice has 2 active access keys, according to the credential report made for this "
        "scan. Which keys they are could not be read: iam:ListAccessKeys failed with "
        "AccessDenied. Allow the call and scan again, or check the user in the IAM console.",
    )


def test_a_grace_period_might_excuse_keys_that_could_only_be_counted() -> None:
    verdict = judge(COUNTED, grace=7)
    assert verdict.status == "MANUAL"
    assert "Which keys they are, and so whether the grace period excuses them, could" in (
        verdict.sentence
    )


def test_a_user_that_was_listed_and_then_not_found_is_named() -> None:
    gone = Unreadable("iam:ListAccessKeys", "NoSuchEntity")
    assert finding.unreadable(ALICE, gone, "access keys").sentence == (
        "User alice was listed, and then not found: it was deleted or renamed while the scan was "
        "reading. Scan again."
    )


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (UnmatchedARN("a"), "Account 1234 has no IAM user with the ARN a."),
        (UnmatchedARN("a", actual="b"), "No IAM user has the ARN a. The user of that name has b."),
        (UnmatchedARN("a", foreign=True), "a is in another account or partition than 1234, which "),
        (UnmatchedARN("a", is_user=False), "a is not the ARN of an IAM user or of the root user"),
    ],
)
def test_an_arn_that_names_no_user_is_manual(one: UnmatchedARN, said: str) -> None:
    verdict = finding.unmatched_arn(one, "1234")
    assert verdict.status == "MANUAL"
    assert verdict.sentence.startswith(said)


def test_dates_in_the_future_have_no_negative_age() -> None:
    said = sentence(key("AKIAOLD", 900, -3), key("AKIANEW", -1, 1))
    assert "last used 2026-11-27, less than a day ago" in said
    assert "created 2026-11-25, less than a day ago" in said


def test_a_pass_is_short() -> None:
    assert sentence(key("AKIANEW", 90, 1)) == "User alice has 1 active access key."


def test_a_failure_fits_into_a_security_hub_description() -> None:
    longest = User("n" * 64, "arn")
    keys = active(key("A" * 128, 9000, DENIED), key("B" * 128, 8000, DENIED))
    unknown = Unreadable("iam:ListAttachedUserPolicies", "ConnectionClosedError")
    facts = Known(longest, listed=keys, quarantined=unknown)
    assert len(judge(facts).sentence) <= 1024


def data(facts: Known) -> dict[str, Any]:
    return dict(finding.describe(ALICE.name, ALICE.arn, judge(facts), NOW))


def test_the_facts_are_there_as_data() -> None:
    keys = active(key("AKIAOLD", 900, 100), key("AKIANEW", 10, 1))
    assert data(Known(listed=keys)) == {
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
                "last_used_date": "2026-11-23T12:00:00+00:00",
                "last_used_service": "s3",
                "last_used_region": "eu-west-1",
            },
        ],
        "advice": {"action": "deactivate", "retire": "AKIAOLD", "keep": "AKIANEW"},
    }


def test_a_quarantine_is_there_as_data() -> None:
    keys = active(key("AKIAOLD", 900, 100), key("AKIANEW", 10, 1))
    facts = data(Known(listed=keys, quarantined=("AWSCompromisedKeyQuarantineV3",)))
    assert facts["quarantine_policies"] == ["AWSCompromisedKeyQuarantineV3"]
    assert facts["advice"] == {"action": "incident"}


def test_keys_that_could_only_be_counted_are_there_as_their_number_and_the_error() -> None:
    assert data(COUNTED) == {
        "name": "alice",
        "arn": "arn:aws:iam::123456789012:user/alice",
        "active_access_keys": 2,
        "unreadable": {"call": "iam:ListAccessKeys", "error_code": "AccessDenied"},
    }


def test_of_the_root_user_with_two_keys_the_number_is_there_and_no_list() -> None:
    verdict = CHECK.judge_root(RootAccessKeys("arn", 2))
    assert verdict.status == "FAIL"
    assert finding.describe("<root_account>", "arn", verdict, NOW) == {
        "name": "<root_account>",
        "arn": "arn",
        "active_access_keys": 2,
    }
