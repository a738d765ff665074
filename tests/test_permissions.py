"""The policies in ``metadata/permissions`` are enough, and no action in them is idle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from embedded_aws.aws import EmbeddedAWS

from . import loaded
from .permissions import PERMISSIONS, actions, role_credentials
from .scanning import (
    ACCOUNT_NAME,
    CHECK,
    FAMILY,
    ROOT,
    by_name,
    provider_of,
    scan,
    scan_with,
    statuses,
)

CHECKS_FILE = PERMISSIONS.parent / "examples" / "checks.json"
TRUTH = {ROOT: "PASS", "alice": "FAIL", "bob": "PASS"}
PASSWORDS = "iam_user_console_password_and_active_keys"
CREDENTIALS = "iam_user_long_term_api_keys"
UNREAD = {"alice": "MANUAL", "bob": "MANUAL"}
WITHOUT: list[tuple[str, str, dict[str, str], str | None]] = [
    ("iam:GenerateCredentialReport", CHECK, TRUTH, None),
    ("iam:GetCredentialReport", CHECK, TRUTH, None),
    ("iam:GetAccountAuthorizationDetails", CHECK, {ROOT: "PASS", ACCOUNT_NAME: "MANUAL"}, None),
    ("iam:GetAccountSummary", CHECK, {**TRUTH, ACCOUNT_NAME: "MANUAL"}, ACCOUNT_NAME),
    ("iam:ListAccessKeys", CHECK, TRUTH, "alice"),
    ("iam:GetAccessKeyLastUsed", CHECK, TRUTH, "alice"),
    ("iam:GetLoginProfile", PASSWORDS, UNREAD, "alice"),
    (
        "iam:ListServiceSpecificCredentials",
        CREDENTIALS,
        {"alice": "MANUAL", "bob": "MANUAL"},
        "bob",
    ),
    ("iam:GetUser", CHECK, {"alice": "MANUAL"}, "alice"),
    ("iam:ListAttachedUserPolicies", CHECK, {"alice": "FAIL"}, "alice"),
    ("iam:ListUserPolicies", CHECK, {"alice": "FAIL"}, "alice"),
    ("iam:ListGroupsForUser", CHECK, {"alice": "FAIL"}, "alice"),
    ("iam:ListAttachedGroupPolicies", CHECK, {"alice": "FAIL"}, "alice"),
    ("iam:ListGroupPolicies", CHECK, {"alice": "FAIL"}, "alice"),
]
"""A missing action, a check that needs it, the statuses then, and the finding that names it."""
CHOSEN_USERS_ONLY = {missing for missing, _, expected, _ in WITHOUT if "bob" not in expected} - {
    "iam:GetAccountAuthorizationDetails"
}
"""The actions that only a scan with ``--resource-arn`` needs."""
WITHOUT_A_REPORT_ONLY = {"iam:GetLoginProfile"}
"""What a credential report that is made for the scan says too."""


@pytest.fixture
def account() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as aws:
        alice = aws.add_user("alice")
        aws.add_key(alice)
        aws.add_key(alice)
        aws.add_group("developers", alice)
        now = datetime.now(timezone.utc)
        aws.add_service_specific_credential(alice, "bedrock.amazonaws.com", created=now)
        aws.add_key(aws.add_user("bob"))
        yield aws


def test_the_scan_policy_is_enough_for_the_real_command(
    account: EmbeddedAWS, tmp_path: Path
) -> None:
    credentials = role_credentials(account, actions("scan.json"))
    account.calls.clear()
    with account.enforcing_policies():
        run = loaded.run(
            ("prowler", "aws", "--checks-file", str(CHECKS_FILE)),
            environment=account.environment() | credentials, directory=tmp_path,
        )  # fmt: skip
    rows = run.csv()
    assert {row["CHECK_ID"] for row in rows} == set(FAMILY)
    severities = {
        row["RESOURCE_NAME"]: row["SEVERITY"] for row in rows if row["CHECK_ID"] == CREDENTIALS
    }
    assert severities == {"alice": "critical", "bob": "critical"}
    assert {row["STATUS"] for row in rows} == {"PASS", "FAIL"}, run.output
    assert not [row for row in rows if "could not be read" in row["STATUS_EXTENDED"]]
    iam_calls = {call for call in account.calls if call.startswith("iam:")}
    assert iam_calls == set(actions("scan.json")) - CHOSEN_USERS_ONLY - WITHOUT_A_REPORT_ONLY


def test_the_scan_policy_is_enough_for_a_scan_of_one_user(account: EmbeddedAWS) -> None:
    alice = "arn:aws:iam::123456789012:user/alice"
    credentials = role_credentials(account, actions("scan.json"))
    with (
        account.enforcing_policies(),
        provider_of(account, credentials, resource_arn=[alice]) as provider,
    ):
        assert statuses(scan(provider)) == {"alice": "FAIL"}


@pytest.mark.parametrize(("missing", "check", "expected", "said_of"), WITHOUT)
def test_without_one_action_the_scan_finishes_and_names_what_is_missing(
    account: EmbeddedAWS,
    missing: str,
    check: str,
    expected: dict[str, str],
    said_of: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    allowed = [action for action in actions("scan.json") if action != missing]
    credentials = role_credentials(account, allowed)
    arn = ["arn:aws:iam::123456789012:user/alice"] if missing in CHOSEN_USERS_ONLY else None
    with (
        account.enforcing_policies(),
        provider_of(account, credentials, resource_arn=arn) as provider,
    ):
        if missing in WITHOUT_A_REPORT_ONLY:
            account.hold_report(timedelta(hours=1))
        found = by_name(scan_with(provider, (check,)))
    assert {name: finding.status for name, finding in found.items()} == expected
    assert f"{missing} failed with AccessDenied" in caplog.text
    if said_of:
        assert f"{missing} failed with AccessDenied" in found[said_of].sentence


REPORT = ("iam:GetAccountSummary", "iam:GenerateCredentialReport", "iam:GetCredentialReport")
USERS = ("iam:GetAccountSummary", "iam:GetAccountAuthorizationDetails")
KEYS = {*REPORT, *USERS, "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"}
PART = {
    **dict.fromkeys(FAMILY, KEYS),
    "iam_root_user_active_keys": {*REPORT},
    "iam_users_access_key_exceptions": {"iam:GetAccountSummary"},
    CREDENTIALS: {*USERS, "iam:ListServiceSpecificCredentials"},
    PASSWORDS: KEYS | {"iam:GetLoginProfile"},
}
"""What each check needs."""


@pytest.mark.parametrize("check", FAMILY)
@pytest.mark.parametrize("cached", [False, True], ids=["fresh", "cached"])
def test_a_check_alone_needs_only_its_part(account: EmbeddedAWS, check: str, cached: bool) -> None:
    credentials = role_credentials(account, sorted(PART[check]))
    if cached:
        account.hold_report(timedelta(hours=1))
    with account.enforcing_policies(), provider_of(account, credentials) as provider:
        found = scan_with(provider, (check,))
    assert {finding.status for finding in found} <= {"PASS", "FAIL"}
    assert not [finding for finding in found if "could not be read" in finding.sentence]


def test_every_action_of_the_scan_policy_is_tried_without() -> None:
    assert {missing for missing, _, _, _ in WITHOUT} == set(actions("scan.json"))
