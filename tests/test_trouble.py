"""When AWS denies, throttles, fails or contradicts itself: nothing is lost, nothing is guessed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from botocore.retries.adaptive import ClientRateLimiter

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_user_multiple_active_keys import (
    iam_user_multiple_active_keys as check_module,
)
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.lib import shared_source
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.lib.lean_iam import LeanIAM

from .scanning import (
    ACCOUNT,
    CHECK,
    NEIGHBOUR,
    ROOT,
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

USERS = {"none": (), "one": (True,), "retired": (False, True), "two": (True, True)}
TRUTH = {ROOT: "PASS", "none": "PASS", "one": "PASS", "retired": "PASS", "two": "FAIL"}

both_reports = pytest.mark.parametrize("cached", [False, True], ids=["fresh", "cached"])


def fill(aws: EmbeddedAWS, cached: bool = False) -> None:
    for name, keys in USERS.items():
        user = aws.add_user(name)
        for active in keys:
            aws.add_key(user, active=active)
    if cached:
        aws.hold_report(timedelta(hours=1))


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many attempts as ever, but botocore makes no pause between them."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.setattr(ClientRateLimiter, "on_sending_request", lambda *_, **__: None)


# Calls that are denied


@both_sources
@both_reports
@pytest.mark.parametrize(
    "call",
    [
        "iam:GenerateCredentialReport",
        "iam:GetCredentialReport",
        "iam:GetAccountAuthorizationDetails",
    ],
)
def test_a_denied_call_that_has_a_substitute_changes_no_verdict(
    aws: EmbeddedAWS, call: str, cached: bool, others: tuple[str, ...]
) -> None:
    fill(aws, cached)
    aws.behaviour.denied = frozenset({call})
    assert statuses(scan_account(aws, *others)) == TRUTH


@both_sources
def test_a_user_whose_keys_may_not_be_listed_fails_if_a_report_made_for_this_scan_counts_two(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws)
    aws.behaviour.denied = frozenset({"iam:ListAccessKeys"})
    found = by_name(scan_account(aws, *others))
    assert statuses(found.values()) == TRUTH
    assert found["two"].sentence.startswith("User two has 2 active access keys, says the ")
    assert "iam:ListAccessKeys failed with AccessDenied" in found["two"].sentence


@both_sources
def test_a_user_whose_keys_may_not_be_listed_is_manual_if_the_report_is_older(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws, cached=True)
    aws.behaviour.denied_users = frozenset({"two"})
    found = by_name(scan_account(aws, *others))
    assert statuses(found.values()) == TRUTH | {"two": "MANUAL"}
    assert "iam:ListAccessKeys failed with AccessDenied" in found["two"].sentence


@both_sources
def test_no_user_passes_if_no_keys_may_be_listed_and_no_report_was_made_for_this_scan(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws, cached=True)
    aws.behaviour.denied = frozenset({"iam:ListAccessKeys"})
    found = statuses(scan_account(aws, *others))
    assert found == {ROOT: "PASS", **dict.fromkeys(USERS, "MANUAL")}


@pytest.mark.parametrize("as_library", [False, True], ids=["command", "library"])
def test_a_report_counts_as_made_in_this_run_only_if_prowlers_command_began_before_it(
    aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch, as_library: bool
) -> None:
    fill(aws, cached=True)
    aws.behaviour.denied = frozenset({"iam:ListAccessKeys"})
    imported = datetime.now(timezone.utc) - timedelta(hours=2)
    monkeypatch.setattr(shared_source, "timestamp_utc", imported)
    if as_library:
        monkeypatch.delitem(sys.modules, "prowler.__main__")
    found = statuses(scan_account(aws, NEIGHBOUR))
    assert found["two"] == ("MANUAL" if as_library else "FAIL")
    assert found["none"] == ("MANUAL" if as_library else "PASS")


@both_sources
def test_users_that_may_not_be_listed_make_the_account_manual(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws)
    aws.behaviour.denied = frozenset({"iam:ListUsers", "iam:GetAccountAuthorizationDetails"})
    found = by_name(scan_account(aws, *others))
    assert statuses(found.values()) == {
        ROOT: "PASS",
        ACCOUNT: "MANUAL",
    }
    assert "iam:ListUsers failed with AccessDenied" in found[ACCOUNT].sentence
    assert found[ACCOUNT].arn == f"arn:aws:iam::{ACCOUNT}:root"


@both_sources
def test_an_account_whose_users_cannot_be_counted_says_so(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws)
    aws.behaviour.denied = frozenset({"iam:GetAccountSummary"})
    found = by_name(scan_account(aws, *others))
    assert found.pop(ACCOUNT).status == "MANUAL"
    assert statuses(found.values()) == TRUTH


@both_sources
def test_tags_that_cannot_be_read_are_named_and_change_no_verdict(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws)
    aws.behaviour.denied = frozenset({"iam:ListUserTags", "iam:GetAccountAuthorizationDetails"})
    found = by_name(scan_account(aws, *others))
    assert statuses(found.values()) == TRUTH
    assert "tags could not be read: iam:ListUserTags failed with" in found["one"].sentence


@both_sources
def test_root_keys_that_no_report_shows_are_manual(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    aws.behaviour.root_keys_active = (True,)
    aws.behaviour.denied = frozenset({"iam:GetCredentialReport"})
    root = by_name(scan_account(aws, *others))[ROOT]
    assert root.status == "MANUAL"
    assert "iam:GetCredentialReport failed with AccessDenied" in root.sentence


@both_sources
def test_a_user_that_is_asked_for_and_cannot_be_read_is_manual(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws)
    aws.behaviour.denied = frozenset({"iam:GetUser", "iam:ListUsers"})
    wanted = [f"arn:aws:iam::{ACCOUNT}:user/two"]
    two = by_name(scan_account(aws, *others, resource_arn=wanted))["two"]
    assert two.status == "MANUAL"
    assert "iam:GetUser failed with AccessDenied" in two.sentence


def test_beside_other_checks_no_denied_call_makes_a_failing_user_pass(aws: EmbeddedAWS) -> None:
    fill(aws)
    # Prowler's shared client, made anew for each scan, makes a client for each region.
    with provider_of(aws, regions={aws.region}) as provider:
        scan(provider, NEIGHBOUR)
        calls = sorted(call for call in aws.calls if call.startswith("iam:"))
        assert len(calls) > 15
        for call in calls:
            aws.behaviour.denied = frozenset({call})
            found = statuses(scan(provider, NEIGHBOUR))
            assert found.get("two") in ("FAIL", "MANUAL"), call
            assert {found[name] for name in found if name != "two"} <= {"PASS", "MANUAL"}, call


def test_beside_other_checks_one_lost_listing_does_not_pass_by_an_old_report(
    aws: EmbeddedAWS,
) -> None:
    console_only, late = aws.add_user("console-only"), aws.add_user("late")
    aws.hold_report(timedelta(hours=3))
    aws.add_key(late)
    aws.add_key(late)
    aws.behaviour.denied_users = frozenset({"late"})
    with provider_of(aws) as provider:
        begin_run(provider, CHECK, NEIGHBOUR)
        load_shared_client()
        aws.behaviour.denied_users = frozenset()
        found = statuses(run_check(provider))
    assert (found[console_only.name], found[late.name]) == ("PASS", "FAIL")


# Calls that fail for a while, or for good


@both_sources
@pytest.mark.parametrize(
    "trouble", [{"throttled": 0.3}, {"failing": 0.1}], ids=["30 % throttled", "10 % failing"]
)
@both_reports
def test_throttling_and_failures_change_no_verdict(
    aws: EmbeddedAWS, cached: bool, trouble: dict[str, float], others: tuple[str, ...]
) -> None:
    fill(aws, cached)
    vars(aws.behaviour).update(trouble)
    assert statuses(scan_account(aws, *others)) == TRUTH


@both_sources
def test_a_call_that_keeps_failing_makes_its_users_manual(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws, cached=True)
    aws.behaviour.broken = frozenset({"iam:ListAccessKeys"})
    found = by_name(scan_account(aws, *others, retries_max_attempts=1))
    assert {found[name].status for name in USERS} == {"MANUAL"}
    assert "iam:ListAccessKeys failed with ServiceFailure" in found["two"].sentence


# Answers that contradict one another


@both_sources
def test_fewer_users_than_the_account_has_make_it_manual(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws)
    aws.behaviour.unlisted = frozenset({"two"})
    found = by_name(scan_account(aws, *others))
    assert found[ACCOUNT].status == "MANUAL"
    assert "iam:GetAccountSummary counts 4. 3 were listed" in found[ACCOUNT].sentence
    assert found["one"].status == "PASS"


@both_sources
def test_a_page_that_repeats_its_marker_ends_the_listing_and_is_named(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws)
    aws.behaviour.page_size = 1
    aws.behaviour.repeats_marker = True
    found = by_name(scan_account(aws, *others))
    assert found[ACCOUNT].status == "MANUAL"
    assert "PaginationError" in found[ACCOUNT].sentence


def test_a_listing_that_breaks_off_is_named_though_it_has_as_many_users_as_the_account(
    aws: EmbeddedAWS,
) -> None:
    for name in ("one", "two"):
        aws.add_user(name)
    aws.behaviour.page_size = 1
    aws.behaviour.repeats_marker = True
    assert statuses(scan_account(aws))[ACCOUNT] == "MANUAL"


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda report: "",
        lambda report: report.replace("access_key_2_active", "other"),
        lambda report: "\n".join(line.rsplit(",", 10)[0] for line in report.splitlines()),
    ],
    ids=["empty", "a missing column", "cut-off rows"],
)
def test_a_report_that_cannot_be_read_is_replaced_by_listing(
    aws: EmbeddedAWS, rewrite: Callable[[str], str]
) -> None:
    fill(aws)
    aws.behaviour.rewrite_report = rewrite
    assert statuses(scan_account(aws)) == TRUTH


@both_sources
def test_a_report_row_of_a_deleted_user_is_no_finding(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws)
    deleted = "\nghost,arn:aws:iam::123456789012:user/ghost" + 7 * ",true" + 13 * ",N/A"
    aws.behaviour.rewrite_report = lambda report: report.rstrip("\n") + deleted
    assert statuses(scan_account(aws, *others)) == TRUTH


def test_a_user_deleted_between_listing_and_reading_is_no_finding(
    aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws, cached=True)
    listed = LeanIAM.list_users

    def list_then_delete(iam: Any) -> Any:
        listing = listed(iam)
        del aws.iam().users["two"]
        return listing

    monkeypatch.setattr(LeanIAM, "list_users", list_then_delete)
    found = statuses(scan_account(aws))
    assert found == {name: status for name, status in TRUTH.items() if name != "two"}


def test_a_user_deleted_while_prowler_read_iam_is_no_finding(aws: EmbeddedAWS) -> None:
    fill(aws)
    aws.behaviour.denied_users = frozenset({"none"})
    with provider_of(aws) as provider:
        begin_run(provider, CHECK, NEIGHBOUR)
        load_shared_client()
        aws.behaviour.denied_users = frozenset()
        del aws.iam().users["none"]
        assert "none" not in statuses(run_check(provider))


@both_sources
def test_a_user_deleted_while_users_are_counted_is_not_missing(
    aws: EmbeddedAWS, others: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws)
    listed = LeanIAM.list_users

    def delete_then_list(iam: Any) -> Any:
        aws.iam().users.pop("two", None)
        return listed(iam)

    monkeypatch.setattr(LeanIAM, "list_users", delete_then_list)
    assert ACCOUNT not in statuses(scan_account(aws, *others))


@both_sources
def test_a_user_listed_twice_does_not_stand_for_one_that_is_missing(
    aws: EmbeddedAWS, others: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        aws.add_user(name)
    page = EmbeddedAWS._page

    def first_user_twice(embedded: Any, response: Any) -> Any:
        users, more = page(embedded, response)
        return [users[0], users[0]], more

    monkeypatch.setattr(EmbeddedAWS, "_page", first_user_twice)
    found = statuses(scan_account(aws, *others))
    assert found[ACCOUNT] == "MANUAL"


def test_an_answer_that_is_no_aws_answer_concerns_the_users_it_was_about(
    aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws)
    listed = LeanIAM.call

    def proxy_page(iam: Any, operation: str, **parameters: Any) -> Any:
        if operation == "GetAccountSummary":
            return {"SummaryMap": {}}
        return listed(iam, operation, **parameters)

    monkeypatch.setattr(LeanIAM, "call", proxy_page)
    found = statuses(scan_account(aws))
    assert found.pop(ACCOUNT) == "MANUAL"
    assert found[ROOT] == "PASS"
    assert found["two"] == "FAIL"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("SummaryMap"), "the check failed with KeyError."),
        (KeyboardInterrupt(), "the scan was interrupted."),
    ],
    ids=["failure", "Ctrl-C"],
)
def test_a_failure_of_the_check_itself_and_ctrl_c_are_a_finding(
    aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch, error: BaseException, said: str
) -> None:
    def broken(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(check_module, "read_account", broken)
    (finding,) = scan_account(aws)
    assert (finding.name, finding.status) == (ACCOUNT, "MANUAL")
    assert said in finding.sentence
