"""Whatever users an account has, every check of the family says the truth about them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import mock

import pytest
from hypothesis import Phase, event, example, given, settings
from hypothesis import strategies as st
from prowler.providers.aws.aws_provider import AwsProvider

from embedded_aws.answers import NEXT_MARKERS, Rewrite, truncated, with_text, without
from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.facts import Unreadable, User
from prowler_access_keys.services.iam.iam_access_keys.reading import iam_client
from prowler_access_keys.services.iam.iam_access_keys.reading.iam import IAM

from .accounts import (
    CONCERNS,
    DECOYS,
    FAILS,
    USED_KEYS,
    DrawnCredential,
    DrawnKey,
    DrawnUser,
    accounts,
    concerns,
)
from .permissions import actions
from .scanning import (
    ACCOUNT,
    ACCOUNT_NAME,
    CHECK,
    FAMILY,
    NEIGHBOR,
    ROOT,
    Found,
    begin_run,
    load_shared_client,
    provider_of,
    run_check,
    scan_with,
)

QUICK = settings(phases=(Phase.explicit, Phase.reuse, Phase.generate))
"""Without shrinking, which takes minutes over HTTP."""
REPORTS = ("fresh", "cached", "none")
ROOT_CHECK = "iam_root_user_active_keys"
ADMINISTRATOR = "iam_user_administrator_active_keys"
DETAILS = "iam:GetAccountAuthorizationDetails"
PASSWORDS = "iam_user_console_password_and_active_keys"
API_KEYS = "iam:ListServiceSpecificCredentials"
OWN_CHECK = "iam_users_access_key_exceptions"
"""The check of the exceptions, which is about no user."""
MEMBERS = {
    "iam:GetAccountSummary": ["SummaryMap", "key"],
    "iam:GetCredentialReport": ["Content", "GeneratedTime"],
    "iam:GenerateCredentialReport": ["State"],
    "iam:GetAccessKeyLastUsed": ["AccessKeyLastUsed", "ServiceName", "LastUsedDate"],
    "iam:GetLoginProfile": ["LoginProfile"],
    DETAILS: ["UserDetailList", "UserName", "GroupList", "AttachedManagedPolicies", "PolicyArn"],
    "iam:ListUsers": ["Users", "UserId", "Arn"],
    "iam:ListUserTags": ["Tags", "Key", "Value"],
    "iam:ListAccessKeys": ["AccessKeyMetadata", "AccessKeyId", "Status", "CreateDate"],
    "iam:ListAttachedUserPolicies": ["AttachedPolicies", "PolicyArn"],
    "iam:ListAttachedGroupPolicies": ["AttachedPolicies", "PolicyArn"],
    "iam:ListUserPolicies": ["PolicyNames"],
    "iam:ListGroupPolicies": ["PolicyNames"],
    "iam:ListGroupsForUser": ["Groups", "GroupName"],
    API_KEYS: ["ServiceSpecificCredentials", "UserName", "Status"],
}
"""What a check needs of each answer."""
PAGED = [call for call in MEMBERS if call == DETAILS or call.startswith("iam:List")]
ODD_ANSWERS = [
    *((call, f"without {member}", without(member)) for call in MEMBERS for member in MEMBERS[call]),
    *((call, markers, truncated(markers)) for call in PAGED for markers in NEXT_MARKERS),
    *(
        (call, "no date", with_text("CreateDate", "soon"))
        for call in ("iam:ListAccessKeys", DETAILS)
    ),
    ("iam:ListAccessKeys", "a new state", with_text("Status", "Sleeping")),
    (API_KEYS, "a new state", with_text("Status", "Sleeping")),
]
"""Answers that are not as AWS documents them: the call, in a word, and the change."""


@pytest.fixture(scope="module")
def provider() -> Iterator[tuple[EmbeddedAWS, AwsProvider]]:
    with EmbeddedAWS() as aws, provider_of(aws) as connected:
        connected.audit_config["decoy_users"] = [DECOYS]
        begin_run(connected, *FAMILY)
        yield aws, connected


def put_into(aws: EmbeddedAWS, users: list[DrawnUser], report: str = "fresh") -> None:
    aws.clear()
    for user in users:
        user.put_into(aws)
    prepare(aws, report)


def prepare(aws: EmbeddedAWS, report: str) -> None:
    """Have no report yet, one from before the scan, or none at all."""
    aws.behavior.denied = frozenset()
    aws.drop_report()
    if report == "cached":
        aws.hold_report(timedelta(minutes=90))
    if report == "none":
        aws.behavior.denied = frozenset({"iam:GenerateCredentialReport"})


def of_users(found: list[Found]) -> dict[tuple[str, str], Found]:
    """The findings about users, by check and name: one each."""
    about = [finding for finding in found if finding.name not in (ROOT, ACCOUNT_NAME)]
    by_user = {(finding.check, finding.name): finding for finding in about}
    assert len(by_user) == len(about)
    return by_user


def truth(users: list[DrawnUser]) -> Mapping[tuple[str, str], str]:
    return {
        (check, user.name): "FAIL" if fails(user) else "PASS"
        for check, fails in FAILS.items()
        for user in users
        if concerns(check, user)
    }


def test_the_truth_is_about_all_checks_of_users() -> None:
    assert {*FAILS, ROOT_CHECK, OWN_CHECK} == set(FAMILY)


@given(
    users=accounts,
    report=st.sampled_from(REPORTS),
    way=st.sampled_from(["alone", "alone", "beside", "by ARN", "by ARN, beside"]),
    details=st.booleans(),
)
@settings(QUICK, max_examples=25)
def test_every_check_agrees_with_the_truth_however_it_reads(
    provider: tuple[EmbeddedAWS, AwsProvider],
    users: list[DrawnUser],
    report: str,
    way: str,
    details: bool,
) -> None:
    aws, connected = provider
    put_into(aws, users, report)
    if not details:
        aws.behavior.denied |= {DETAILS}
    others = (NEIGHBOR,) if "beside" in way else ()
    if "by ARN" in way:
        arns = [user.arn for user in aws.iam().users.values()]
        with provider_of(aws, resource_arn=arns) as chosen:
            chosen.audit_config["decoy_users"] = [DECOYS]
            found = of_users(scan_with(chosen, FAMILY, *others))
    else:
        found = of_users(scan_with(connected, FAMILY, *others))
    right = truth(users)
    assert found.keys() == right.keys()
    for (check, name), finding in found.items():
        event(f"{check} {finding.status}")
        needs_details = check == ADMINISTRATOR and not details
        assert finding.status == right[check, name] or (needs_details and is_cautious(finding)), (
            finding
        )
    for user in users:
        about = [finding for finding in found.values() if finding.name == user.name]
        assert {finding.arn for finding in about} == {
            f"arn:aws:iam::{ACCOUNT}:user{user.path}{user.name}"
        }
        assert [json.loads(finding.tags) for finding in about] == [dict(user.tags)] * len(about)
        counted = found[CHECK, user.name]
        keys = f"User {user.name} has {user.active_keys or 'no'} active access key"
        assert keys in counted.sentence or "is a decoy" in counted.sentence
        advice = json.loads(counted.resource).get("advice")
        assert bool(advice) == (counted.status == "FAIL")
        event(advice["action"] if advice else counted.status)


@given(
    users=accounts.filter(bool),
    gone=st.lists(st.lists(USED_KEYS, min_size=2, max_size=2), min_size=6, max_size=6),
    toggled=st.sets(st.integers(0, 5)),
    beside=st.booleans(),
)
@settings(QUICK, max_examples=15)
def test_an_outdated_report_makes_no_verdict_wrong(
    provider: tuple[EmbeddedAWS, AwsProvider],
    users: list[DrawnUser],
    gone: list[list[DrawnKey]],
    toggled: set[int],
    beside: bool,
) -> None:
    """At the time of the report, there were keys that are gone, and some had another state."""
    aws, connected = provider
    put_into(aws, users)
    held = list(aws.iam().users.values())
    made = datetime.now(timezone.utc) - timedelta(hours=3)
    today = [[(key, key.status) for key in user.access_keys] for user in held]
    for number, (user, before) in enumerate(zip(held, gone, strict=False)):
        held_then = [key for key in user.access_keys if key.create_date < made]
        user.access_keys = []
        for drawn in before[len(held_then) :]:
            drawn.put_into(aws, user)
        for key in held_then[: number in toggled]:
            key.status = "Inactive" if key.status == "Active" else "Active"
        user.access_keys.extend(held_then)
    aws.hold_report(datetime.now(timezone.utc) - made)
    for user, keys in zip(held, today, strict=True):
        user.access_keys = [key for key, _ in keys]
        for key, status in keys:
            key.status = status
    others = (NEIGHBOR,) if beside else ()
    found = of_users(scan_with(connected, FAMILY, *others))
    assert {key: finding.status for key, finding in found.items()} == truth(users)


@given(
    users=accounts,
    check=st.sampled_from(FAMILY),
    root_keys=st.sampled_from([(), (True,), (True, False)]),
)
@settings(QUICK, max_examples=5)
def test_findings_are_the_same_alone_together_and_beside_other_checks(
    provider: tuple[EmbeddedAWS, AwsProvider],
    users: list[DrawnUser],
    check: str,
    root_keys: tuple[bool, ...],
) -> None:
    aws, connected = provider
    put_into(aws, users)
    aws.behavior.root_keys_active = root_keys
    together = undated(scan_with(connected, FAMILY))
    for report in REPORTS:
        prepare(aws, report)
        assert of_users(scan_with(connected, FAMILY)) == of_users(together)
    prepare(aws, "fresh")
    alone = undated(scan_with(connected, (check,)))
    assert alone == [finding for finding in together if finding.check == check]
    prepare(aws, "fresh")
    assert undated(scan_with(connected, FAMILY, NEIGHBOR)) == together


def undated(found: list[Found]) -> list[Found]:
    """The same without the time of the credential report, which is made anew for each scan."""
    time = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC \(\d+ minutes? old\)")
    return [replace(finding, sentence=time.sub("NOW", finding.sentence)) for finding in found]


# Nothing unread passes


def is_cautious(finding: Found) -> bool:
    return finding.status == "MANUAL" or (
        finding.status == "FAIL" and "could not be" in finding.sentence
    )


def assert_no_false_verdict(found: list[Found], users: list[DrawnUser]) -> None:
    """Nobody is lost, and a verdict is the truth, MANUAL, or a FAIL that says what was unread."""
    judged = of_users(found)
    unlisted = {
        finding.check
        for finding in found
        if finding.name == ACCOUNT_NAME and finding.status == "MANUAL"
    }
    for (check, name), right in truth(users).items():
        if (check, name) in judged:
            finding = judged[check, name]
            assert finding.status == right or is_cautious(finding), finding
        else:
            assert check in unlisted


@given(
    users=accounts,
    report=st.sampled_from(REPORTS),
    denied=st.sampled_from([*actions("scan.json"), *["half of the users"] * 8]),
    beside=st.booleans(),
)
@settings(QUICK, max_examples=28)
def test_a_denied_call_makes_no_verdict_wrong(
    provider: tuple[EmbeddedAWS, AwsProvider],
    users: list[DrawnUser],
    report: str,
    denied: str,
    beside: bool,
) -> None:
    aws, connected = provider
    put_into(aws, users, report)
    if denied == "half of the users":
        aws.behavior.denied_users = frozenset(user.name for user in users[::2])
    else:
        aws.behavior.denied |= {denied}
    others = (NEIGHBOR,) if beside else ()
    assert_no_false_verdict(scan_with(connected, FAMILY, *others), users)


@given(
    users=accounts,
    report=st.sampled_from(REPORTS),
    odd=st.sampled_from(ODD_ANSWERS),
    details=st.booleans(),
    beside=st.booleans(),
)
@example(  # Prowler takes this user for one without tags
    users=[DrawnUser("tagged", "/", (("owner", "payments"),), (DrawnKey(True, 60, 1),))],
    report="fresh",
    odd=next(
        answer for answer in ODD_ANSWERS if answer[:2] == ("iam:ListUserTags", "without Tags")
    ),
    details=False,
    beside=True,
)
@settings(QUICK, max_examples=20)
def test_an_odd_answer_makes_no_verdict_wrong_and_breaks_no_check(
    provider: tuple[EmbeddedAWS, AwsProvider],
    users: list[DrawnUser],
    report: str,
    odd: tuple[str, str, Rewrite],
    details: bool,
    beside: bool,
) -> None:
    aws, connected = provider
    put_into(aws, users, report)
    call, what, rewrite = odd
    event(f"{call} {what}")
    begin_run(connected, *FAMILY)
    if not details and call != DETAILS:
        aws.behavior.denied |= {DETAILS}
    if what not in ("markers in a circle", "markers without end"):  # Prowler follows them for ever
        aws.behavior.rewrite = {call: rewrite}
    if beside:
        load_shared_client()
    aws.behavior.rewrite = {call: rewrite}
    with mock.patch.object(iam_client, "MAX_PAGES", 5):
        found = [finding for check in FAMILY for finding in run_check(connected, check)]
    assert not [finding for finding in found if "crashed" in finding.sentence]
    assert_no_false_verdict(found, users)


QUESTIONS: dict[str, Callable[[IAM, User, str], object]] = {
    "iam:GetAccountSummary": lambda iam, *_: iam.account_summary(),
    "iam:GetCredentialReport": lambda iam, *_: iam.credential_report(),
    "iam:GenerateCredentialReport": lambda iam, *_: iam.start_credential_report(),
    "iam:GetAccessKeyLastUsed": lambda iam, user, key: iam.last_use(key),
    "iam:GetLoginProfile": lambda iam, user, _: iam.has_password(user),
    "iam:ListUserTags": lambda iam, user, _: iam.with_tags([user])[0].tags,
    "iam:ListAccessKeys": lambda iam, user, _: iam.list_keys(user),
    "iam:ListAttachedUserPolicies": lambda iam, user, _: iam.attached_policies("User", user.name),
    "iam:ListUserPolicies": lambda iam, user, _: iam.inline_policies("User", user.name),
    "iam:ListGroupsForUser": lambda iam, user, _: iam.groups_of(user.name),
    API_KEYS: lambda iam, user, _: iam.service_specific_credentials(user),
}


@pytest.mark.parametrize("call", QUESTIONS)
def test_an_answer_without_a_member_is_not_an_empty_answer(
    provider: tuple[EmbeddedAWS, AwsProvider], call: str
) -> None:
    aws, connected = provider
    lasting = (DrawnCredential("bedrock.amazonaws.com", active=True, days_left=None),)
    keys, tags = (DrawnKey(True, 60, 1),), (("owner", "payments"),)
    drawn = DrawnUser("alice", "/", tags, keys, "group", password=True, credentials=lasting)
    put_into(aws, [drawn], "cached")
    aws.attach(aws.iam().users["alice"], "ReadOnlyAccess")
    alice = aws.iam().users["alice"]
    for member in MEMBERS[call]:
        aws.behavior.rewrite = {call: without(member)}
        key = alice.access_keys[0].access_key_id
        answer = QUESTIONS[call](IAM(connected), User("alice", alice.arn), key)
        assert answer == Unreadable(call, "MalformedAnswer"), member


@pytest.mark.parametrize("call", PAGED)
@pytest.mark.parametrize("markers", NEXT_MARKERS)
def test_a_listing_without_an_end_is_unreadable(
    provider: tuple[EmbeddedAWS, AwsProvider], call: str, markers: str
) -> None:
    aws, connected = provider
    put_into(aws, [DrawnUser("alice", "/", (), ())])
    aws.add_group("developers", aws.iam().users["alice"])
    aws.behavior.rewrite = {call: truncated(markers, empty=False)}
    about: dict[str, Any] = {"UserName": "alice"}
    if "GroupPolicies" in call:
        about = {"GroupName": "developers"}
    if call in (DETAILS, "iam:ListUsers"):
        about = {"Filter": ["User"]} if call == DETAILS else {}
    with mock.patch.object(iam_client, "MAX_PAGES", 5):
        failure = IAM(connected).each_page(call[4:], lambda page: page, **about)
    assert failure == Unreadable(call, "PaginationError")
    assert aws.calls[call] <= 6


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("others", [(), (NEIGHBOR,)], ids=["alone", "beside"])
@pytest.mark.parametrize(
    "call", [DETAILS, "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", API_KEYS]
)
def test_a_user_renamed_before_a_call_does_not_pass_a_check_that_it_fails(
    provider: tuple[EmbeddedAWS, AwsProvider], report: str, others: tuple[str, ...], call: str
) -> None:
    aws, connected = provider
    lasting = (DrawnCredential("bedrock.amazonaws.com", active=True, days_left=None),)
    keys = (DrawnKey(True, 300, 200), DrawnKey(False, 300, 200))
    user = DrawnUser("old", "/", (), keys, "inline", password=True, credentials=lasting)
    put_into(aws, [user, DrawnUser("other", "/", (), ())], report)
    begin_run(connected, *FAMILY, *others)
    if others:
        load_shared_client()
    aws.behavior.renames = {call: ("old", "new")}
    found = [finding for check in FAMILY for finding in run_check(connected, check)]
    said = {finding.check for finding in found if finding.name == ACCOUNT_NAME}
    for (check, name), right in truth([user]).items():
        if (check, call) == (PASSWORDS, "iam:GetAccessKeyLastUsed"):
            continue  # to GetLoginProfile, a renamed user and one without a password are the same
        about = [
            finding for finding in found if finding.check == check and finding.name in (name, "new")
        ]
        assert (
            right == "PASS" or check in said or {finding.status for finding in about} - {"PASS"}
        ), check


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("others", [(), (NEIGHBOR,)], ids=["alone", "beside"])
def test_a_change_while_the_scan_reads_loses_no_user_and_breaks_no_check(
    provider: tuple[EmbeddedAWS, AwsProvider],
    monkeypatch: pytest.MonkeyPatch,
    report: str,
    others: tuple[str, ...],
) -> None:
    """One user is deleted after the listing, and another one's idle keys are rotated."""
    aws, connected = provider
    idle = (DrawnKey(True, 300, 200), DrawnKey(True, 300, 200))
    names = ("deleted", "rotated")
    put_into(aws, [DrawnUser(name, "/", (), idle, password=True) for name in names], report)
    list_keys = IAM.list_keys

    def change_then_list(iam: IAM, user: User) -> Any:
        aws.iam().users.pop("deleted", None)
        for key in aws.iam().users["rotated"].access_keys:
            key.status = "Inactive"
        return list_keys(iam, user)

    monkeypatch.setattr(IAM, "list_keys", change_then_list)
    found = scan_with(connected, FAMILY, *others)
    assert of_users(found).keys() == {
        (check, name) for check in FAILS if check not in CONCERNS for name in names
    }
    assert not [finding for finding in found if "crashed" in finding.sentence]
    unused = of_users(found)["iam_user_unused_active_keys", "deleted"]
    assert unused.status in ("FAIL", "MANUAL")


def test_api_keys_are_read_user_by_user_if_aws_refuses_all_at_once(
    provider: tuple[EmbeddedAWS, AwsProvider],
) -> None:
    aws, connected = provider
    lasting = (DrawnCredential("bedrock.amazonaws.com", active=True, days_left=None),)
    users = [DrawnUser("one", "/", (), (), credentials=lasting), DrawnUser("none", "/", (), ())]
    put_into(aws, users)
    at_once = scan_with(connected, ("iam_user_long_term_api_keys",))
    aws.behavior.refuses_all_users = True
    assert scan_with(connected, ("iam_user_long_term_api_keys",)) == at_once
    assert [finding.status for finding in at_once] == ["PASS", "FAIL"]


# One reading


def test_all_checks_together_ask_no_call_twice(
    provider: tuple[EmbeddedAWS, AwsProvider],
) -> None:
    aws, connected = provider
    users = [DrawnUser(f"u{number}", "/", (), (), password=True) for number in range(3)]
    put_into(aws, users)
    aws.calls.clear()
    scan_with(connected, FAMILY)
    once = {call: number for call, number in aws.calls.items() if call.startswith("iam:")}
    assert once.pop("iam:GenerateCredentialReport") == 2  # start, and look whether it is done
    assert once.pop("iam:ListAccessKeys") == len(users)
    assert set(once.values()) == {1}


def test_documents_of_policies_are_read_once_though_the_report_leaves_a_user_open(
    provider: tuple[EmbeddedAWS, AwsProvider],
) -> None:
    aws, connected = provider
    keys, grants = (DrawnKey(True, 60, 1),), (("reading", "managed", "user"),)
    put_into(aws, [DrawnUser(name, "/", (), keys, grants=grants) for name in ("clear", "open")])

    def unclear(report: str) -> str:
        lines = report.splitlines()
        rows = [line.replace("true", "unknown") if line[:5] == "open," else line for line in lines]
        return "\n".join(rows)

    aws.behavior.rewrite_report = unclear
    aws.calls.clear()
    scan_with(connected, ("iam_user_administrator_active_keys",))
    assert aws.calls["iam:ListAccessKeys"] == 1
    assert aws.calls["iam:GetAccountAuthorizationDetails"] == 2
