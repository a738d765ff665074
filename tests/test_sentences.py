"""What findings say: ``sentences.txt`` has the sentence of each case, for a person to read.

After a change of wording, write it anew, and read what is different:

    python -m tests.test_sentences
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import (
    NO_EVENT,
    Origin,
    usage_of,
)
from prowler_access_keys.services.iam.iam_access_keys.exceptions import acceptance
from prowler_access_keys.services.iam.iam_access_keys.exceptions.register import (
    ExceptionEntry,
    Register,
)
from prowler_access_keys.services.iam.iam_access_keys.facts import (
    MANAGEMENT_ACCOUNT,
    ROOT_ACCESS_OFF,
    AccessKey,
    LastUse,
    ListingGap,
    RootAccessKeys,
    RootAudit,
    ServiceSpecificCredential,
    UnmatchedARN,
    Unreadable,
    User,
    UserPolicies,
)
from prowler_access_keys.services.iam.iam_access_keys.findings import finding
from prowler_access_keys.services.iam.iam_access_keys.findings.finding import Verdict
from prowler_access_keys.services.iam.iam_access_keys.findings.root_user import with_audit
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings

from .events import TERRAFORM, assumption, event, looked
from .keys import CAN_GO, DENIED, NOW, active, key
from .known_facts import ALICE, DENIED_DETAILS, Known, check_named, judged

FILE = Path(__file__).with_name("sentences.txt")
MULTIPLE = "iam_user_multiple_active_keys"
UNUSED = "iam_user_unused_active_keys"
UNROTATED = "iam_user_unrotated_active_keys"
INACTIVE = "iam_user_inactive_keys_not_deleted"
PASSWORD = "iam_user_console_password_and_active_keys"  # noqa: S105 - a check
ADMINISTRATOR = "iam_user_administrator_active_keys"
QUARANTINED = "iam_user_quarantined_active_keys"
OWNER = "iam_user_active_keys_without_owner"
API_KEYS = "iam_user_long_term_api_keys"
DECOY = "iam_user_decoy_access_keys_used"
FOR_API_KEY = "iam_user_made_for_api_key_other_credentials"
ROOT = "iam_root_user_active_keys"
V3 = ("AWSCompromisedKeyQuarantineV3",)
UNKNOWN = Unreadable("iam:ListAttachedUserPolicies", "AccessDenied")
UNLISTED = Unreadable("iam:ListAccessKeys", "AccessDenied")
ADMIN = UserPolicies((("arn:aws:iam::aws:policy/AdministratorAccess", ""),))
DENIES = UserPolicies((("arn:aws:iam::aws:policy/AWSDenyAll", ""),))
BEDROCK_USER = User("BedrockAPIKey-0g4z", "arn:aws:iam::123456789012:user/BedrockAPIKey-0g4z")
SMTP = LastUse(NOW - timedelta(days=3), "ses-smtp", "eu-west-1")
FIRST_KEY, OTHER_KEY = "AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"
OLD, NEW, THIRD = "AKIAOLD", "AKIANEW", "AKIATHIRD"


def judge(check: str, facts: Known, **settings: Any) -> Verdict:
    """The verdict of a check on a user."""
    return judged(check, facts, Settings(**settings))


def keys(*found: AccessKey, **more: Any) -> Known:
    """A user with these keys, older first."""
    return Known(listed=active(*found), **more)


def root(active_keys: int | Unreadable, **more: Any) -> Verdict:
    """The verdict on the root user."""
    arn = more.pop("arn", "arn:aws:iam::123456789012:root")
    more.setdefault("report_date", NOW - timedelta(hours=3))
    more.setdefault("report_age", timedelta(hours=3))
    facts = RootAccessKeys(arn, active_keys, now=NOW, **more)
    verdict: Verdict = check_named(ROOT).judge_root(facts)
    return with_audit(verdict, facts)


def excepted(until: str = "2027-01-31", facts: Known | None = None, **more: Any) -> Verdict:
    """The verdict on a user with old keys, and what an exception says about it."""
    keys_of = facts or keys(key(FIRST_KEY, 500, 1), key(OTHER_KEY, 400, 2))
    verdict = judge(UNROTATED, keys_of)
    entry: dict[str, Any] = {
        "account": "123456789012", "user": "alice", "checks": ["*"], "until": until,
        "reason": "SES relay, until it uses the SES API", "owner": "mail-team",
        "approver": "security@example.com", "ticket": "SEC-412", **more,
    }  # fmt: skip
    given = {name: value for name, value in entry.items() if value}
    register = Register("exceptions.yaml", (ExceptionEntry.model_validate(given),))
    data = replace(finding.describe("alice", ALICE.arn, verdict, NOW), check=UNROTATED)
    found = acceptance.judge(register, "123456789012", data, acceptance.Terms(NOW))
    return replace(verdict, sentence=f"{verdict.sentence} {found.sentence}")


def credential(service: str, days: float | None = None, name: str = "ACCA1") -> Any:
    expires = None if days is None else NOW + timedelta(days=days)
    return ServiceSpecificCredential(name, service, NOW - timedelta(days=30), True, expires)


def off(name: str = "AKIAOFF") -> AccessKey:
    return replace(key(name, 900, 100), active=False)


def smtp(name: str, age: float) -> AccessKey:
    return replace(key(name, age), last_use=SMTP)


BOTO3 = "Boto3/1.40.0 ua/2.1 exec-env/AWS_Lambda_python3.12 m/g Botocore/1.40.0"
USER_NAME = {
    "Version": "2012-10-17",
    "Statement": {"Resource": "arn:aws:s3:::home/${aws:username}/*"},
}
SESSION = usage_of([looked(event("PutRolePolicy", "iam", userAgent="Pacu/1"))], 50)
BREACH = usage_of(
    [looked(assumption("ASIA1"), assumption("ASIA2", role="", name="GetFederationToken", hours=9))],
    50,
)
BREACH = replace(
    BREACH, sessions=(replace(BREACH.sessions[0], usage=SESSION), *BREACH.sessions[1:])
)
ORIGIN = Origin(
    "user/alice", NOW - timedelta(days=1), "198.51.100.9", access_key_id=OLD, program="Boto3"
)


def seen(
    *events: Any,
    older: Sequence[Any] = (),
    key: AccessKey | None = None,
    resource: str = "",
    applying: UserPolicies = UserPolicies(),  # noqa: B008
) -> Verdict:
    """The verdict on an old key in use, with what CloudTrail says of it."""
    earlier = [looked(*older)] if older else []
    usage = usage_of([looked(*events, complete=not older)], 50, earlier, NOW - timedelta(days=45))
    used_by = tuple(replace(user, resource=resource) for user in usage.used_by)
    usage = replace(usage, used_by=used_by)
    facts = keys(key or BUSY, uses={OLD: usage}, applying=applying)
    return judge(UNROTATED, facts, access_key_usage_from_cloudtrail=True)


IDLE, BUSY = key(OLD, 900, 300), key(OLD, 900, 2)
YOUNG, FRESH = key(NEW, 1, 0.2), key(NEW, 1)
CASES: dict[str, Callable[[], Verdict]] = {
    # Two keys
    "two keys, the older idle": lambda: judge(MULTIPLE, keys(IDLE, key(NEW, 90, 1))),
    "two keys, the newer never used": lambda: judge(MULTIPLE, keys(BUSY, key(NEW, 50))),
    "two keys, both idle": lambda: judge(MULTIPLE, keys(IDLE, key(NEW, 800, 60))),
    "two keys, both in use": lambda: judge(MULTIPLE, keys(BUSY, key(NEW, 90, 44))),
    "two keys, a rotation": lambda: judge(MULTIPLE, keys(BUSY, key(NEW, 4))),
    "two keys, in use, the newer of yesterday": lambda: judge(MULTIPLE, keys(BUSY, YOUNG)),
    "two keys, the older idle, the newer of yesterday": lambda: judge(MULTIPLE, keys(IDLE, YOUNG)),
    "two keys, never used, the newer of yesterday": lambda: judge(
        MULTIPLE, keys(key(OLD, 900), FRESH)
    ),
    "two keys, the older idle, the newer never used": lambda: judge(MULTIPLE, keys(IDLE, FRESH)),
    "two young keys, never used": lambda: judge(MULTIPLE, keys(key(OLD, 30), FRESH)),
    "two keys, one last use unread": lambda: judge(MULTIPLE, keys(key(OLD, 900, DENIED), YOUNG)),
    "one key, last use unread": lambda: judge(UNROTATED, keys(key(OLD, 900, DENIED))),
    "two keys, quarantine unread": lambda: judge(
        MULTIPLE, keys(IDLE, key(NEW, 90, 1), quarantined=UNKNOWN)
    ),
    "two keys, policies that deny everything": lambda: judge(
        MULTIPLE, keys(IDLE, key(NEW, 90, 1), applying=DENIES)
    ),
    "two keys, policies unread": lambda: judge(
        MULTIPLE,
        keys(IDLE, key(NEW, 90, 1), applying=UserPolicies(inline_unread=DENIED_DETAILS)),
    ),
    "two keys, SMTP": lambda: judge(MULTIPLE, keys(smtp(OLD, 900), key(NEW, 90, 1))),
    "three keys in use": lambda: judge(MULTIPLE, keys(BUSY, key(THIRD, 400, 3), key(NEW, 90, 1))),
    "two keys, counted only": lambda: judge(MULTIPLE, Known(listed=UNLISTED, counted=2)),
    "two keys, counted only, quarantined": lambda: judge(
        MULTIPLE, Known(listed=UNLISTED, counted=2, quarantined=V3)
    ),
    "two keys, counted only, with a grace period": lambda: judge(
        MULTIPLE, Known(listed=UNLISTED, counted=2), multiple_active_keys_grace_days=7
    ),
    "two keys, grace": lambda: judge(
        MULTIPLE, keys(BUSY, key(NEW, 4)), multiple_active_keys_grace_days=7
    ),
    "two keys, grace, quarantined": lambda: judge(
        MULTIPLE, keys(BUSY, key(NEW, 4), quarantined=V3), multiple_active_keys_grace_days=7
    ),
    "one key": lambda: judge(MULTIPLE, keys(YOUNG)),
    "a decoy": lambda: judge(MULTIPLE, keys(IDLE, FRESH), decoy_users=("ALICE",)),
    "nothing could be listed, quarantined": lambda: judge(
        UNUSED, Known(listed=UNLISTED, quarantined=V3)
    ),
    "a session that IAM refuses": lambda: judge(
        UNUSED, Known(listed=Unreadable("iam:ListAccessKeys", "InvalidClientTokenId"))
    ),
    # The other checks of access keys
    "unused": lambda: judge(UNUSED, keys(key(OLD, 200, 60))),
    "unused, two": lambda: judge(UNUSED, keys(IDLE, key(NEW, 800))),
    "unused, last use unread": lambda: judge(UNUSED, keys(key(OLD, 45, DENIED))),
    "old, in use": lambda: judge(UNROTATED, keys(BUSY)),
    "old, both, in use": lambda: judge(UNROTATED, keys(BUSY, key(NEW, 300, 1))),
    "old, one idle, one in use": lambda: judge(UNROTATED, keys(IDLE, key(NEW, 300, 1))),
    "old, and a newer one in use": lambda: judge(UNROTATED, keys(BUSY, key(NEW, 60, 1))),
    "old, and another that is idle": lambda: judge(UNROTATED, keys(BUSY, key(NEW, 60))),
    "old, used for SMTP": lambda: judge(UNROTATED, keys(smtp(OLD, 900))),
    "inactive": lambda: judge(INACTIVE, keys(off())),
    "inactive, two": lambda: judge(INACTIVE, keys(off("AKIAOFF1"), off("AKIAOFF2"))),
    "inactive, CloudTrail knows when": lambda: judge(
        INACTIVE,
        keys(
            off(), creations={"AKIAOFF": Origin("user/bob", NOW - timedelta(days=1), "192.0.2.1")}
        ),
        access_key_usage_from_cloudtrail=True,
    ),
    "inactive, CloudTrail does not know when": lambda: judge(
        INACTIVE,
        keys(off(), creations={"AKIAOFF": Origin(unknown=NO_EVENT)}),
        access_key_usage_from_cloudtrail=True,
    ),
    "inactive, quarantined": lambda: judge(INACTIVE, keys(off(), quarantined=V3)),
    "inactive, quarantine unread": lambda: judge(INACTIVE, keys(off(), quarantined=UNKNOWN)),
    "password and key": lambda: judge(PASSWORD, keys(BUSY, password=True)),
    "administrator": lambda: judge(ADMINISTRATOR, keys(BUSY, applying=ADMIN)),
    "administrator, one idle, one of yesterday": lambda: judge(
        ADMINISTRATOR, keys(IDLE, YOUNG, applying=ADMIN)
    ),
    "administrator, both in use": lambda: judge(
        ADMINISTRATOR, keys(BUSY, key(NEW, 90, 1), applying=ADMIN)
    ),
    "administrator, a rotation": lambda: judge(ADMINISTRATOR, keys(BUSY, FRESH, applying=ADMIN)),
    "administrator, quarantined": lambda: judge(
        ADMINISTRATOR, keys(BUSY, applying=ADMIN, quarantined=V3)
    ),
    "no owner": lambda: judge(OWNER, keys(BUSY)),
    "no owner, quarantined": lambda: judge(OWNER, keys(BUSY, quarantined=V3)),
    "no owner, a young key": lambda: judge(OWNER, keys(FRESH)),
    # Incidents
    "quarantined": lambda: judge(QUARANTINED, keys(BUSY, YOUNG, quarantined=V3)),
    "quarantined, with every way in": lambda: judge(
        QUARANTINED,
        keys(
            BUSY, quarantined=V3, credentials=(credential("bedrock.amazonaws.com"),), password=True
        ),
    ),
    "quarantined, an API key only": lambda: judge(
        QUARANTINED,
        Known(quarantined=V3, credentials=(credential("bedrock.amazonaws.com"),)),
    ),
    "quarantined, a key works, an API key unread": lambda: judge(
        QUARANTINED, keys(BUSY, quarantined=V3, credentials=UNKNOWN)
    ),
    "quarantined, nothing works": lambda: judge(QUARANTINED, Known(quarantined=V3)),
    "quarantined, keys unread": lambda: judge(QUARANTINED, Known(listed=UNLISTED, quarantined=V3)),
    "not quarantined": lambda: judge(QUARANTINED, keys(BUSY)),
    "quarantine unread": lambda: judge(QUARANTINED, keys(BUSY, quarantined=UNKNOWN)),
    "a decoy was used": lambda: judge(DECOY, keys(YOUNG, IDLE), decoy_users=("alice",)),
    "a decoy was used, quarantined, another key unread": lambda: judge(
        DECOY, keys(BUSY, key(NEW, 90, DENIED), quarantined=V3), decoy_users=("alice",)
    ),
    "a decoy is an administrator": lambda: judge(
        ADMINISTRATOR, keys(BUSY, applying=ADMIN), decoy_users=("alice",)
    ),
    "a decoy has an API key": lambda: judge(
        API_KEYS, Known(credentials=(credential("logs.amazonaws.com"),)), decoy_users=("alice",)
    ),
    "a decoy was not used": lambda: judge(DECOY, keys(key(OLD, 900)), decoy_users=("alice",)),
    "made for an API key, with more": lambda: judge(
        FOR_API_KEY, keys(FRESH, user=BEDROCK_USER, password=True)
    ),
    "made for an API key, left over": lambda: judge(FOR_API_KEY, Known(user=BEDROCK_USER)),
    "made for an API key, left over, quarantined": lambda: judge(
        FOR_API_KEY, Known(user=BEDROCK_USER, quarantined=V3)
    ),
    "made for an API key, with a password, keys unread": lambda: judge(
        FOR_API_KEY, Known(user=BEDROCK_USER, listed=UNLISTED, password=True)
    ),
    "made for an API key, as it should be": lambda: judge(
        FOR_API_KEY,
        Known(user=BEDROCK_USER, credentials=(credential("bedrock.amazonaws.com"),)),
    ),
    # Evidence from CloudTrail
    "evidence: two programs, one on Lambda": lambda: seen(
        event(userAgent=BOTO3), event(userAgent=BOTO3), event(userAgent=TERRAFORM)
    ),
    "evidence: the older half of the time": lambda: seen(
        *(event(userAgent=TERRAFORM, hours=hours) for hours in range(1, 51)),
        older=[event(userAgent="Boto3/1.40", hours=1100)],
    ),
    "evidence: on an instance of the account": lambda: seen(event(), resource="i-0a1b2c3d"),
    "evidence: behind a gateway of the account": lambda: seen(event(), resource="nat-0a1b2c3d"),
    "evidence: nothing says where it could go": lambda: seen(event()),
    "evidence: a person's computer": lambda: seen(event(userAgent="S3 Browser/12.2.9")),
    "evidence: a tool for attacks": lambda: seen(event(userAgent="Pacu/1.5.2")),
    "evidence: a vendor, and a policy with the user's name": lambda: seen(
        event(userAgent="APN/1.0 Veeam/1.0 Backup/10.0"),
        applying=UserPolicies(inline=(("home", "", USER_NAME),)),
    ),
    "evidence: mail over SMTP": lambda: seen(event(), key=smtp(OLD, 900)),
    "evidence: two keys from the same place": lambda: judge(
        MULTIPLE,
        keys(
            BUSY, key(NEW, 90, 1), uses=dict.fromkeys((OLD, NEW), usage_of([looked(event())], 50))
        ),
        access_key_usage_from_cloudtrail=True,
    ),
    "evidence: no event": lambda: seen(),
    "evidence: an incident, with a role and a new key": lambda: judge(
        QUARANTINED,
        keys(
            BUSY,
            YOUNG,
            quarantined=V3,
            uses={OLD: BREACH, NEW: usage_of([looked()], 50)},
            creations={NEW: ORIGIN},
        ),
        access_key_usage_from_cloudtrail=True,
    ),
    "evidence: an API key": lambda: judge(
        API_KEYS,
        Known(
            credentials=(credential("bedrock.amazonaws.com", 3.5),),
            uses={"alice": usage_of([looked(event("Converse", "bedrock"))], 50)},
            creations={"ACCA1": Origin("user/bob", NOW - timedelta(days=30), "192.0.2.1")},
        ),
        access_key_usage_from_cloudtrail=True,
    ),
    "evidence: a key of the root user": lambda: finding.with_root_usage(
        root(1), {"AKIAROOT": usage_of([looked(event())], 50)}
    ),
    "evidence: no event shows a key of the root user": lambda: finding.with_root_usage(
        root(1), {"": usage_of([looked()], 1)}
    ),
    # Service-specific credentials
    "an API key": lambda: judge(
        API_KEYS, Known(credentials=(credential("bedrock.amazonaws.com", 3.5),))
    ),
    "a Git password and an API key": lambda: judge(
        API_KEYS,
        Known(
            credentials=(
                credential("codecommit.amazonaws.com"),
                credential("logs.amazonaws.com", name="ACCA2"),
            )
        ),
    ),
    "an API key of a quarantined user": lambda: judge(
        API_KEYS, Known(credentials=(credential("bedrock.amazonaws.com"),), quarantined=V3)
    ),
    # The root user
    "root, one key in use": lambda: root(1, last_used=NOW - timedelta(days=1)),
    "root, two keys": lambda: root(2),
    "root, an old report": lambda: root(0),
    "root, no report": lambda: root(DENIED, report_date=None),
    "root, an inactive key": lambda: root(0, report_is_fresh=True),
    "root in GovCloud": lambda: root(1, arn="arn:aws-us-gov:iam::123456789012:root"),
    "root, keys that a session listed": lambda: root(
        2, report_date=None, audit=RootAudit("1", active(BUSY, FRESH), NOW, True, 0, None)
    ),
    "root, an active and an inactive key that a session listed": lambda: root(
        1, audit=RootAudit("1", (BUSY, off()), NOW, True, 1, 0)
    ),
    "root, an inactive key that a session listed": lambda: root(
        0, report_date=None, audit=RootAudit("1", (replace(IDLE, active=False),), NOW, None, 1, 2)
    ),
    "root, no session": lambda: root(1, audit=RootAudit("1", DENIED, NOW)),
    "root of the management account": lambda: root(
        1, audit=RootAudit("1", replace(DENIED, error_code=MANAGEMENT_ACCOUNT), NOW)
    ),
    "root, centralized root access is off": lambda: root(
        1, audit=RootAudit("1", replace(DENIED, error_code=ROOT_ACCESS_OFF), NOW)
    ),
    # Exceptions
    "accepted": lambda: excepted(),
    "accepted, and it ends soon": lambda: excepted("2026-12-01T18:00+01:00"),
    "accepted by key": lambda: excepted(
        user="", access_key_id=FIRST_KEY, facts=keys(key(FIRST_KEY, 500, 1))
    ),
    "one of two keys accepted": lambda: excepted(user="", access_key_id=FIRST_KEY),
    "an exception that has ended": lambda: excepted("2026-11-23"),
    "an exception that has not begun": lambda: excepted(
        "2027-01-31", None, **{"from": "2026-12-01"}
    ),
    "an exception that may last too long": lambda: excepted("2028-01-31"),
    "an exception without an owner": lambda: excepted(owner="", ticket=""),
    "an exception that does not name incidents": lambda: excepted(
        facts=keys(key(FIRST_KEY, 500, 1), quarantined=V3)
    ),
    # The account
    "a user that is gone": lambda: finding.unreadable(
        ALICE, Unreadable("iam:ListAccessKeys", "NoSuchEntity"), "access keys"
    ),
    "users that were not listed": lambda: finding.unlisted_users(
        ListingGap(2, 3, UNKNOWN), "123456789012"
    ),
    "an ARN of no user": lambda: finding.unmatched_arn(UnmatchedARN("arn:x"), "123456789012"),
}


def said(case: str) -> str:
    verdict = CASES[case]()
    severity = f" ({verdict.severity})" if verdict.severity else ""
    return f"{case}\n    {verdict.status}{severity} {verdict.sentence}\n"


def written() -> dict[str, str]:
    """By case, what the file has."""
    parts = FILE.read_text("utf-8").split("\n\n")
    return {part.partition("\n")[0].strip(): f"{part.strip()}\n" for part in parts}


@pytest.mark.parametrize("case", CASES)
def test_every_sentence_is_the_one_in_the_file(case: str) -> None:
    assert said(case) == written()[case]


def test_the_file_has_no_case_that_is_gone() -> None:
    assert written().keys() == CASES.keys()


def test_an_incident_comes_first_and_asks_for_no_tidying() -> None:
    for case in CASES:
        sentence = CASES[case]().sentence
        if "AWS suspects" in sentence:
            assert sentence.startswith("Incident: "), case
            for tidying in (CAN_GO, "aws login", "tag names", "days old:"):
                assert tidying not in sentence, case


def test_the_first_100_characters_say_who_and_what_to_do() -> None:
    """Mail subjects, tickets, and dashboards show no more."""
    do = "eactivat|ind out|Move what|put AKIA|sends mail|elete |Use |Treat |is a decoy"
    for case in CASES:
        verdict = CASES[case]()
        if verdict.status == "FAIL" and verdict.keys:
            start = verdict.sentence[:100]
            assert re.search("alice|root user|BedrockAPIKey", start), start
            assert re.search(do, start), start


def test_a_failure_fits_into_a_security_hub_description() -> None:
    longest = User("n" * 64, "arn")
    found = active(key("A" * 128, 9000, DENIED), key("B" * 128, 8000, DENIED))
    facts = Known(longest, listed=found, quarantined=UNKNOWN)
    assert len(judge(MULTIPLE, facts).sentence) <= 1024


if __name__ == "__main__":
    FILE.write_text("\n".join(map(said, CASES)), "utf-8")
