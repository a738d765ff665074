"""A fault costs only its account. --resume scans what is missing after a kill or an interrupt."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization
from prowler_org.reporting.summary import describe_briefly
from prowler_org.results.account_result import AccountResult
from prowler_org.running_prowler.processes import ProwlerLauncher

from ..pages import command
from .commands import OrgRun, arguments_of, results_in, scans_of, start, wait_until

LARGEST_FILE = 200_000
"""Bytes. The reports of the account "large" do not fit, those of the others do."""
TIMEOUT = 300
"""Seconds for one attempt to scan an account. For one that hangs, they pass faster."""
FASTER = 150
NAMES = ("throttled", "failing", "roleless", "hanging", "large", "killed", "last")
"""By their fault, in the order in which they are scanned."""


@dataclass(frozen=True)
class KilledRun:
    """A run with all faults that was killed while it scanned the last account."""

    aws: EmbeddedAWS
    accounts: dict[str, str]
    """Account IDs by name."""
    output: str
    directory: Path
    results: dict[str, AccountResult]
    """By name."""
    assumed: dict[str, int]
    """How often the run tried to assume each account's role."""


def hurry(hanging: str) -> None:
    """Wait for a scan of this account only a part of its timeout."""
    run_for = ProwlerLauncher.run

    def run(
        self: ProwlerLauncher, words: tuple[str, ...], output: Path, log: Path, timeout: float,
        *more: Any,
    ) -> int | None:  # fmt: skip
        hangs = any(hanging in word for word in words)
        return run_for(self, words, output, log, timeout / FASTER if hangs else timeout, *more)

    mock.patch.object(ProwlerLauncher, "run", run).start()  # this process ends with the run


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KilledRun]:
    with EmbeddedAWS() as aws:
        organization = EmbeddedOrganization(aws)
        made = sorted(organization.add_account(f"account-{number}") for number in range(len(NAMES)))
        accounts = dict(zip(NAMES, made, strict=True))
        organization.add_keys(accounts["failing"], "alice", 2)
        for number in range(120):
            organization.add_keys(accounts["large"], f"user-{number}", 0)
        hang = {accounts[name]: 600.0 for name in ("hanging", "killed", "last")}
        aws.behavior.seconds_to_assume = hang
        aws.behavior.accounts_without_role = frozenset({accounts["roleless"]})
        # More than Prowler's own three retries.
        aws.behavior.throttle_next = {"sts:AssumeRole": 5}
        directory = tmp_path_factory.mktemp("faults") / "output"
        run = start(
            *arguments_of(command("prowler-org --role ProwlerScan")),
            "--timeout", str(TIMEOUT), "--jobs", "1",
            environment=aws.environment(), directory=directory, largest_file=LARGEST_FILE,
            prepare=partial(hurry, accounts["hanging"]),
        )  # fmt: skip

        wait_until(lambda: aws.assumed[accounts["killed"]], "a scan to kill")
        aws.behavior.seconds_to_assume = {accounts["last"]: 600.0}
        (scan,) = scans_of(directory, accounts["killed"])
        os.kill(scan, signal.SIGKILL)

        wait_until(lambda: aws.assumed[accounts["last"]], "the last scan")
        run.kill()
        output, _ = run.communicate()
        found = results_in(directory)
        results = {name: found[made] for name, made in accounts.items() if made in found}
        assumed = {name: aws.assumed[made] for name, made in accounts.items()}
        yield KilledRun(aws, accounts, output, directory, results, assumed)


@pytest.fixture(scope="module")
def resumed(killed: KilledRun) -> OrgRun:
    """A run that resumes it without the faults, interrupted while it scans the last account."""
    aws, last = killed.aws, killed.accounts["last"]
    aws.behavior.accounts_without_role = frozenset()
    run = start(
        *arguments_of(command("--resume")), "--jobs", "1",
        environment=aws.environment(), directory=killed.directory,
    )  # fmt: skip
    wait_until(lambda: aws.assumed[last] > killed.assumed["last"], "the last scan")
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate()
    return OrgRun(run.returncode, output, killed.directory)


@pytest.mark.parametrize(
    ("fault", "attempts", "reason"),
    [
        ("roleless", 1, "prowler-org could not assume the role: it is missing, or its policy"),
        ("hanging", 1, f"The scan did not end within {TIMEOUT} seconds and was stopped."),
        ("large", 1, "OSError: [Errno 27] File too large"),
        ("throttled", 2, ""),
        ("failing", 1, ""),
        ("killed", 2, ""),
    ],
)
def test_a_fault_affects_only_its_account(
    killed: KilledRun, fault: str, attempts: int, reason: str
) -> None:
    result = killed.results[fault]
    assert (result.was_scanned, result.attempts) == (not reason, attempts), killed.output
    assert reason in result.reason
    assert describe_briefly(result) in killed.output
    files = {path.name for path in (killed.directory / "accounts" / result.account).iterdir()}
    assert files == {"prowler.log", *(Path(report).name for report in result.reports)}
    assert bool(result.reports) is not bool(reason)


def test_a_killed_run_ends_its_scans_and_keeps_its_results(killed: KilledRun) -> None:
    wait_until(lambda: not scans_of(killed.directory, killed.accounts["last"]), "the end")
    assert set(killed.results) == set(NAMES) - {"last"}


def test_a_resumed_run_scans_missing_accounts_once(killed: KilledRun, resumed: OrgRun) -> None:
    times = {name: killed.aws.assumed[account] for name, account in killed.accounts.items()}
    again = {name for name in NAMES if times[name] > killed.assumed[name]}
    assert again == {"roleless", "hanging", "large", "last"}, resumed.output


def test_an_interrupted_run_ends_its_scans_and_reports_on_the_others(
    killed: KilledRun, resumed: OrgRun
) -> None:
    last = killed.accounts["last"]
    assert resumed.returncode == 130, resumed.output
    assert not scans_of(resumed.directory, last)
    assert resumed.results[last].reason == "The run was interrupted."
    merged = resumed.merged(".csv").read_text("utf-8")
    for account, result in resumed.results.items():
        assert result.was_scanned is (f";{account};" in merged) is (account != last)
    assert list(resumed.directory.glob(".*")) == []
