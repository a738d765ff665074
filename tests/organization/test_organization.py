"""Which accounts are scanned, asked of an organization over HTTP."""

from __future__ import annotations

import os
import subprocess

import pytest

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization
from prowler_org.cli import main
from prowler_org.options import Selection
from prowler_org.organization import Roster, read_roster

from ..pages import command
from ..scanning import environment_of
from .commands import PROGRAM, arguments_of


def read(
    accounts: tuple[str, ...] = (),
    units: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    include_management: bool = False,
) -> Roster:
    return read_roster(Selection(accounts, units, exclude, include_management), None, None)


def ids(roster: Roster) -> set[str]:
    return {account.id for account in roster.accounts}


def test_all_active_accounts_are_scanned_but_the_management_account(
    organization: EmbeddedOrganization,
) -> None:
    made = {organization.add_account(f"account-{number}") for number in range(120)}
    roster = read()
    assert ids(roster) == made
    assert [one.reason for one in roster.skipped] == [
        "the management account, see --include-management"
    ]


def test_the_management_account_is_scanned_where_asked_for(
    organization: EmbeddedOrganization,
) -> None:
    assert ids(read(include_management=True)) == {organization.management_account}
    assert ids(read(accounts=(organization.management_account,))) == {
        organization.management_account
    }


@pytest.mark.parametrize("state", ["SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION"])
def test_an_account_that_is_not_active_is_skipped_and_named(
    organization: EmbeddedOrganization, state: str
) -> None:
    active = organization.add_account("active")
    gone = organization.add_account("gone", state=state)
    roster = read()
    assert ids(roster) == {active}
    assert (gone, f"not active but {state}") in [(s.account.id, s.reason) for s in roster.skipped]


def test_a_unit_is_scanned_with_everything_below_it(organization: EmbeddedOrganization) -> None:
    production = organization.add_unit("production")
    payments = organization.add_unit("payments", production)
    inside = {organization.add_account("a", production), organization.add_account("b", payments)}
    organization.add_account("elsewhere", organization.add_unit("sandbox"))
    assert ids(read(units=(production,))) == inside
    assert inside < ids(read(units=(organization.root,)))


def test_an_excluded_account_is_not_scanned(organization: EmbeddedOrganization) -> None:
    kept, excluded = organization.add_account("kept"), organization.add_account("excluded")
    roster = read(exclude=(excluded,))
    assert ids(roster) == {kept}
    assert "excluded" in [one.reason for one in roster.skipped if one.account.id == excluded]


def test_a_named_account_outside_the_named_unit_is_said_to_be_skipped(
    organization: EmbeddedOrganization,
) -> None:
    unit = organization.add_unit("production")
    inside, outside = organization.add_account("in", unit), organization.add_account("out")
    roster = read(accounts=(inside, outside), units=(unit,))
    assert ids(roster) == {inside}
    assert [one.reason for one in roster.skipped] == ["in none of the units that --ou names"]


def test_throttled_calls_are_made_again(
    organization: EmbeddedOrganization, aws: EmbeddedAWS
) -> None:
    account = organization.add_account("account")
    aws.behaviour.throttle_next = {
        "organizations:ListAccounts": 2,
        "organizations:DescribeOrganization": 1,
    }
    assert ids(read()) == {account}


def test_the_list_may_come_from_a_role(
    organization: EmbeddedOrganization, aws: EmbeddedAWS, capsys: pytest.CaptureFixture[str]
) -> None:
    organization.add_account("account")
    role = f"arn:aws:iam::{organization.management_account}:role/List"
    assert main(["--role", "R", "--dry-run", "--organizations-role", role]) == 0
    assert aws.assumed == {organization.management_account: 1}


def test_a_dry_run_names_who_would_be_scanned_and_assumes_no_role(
    organization: EmbeddedOrganization, aws: EmbeddedAWS, capsys: pytest.CaptureFixture[str]
) -> None:
    account = organization.add_account("payments")
    suspended = organization.add_account("old", state="SUSPENDED")
    assert main(arguments_of(command("--dry-run"))) == 0
    output = capsys.readouterr().out
    assert f"1 account of {organization.id} would be scanned:\n  {account}  payments" in output
    assert f"{suspended}  old: not active but SUSPENDED" in output
    assert not aws.assumed


def test_a_reader_that_is_gone_does_not_change_the_exit_code(
    organization: EmbeddedOrganization, aws: EmbeddedAWS
) -> None:
    organization.add_account("account")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        done = subprocess.run(
            [PROGRAM, "--role", "ProwlerScan", "--dry-run"],
            env=aws.environment(),
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_name_in_a_refusal_cannot_do_anything_to_the_terminal(
    organization: EmbeddedOrganization, capsys: pytest.CaptureFixture[str]
) -> None:
    account = organization.add_account("\x1b[2J", state="SUSPENDED")
    assert main(["--role", "ProwlerScan"]) == 1
    assert f"{account}  ?[2J: not active but SUSPENDED" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--accounts", "999999999999"), "The organization has no account 999999999999."),
        (("--exclude", "999999999999"), "The organization has no account 999999999999."),
        (("--ou", "ou-zzzz-99999999"), "no such organizational unit"),
        ((), "No account is left to scan.\n  123456789012"),
        (("--", "--profile", "nobody"), "The config profile (nobody) could not be found"),
    ],
)
def test_what_the_organization_does_not_have_is_refused_with_a_sentence(
    organization: EmbeddedOrganization,
    arguments: tuple[str, ...],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--role", "ProwlerScan", *arguments]) == 1
    assert sentence in capsys.readouterr().err


def test_an_account_in_no_organization_is_told_to_use_prowler(
    aws: EmbeddedAWS, capsys: pytest.CaptureFixture[str]
) -> None:
    with environment_of(aws):
        assert main(["--role", "ProwlerScan"]) == 1
    assert "in no organization: scan it with `prowler aws`" in capsys.readouterr().err


@pytest.mark.parametrize(
    "action", ["organizations:ListAccounts", "organizations:DescribeOrganization"]
)
def test_who_may_not_list_the_accounts_is_told_what_to_do(
    organization: EmbeddedOrganization,
    aws: EmbeddedAWS,
    action: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws.behaviour.denied = frozenset({action})
    assert main(["--role", "ProwlerScan"]) == 1
    assert "--organizations-role" in capsys.readouterr().err


def test_a_role_that_may_not_be_assumed_to_list_is_named_as_the_reason(
    organization: EmbeddedOrganization, aws: EmbeddedAWS, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.behaviour.accounts_without_role = frozenset({"111111111111"})
    role = "arn:aws:iam::111111111111:role/List"
    assert main(["--role", "R", "--organizations-role", role]) == 1
    assert "AssumeRole failed with AccessDenied" in capsys.readouterr().err
