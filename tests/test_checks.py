"""What each check of the family says, and at which edges it says so."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from prowler_access_keys.services.iam.iam_access_keys.facts import (
    RootAccessKeys,
    ServiceSpecificCredential,
    Unreadable,
    User,
    UserPolicies,
)
from prowler_access_keys.services.iam.iam_access_keys.finding import Verdict
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings
from prowler_access_keys.services.iam.iam_access_keys.user_facts import UnreadableError

from .accounts import ADMINISTRATION, DOCUMENTS
from .keys import DENIED, NOW, active, key
from .known_facts import DENIED_DETAILS, Known
from .pages import program

MINUTE = 1 / 24 / 60
CUSTOMER = "arn:aws:iam::123456789012:policy/"
OF_AWS = "arn:aws:iam::aws:policy/"


def check(name: str) -> Any:
    module = importlib.import_module(f"prowler_access_keys.services.iam.{name}.{name}")
    return getattr(module, name)()


def judge(name: str, facts: Known, settings: Settings = Settings()) -> Verdict:  # noqa: B008
    verdict: Verdict = check(name).judge(facts, settings, NOW)
    return verdict


def with_keys(*keys: Any, **more: Any) -> Known:
    return Known(listed=active(*keys), **more)


ONE = key("AKIAONE", 200, 1)
NAMED = (
    "AKIAONE (created 2026-05-08, 200 days ago; last used 2026-11-23, 1 day ago, by s3 in "
    "eu-west-1)"
)
REPLACE = (
    "AKIAONE is in use: move what uses it to an IAM role or, for a person, to aws login or IAM "
    "Identity Center, then deactivate it."
)


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
def test_a_key_that_was_unused_for_45_days_fails(keys: tuple[Any, ...], status: str) -> None:
    assert judge("iam_user_unused_active_keys", with_keys(*keys)).status == status


def test_an_unused_key_whose_last_use_could_not_be_read_is_manual() -> None:
    with pytest.raises(UnreadableError) as raised:
        judge("iam_user_unused_active_keys", with_keys(key("AKIAONE", 45, DENIED)))
    assert raised.value.what == "last use of access key AKIAONE"


def test_an_unused_key_is_named_with_what_to_do() -> None:
    verdict = judge("iam_user_unused_active_keys", with_keys(key("AKIAONE", 200, 60)))
    assert verdict.sentence == (
        "User alice has 1 active access key: AKIAONE (created 2026-05-08, 200 days ago; last used "
        "2026-09-25, 60 days ago, by s3 in eu-west-1). Unused for 45 days or more: AKIAONE. "
        "AKIAONE was not used for 60 days and can be deactivated now. The user then has no active "
        "access key."
    )
    assert verdict.more == {"failing_access_keys": ["AKIAONE"]}


# Old keys


@pytest.mark.parametrize(("age", "status"), [(91 - MINUTE, "PASS"), (91, "FAIL"), (-3, "PASS")])
def test_a_key_more_than_90_whole_days_old_fails(age: float, status: str) -> None:
    facts = with_keys(key("A", age, DENIED))
    assert judge("iam_user_unrotated_active_keys", facts).status == status


def test_an_old_key_is_named_with_what_to_do() -> None:
    verdict = judge("iam_user_unrotated_active_keys", with_keys(ONE))
    assert verdict.sentence == (
        f"User alice has 1 active access key: {NAMED}. More than 90 days old: AKIAONE. {REPLACE}"
    )


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


def test_an_inactive_key_is_named_with_the_command_that_deletes_it() -> None:
    verdict = judge("iam_user_inactive_keys_not_deleted", with_keys(inactive(900, 100)))
    assert verdict.sentence == (
        "User alice has 1 inactive access key unused for more than 90 days: AKIAOFF (created "
        "2024-06-07, 900 days ago; last used 2026-08-16, 100 days ago, by s3 in eu-west-1). "
        "Whoever may call UpdateAccessKey can activate it again, and it takes one of the user's "
        "two places for keys. If nothing will need it again, delete it, for good: aws iam "
        "delete-access-key --user-name=alice --access-key-id AKIAOFF"
    )


@pytest.mark.parametrize("quarantine", [("AWSCompromisedKeyQuarantineV3",), DENIED_DETAILS])
def test_an_inactive_key_that_may_be_evidence_is_not_to_be_deleted(quarantine: Any) -> None:
    facts = with_keys(inactive(900), quarantined=quarantine)
    said = judge("iam_user_inactive_keys_not_deleted", facts).sentence
    assert "keep what may be evidence" in said
    assert "delete-access-key" not in said


# Passwords, owners, quarantine


def test_a_user_with_a_password_and_a_key_fails() -> None:
    verdict = judge("iam_user_console_password_and_active_keys", with_keys(ONE))
    assert verdict.sentence == (
        f"User alice has 1 active access key: {NAMED}. The user has a console password too. A "
        "person can use aws login or IAM Identity Center instead of an access key. A program needs "
        "no password: aws iam delete-login-profile --user-name=alice deletes it. "
        f"{REPLACE}"
    )


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        (("Owner", "payments"), "PASS"),
        (("company:owner-contact", "a@b.example"), "PASS"),
        (("Team ", "x"), "PASS"),
        (("owner", " "), "FAIL"),
        (("CostCenter", "42"), "FAIL"),
        (("AKIAONE", "nightly backup"), "FAIL"),
    ],
)
def test_a_user_whose_tags_name_no_owner_fails(tag: tuple[str, str], status: str) -> None:
    user = User("alice", "arn", ({"Key": tag[0], "Value": tag[1]},))
    verdict = judge("iam_user_active_keys_without_owner", with_keys(ONE, user=user))
    assert verdict.status == status
    if status == "FAIL":
        assert "none of owner, owner_contact, team, contact has a value" in verdict.sentence
    else:
        assert f"the tag {tag[0]} names an owner" in verdict.sentence


def test_a_quarantined_user_with_a_key_is_an_incident() -> None:
    facts = with_keys(key("AKIAONE", 200, 60), quarantined=("AWSCompromisedKeyQuarantineV3",))
    said = judge("iam_user_quarantined_active_keys", facts).sentence
    assert "This is an incident: AWS has seen an access key of this user in public" in said
    assert "Do not delete them: they are evidence" in said
    for never in ("can be deactivated now", "rotate", "detach"):
        assert never not in said


def test_a_quarantined_user_without_a_key_passes_and_is_told_of_the_policy() -> None:
    verdict = judge("iam_user_quarantined_active_keys", Known(quarantined=("AWSC",)))
    assert verdict.status == "PASS"
    assert "AWS's policy AWSC is still attached" in verdict.sentence


# Administrators


def of(*attached: str, boundary: str | None = "", inline: Any = None, group: str = "") -> Known:
    own = (("inline", group, inline),) if inline is not None else ()
    policies = UserPolicies(tuple((arn, group) for arn in attached), own, boundary)
    return with_keys(ONE, applying=policies)


def administrator(facts: Known) -> Verdict:
    return judge("iam_user_administrator_active_keys", facts)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_policy_that_allows_everything_or_all_of_iam_makes_an_administrator(name: str) -> None:
    expected = "FAIL" if name in ADMINISTRATION else "PASS"
    assert administrator(of(CUSTOMER + name)).status == expected
    assert administrator(of(inline=DOCUMENTS[name])).status == expected


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ({"Action": "*:*", "Resource": "*"}, "FAIL"),
        ({"Action": "i?m:*", "Resource": "*"}, "FAIL"),
        ({"NotAction": ["*"], "Resource": "*"}, "PASS"),
        ({"NotAction": ["iam:CreateUser"], "Resource": "*"}, "FAIL"),
        ({"Action": "iam:*User*", "Resource": "*"}, "PASS"),
    ],
)
def test_wildcards_are_read_as_iam_reads_them(statement: dict[str, Any], status: str) -> None:
    document = {"Statement": {"Effect": "Allow", **statement}}
    assert administrator(of(inline=document)).status == status
    deny = {"Statement": {"Effect": "Deny", **statement}}
    assert administrator(of(inline=deny)).status == "PASS"


def test_an_administrator_is_told_by_which_policy_group_and_condition() -> None:
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    verdict = administrator(
        of(OF_AWS + "IAMFullAccess", inline={"Statement": [statement]}, group="g")
    )
    assert (
        "administrator by policy IAMFullAccess through group g and inline policy inline through "
        "group g under a condition on aws:MultiFactorAuthPresent." in verdict.sentence
    )


@pytest.mark.parametrize(
    ("boundary", "status", "said"),
    [
        (OF_AWS + "PowerUserAccess", "PASS", "the permissions boundary PowerUserAccess limits"),
        (OF_AWS + "AdministratorAccess", "FAIL", ""),
        (CUSTOMER + "reading", "PASS", "the permissions boundary reading limits"),
        (CUSTOMER + "everything", "FAIL", ""),
        (CUSTOMER + "unread", "FAIL", "The permissions boundary unread could not be read."),
        (None, "FAIL", "Whether a permissions boundary limits it could not be read."),
    ],
)
def test_a_boundary_saves_only_if_it_was_read_and_limits(
    boundary: str | None, status: str, said: str
) -> None:
    verdict = administrator(of(OF_AWS + "AdministratorAccess", boundary=boundary))
    assert verdict.status == status
    assert said in verdict.sentence


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
        (credential("bedrock.amazonaws.com", 10_000), "FAIL", "high"),
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


def test_an_api_key_is_named_with_service_age_expiry_and_command() -> None:
    facts = Known(credentials=(credential("bedrock.amazonaws.com", 3.5),))
    assert judge("iam_user_long_term_api_keys", facts).sentence == (
        "User alice has long-term credentials for single services: ACCA1 (API key for "
        "bedrock.amazonaws.com; created 2026-10-25, 30 days ago; expires 2026-11-28, in 3 days). "
        "No credential report shows them, and deactivating access keys does not stop them. Use an "
        "IAM role or short-term API keys instead, then: aws iam update-service-specific-credential "
        "--user-name=alice --service-specific-credential-id ACCA1 --status Inactive"
    )


# The root user


@pytest.mark.parametrize(
    ("present", "in_report", "fresh", "status", "said"),
    [
        (False, 0, False, "PASS", "has no access keys."),
        (True, 2, False, "FAIL", "has 2 active access keys, according to"),
        (True, 0, True, "PASS", "An inactive one is still there: delete it."),
        (True, 0, False, "MANUAL", "has an access key. It was not active"),
        (True, DENIED, False, "FAIL", "Whether it is active could not be read"),
        (DENIED, 1, True, "FAIL", "has 1 active access key"),
        (DENIED, 0, True, "PASS", "has no active access keys"),
        (DENIED, 0, False, "MANUAL", "could not be read"),
        (DENIED, DENIED, False, "MANUAL", "could not be read"),
    ],
)
def test_the_root_user_passes_only_if_no_key_is_active_now(
    present: bool | Unreadable, in_report: int | Unreadable, fresh: bool, status: str, said: str
) -> None:
    root = RootAccessKeys("arn", in_report, present, None, NOW, timedelta(hours=3), fresh)
    verdict = check("iam_root_user_active_keys").judge_root(root, NOW)
    assert verdict.status == status
    assert said in verdict.sentence


# Commands


@pytest.mark.parametrize("name", ["-ci-bot", "--help", "x=y,z"])
def test_the_commands_that_are_printed_are_valid_whatever_the_name(name: str) -> None:
    user = User(name, f"arn:aws:iam::123456789012:user/{name}")
    lasting = (credential("bedrock.amazonaws.com"),)
    said = [
        judge("iam_user_inactive_keys_not_deleted", with_keys(inactive(900), user=user)),
        judge("iam_user_console_password_and_active_keys", with_keys(ONE, user=user)),
        judge("iam_user_long_term_api_keys", Known(user=user, credentials=lasting)),
    ]
    for verdict in said:
        said_of = re.sub(r"\b(AKIA|ACCA)\w*", r"\1IOSFODNN7EXAMPLE", verdict.sentence)
        words = shlex.split(said_of.replace("user's", "").partition(": aws ")[2])
        end = words.index("deletes") if "deletes" in words else len(words)
        validate = [program("aws"), *words[:end], "--generate-cli-skeleton", "output"]
        environment = os.environ | {"AWS_DEFAULT_REGION": "us-east-1"}
        subprocess.run(validate, env=environment, check=True, stdout=subprocess.DEVNULL)
