"""What the scan of an organization costs: the documented loop over accounts, and prowler-org.

The loop is that of Prowler's documentation, ``prowler aws -R …`` for one account after the other
(https://docs.prowler.com/user-guide/providers/aws/multi-account). All runs are on this machine, on
an embedded AWS in this process, which is not counted. Needs Linux.
"""

from __future__ import annotations

import ctypes
import os
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.dask_cluster import EmbeddedCluster
from embedded_aws.organization import EmbeddedOrganization

from .programs import LATENCY, run
from .tables import ratio, table

CHECK = "iam_user_multiple_active_keys"
USERS = 10
LOOP = "`prowler aws -R …` in a loop"
POOL = "two `prowler aws -R …` at a time"
ONE_JOB = "`prowler-org --jobs 1`"
TWO_JOBS = "`prowler-org --jobs 2`"
CLUSTER = "two Dask workers"
PR_SET_CHILD_SUBREAPER = 36
SECONDS_BETWEEN_LOOKS = 0.2
LARGE_ORGANIZATION = 10_000
MORE = (
    "connection", "memory", "processor time of each further account", "speed-up",
    f"of {LARGE_ORGANIZATION:,} accounts (computed)",
)  # fmt: skip


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


def figures(few: int, many: int) -> str:
    """Measure scans of ``few`` accounts, and one of ``many``, which is more. Returns Markdown."""
    _adopt_orphans()
    with EmbeddedAWS() as aws:
        accounts = _fill(aws, many)
        aws.behavior.latency = LATENCY
        costs = {
            LOOP: measure(few, lambda folder: _loop(aws, accounts[:few], folder)),
            POOL: measure(few, lambda folder: _pool(aws, accounts[:few], folder)),
            ONE_JOB: measure(few, lambda folder: _scan(aws, accounts[:few], folder, "--jobs", "1")),
            TWO_JOBS: measure(
                few, lambda folder: _scan(aws, accounts[:few], folder, "--jobs", "2")
            ),
            CLUSTER: measure(few, lambda folder: _scan_on_cluster(aws, accounts[:few], folder)),
        }
        large = measure(many, lambda folder: _scan(aws, accounts, folder, "--jobs", "2"))
    with EmbeddedAWS(tls=True) as aws:
        accounts = _fill(aws, many)
        aws.behavior.latency = LATENCY
        loop_tls = measure(few, lambda folder: _loop(aws, accounts[:few], folder))
        small_tls = measure(few, lambda folder: _scan(aws, accounts[:few], folder, "--jobs", "2"))
        large_tls = measure(many, lambda folder: _scan(aws, accounts, folder, "--jobs", "2"))
    rows = [
        more("plain", costs[LOOP], costs[TWO_JOBS], large),
        more("TLS", loop_tls, small_tls, large_tls),
    ]
    return f"""\
## An organization

{few} accounts of {USERS} users each on the embedded AWS with {LATENCY * 1000:.0f} ms for each
call, all processes and their start included:

{compared(costs)}

{many:,} accounts with {TWO_JOBS}. Through TLS, as AWS is reached, the loop
takes {_seconds(loop_tls.processor_each)} of processor time an account:

{table(MORE, rows)}
"""


def compared(costs: Mapping[str, Cost]) -> str:
    """The costs beside the loop's."""
    columns = (
        "run", "speed-up", "processor time an account", "time an account", "memory",
    )  # fmt: skip
    loop = costs[LOOP]
    rows = []
    for name, cost in costs.items():
        speed_up = "" if cost is loop else ratio(loop.processor_each, cost.processor_each, 1)
        each = _seconds(cost.processor_each), _seconds(cost.wall / cost.accounts)
        rows.append((name, speed_up, *each, f"{cost.memory:,.0f} MB"))
    return table(columns, rows)


def more(connection: str, loop: Cost, small: Cost, large: Cost) -> tuple[str, ...]:
    """What one more account costs, and what a large organization would cost: a row of ``MORE``."""
    processor = (large.processor - small.processor) / (large.accounts - small.accounts)
    computed = large.processor + (LARGE_ORGANIZATION - large.accounts) * processor
    return (
        connection, f"{large.memory:,.0f} MB", _seconds(processor),
        ratio(loop.processor_each, processor), f"{computed / 3600:.1f} hours",
    )  # fmt: skip


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 10 else f"{seconds:.2f} s"


def measure(accounts: int, scan: Callable[[Path], None]) -> Cost:
    """Measure scans, which get an empty folder to write to."""
    before, started = _processor_time(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, _Memory() as memory:
        scan(Path(folder))
        wall = time.monotonic() - started
        _wait_for_orphans()
    return Cost(accounts, wall, _processor_time() - before, memory.most / 1e6)


def _processor_time() -> float:
    """Seconds of all processes that this one started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


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
    accounts = [organization.add_account(f"account-{count:04}") for count in range(number)]
    for account in accounts:
        for user in range(USERS):
            organization.add_keys(account, f"user-{user}", 1 + (user == 0))
    return accounts


def _loop(aws: EmbeddedAWS, accounts: list[str], folder: Path) -> None:
    for account in accounts:
        role = f"arn:aws:iam::{account}:role/ProwlerScan"
        run(aws, "prowler", "aws", "-R", role, "-c", CHECK, "-o", str(folder))


def _pool(aws: EmbeddedAWS, accounts: list[str], folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda account: _loop(aws, [account], folder), accounts))


def _scan(aws: EmbeddedAWS, accounts: list[str], folder: Path, *how: str) -> None:
    options = ("--role", "ProwlerScan", "--output-directory", str(folder / "output"))
    run(aws, "prowler-org", *options, *how, "--accounts", *accounts, "--", "--checks", CHECK)


def _scan_on_cluster(aws: EmbeddedAWS, accounts: list[str], folder: Path) -> None:
    with EmbeddedCluster(folder) as cluster:
        for _ in range(2):
            cluster.add_worker(aws.environment())
        _scan(aws, accounts, folder, "--scheduler", cluster.address)


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
