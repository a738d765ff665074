"""What the scan of an organization costs: the documented loop over accounts, and prowler-org.

The loop is that of Prowler's documentation, ``prowler aws -R …`` for one account after the other
(https://docs.prowler.com/user-guide/providers/aws/multi-account). All runs are on this machine, on
an embedded AWS in this process, which is not counted. Needs Linux.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.dask_cluster import EmbeddedCluster
from embedded_aws.organization import EmbeddedOrganization

from .programs import LATENCY, Cost, measure, run
from .tables import ratio, table

CHECK = "iam_user_multiple_active_keys"
USERS = 10
LOOP = "`prowler aws -R …` in a loop"
POOL = "two `prowler aws -R …` at a time"
ONE_JOB = "`prowler-org --jobs 1`"
TWO_JOBS = "`prowler-org --jobs 2`"
CLUSTER = "two Dask workers"
LARGE_ORGANIZATION = 10_000
MORE = (
    "connection", "memory", "processor time of each further account", "speed-up",
    f"of {LARGE_ORGANIZATION:,} accounts (computed)",
)  # fmt: skip


def figures(few: int, many: int) -> str:
    """Measure scans of ``few`` accounts, and one of ``many``, which is more. Returns Markdown."""
    with EmbeddedAWS() as aws:
        accounts = _fill(aws, many)
        some = accounts[:few]
        costs = {
            LOOP: _measure(aws, some, _loop),
            POOL: _measure(aws, some, _pool),
            ONE_JOB: _measure(aws, some, _scan, "--jobs", "1"),
            TWO_JOBS: _measure(aws, some, _scan, "--jobs", "2"),
            CLUSTER: _measure(aws, some, _scan_on_cluster),
        }
        large = _measure(aws, accounts, _scan, "--jobs", "2")
    with EmbeddedAWS(tls=True) as aws:
        accounts = _fill(aws, many)
        loop_tls = _measure(aws, accounts[:few], _loop)
        small_tls = _measure(aws, accounts[:few], _scan, "--jobs", "2")
        large_tls = _measure(aws, accounts, _scan, "--jobs", "2")
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


def _measure(aws: EmbeddedAWS, accounts: list[str], scan: Callable[..., None], *how: str) -> Cost:
    """Measure a scan of these accounts, which begins with an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        return measure(len(accounts), lambda: scan(aws, accounts, Path(folder), *how))


def _fill(aws: EmbeddedAWS, number: int) -> list[str]:
    """Make so many accounts, whose calls take time from then on. Returns their IDs."""
    organization = EmbeddedOrganization(aws)
    accounts = [organization.add_account(f"account-{count:04}") for count in range(number)]
    for account in accounts:
        for user in range(USERS):
            organization.add_keys(account, f"user-{user}", 1 + (user == 0))
    aws.behavior.latency = LATENCY
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
