"""Which accounts prowler-org scans, with an organization over HTTP."""

from __future__ import annotations

import os
import subprocess

import boto3
import pytest

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization
from prowler_org.accounts.account_list import AccountList, list_accounts
from prowler_org.cli import main
from prowler_org.errors import StartError
from prowler_org.options import Selection

from ..pages import command
from ..scanning import environment_of
from .commands import PROGRAM, arguments_of


def listed(
    accounts: tuple[str, ...] = (),
    units: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    include_management: bool = False,
    tags: tuple[str, ...] = (),
) -> AccountList:
    selection = Selection(accounts, units, tags, exclude, include_management)
    return list_accounts(selection, boto3.Session(), None)


def ids(listed: AccountList) -> set[str]:
    return {account.id for account in listed.accounts}


def reasons(listed: AccountList) -> dict[str, str]:
    return {skipped.account.id: skipped.reason for skipped in listed.skipped}


def test_all_active_accounts_are_scanned_except_the_management_account(
    organization: EmbeddedOrganization,
) -> None:
    made = {organization.add_account(f"account-{number}") for number in range(120)}
    inactive = {
        organization.add_account(state, state=state): f"its state is {state}"
        for state in ("SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION")
    }
    management = organization.management_account
    assert ids(listed()) == made
    assert reasons(listed()) == inactive | {
        management: "the management account; --include-management adds it"
    }
    assert ids(listed(include_management=True)) == made | {management}
    assert ids(listed(accounts=(management,))) == {management}


def test_a_unit_is_scanned_with_the_units_below_it(
    organization: EmbeddedOrganization,
) -> None:
    production = organization.add_unit("production")
    payments = organization.add_unit("payments", production)
    inside = {organization.add_account("a", production), organization.add_account("b", payments)}
    outside = organization.add_account("elsewhere", organization.add_unit("sandbox"))
    assert ids(listed(units=(production,))) == inside
    assert ids(listed(units=(organization.root,))) == inside | {outside}
    named = listed(accounts=(*inside, outside), units=(production,))
    assert ids(named) == inside
    assert reasons(named) == {outside: "not in the units that --ou names"}
    without = listed(exclude=(outside,))
    assert ids(without) == inside
    assert reasons(without)[outside] == "excluded"


def test_a_unit_may_be_named_or_given_as_a_path(organization: EmbeddedOrganization) -> None:
    production, sandbox = organization.add_unit("production"), organization.add_unit("sandbox")
    account = organization.add_account("a", organization.add_unit("payments", production))
    assert ids(listed(units=("production",))) == {account}
    assert ids(listed(units=("payments",))) == {account}
    other = organization.add_account("b", organization.add_unit("payments", sandbox))
    assert ids(listed(units=("sandbox/payments",))) == {other}
    assert ids(listed(units=("Root/production/payments", sandbox))) == {account, other}
    with pytest.raises(StartError, match=r"Several units are named payments: Root/.*\(ou-"):
        listed(units=("payments",))
    with pytest.raises(StartError, match="no unit that is named ayments"):
        listed(units=("ayments",))


def test_accounts_are_chosen_by_their_tags(
    organization: EmbeddedOrganization, aws: EmbeddedAWS
) -> None:
    made = {
        name: organization.add_account(name, tags=tags)
        for name, tags in {
            "both": {"env": "prod", "team": "a=b"},
            "one": {"env": "prod"},
            "other": {"env": "test", "team": "a=b"},
            "none": {},
        }.items()
    }
    assert ids(listed(tags=("env=prod", "team=a=b"))) == {made["both"]}
    assert reasons(listed(tags=("env=prod",))).keys() == {organization.management_account}
    assert ids(listed(tags=("env=prod", "env=test"))) == {
        made[name] for name in ("both", "one", "other")
    }
    aws.calls.clear()
    chosen = listed(accounts=(made["one"], made["none"]), tags=("env=prod",))
    assert reasons(chosen) == {made["none"]: "without the tags that --account-tag names"}
    assert aws.calls["organizations:ListTagsForResource"] == 2


def test_throttled_calls_are_repeated(organization: EmbeddedOrganization, aws: EmbeddedAWS) -> None:
    account = organization.add_account("account")
    aws.behavior.throttle_next = {"organizations:ListAccounts": 2}
    assert ids(listed()) == {account}


def test_an_account_outside_an_organization_needs_prowler_itself(
    aws: EmbeddedAWS, capsys: pytest.CaptureFixture[str]
) -> None:
    with environment_of(aws):
        assert main(["--role", "ProwlerScan"]) == 1
    assert "does not belong to an organization: scan it with" in capsys.readouterr().err


def test_a_role_can_list_the_accounts(organization: EmbeddedOrganization, aws: EmbeddedAWS) -> None:
    organization.add_account("account")
    role = f"arn:aws:iam::{organization.management_account}:role/List"
    assert main(["--role", "R", "--dry-run", "--organizations-role", role]) == 0
    assert aws.assumed == {organization.management_account: 1}


def test_a_dry_run_shows_the_accounts_and_assumes_no_role(
    organization: EmbeddedOrganization, aws: EmbeddedAWS, capsys: pytest.CaptureFixture[str]
) -> None:
    account = organization.add_account("payments")
    suspended = organization.add_account("\x1b[2J", state="SUSPENDED")
    assert main(arguments_of(command("--dry-run"))) == 0
    output = capsys.readouterr().out
    assert f"scan 1 account of {organization.id}:\n  {account}  payments\nIt would skip" in output
    assert f"{suspended}  ?[2J: its state is SUSPENDED" in output
    assert not aws.assumed


def test_a_closed_pipe_does_not_change_the_exit_code(
    organization: EmbeddedOrganization, aws: EmbeddedAWS
) -> None:
    organization.add_account("account")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [PROGRAM, "--role", "ProwlerScan", "--dry-run"],
            env=aws.environment(), stdout=closed, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


LIST = ("--organizations-role", "arn:aws:iam::111111111111:role/List")


@pytest.mark.parametrize(
    ("arguments", "denied", "sentence"),
    [
        (("--accounts", "999999999999"), "", "The organization has no account 999999999999."),
        (("--exclude", "999999999999"), "", "The organization has no account 999999999999."),
        (("--ou", "ou-zzzz-99999999"), "", "does not have an organizational unit that --ou names"),
        ((), "", "There is no account to scan.\n  123456789012  master: the management account"),
        (("--", "--profile", "none"), "", "The config profile (none) could not be found"),
        ((), "organizations:ListAccounts", "--organizations-role"),
        ((), "organizations:DescribeOrganization", "--organizations-role"),
        (LIST, "", "AssumeRole failed with AccessDenied"),
    ],
)
def test_a_run_without_accounts_to_scan_has_a_reason(
    organization: EmbeddedOrganization,
    aws: EmbeddedAWS,
    arguments: tuple[str, ...],
    denied: str,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws.behavior.denied = frozenset({denied} - {""})
    aws.behavior.accounts_without_role = frozenset({"111111111111"})
    assert main(["--role", "ProwlerScan", *arguments]) == 1
    assert sentence in capsys.readouterr().err
