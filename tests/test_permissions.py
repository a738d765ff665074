"""The policies in ``metadata/permissions`` are enough, and no action in them is idle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded_aws.aws import EmbeddedAWS

from .end_to_end.loaded import LoadedProwler
from .pages import command
from .permissions import actions, role_credentials
from .scanning import ACCOUNT, ROOT, by_name, provider_of, scan, statuses

TRUTH = {ROOT: "PASS", "alice": "FAIL", "bob": "PASS"}
WITHOUT: list[tuple[str, dict[str, str], str | None]] = [
    ("iam:GenerateCredentialReport", TRUTH, None),
    ("iam:GetCredentialReport", TRUTH, None),
    ("iam:GetAccountAuthorizationDetails", {ROOT: "PASS", ACCOUNT: "MANUAL"}, None),
    ("iam:GetAccountSummary", {**TRUTH, ACCOUNT: "MANUAL"}, ACCOUNT),
    ("iam:ListAccessKeys", TRUTH, "alice"),
    ("iam:GetAccessKeyLastUsed", TRUTH, "alice"),
    ("iam:GetUser", {"alice": "MANUAL"}, "alice"),
    ("iam:ListAttachedUserPolicies", {"alice": "FAIL"}, "alice"),
    ("iam:ListGroupsForUser", {"alice": "FAIL"}, "alice"),
    ("iam:ListAttachedGroupPolicies", {"alice": "FAIL"}, "alice"),
]
"""A missing action, the statuses then, and the finding that names it if one does."""
CHOSEN_USERS_ONLY = {missing for missing, expected, _ in WITHOUT if ROOT not in expected}
"""The actions that only a scan with ``--resource-arn`` needs."""


@pytest.fixture
def account() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as aws:
        alice = aws.add_user("alice")
        aws.add_key(alice)
        aws.add_key(alice)
        aws.add_group("developers", alice)
        aws.add_key(aws.add_user("bob"))
        yield aws


def test_the_scan_policy_is_enough_for_the_real_command(
    account: EmbeddedAWS, loaded: LoadedProwler, tmp_path: Path
) -> None:
    credentials = role_credentials(account, actions("scan.json"))
    account.calls.clear()
    with account.enforcing_policies():
        run = loaded.run(
            command("prowler aws --checks iam_user_multiple_active_keys --verbose"),
            environment=account.environment() | credentials, directory=tmp_path,
        )  # fmt: skip
    assert run.statuses() == TRUTH, run.output
    (alice,) = [row for row in run.csv() if row["RESOURCE_NAME"] == "alice"]
    assert alice["STATUS_EXTENDED"] in run.output
    assert "could not be read" not in alice["STATUS_EXTENDED"]
    iam_calls = {call for call in account.calls if call.startswith("iam:")}
    assert iam_calls == set(actions("scan.json")) - CHOSEN_USERS_ONLY


def test_the_scan_policy_is_enough_for_a_scan_of_one_user(account: EmbeddedAWS) -> None:
    alice = "arn:aws:iam::123456789012:user/alice"
    credentials = role_credentials(account, actions("scan.json"))
    with (
        account.enforcing_policies(),
        provider_of(account, credentials, resource_arn=[alice]) as provider,
    ):
        assert statuses(scan(provider)) == {"alice": "FAIL"}


@pytest.mark.parametrize(("missing", "expected", "said_of"), WITHOUT)
def test_without_one_action_the_scan_ends_well_and_says_what_is_missing(
    account: EmbeddedAWS,
    missing: str,
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
        found = by_name(scan(provider))
    assert {name: finding.status for name, finding in found.items()} == expected
    assert f"{missing} failed with AccessDenied" in caplog.text
    if said_of:
        assert f"{missing} failed with AccessDenied" in found[said_of].sentence


def test_every_action_of_the_scan_policy_is_tried_without() -> None:
    assert {missing for missing, _, _ in WITHOUT} == set(actions("scan.json"))
