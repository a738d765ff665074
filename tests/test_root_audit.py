"""What the checks and the ranking say of a root user whose keys a session has listed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys import run_state
from prowler_access_keys.services.iam.iam_access_keys.facts import (
    MANAGEMENT_ACCOUNT,
    ROOT_ACCESS_OFF,
    AccessKey,
    LastUse,
    RootAudit,
    Unreadable,
)

from .scanning import ACCOUNT, CHECK, ROOT, Found, provider_of, scan_with

ROOT_CHECK = "iam_root_user_active_keys"
NOW = datetime.now(timezone.utc)
USED = LastUse(NOW - timedelta(days=2), "ec2", "eu-west-1")
DENIED = Unreadable("sts:AssumeRoot", "AccessDenied")
NO_SESSION = "No session of the root user could list its keys: "


def audit_of(*active: bool, date: datetime = NOW, account: str = ACCOUNT) -> RootAudit:
    """What a session has read of a root user with these keys, a password, and MFA."""
    keys = tuple(
        AccessKey(
            f"AKIAROOT{number}", NOW - timedelta(days=400 - number), is_active,
            USED if number == 1 else None,
        )
        for number, is_active in enumerate(active, start=1)
    )  # fmt: skip
    return RootAudit(account, keys, date, True, 1, 0)


@pytest.fixture(autouse=True)
def _nothing_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_state, "_root_audits", {})


def scan_root(aws: EmbeddedAWS, audit: RootAudit | None, **settings: Any) -> dict[str, Found]:
    """The findings about the root user, by check."""
    if audit:
        run_state.hand_over(audit)
    with provider_of(aws) as provider:
        provider._audit_config.update(settings)
        found = scan_with(provider, (ROOT_CHECK, CHECK))
    return {finding.check: finding for finding in found if finding.name == ROOT}


@pytest.mark.parametrize(
    ("active", "by_session", "by_old_report"),
    [
        ((), ("PASS", "PASS"), ("PASS", "PASS")),
        ((True,), ("FAIL", "PASS"), ("FAIL", "MANUAL")),
        ((False,), ("FAIL", "PASS"), ("MANUAL", "MANUAL")),
        ((True, True), ("FAIL", "FAIL"), ("FAIL", "FAIL")),
        ((True, False), ("FAIL", "PASS"), ("FAIL", "MANUAL")),
        ((False, False), ("FAIL", "PASS"), ("MANUAL", "MANUAL")),
    ],
)
def test_a_session_gives_a_verdict_where_an_old_report_does_not(
    aws: EmbeddedAWS,
    active: tuple[bool, ...],
    by_session: tuple[str, str],
    by_old_report: tuple[str, str],
) -> None:
    aws.behavior.root_keys_active = active
    aws.hold_report(timedelta(hours=2.5))
    for audit, expected in ((None, by_old_report), (audit_of(*active), by_session)):
        found = scan_root(aws, audit)
        assert (found[ROOT_CHECK].status, found[CHECK].status) == expected
        if audit:
            data = json.loads(found[ROOT_CHECK].resource)
            keys = data.get("access_keys", ())
            assert [key.get("active", True) for key in keys] == list(active)
            assert all(key["access_key_id"] in found[ROOT_CHECK].sentence for key in keys)
            assert "report" not in found[ROOT_CHECK].sentence + found[CHECK].sentence
            # By the scan without the audit:
            assert aws.calls["iam:GetCredentialReport"] == bool(active)
            assert (data["console_password"], data["mfa_devices"]) == (True, 1)


@pytest.mark.parametrize(
    ("unread", "why"),
    [
        (DENIED, "sts:AssumeRoot failed with AccessDenied"),
        (replace(DENIED, error_code=MANAGEMENT_ACCOUNT), "AWS gives none for the management"),
        (replace(DENIED, error_code=ROOT_ACCESS_OFF), "centralized root access is off"),
        (Unreadable("iam:ListAccessKeys", "Throttling"), "iam:ListAccessKeys failed with Thr"),
    ],
)
@pytest.mark.parametrize("active", [(), (True,), (False,), (True, True)])
def test_without_a_session_the_verdict_is_as_ever_and_says_why(
    aws: EmbeddedAWS, active: tuple[bool, ...], unread: Unreadable, why: str
) -> None:
    aws.behavior.root_keys_active = active
    aws.hold_report(timedelta(hours=2.5))
    without = scan_root(aws, None)
    found = scan_root(aws, RootAudit(ACCOUNT, unread, NOW))
    for check, finding in found.items():
        assert finding.status == without[check].status
        added = finding.sentence.removeprefix(without[check].sentence)
        assert (NO_SESSION in added and why in added) if active else not added
        assert json.loads(finding.resource)["root_session_unreadable"] == {
            "call": unread.call, "error_code": unread.error_code,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("audit", "why"),
    [
        (audit_of(), "KeyNotListed"),
        (audit_of(False, date=NOW - timedelta(hours=2)), "AnswerTooOld"),
        (audit_of(False, date=NOW + timedelta(hours=2)), "AnswerTooOld"),
        (audit_of(False, account="111122223333"), ""),
    ],
    ids=["contradicted", "old", "ahead", "of another account"],
)
def test_what_a_session_read_is_not_believed_at_another_time_or_of_another_account(
    aws: EmbeddedAWS, audit: RootAudit, why: str
) -> None:
    aws.behavior.root_keys_active = (True, True)
    aws.hold_report(timedelta(hours=2.5))
    without = scan_root(aws, None)
    found = scan_root(aws, audit)
    for check, finding in found.items():
        assert finding.status == "FAIL"
        reason = f" {NO_SESSION}iam:ListAccessKeys failed with {why}." if why else ""
        assert finding.sentence == f"{without[check].sentence}{reason}"


def test_a_key_that_is_gone_since_still_fails(aws: EmbeddedAWS) -> None:
    assert scan_root(aws, audit_of(True))[ROOT_CHECK].status == "FAIL"


def test_cloudtrail_is_asked_once_about_the_keys_of_the_root_user(aws: EmbeddedAWS) -> None:
    aws.behavior.root_keys_active = (True, True)
    aws.cloudtrail.add(
        "ListBuckets", "s3", at=NOW - timedelta(days=1), access_key_id="AKIAROOT1",
        user_agent="Boto3/1.34.0", source="192.0.2.44",
    )  # fmt: skip
    settings = {"access_key_usage_from_cloudtrail": True}
    found = scan_root(aws, audit_of(True, True), **settings)
    for finding in found.values():
        assert 'AKIAROOT1 was used by a program that calls itself "Boto3"' in finding.sentence
        (used, unused) = json.loads(finding.resource)["access_keys"]
        assert used["usage"]["used_by"][0]["source"] == "192.0.2.44"
        assert unused["usage"]["events"] == 0
    # Each key once in each enabled Region, as in an incident, and a page more.
    regions = len(json.loads(found[CHECK].resource)["access_keys"][0]["usage"]["regions"])
    assert 2 * regions <= aws.calls["cloudtrail:LookupEvents"] <= 2 * regions + 1
