"""When AWS denies, throttles, fails or contradicts itself: nothing is lost, nothing is guessed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from copy import copy
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import mock

import pytest
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, User

from embedded_aws.answers import NEXT_MARKERS, truncated
from embedded_aws.aws import EmbeddedAWS
from embedded_aws.iam_answers import IAMAnswers
from prowler_access_keys.services.iam.iam_access_keys import run_state
from prowler_access_keys.services.iam.iam_access_keys.reading import iam_client, prowler_source
from prowler_access_keys.services.iam.iam_access_keys.reading.account import AccountReading
from prowler_access_keys.services.iam.iam_access_keys.reading.iam import IAM
from prowler_access_keys.services.iam.iam_access_keys.reading.user_facts import Answers

from .accounts import OLD_QUARANTINE, document
from .scanning import (
    ACCOUNT_NAME,
    CHECK,
    NEIGHBOR,
    ROOT,
    Found,
    begin_run,
    both_sources,
    by_name,
    hurried,
    load_shared_client,
    provider_of,
    run_check,
    scan,
    scan_account,
    scan_with,
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
def _hurried() -> Iterator[None]:
    with hurried():
        yield


# Calls that are denied or fail, and odd answers


def denied(*calls: str) -> dict[str, Any]:
    """The behavior of an AWS that denies these calls of IAM."""
    return {"denied": frozenset(f"iam:{call}" for call in calls)}


def without_a_column(report: str) -> str:
    return report.replace("access_key_2_active", "other")


def cut_off(report: str) -> str:
    return "\n".join(line.rsplit(",", 10)[0] for line in report.splitlines())


def with_a_deleted_user(report: str) -> str:
    deleted = "\nghost,arn:aws:iam::123456789012:user/ghost" + 7 * ",true" + 13 * ",N/A"
    return report.rstrip("\n") + deleted


ALL_MANUAL = {ROOT: "PASS", **dict.fromkeys(USERS, "MANUAL")}
SUMMARY = {**TRUTH, ACCOUNT_NAME: "MANUAL"}
UNLISTED = {name: status for name, status in SUMMARY.items() if name != "two"}
KEYS_DENIED = "iam:ListAccessKeys failed with AccessDenied"
TROUBLES: dict[str, tuple[dict[str, Any], bool, dict[str, str], str, tuple[str, ...]]] = {
    # What AWS does, whether the report is an older one, the statuses, who says what
    "no new report": (denied("GenerateCredentialReport"), True, TRUTH, "", ()),
    "no report": (denied("GetCredentialReport"), False, TRUTH, "", ()),
    "no details": (denied("GetAccountAuthorizationDetails"), False, TRUTH, "", ()),
    "no keys, a fresh report": (
        denied("ListAccessKeys"), False, TRUTH, "two",
        ("User two has 2 active access keys, according to the ", KEYS_DENIED),
    ),
    "no keys, an older report": (
        denied("ListAccessKeys"), True, ALL_MANUAL, "two", (KEYS_DENIED,),
    ),
    "no keys of one user": (
        {"denied_users": frozenset({"two"})}, True, {**TRUTH, "two": "MANUAL"}, "two",
        (KEYS_DENIED,),
    ),
    "keys fail for good": (
        {"broken": frozenset({"iam:ListAccessKeys"})}, True, ALL_MANUAL, "two",
        ("iam:ListAccessKeys failed with ServiceFailure",),
    ),
    "no users": (
        denied("ListUsers", "GetAccountAuthorizationDetails"), False,
        {ROOT: "PASS", ACCOUNT_NAME: "MANUAL"}, ACCOUNT_NAME,
        ("iam:ListUsers failed with AccessDenied",),
    ),
    "fewer users": (
        {"unlisted": frozenset({"two"})}, False, UNLISTED, ACCOUNT_NAME,
        ("iam:GetAccountSummary counts 4. 3 were listed",),
    ),
    "no count of users": (denied("GetAccountSummary"), False, SUMMARY, "", ()),
    "no tags": (
        denied("ListUserTags", "GetAccountAuthorizationDetails"), False, TRUTH, "one",
        ("tags could not be read: iam:ListUserTags failed with",),
    ),
    "root keys that no report shows": (
        {"root_keys_active": (True,), **denied("GetCredentialReport")}, False,
        {**TRUTH, ROOT: "MANUAL"}, ROOT, ("iam:GetCredentialReport failed with AccessDenied",),
    ),
    "30 % throttled": ({"throttled": 0.3}, False, TRUTH, "", ()),
    "30 % throttled, an older report": ({"throttled": 0.3}, True, TRUTH, "", ()),
    "10 % failing": ({"failing": 0.1}, True, TRUTH, "", ()),
    "an empty report": ({"rewrite_report": lambda report: ""}, False, TRUTH, "", ()),
    "a report without a column": ({"rewrite_report": without_a_column}, False, TRUTH, "", ()),
    "a report with cut-off rows": ({"rewrite_report": cut_off}, False, TRUTH, "", ()),
    "a deleted user in the report": (
        {"rewrite_report": with_a_deleted_user}, False, TRUTH, "", (),
    ),
}  # fmt: skip


@both_sources
@pytest.mark.parametrize("case", TROUBLES)
def test_what_could_not_be_read_is_manual_and_all_else_is_judged(
    aws: EmbeddedAWS, case: str, others: tuple[str, ...]
) -> None:
    behavior, cached, expected, who, sentences = TROUBLES[case]
    fill(aws, cached)
    vars(aws.behavior).update(behavior)
    found = by_name(scan_account(aws, *others))
    assert statuses(found.values()) == expected
    for sentence in sentences:
        assert sentence in found[who].sentence


@pytest.mark.parametrize("as_library", [False, True], ids=["command", "library"])
def test_a_report_is_fresh_only_if_prowlers_command_began_before_it(
    aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch, as_library: bool
) -> None:
    fill(aws, cached=True)
    aws.behavior.denied = frozenset({"iam:ListAccessKeys"})
    imported = datetime.now(timezone.utc) - timedelta(hours=2)
    monkeypatch.setattr(prowler_source, "timestamp_utc", imported)
    if as_library:
        monkeypatch.delitem(sys.modules, "prowler.__main__")
    found = statuses(scan_account(aws, NEIGHBOR))
    assert found["two"] == ("MANUAL" if as_library else "FAIL")
    assert found["none"] == ("MANUAL" if as_library else "PASS")


@both_sources
def test_a_user_that_is_asked_for_and_cannot_be_read_is_manual(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws)
    aws.behavior.denied = frozenset({"iam:GetUser", "iam:ListUsers"})
    wanted = ["arn:aws:iam::123456789012:user/two"]
    two = by_name(scan_account(aws, *others, resource_arn=wanted))["two"]
    assert two.status == "MANUAL"
    assert "iam:GetUser failed with AccessDenied" in two.sentence


OF_USERS = (
    "iam:GenerateCredentialReport",
    "iam:GetAccessKeyLastUsed",
    "iam:GetCredentialReport",
    "iam:GetLoginProfile",
    "iam:ListAccessKeys",
    "iam:ListUserTags",
    "iam:ListUsers",
)
"""The calls of Prowler's shared client whose answers are taken from there."""


def test_beside_other_checks_no_denied_call_makes_a_failing_user_pass(aws: EmbeddedAWS) -> None:
    fill(aws)
    with provider_of(aws) as provider:
        scan(provider, NEIGHBOR)
        others = {call for call in aws.calls if call.startswith("iam:")}.difference(OF_USERS)
        assert len(others) > 8
        for denied in (others, *({call} for call in OF_USERS)):
            aws.behavior.denied = frozenset(denied)
            found = statuses(scan(provider, NEIGHBOR))
            assert found.get("two") in ("FAIL", "MANUAL"), denied
            assert {found[name] for name in found if name != "two"} <= {"PASS", "MANUAL"}, denied


def test_beside_other_checks_one_lost_listing_does_not_pass_by_an_old_report(
    aws: EmbeddedAWS,
) -> None:
    console_only, late = aws.add_user("console-only"), aws.add_user("late")
    aws.hold_report(timedelta(hours=3))
    aws.add_key(late)
    aws.add_key(late)
    aws.behavior.denied_users = frozenset({"late"})
    with provider_of(aws) as provider:
        begin_run(provider, CHECK, NEIGHBOR)
        load_shared_client()
        aws.behavior.denied_users = frozenset()
        found = statuses(run_check(provider))
    assert (found[console_only.name], found[late.name]) == ("PASS", "FAIL")


# Answers that contradict one another


@pytest.mark.parametrize("markers", NEXT_MARKERS)
def test_an_incomplete_listing_is_named_even_if_it_has_all_users(
    aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch, markers: str
) -> None:
    fill(aws)
    monkeypatch.setattr(iam_client, "MAX_PAGES", 5)
    listings = ("iam:ListUsers", "iam:GetAccountAuthorizationDetails")
    aws.behavior.rewrite = dict.fromkeys(listings, truncated(markers, empty=False))
    found = by_name(scan_account(aws))
    assert found.pop(ACCOUNT_NAME).status == "MANUAL"
    assert statuses(found.values()) == TRUTH


API_KEYS = "iam_user_long_term_api_keys"


@both_sources
def test_a_user_renamed_before_its_api_keys_are_read_is_in_a_finding(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws)
    now = datetime.now(timezone.utc)
    aws.add_service_specific_credential(aws.iam().users["two"], "bedrock", created=now)
    aws.behavior.renames = {"iam:ListServiceSpecificCredentials": ("two", "renamed")}
    with provider_of(aws) as provider:
        found = by_name(scan_with(provider, (API_KEYS,), *others))
    assert found["one"].status == "PASS"
    assert "it had not listed before: renamed." in found[ACCOUNT_NAME].sentence
    assert (found[ACCOUNT_NAME].status, found["two"].status) == ("MANUAL", "MANUAL")
    assert "deleted or renamed while the scan was reading" in found["two"].sentence


@pytest.mark.parametrize(("second", "others"), [("two", ()), ("two", (NEIGHBOR,)), ("renamed", ())])
def test_a_user_that_is_listed_twice_does_not_hide_a_missing_user(
    aws: EmbeddedAWS, others: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    """Its name is another one on the second page if it was renamed in between."""
    fill(aws)
    aws.behavior.unlisted = frozenset({"none"})
    page = IAMAnswers._page

    def two_twice(embedded: Any, response: Any, entries: Any) -> Any:
        users, more = page(embedded, response, entries)
        twin = copy(next(user for user in users if user.name == "two"))
        twin.name = second
        return [*users, twin], more

    monkeypatch.setattr(IAMAnswers, "_page", two_twice)
    account = by_name(scan_account(aws, *others))[ACCOUNT_NAME]
    assert account.status == "MANUAL"
    assert "iam:GetAccountSummary counts 4" in account.sentence


def test_a_user_only_in_the_details_is_named(aws: EmbeddedAWS) -> None:
    fill(aws)
    aws.behavior.renames = {"iam:GetAccountAuthorizationDetails": ("one", "renamed")}
    found = by_name(scan_account(aws, NEIGHBOR))
    assert "it had not listed before: renamed." in found[ACCOUNT_NAME].sentence


def test_a_missing_password_logs_no_warning_and_a_vanished_user_does(
    aws: EmbeddedAWS, caplog: pytest.LogCaptureFixture
) -> None:
    fill(aws, cached=True)
    with provider_of(aws) as provider:
        caplog.clear()
        scan_with(provider, ("iam_user_console_password_and_active_keys",))
        assert aws.calls["iam:GetLoginProfile"]
        assert not caplog.records
        aws.behavior.renames = {"iam:ListAccessKeys": ("two", "renamed")}
        scan(provider)
    assert "iam:ListAccessKeys failed with NoSuchEntity" in caplog.text


def renamed(iam: IAMBackend, user: User) -> None:
    del iam.users[user.name]
    user.name += "-renamed"
    iam.users[user.name] = user


def moved(iam: IAMBackend, user: User) -> None:
    user.path = "/moved/"


def deleted(iam: IAMBackend, user: User) -> None:
    del iam.users[user.name]


@both_sources
@both_reports
@pytest.mark.parametrize("change", [renamed, moved, deleted])
def test_a_user_that_changes_after_the_listing_is_judged_or_named(
    aws: EmbeddedAWS,
    others: tuple[str, ...],
    cached: bool,
    change: Callable[[IAMBackend, User], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(aws, cached)
    settle = Answers.settle

    def change_then_read(self: Answers, subjects: Any, judge: Any) -> Any:
        for name in ("none", "two"):
            change(aws.iam(), aws.iam().users[name])
        return settle(self, subjects, judge)

    aws.behavior.denied_calls = frozenset({("iam:ListAccessKeys", "two")})
    with provider_of(aws) as provider:
        begin_run(provider, CHECK, *others)
        if others:
            load_shared_client()
        aws.behavior.denied_calls = frozenset()
        monkeypatch.setattr(Answers, "settle", change_then_read)
        found = by_name(run_check(provider))
    assert {"one", "retired", "none", "two"} <= found.keys()
    assert found["two"].status in ("FAIL", "MANUAL")
    if found["two"].status == "MANUAL":
        assert "deleted or renamed while the scan was reading" in found["two"].sentence


@both_sources
def test_a_user_deleted_while_users_are_counted_is_not_missing(
    aws: EmbeddedAWS, others: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(aws)
    listed = IAM.policy_details

    def delete_then_list(iam: Any) -> Any:
        aws.iam().users.pop("two", None)
        return listed(iam)

    monkeypatch.setattr(IAM, "policy_details", delete_then_list)
    assert ACCOUNT_NAME not in statuses(scan_account(aws, *others))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("SummaryMap"), "the check crashed with KeyError."),
        (KeyboardInterrupt(), "the scan was interrupted."),
    ],
    ids=["failure", "Ctrl-C"],
)
@pytest.mark.parametrize("while_listing", [False, True], ids=["at the start", "while listing"])
def test_a_failure_of_the_check_itself_and_ctrl_c_are_a_finding(
    aws: EmbeddedAWS,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    said: str,
    while_listing: bool,
) -> None:
    def broken(*arguments: object) -> None:
        raise error

    if while_listing:
        monkeypatch.setattr(AccountReading, "_counted_listing", property(broken))
    else:
        monkeypatch.setattr(run_state, "of", broken)
    (finding,) = scan_account(aws)
    assert (finding.name, finding.status) == (ACCOUNT_NAME, "MANUAL")
    assert said in finding.sentence


# AWS's quarantine


QUARANTINE = "AWSCompromisedKeyQuarantineV2"


def quarantine(aws: EmbeddedAWS, policy: str, *, by_group: bool) -> None:
    """Fill the account, and quarantine the user that fails. Others are in a group too."""
    fill(aws)
    users = aws.iam().users
    group = aws.add_group("quarantined", users["one"], *([users["two"]] if by_group else []))
    aws.add_group("harmless", users["two"])
    if policy == OLD_QUARANTINE:
        aws.add_inline_policy(group if by_group else users["two"], policy, document(Effect="Deny"))
    else:
        aws.attach(group if by_group else users["two"], policy)
    aws.attach(users["one"], "ReadOnlyAccess")


def advised(found: Found) -> str:
    return str(json.loads(found.resource)["advice"]["action"])


NO_DETAILS = {"denied": frozenset({"iam:GetAccountAuthorizationDetails"})}


@pytest.mark.parametrize(
    ("policy", "by_group", "trouble", "others"),
    [
        (QUARANTINE, False, NO_DETAILS, ()),
        (QUARANTINE, True, {"page_size": 1}, ()),
        (OLD_QUARANTINE, True, NO_DETAILS, (NEIGHBOR,)),
        (OLD_QUARANTINE, False, {}, (NEIGHBOR,)),
    ],
)
def test_a_quarantine_is_seen_however_it_is_attached_and_read(
    aws: EmbeddedAWS,
    policy: str,
    by_group: bool,
    trouble: dict[str, Any],
    others: tuple[str, ...],
) -> None:
    quarantine(aws, policy, by_group=by_group)
    vars(aws.behavior).update(trouble)
    arn = aws.iam().users["two"].arn
    for chosen in ({}, {"resource_arn": [arn]}):
        two = by_name(scan_account(aws, *others, **chosen))["two"]
        assert (two.status, advised(two)) == ("FAIL", "incident")
        assert policy in two.sentence


@both_sources
def test_a_finding_says_that_a_quarantine_cannot_be_ruled_out(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    call = "iam:ListGroupPolicies"  # tests/test_permissions.py has the others
    fill(aws)
    aws.add_group("harmless", aws.iam().users["two"])
    aws.behavior.denied = frozenset({"iam:GetAccountAuthorizationDetails", call})
    two = by_name(scan_account(aws, *others))["two"]
    assert two.status == "FAIL"
    assert f"quarantined this user could not be determined: {call} failed with Acc" in two.sentence
    assert json.loads(two.resource)["quarantine_unreadable"]["call"] == call


@both_sources
@pytest.mark.parametrize("call", ["iam:ListUserPolicies", "iam:ListGroupsForUser"])
def test_a_quarantine_counts_even_if_other_policies_are_unread(
    aws: EmbeddedAWS, others: tuple[str, ...], call: str
) -> None:
    quarantine(aws, QUARANTINE, by_group=False)
    aws.behavior.denied = frozenset({"iam:GetAccountAuthorizationDetails", call})
    assert advised(by_name(scan_account(aws, *others))["two"]) == "incident"


def test_a_group_that_is_deleted_between_two_calls_is_not_an_error(aws: EmbeddedAWS) -> None:
    fill(aws)
    two = aws.iam().users["two"]
    aws.add_group("gone", two)
    aws.behavior.denied = frozenset({"iam:GetAccountAuthorizationDetails"})
    with mock.patch.object(IAMBackend, "get_group", side_effect=NotFoundException("gone")):
        found = by_name(scan_account(aws))["two"]
    assert "quarantine" not in found.sentence


# What could not be read fails, if the user says so


@both_sources
def test_unread_facts_fail_if_the_config_file_says_so(
    aws: EmbeddedAWS, others: tuple[str, ...]
) -> None:
    fill(aws, cached=True)
    aws.behavior.denied = frozenset({"iam:GetAccountSummary"})
    aws.behavior.denied_users = frozenset({"one"})
    with provider_of(aws) as provider:
        provider._audit_config = {"unreadable_access_keys_fail": True}
        found = statuses(scan(provider, *others))
    assert found == TRUTH | {ACCOUNT_NAME: "FAIL", "one": "FAIL", ROOT: "FAIL"}
