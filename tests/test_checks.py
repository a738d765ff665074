"""What each check of the family says, and at which edges it says so."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import (
    TOO_OLD,
    Origin,
    Usage,
    UsedBy,
)
from prowler_access_keys.services.iam.iam_access_keys.facts import (
    RootAccessKeys,
    ServiceSpecificCredential,
    Unreadable,
    User,
    UserPolicies,
)
from prowler_access_keys.services.iam.iam_access_keys.finding_data import FindingData
from prowler_access_keys.services.iam.iam_access_keys.findings import finding
from prowler_access_keys.services.iam.iam_access_keys.findings.finding import Verdict
from prowler_access_keys.services.iam.iam_access_keys.reading.user_facts import UnreadableError
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings

from . import aws_cli
from .accounts import ADMINISTRATION, DOCUMENTS
from .keys import DENIED, NOW, active, key
from .known_facts import DENIED_DETAILS, Known, check_named, judged

MINUTE = 1 / 24 / 60
CUSTOMER = "arn:aws:iam::123456789012:policy/"
OF_AWS = "arn:aws:iam::aws:policy/"


def judge(name: str, facts: Known, settings: Settings = Settings()) -> Verdict:  # noqa: B008
    verdict: Verdict = check_named(name).judge(replace(facts, settings=settings))
    return verdict


def with_keys(*keys: Any, **more: Any) -> Known:
    return Known(listed=active(*keys), **more)


ONE = key("AKIAONE", 200, 1)
UNLISTED = Unreadable("iam:ListAccessKeys", "AccessDenied")
API_KEY = ServiceSpecificCredential("ACCA1", "bedrock.amazonaws.com", NOW)


def test_a_user_without_active_keys_passes_every_check_of_active_keys() -> None:
    for name in ("unused", "unrotated", "console_password_and", "administrator", "quarantined"):
        verdict = judge(f"iam_user_{name}_active_keys", Known())
        assert (verdict.status, verdict.sentence) == (
            "PASS",
            "User alice has no active access keys.",
        )


# Unused keys


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        ((key("A", 900, 45),), "FAIL"),
        ((key("A", 900, 45 - MINUTE),), "PASS"),
        ((key("A", 45),), "FAIL"),
        ((key("A", 45 - MINUTE),), "PASS"),
        ((key("A", 44, DENIED),), "PASS"),
        ((key("A", 900, DENIED), key("B", 900, 45)), "FAIL"),
        ((key("A", 60, 900),), "FAIL"),
    ],
)
def test_a_key_unused_for_45_days_fails(keys: tuple[Any, ...], status: str) -> None:
    assert judge("iam_user_unused_active_keys", with_keys(*keys)).status == status


def test_an_unused_key_whose_last_use_could_not_be_read_is_manual() -> None:
    with pytest.raises(UnreadableError) as raised:
        judge("iam_user_unused_active_keys", with_keys(key("AKIAONE", 45, DENIED)))
    assert raised.value.what == "last use of access key AKIAONE"


# Old keys


@pytest.mark.parametrize(("age", "status"), [(91 - MINUTE, "PASS"), (91, "FAIL"), (-3, "PASS")])
def test_a_key_more_than_90_whole_days_old_fails(age: float, status: str) -> None:
    facts = with_keys(key("A", age, DENIED))
    assert judge("iam_user_unrotated_active_keys", facts).status == status


# Inactive keys


def inactive(age: float, unused: Any = None) -> Any:
    return replace(key("AKIAOFF", age, unused), active=False)


@pytest.mark.parametrize(
    ("off", "status"),
    [
        (inactive(900, 91 - MINUTE), "PASS"),
        (inactive(900, 91), "FAIL"),
        (inactive(91), "FAIL"),
        (inactive(90, DENIED), "PASS"),
        (key("AKIAON", 900, 800), "PASS"),
    ],
)
def test_an_inactive_key_unused_for_more_than_90_whole_days_fails(off: Any, status: str) -> None:
    assert judge("iam_user_inactive_keys_not_deleted", with_keys(off)).status == status


# Owners, quarantine, decoys, users made for an API key


def test_an_owner_tag_with_a_colon_is_compared_whole() -> None:
    settings = Settings(access_key_owner_tags=("company:owner",))
    for tag, status in (("Company:Owner", "PASS"), ("evil:owner", "FAIL"), ("owner", "FAIL")):
        user = User("alice", "arn", ({"Key": tag, "Value": "payments"},))
        facts = with_keys(ONE, user=user)
        assert judge("iam_user_active_keys_without_owner", facts, settings).status == status


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (Known(), "PASS"),
        (with_keys(ONE), "FAIL"),
        (Known(password=True), "FAIL"),
        (Known(credentials=(API_KEY,)), "FAIL"),
        (Known(listed=UNLISTED, credentials=(API_KEY,)), "FAIL"),
        (Known(listed=UNLISTED), "MANUAL"),
        (Known(credentials=UNLISTED), "MANUAL"),
        (with_keys(ONE, credentials=UNLISTED), "FAIL"),
    ],
)
def test_a_quarantined_user_fails_with_any_way_in(facts: Known, status: str) -> None:
    quarantined = replace(facts, quarantined=("AWSCompromisedKeyQuarantineV4",))
    verdict = judged("iam_user_quarantined_active_keys", quarantined)
    assert verdict.status == status
    data = finding.describe("alice", "arn", verdict, NOW)
    assert data.quarantine_policies == ("AWSCompromisedKeyQuarantineV4",)


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
    settings = Settings(decoy_users=("honey", "canary-?"))
    decoy = replace(facts, user=User(name, f"arn:aws:iam::123456789012:user/{name}"))
    assert judged("iam_user_decoy_access_keys_used", decoy, settings).status == status


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
    verdict = judged("iam_user_made_for_api_key_other_credentials", user)
    assert (verdict.status, verdict.severity) == (status, severity)


@pytest.mark.parametrize(
    ("check", "name", "quarantined", "program"),
    [
        ("iam_user_unrotated_active_keys", "alice", (), "Boto3"),
        (
            "iam_user_unrotated_active_keys", "alice", ("AWSCompromisedKeyQuarantineV3",),
            'a program that calls itself "Boto3"',
        ),
        (
            "iam_user_decoy_access_keys_used", "canary-1", (),
            'a program that calls itself "Boto3"',
        ),
        (
            "iam_user_made_for_api_key_other_credentials", "BedrockAPIKey-0g4z", (),
            'a program that calls itself "Boto3"',
        ),
    ],
)  # fmt: skip
def test_in_an_incident_a_finding_quotes_the_name_that_a_program_gives_itself(
    check: str, name: str, quarantined: tuple[str, ...], program: str
) -> None:
    usage = Usage(("us-east-1",), 1, used_by=(UsedBy("Boto3", "192.0.2.1", 1, ()),))
    facts = with_keys(
        ONE, user=User(name, f"arn:aws:iam::123456789012:user/{name}"), quarantined=quarantined,
        uses={"AKIAONE": usage}, creations={"AKIAONE": Origin(unknown=TOO_OLD)},
    )  # fmt: skip
    settings = Settings(access_key_usage_from_cloudtrail=True, decoy_users=("canary-1",))
    assert f"AKIAONE was used by {program} from" in judged(check, facts, settings).sentence


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


@pytest.mark.parametrize(
    ("check", "name", "concerned"),
    [
        ("iam_user_decoy_access_keys_used", "CANARY-9", True),
        ("iam_user_decoy_access_keys_used", "my-canary-1", False),
        ("iam_user_made_for_api_key_other_credentials", "BedrockAPIKey-0g4z", True),
        ("iam_user_made_for_api_key_other_credentials", "BedrockAPIKey-team-2", False),
        ("iam_user_made_for_api_key_other_credentials", "PartnerAPIKey-x", False),
    ],
)
def test_a_check_concerns_only_some_users(check: str, name: str, concerned: bool) -> None:
    user = Known(User(name, "arn"), settings=Settings(decoy_users=("canary-?",)))
    assert check_named(check).concerns(user) == concerned


def test_a_decoy_that_could_not_be_read_does_not_pass() -> None:
    settings = Settings(decoy_users=("alice",))
    unread = judged("iam_user_multiple_active_keys", Known(listed=UNLISTED), settings)
    assert unread.status == "MANUAL"


# Administrators


def of(*attached: str, boundary: str | None = "", inline: Any = None, group: str = "") -> Known:
    own = (("inline", group, inline),) if inline is not None else ()
    policies = UserPolicies(tuple((arn, group) for arn in attached), own, boundary)
    return with_keys(ONE, applying=policies)


def administrator(facts: Known) -> Verdict:
    return judge("iam_user_administrator_active_keys", facts)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_policies_that_make_an_administrator(name: str) -> None:
    inline, managed = administrator(of(inline=DOCUMENTS[name])), administrator(of(CUSTOMER + name))
    expected = "FAIL" if name in ADMINISTRATION else "PASS"
    assert inline.status == expected
    # A user that may write new versions of all managed policies may do so with its own.
    assert managed.status == ("FAIL" if name == "new versions" else expected)


def test_an_administrators_finding_names_its_policies_in_words_and_as_data() -> None:
    verdict = administrator(
        of(OF_AWS + "AdministratorAccess", group="g", inline=DOCUMENTS["reading"])
    )
    policy = 'the policy "AdministratorAccess" of the group "g"'
    assert f". The user is an administrator through {policy}. Key: " in verdict.sentence
    assert verdict.more == FindingData(administrator=(policy,))
    assert administrator(of()).sentence == (
        "User alice has 1 active access key, and its policies do not allow everything, everything "
        "in IAM, or granting all permissions to itself or a new user. Not evaluated: roles, other "
        "users' credentials, particular groups that it may join, earlier versions of its policies, "
        "and grants that a condition limits to certain policies or permissions boundaries."
    )


@pytest.mark.parametrize(
    "facts",
    [
        of(CUSTOMER + "unread"),
        of(inline="%7B not a document"),
        with_keys(ONE, applying=UserPolicies(inline_unread=DENIED_DETAILS)),
    ],
)
def test_policies_that_could_not_be_read_are_manual_unless_another_proves_it(facts: Known) -> None:
    with pytest.raises(UnreadableError):
        administrator(facts)


# API keys


def credential(service: str, days: float | None = None, *, on: bool = True) -> Any:
    expires = None if days is None else NOW + timedelta(days=days)
    return ServiceSpecificCredential("ACCA1", service, NOW - timedelta(days=30), on, expires)


@pytest.mark.parametrize(
    ("one", "status", "severity"),
    [
        (credential("bedrock.amazonaws.com"), "FAIL", ""),
        (credential("bedrock.amazonaws.com", 36_500), "FAIL", ""),
        (credential("bedrock.amazonaws.com", 5 * 365 + MINUTE), "FAIL", ""),
        (credential("bedrock.amazonaws.com", 5 * 365), "FAIL", "high"),
        (credential("bedrock.amazonaws.com", -MINUTE), "PASS", ""),
        (credential("bedrock.amazonaws.com", on=False), "PASS", ""),
        (credential("codecommit.amazonaws.com"), "FAIL", "high"),
        (credential("new.example"), "FAIL", ""),
        (credential("Logs.amazonaws.com"), "PASS", ""),
    ],
)
def test_a_usable_service_specific_credential_fails(one: Any, status: str, severity: str) -> None:
    settings = Settings(allowed_service_specific_credentials=("logs.amazonaws.com",))
    verdict = judge("iam_user_long_term_api_keys", Known(credentials=(one,)), settings)
    assert (verdict.status, verdict.severity) == (status, severity)


# The root user


@pytest.mark.parametrize(
    ("present", "in_report", "fresh", "status", "said"),
    [
        (False, 0, False, "PASS", "has no access keys."),
        (True, 2, False, "FAIL", "has 2 active access keys, according to"),
        (True, 0, True, "FAIL", "an inactive one is still there."),
        (True, 0, False, "MANUAL", "has an access key. It was not active"),
        (True, DENIED, False, "FAIL", "Whether it is active could not be read"),
        (DENIED, 1, True, "FAIL", "has 1 active access key"),
        (DENIED, 0, True, "MANUAL", "could not be read"),
        (DENIED, 0, False, "MANUAL", "could not be read"),
        (DENIED, DENIED, False, "MANUAL", "could not be read"),
    ],
)
def test_the_root_user_passes_only_if_it_has_no_key_now(
    present: bool | Unreadable, in_report: int | Unreadable, fresh: bool, status: str, said: str
) -> None:
    root = RootAccessKeys("arn", in_report, present, None, NOW, timedelta(hours=3), fresh, now=NOW)
    verdict = check_named("iam_root_user_active_keys").judge_root(root)
    assert verdict.status == status
    assert said in verdict.sentence


# Commands


@pytest.mark.parametrize("name", ["-ci-bot", "--help", "x=y,z"])
def test_the_commands_that_are_printed_are_valid_whatever_the_name(name: str) -> None:
    user = User(name, f"arn:aws:iam::123456789012:user/{name}")
    credentials = (credential("bedrock.amazonaws.com"), credential("logs.amazonaws.com"))
    keys = with_keys(inactive(900), inactive(901), ONE, user=user, password=True)
    made = replace(keys, user=User("BedrockAPIKey-0g4z", "arn"))
    said = [
        judge("iam_user_inactive_keys_not_deleted", keys),
        judge("iam_user_console_password_and_active_keys", keys),
        judge("iam_user_long_term_api_keys", Known(user=user, credentials=credentials)),
        judge("iam_user_made_for_api_key_other_credentials", made),
        judge("iam_user_made_for_api_key_other_credentials", Known(user=made.user)),
    ]
    for verdict in said:
        sentence = re.sub(r"\b(AKIA|ACCA)\w*", r"\1IOSFODNN7EXAMPLE", verdict.sentence)
        for command in re.findall(
            r"(?<!`)\baws iam .*?(?= && | deletes | deactivates |$)", sentence
        ):
            assert aws_cli.run([*shlex.split(command), "--generate-cli-skeleton=output"]) == 0
