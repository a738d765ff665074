"""What the scan of an organization costs: the documented loop over accounts, and prowler-org.

The loop is that of Prowler's documentation, ``prowler aws -R …`` for one account after the other
(https://docs.prowler.com/user-guide/providers/aws/multi-account). All runs are on this machine, on
an embedded AWS in this process, which is not counted. Needs Linux.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from demo.embedded_aws import EmbeddedAWS
from demo.embedded_cluster import EmbeddedCluster
from demo.embedded_organization import EmbeddedOrganization

CHECK = "iam_user_multiple_active_keys"
USERS = 10
PR_SET_CHILD_SUBREAPER = 36
SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True)
class Cost:
    """What a number of scans took, all processes together, their start included."""

    accounts: int
    wall: float
    """Seconds."""
    processor: float
    """Seconds."""
    memory: float
    """The most at a time, in MB; memory that processes share is counted once."""

    @property
    def processor_each(self) -> float:
        return self.processor / self.accounts


def main() -> None:
    """Print the costs as Markdown tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.organization", description=__doc__)
    parser.add_argument("--accounts", type=int, default=24)
    parser.add_argument("--more-accounts", type=int, default=200)
    given = parser.parse_args()
    _adopt_orphans()
    few, many = given.accounts, given.more_accounts
    with EmbeddedAWS() as aws:
        accounts = _fill(aws, many)
        loop = measure(few, lambda folder: _loop(aws, accounts[:few], folder))
        costs = {
            "prowler-org --jobs 1": measure(few, lambda f: _scan(aws, accounts[:few], f, "1")),
            "prowler-org --jobs 2": measure(few, lambda f: _scan(aws, accounts[:few], f, "2")),
            "two Dask workers": measure(few, lambda f: _scan_on_cluster(aws, accounts[:few], f)),
        }
        large = measure(many, lambda folder: _scan(aws, accounts, folder, "2"))
    print(table(loop, costs))
    print(at_scale(loop, costs["prowler-org --jobs 2"], large))


def table(loop: Cost, costs: dict[str, Cost]) -> str:
    """The costs beside the loop's, start included."""
    lines = [
        f"{loop.accounts} accounts, start included:\n",
        "| run | less processor time | processor time an account | time an account | memory |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, cost in {"prowler aws in a loop": loop, **costs}.items():
        lines.append(
            f"| {name} | {loop.processor_each / cost.processor_each:.1f} x "
            f"| {cost.processor_each:.2f} s | {cost.wall / cost.accounts:.2f} s "
            f"| {cost.memory:.0f} MB |"
        )
    return "\n".join(lines)


def at_scale(loop: Cost, small: Cost, large: Cost) -> str:
    """What one more account costs, and what follows for many."""
    more = large.accounts - small.accounts
    processor = (large.processor - small.processor) / more
    wall = (large.wall - small.wall) / more
    lines = [
        f"\nOne more account (from {small.accounts} to {large.accounts}, two jobs): "
        f"{processor:.2f} s of processor time, {loop.processor_each / processor:.1f} times less "
        f"than the loop. Memory: {small.memory:.0f} MB, then {large.memory:.0f} MB.\n",
        "| accounts | loop | prowler-org, two jobs |",
        "| ---: | ---: | ---: |",
    ]
    for accounts in (1_000, 10_000):
        loop_hours = accounts * loop.wall / loop.accounts / 3600
        hours = (large.wall + (accounts - large.accounts) * wall) / 3600
        lines.append(f"| {accounts:,} | {loop_hours:.1f} h | {hours:.1f} h |")
    return "\n".join(lines)


def measure(accounts: int, run: Callable[[Path], None]) -> Cost:
    """Measure a run, which gets an empty folder to write to."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, _Memory() as memory:
        run(Path(folder))
        wall = time.monotonic() - started
        _wait_for_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(accounts, wall, processor, memory.most / 1e6)


class _Memory:
    """Looks, while it is entered, at the memory of all processes below this one."""

    def __init__(self) -> None:
        self.most = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(SECONDS_BETWEEN_LOOKS):
            total = 0.0
            for process in psutil.Process().children(recursive=True):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:  # it has ended
                    continue
            self.most = max(self.most, total)


def _fill(aws: EmbeddedAWS, number: int) -> list[str]:
    organization = EmbeddedOrganization(aws)
    accounts = [organization.add_account(f"account-{one:04}") for one in range(number)]
    for account in accounts:
        for user in range(USERS):
            organization.add_keys(account, f"user-{user}", 1 + (user == 0))
    return accounts


def _loop(aws: EmbeddedAWS, accounts: list[str], folder: Path) -> None:
    for account in accounts:
        role = f"arn:aws:iam::{account}:role/ProwlerScan"
        _run(aws, "prowler", "aws", "-R", role, "-c", CHECK, "-o", str(folder))


def _scan(aws: EmbeddedAWS, accounts: list[str], folder: Path, jobs: str) -> None:
    _scan_with(aws, accounts, folder, "--jobs", jobs)


def _scan_on_cluster(aws: EmbeddedAWS, accounts: list[str], folder: Path) -> None:
    with EmbeddedCluster(folder) as cluster:
        for _ in range(2):
            cluster.add_worker(aws.environment())
        _scan_with(aws, accounts, folder / "output", "--scheduler", cluster.address)


def _scan_with(aws: EmbeddedAWS, accounts: list[str], folder: Path, *options: str) -> None:
    _run(
        aws, "prowler-org", "--role", "ProwlerScan", "--output-directory", str(folder), *options,
        "--accounts", *accounts,
    )  # fmt: skip


def _run(aws: EmbeddedAWS, program: str, *arguments: str) -> None:
    path = str(Path(sys.executable).with_name(program))
    done = subprocess.run(
        [path, *arguments], env=aws.environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 3:
        raise SystemExit(f"{program} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _adopt_orphans() -> None:
    """Have processes whose parent ends become children of this one, so that they are counted."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("This benchmark needs Linux.")


def _wait_for_orphans() -> None:
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


if __name__ == "__main__":
    main()
