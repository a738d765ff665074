"""What goes wrong with one account is that account's alone, and --resume makes up for it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization

from ..pages import command
from .commands import OrgRun, arguments_of, outcomes_in, run, scans_of, start, wait_until

LARGEST_FILE = 200_000
"""Bytes. More than what the reports of the small accounts take, less than those of the large."""


@dataclass
class Troubled:
    """An organization with an account for each fault, by what is wrong with it."""

    aws: EmbeddedAWS
    accounts: dict[str, str]


@pytest.fixture(scope="module")
def troubled() -> Iterator[Troubled]:
    with EmbeddedAWS() as aws:
        organization = EmbeddedOrganization(aws)
        names = ("sound", "failing", "roleless", "hanging", "large")
        accounts = {name: organization.add_account(name) for name in names}
        organization.add_keys(accounts["sound"], "alice", 1)
        organization.add_keys(accounts["failing"], "bob", 2)
        for number in range(120):
            organization.add_keys(accounts["large"], f"user-{number}", 0)
        yield Troubled(aws, accounts)


@pytest.fixture(scope="module")
def first(troubled: Troubled, tmp_path_factory: pytest.TempPathFactory) -> OrgRun:
    """A run that meets all faults."""
    behaviour = troubled.aws.behaviour
    behaviour.accounts_without_role = frozenset({troubled.accounts["roleless"]})
    behaviour.seconds_to_assume = {troubled.accounts["hanging"]: 600.0}
    # More than Prowler's own three retries: whoever comes first is to be scanned again.
    behaviour.throttle_next = {"sts:AssumeRole": 5}
    return run(
        *arguments_of(command("prowler-org --role ProwlerScan")), "--timeout", "10", "--jobs", "1",
        environment=troubled.aws.environment(),
        directory=tmp_path_factory.mktemp("faults") / "output",
        largest_file=LARGEST_FILE,
    )  # fmt: skip


@pytest.fixture(scope="module")
def second(troubled: Troubled, first: OrgRun) -> tuple[OrgRun, dict[str, int]]:
    """The run that resumes it once the faults are gone; and the roles assumed before it."""
    troubled.aws.behaviour.accounts_without_role = frozenset()
    troubled.aws.behaviour.seconds_to_assume = {}
    before = dict(troubled.aws.assumed)
    resumed = run(
        *arguments_of(command("--resume")), "--timeout", "10", "--jobs", "1",
        environment=troubled.aws.environment(),
        directory=first.directory,
    )  # fmt: skip
    return resumed, before


def test_every_other_account_is_scanned(first: OrgRun, troubled: Troubled) -> None:
    scanned = {a for a, outcome in first.outcomes.items() if outcome.status == "scanned"}
    assert scanned == {troubled.accounts["sound"], troubled.accounts["failing"]}, first.output


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("roleless", "The role could not be assumed: it is missing, or its policy does not"),
        ("hanging", "The scan did not end within 10 seconds and was stopped."),
        ("large", "OSError: [Errno 27] File too large"),
    ],
)
def test_an_account_that_is_not_scanned_has_the_reason_and_no_report(
    first: OrgRun, troubled: Troubled, fault: str, reason: str
) -> None:
    account = troubled.accounts[fault]
    outcome = first.outcomes[account]
    assert (outcome.status, outcome.reports) == ("not scanned", ())
    assert reason in outcome.reason
    assert reason in first.output
    assert [path.name for path in (first.directory / "accounts" / account).iterdir()] == [
        "prowler.log"
    ]


def test_a_throttled_account_is_tried_again(first: OrgRun) -> None:
    assert {outcome.attempts for outcome in first.outcomes.values()} == {1, 2}


def test_the_exit_code_says_that_an_account_could_not_be_scanned(first: OrgRun) -> None:
    assert first.returncode == 4


def test_nothing_unfinished_is_left_behind(first: OrgRun) -> None:
    assert {path.name for path in first.directory.glob(".*")} == set()


def test_a_resumed_run_scans_what_is_missing_and_no_account_twice(
    second: tuple[OrgRun, dict[str, int]], troubled: Troubled
) -> None:
    resumed, before = second
    again = {a for a, times in troubled.aws.assumed.items() if times > before[a]}
    assert again == {troubled.accounts[name] for name in ("roleless", "hanging", "large")}
    assert {outcome.status for outcome in resumed.outcomes.values()} == {"scanned"}


def test_a_resumed_run_reports_on_all_accounts(
    second: tuple[OrgRun, dict[str, int]], troubled: Troubled
) -> None:
    resumed, _ = second
    assert resumed.returncode == 3, resumed.output
    merged = resumed.merged(".csv").read_text("utf-8")
    for account in troubled.accounts.values():
        assert f";{account};" in merged


@pytest.fixture
def hanging() -> Iterator[Troubled]:
    """An account that is quick to scan, and one whose scan goes on and on."""
    with EmbeddedAWS() as aws:
        organization = EmbeddedOrganization(aws)
        accounts = {name: organization.add_account(name) for name in ("quick", "hanging")}
        aws.behaviour.seconds_to_assume = {accounts["hanging"]: 600.0}
        yield Troubled(aws, accounts)


def test_killed_scans_killed_runs_and_interrupted_runs_lose_nothing_that_was_scanned(
    hanging: Troubled, tmp_path: Path
) -> None:
    aws, directory, account = hanging.aws, tmp_path / "output", hanging.accounts["hanging"]

    # A scan is killed: the account is scanned again.
    killed = start("--jobs", "2", environment=aws.environment(), directory=directory)
    wait_until(lambda: aws.assumed[account] == 1, "a scan of the account")
    (scan,) = scans_of(directory, account)
    os.kill(scan, signal.SIGKILL)
    wait_until(lambda: aws.assumed[account] == 2, "another scan of the account")
    wait_until(lambda: outcomes_in(directory), "the other account's outcome")

    # The run is killed: its scans end with it.
    killed.kill()
    killed.communicate()
    wait_until(lambda: not scans_of(directory, account), "the end of the scan")
    assert set(outcomes_in(directory)) == {hanging.accounts["quick"]}

    # It is resumed, and interrupted.
    resumed = start("--resume", environment=aws.environment(), directory=directory)
    wait_until(lambda: aws.assumed[account] == 3, "a scan of the account")
    resumed.send_signal(signal.SIGINT)
    output, _ = resumed.communicate()
    assert resumed.returncode == 130, output
    assert not scans_of(directory, account)
    outcomes = outcomes_in(directory)
    assert outcomes[account].reason == "The run was interrupted."
    assert outcomes[hanging.accounts["quick"]].status == "scanned"
    assert aws.assumed[hanging.accounts["quick"]] == 1
    assert len(list(directory.glob("prowler-org-o-*.csv"))) == 1
