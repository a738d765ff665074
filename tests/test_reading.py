"""Where the answers come from, and what they cost in calls."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from prowler.lib.check.check import import_check
from prowler.providers.aws.aws_provider import AwsProvider

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.facts import RootAccessKeys, Unreadable, User
from prowler_access_keys.services.iam.iam_access_keys.reading import iam, iam_client
from prowler_access_keys.services.iam.iam_access_keys.reading.user_facts import Answers, UserFacts
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.iam_user_multiple_active_keys import (  # noqa: E501
    iam_user_multiple_active_keys,
)

from .keys import DENIED, NOW
from .scanning import (
    CHECK,
    NEIGHBOR,
    ROOT,
    SHARED_CLIENT,
    Found,
    begin_run,
    both_sources,
    by_name,
    load_shared_client,
    provider_of,
    run_check,
    scan,
    scan_account,
    statuses,
)

ROOT_ARN = "arn:aws:iam::123456789012:root"
UNREAD = Unreadable("iam:GetCredentialReport", "NoClearRootRow")
ALICE_ARN = "arn:aws:iam::123456789012:user/alice"


def fill(aws: EmbeddedAWS, users: int, failing: int) -> None:
    """Make users with two active keys, then users with one."""
    for number in range(users):
        user = aws.add_user(f"user-{number:04}")
        aws.add_key(user)
        if number < failing:
            aws.add_key(user)


def iam_calls(aws: EmbeddedAWS) -> dict[str, int]:
    return {call: count for call, count in aws.calls.items() if call.startswith("iam:")}


def cost(aws: EmbeddedAWS, action: Callable[[], object]) -> dict[str, int]:
    """The IAM calls that ``action`` makes."""
    aws.calls.clear()
    action()
    return iam_calls(aws)


def test_a_check_that_catches_every_exception_still_gets_its_facts(
    aws: EmbeddedAWS,
) -> None:
    key = aws.add_key(aws.add_user("alice"))

    def judge(facts: UserFacts) -> object:
        try:
            return [key.access_key_id for key in facts.all_keys()]
        except Exception:
            return "nothing was read"

    with provider_of(aws) as provider:
        begin_run(provider, CHECK)
        answers = Answers(iam.IAM(provider), None, whole_account=False)
        facts = UserFacts(User.of_arn(ALICE_ARN), answers)
        assert answers.settle((facts,), judge) == {facts: [key.access_key_id]}


# Alone


def test_alone_it_does_not_load_prowlers_shared_client(aws: EmbeddedAWS) -> None:
    fill(aws, 3, 1)
    scan_account(aws)
    assert SHARED_CLIENT not in sys.modules


def test_a_fresh_report_saves_the_calls_for_users_that_pass(aws: EmbeddedAWS) -> None:
    fill(aws, 1500, 3)
    calls = cost(aws, lambda: scan_account(aws))
    assert calls == {
        "iam:ListAccessKeys": 3,
        "iam:GetAccessKeyLastUsed": 6,
        "iam:GenerateCredentialReport": 2,
        "iam:GetCredentialReport": 1,
        "iam:GetAccountSummary": 1,
        "iam:GetAccountAuthorizationDetails": 2,
    }


def test_the_largest_account_costs_no_more_than_its_pages_and_its_failures(
    aws: EmbeddedAWS,
) -> None:
    fill(aws, 5000, 20)
    with provider_of(aws) as provider:
        found: list[Found] = []
        calls = cost(aws, lambda: found.extend(scan(provider)))
    assert sum(calls.values()) <= 10 + 4 * 20
    assert list(statuses(found).values()).count("FAIL") == 20
    assert len(found) == 5001


def test_a_cached_report_costs_one_call_for_each_user(aws: EmbeddedAWS) -> None:
    fill(aws, 30, 3)
    aws.hold_report(timedelta(minutes=5))
    calls = cost(aws, lambda: scan_account(aws))
    assert calls == {
        "iam:GenerateCredentialReport": 1,
        "iam:GetAccountSummary": 1,
        "iam:GetAccountAuthorizationDetails": 1,
        "iam:ListAccessKeys": 30,
        "iam:GetAccessKeyLastUsed": 6,
    }


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the check has slept: recorded, and passed at once."""
    slept: list[float] = []
    monkeypatch.setattr(iam, "sleep", slept.append)
    monkeypatch.setattr(iam, "monotonic", lambda: sum(slept))
    return slept


def test_a_report_requested_by_another_program_decides_nothing(
    aws: EmbeddedAWS,
) -> None:
    user = aws.add_user("alice")
    aws.add_key(user)
    aws.hold_report(timedelta(minutes=10), polls_left=2)
    aws.add_key(user)
    assert statuses(scan_account(aws))["alice"] == "FAIL"


def test_a_scan_waits_for_a_report_that_takes_long(aws: EmbeddedAWS, pauses: list[float]) -> None:
    fill(aws, 5, 1)
    aws.behavior.report_polls = 4
    calls = cost(aws, lambda: scan_account(aws))
    assert pauses == [1.0, 2.0, 4.0]
    assert calls["iam:ListAccessKeys"] == 1


def test_past_a_minute_every_user_is_listed_instead(aws: EmbeddedAWS, pauses: list[float]) -> None:
    fill(aws, 5, 1)
    aws.behavior.report_polls = 100
    with provider_of(aws) as provider:
        found: list[Found] = []
        calls = cost(aws, lambda: found.extend(scan(provider)))
    assert sum(pauses) == iam.REPORT_WAIT
    assert calls["iam:ListAccessKeys"] == 5
    assert statuses(found)["user-0000"] == "FAIL"


# Beside other checks of the IAM service


@pytest.mark.parametrize("others", [(NEIGHBOR,), ()], ids=["of IAM", "of another service"])
def test_beside_checks_that_loaded_the_shared_client_it_asks_for_what_that_did_not(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws, 30, 3)
    aws.add_user("without-keys")
    with provider_of(aws) as provider:
        begin_run(provider, CHECK, *others)
        load_shared_client()
        assert cost(aws, lambda: run_check(provider)) == {
            "iam:GetCredentialReport": 1,
            "iam:GetAccessKeyLastUsed": 6,
            "iam:GetAccountAuthorizationDetails": 1,
        }


def test_keys_of_which_prowler_kept_one_page_are_listed_again(aws: EmbeddedAWS) -> None:
    fill(aws, 2, 1)
    one_key = re.compile(r"<member>.*?</member>(?=.*<member>)", re.DOTALL)
    with provider_of(aws) as provider:
        begin_run(provider, CHECK, NEIGHBOR)
        aws.behavior.rewrite = {"iam:ListAccessKeys": lambda answer, _: one_key.sub("", answer)}
        load_shared_client()
        aws.behavior.rewrite = {}
        calls = cost(aws, lambda: run_check(provider))
        assert calls["iam:ListAccessKeys"] == 1
        assert statuses(run_check(provider))["user-0000"] == "FAIL"


def test_a_shared_client_of_an_earlier_run_is_not_used(aws: EmbeddedAWS) -> None:
    with provider_of(aws) as provider:
        begin_run(provider, CHECK, NEIGHBOR)
        load_shared_client()
    fill(aws, 2, 1)
    with provider_of(aws) as provider:
        begin_run(provider, CHECK, NEIGHBOR, forget=False)
        assert statuses(run_check(provider))["user-0000"] == "FAIL"


# A scan of some resources


@both_sources
def test_only_the_users_that_are_asked_for_are_found(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws, 5, 5)
    wanted = [f"arn:aws:iam::123456789012:user/user-000{number}" for number in (2, 3)]
    found = scan_account(aws, *others, resource_arn=wanted)
    assert statuses(found) == {"user-0002": "FAIL", "user-0003": "FAIL"}
    assert all(json.loads(finding.resource)["limited"] for finding in found)
    assert not any("limited" in finding.resource for finding in scan_account(aws, *others))


@both_sources
@pytest.mark.parametrize(
    ("arn", "said"),
    [
        (ALICE_ARN, "No IAM user has the ARN {arn}. The user of that name has {actual}."),
        (ALICE_ARN.replace("alice", "none"), "Account 123456789012 has no IAM user with the ARN"),
        (ALICE_ARN.replace("123456789012", "999999999999"), "{arn} is in another account or part"),
        (ALICE_ARN.replace("arn:aws:", "arn:aws-cn:"), "{arn} is in another account or partition"),
        (ROOT_ARN.replace("123456789012", "999999999999"), "{arn} is in another account or part"),
    ],
)
def test_an_arn_without_a_match_is_manual_beside_one_with_a_match(
    aws: EmbeddedAWS, others: tuple[str, ...], arn: str, said: str
) -> None:
    actual = aws.add_user("alice", "/people/").arn
    found = by_name(scan_account(aws, *others, resource_arn=[arn, actual]))
    assert statuses(found.values()) == {arn: "MANUAL", "alice": "PASS"}
    assert found[arn].sentence.startswith(said.format(arn=arn, actual=actual))


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ("arn:aws:iam::123456789012:role/admin", "arn:aws:iam::123456789012:role/admin"),
        ("arn:aws:s3:::bucket", "<account>"),
    ],
)
def test_an_arn_of_something_else_is_manual_if_no_other_check_looks_at_it(
    aws: EmbeddedAWS, wanted: str, named: str
) -> None:
    assert statuses(scan_account(aws, resource_arn=[wanted])) == {named: "MANUAL"}
    assert scan_account(aws, NEIGHBOR, resource_arn=[wanted]) == []


def test_only_the_users_that_are_asked_for_are_read(aws: EmbeddedAWS) -> None:
    fill(aws, 30, 1)
    wanted = [f"arn:aws:iam::123456789012:user/user-000{number}" for number in (0, 1)]
    calls = cost(aws, lambda: scan_account(aws, resource_arn=wanted))
    assert calls == {
        "iam:GetUser": 2,
        "iam:ListAccessKeys": 2,
        "iam:GetAccessKeyLastUsed": 2,
        "iam:ListAttachedUserPolicies": 1,
        "iam:ListUserPolicies": 1,
        "iam:ListGroupsForUser": 1,
    }


@both_sources
def test_the_root_user_can_be_asked_for(aws: EmbeddedAWS, others: tuple[str, ...]) -> None:
    fill(aws, 2, 2)
    aws.behavior.root_keys_active = (True, True)
    assert statuses(scan_account(aws, *others, resource_arn=[ROOT_ARN])) == {ROOT: "FAIL"}


# The root user


def test_a_verdict_on_root_says_how_old_the_report_is(aws: EmbeddedAWS) -> None:
    aws.behavior.root_keys_active = (True, True)
    aws.hold_report(timedelta(hours=3, minutes=5))
    root = by_name(scan_account(aws))[ROOT]
    had = "The root user had 2 active access keys when AWS made the credential report. Find out "
    assert root.sentence.startswith(had)
    assert ", according to the credential report of 20" in root.sentence
    assert root.sentence.endswith(" UTC (3 hours old).")


@pytest.mark.parametrize(
    ("present", "fresh", "statuses_by_active_keys"),
    [
        (False, True, ["PASS", "PASS", "PASS", "PASS"]),
        (False, False, ["PASS", "PASS", "PASS", "PASS"]),
        (True, True, ["PASS", "PASS", "FAIL", "MANUAL"]),
        (True, False, ["MANUAL", "MANUAL", "FAIL", "MANUAL"]),
        (DENIED, True, ["PASS", "PASS", "FAIL", "MANUAL"]),
        (DENIED, False, ["MANUAL", "MANUAL", "MANUAL", "MANUAL"]),
    ],
)
def test_the_root_user_passes_without_keys_or_by_a_report_made_for_the_scan(
    present: bool | Unreadable, fresh: bool, statuses_by_active_keys: list[str]
) -> None:
    counts: tuple[int | Unreadable, ...] = (0, 1, 2, UNREAD)
    for active, status in zip(counts, statuses_by_active_keys, strict=True):
        root = RootAccessKeys("arn", active, present, None, NOW, timedelta(hours=3), fresh, now=NOW)
        verdict = iam_user_multiple_active_keys().judge_root(root)
        assert verdict.status == status
        reasons = [str(fact) for fact in (active, present) if isinstance(fact, Unreadable)]
        reasons = reasons or ["how many are active is not known: AWS makes a new report when"]
        if status == "MANUAL":
            assert any(reason in verdict.sentence for reason in reasons)


def test_root_without_keys_needs_no_report(aws: EmbeddedAWS) -> None:
    calls = cost(aws, lambda: scan_account(aws, resource_arn=[ROOT_ARN]))
    assert calls == {"iam:GetAccountSummary": 1}


@pytest.mark.parametrize("keys", [(), (True,), (True, True)])
def test_prowlers_own_check_says_the_same_of_root(aws: EmbeddedAWS, keys: tuple[bool, ...]) -> None:
    aws.behavior.root_keys_active = keys
    built_in = "iam_user_two_active_access_key"
    with provider_of(aws) as provider:
        ours = by_name(scan(provider, built_in))[ROOT]
        module = import_check(f"prowler.providers.aws.services.iam.{built_in}.{built_in}")
        module.iam_client = load_shared_client()
        (theirs,) = getattr(module, built_in)().execute()
    assert (theirs.status, theirs.resource_id, theirs.resource_arn, theirs.region) == (
        ours.status, ours.name, ours.arn, ours.region,
    )  # fmt: skip


def test_retries_follow_the_runs_own_setting(aws: EmbeddedAWS) -> None:
    def attempts(provider: AwsProvider) -> object:
        begin_run(provider, CHECK)
        return iam.IAM(provider).client.meta.config.retries

    with provider_of(aws) as provider:
        assert attempts(provider) == {"mode": "adaptive", "total_max_attempts": iam_client.ATTEMPTS}
    with provider_of(aws, retries_max_attempts=1) as provider:
        assert attempts(provider) == {"mode": "adaptive", "total_max_attempts": 2}
