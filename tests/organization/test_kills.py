"""A process of a run is killed at a drawn moment: --resume loses, doubles, and hides nothing."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.dask_cluster import EmbeddedCluster
from embedded_aws.organization import EmbeddedOrganization
from prowler_org.results.account_result import FindingCounts

from ..csv_files import csv_rows
from ..loaded import Running
from .commands import OrgRun, run, start, wait_until

ACCOUNTS = 3
MOMENTS = random.Random(20261130)  # noqa: S311
"""Draws when to kill: after which share of the calls to AWS that a whole run makes."""


@dataclass(frozen=True)
class Fleet:
    """An organization, and what a run says about it that nobody disturbs."""

    aws: EmbeddedAWS
    options: Sequence[str]
    counts: dict[str, FindingCounts]
    findings: Counter[str]
    """The rows of the merged CSV, by account."""
    calls: int
    workers: Callable[[], list[int]]
    """The IDs of the processes of the cluster's workers."""


def fleet(folder: Path, stack: ExitStack, *, of_workers: Mapping[str, str] | None = None) -> Fleet:
    """With variables ``of_workers``, it is scanned on a cluster, by one worker."""
    aws = stack.enter_context(EmbeddedAWS())
    organization = EmbeddedOrganization(aws)
    for number in range(ACCOUNTS):
        account = organization.add_account(f"account-{number}")
        for user in range(number + 1):
            organization.add_keys(account, f"user-{user}", 2)
    options: tuple[str, ...] = ("--jobs", "2")
    workers: Callable[[], list[int]] = list
    if of_workers is not None:
        dask = stack.enter_context(EmbeddedCluster(folder))
        dask.add_worker(aws.environment(**of_workers))
        options = ("--scheduler", dask.address)
        workers = lambda: list(dask.client.run(os.getpid).values())  # noqa: E731
    before = calls_of(aws)
    whole = run(environment=aws.environment(), directory=folder / "whole")
    assert whole.returncode == 3, whole.output
    calls = calls_of(aws) - before
    return Fleet(aws, options, counts_of(whole), findings_of(whole), calls, workers)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield fleet(tmp_path_factory.mktemp("machine"), stack)


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, starts_quickly: dict[str, str]
) -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield fleet(tmp_path_factory.mktemp("cluster"), stack, of_workers=starts_quickly)


def calls_of(aws: EmbeddedAWS) -> int:
    return sum(aws.calls.values())


def counts_of(done: OrgRun) -> dict[str, FindingCounts]:
    return {account: result.counts for account, result in done.results.items()}


def findings_of(done: OrgRun) -> Counter[str]:
    return Counter(row["ACCOUNT_UID"] for row in csv_rows(done.merged(".csv"), ";"))


def parent(running: Running, fleet: Fleet) -> list[int]:
    return [running.process.pid or 0]


def fork_server(running: Running, fleet: Fleet) -> list[int]:
    children = psutil.Process(running.process.pid).children()
    return [
        process.pid for process in children if "resource_tracker" not in " ".join(process.cmdline())
    ]


def child(running: Running, fleet: Fleet) -> list[int]:
    return [
        scan.pid
        for server in fork_server(running, fleet)
        for scan in psutil.Process(server).children()[:1]
    ]


def worker(running: Running, fleet: Fleet) -> list[int]:
    return fleet.workers()[:1]


@pytest.mark.parametrize(
    ("victims", "share"),
    [(victims, MOMENTS.random()) for victims in (parent, fork_server, child)],
)
def test_on_this_machine_a_kill_loses_repeats_and_hides_no_finding(
    victims: Callable[[Running, Fleet], list[int]], share: float, machine: Fleet, tmp_path: Path
) -> None:
    _kill_and_resume(victims, share, machine, tmp_path / "output")


@pytest.mark.parametrize("share", [MOMENTS.random()])
def test_on_a_cluster_a_kill_loses_repeats_and_hides_no_finding(
    share: float, cluster: Fleet, tmp_path: Path
) -> None:
    _kill_and_resume(worker, share, cluster, tmp_path / "output")


def _kill_and_resume(
    victims: Callable[[Running, Fleet], list[int]], share: float, fleet: Fleet, directory: Path
) -> None:
    environment, before = fleet.aws.environment(), calls_of(fleet.aws)
    running = start(*fleet.options, environment=environment, directory=directory)
    wait_until(
        lambda: (
            calls_of(fleet.aws) - before >= share * fleet.calls or not running.process.is_alive()
        ),
        "the moment to kill",
    )
    started: list[int] = []
    try:
        started = fork_server(running, fleet) + child(running, fleet)
        for process in victims(running, fleet):
            os.kill(process, signal.SIGKILL)
    except (psutil.NoSuchProcess, ProcessLookupError):
        pass  # it has ended by itself
    output, _ = running.communicate()
    assert running.returncode in (3, 4, -signal.SIGKILL), output
    wait_until(lambda: not any(map(psutil.pid_exists, started)), "the end of what it started")
    killed = OrgRun(running.returncode, output, directory)
    for account, result in killed.results.items():
        assert not result.was_scanned or result.counts == fleet.counts[account]

    again = ("--resume",) if (directory / "prowler-org-state.json").exists() else ()
    resumed = run(*again, environment=environment, directory=directory)
    assert resumed.returncode == 3, resumed.output
    assert counts_of(resumed) == fleet.counts
    assert findings_of(resumed) == fleet.findings
    assert list(directory.glob(".*")) == []
