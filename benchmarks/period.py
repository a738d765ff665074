"""What evidence for a period costs: three years of nightly runs of an organization."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

from prowler_access_keys.ranking.findings.remembered import Remembered
from prowler_access_keys.ranking.outputs.files import write_json
from prowler_access_keys.ranking.over_time.history import History
from prowler_access_keys.ranking.over_time.runs import FORMAT, Figures, Scan
from prowler_access_keys.ranking.over_time.snapshot import Snapshot
from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks

from .programs import measure

ACCOUNTS, USERS, KEYS = 500, 10, 4
"""Accounts, users of each, and keys of each that fail."""
NIGHTS = 3 * 365
ORGANIZATION = "o-a1b2c3d4e5"


def figures(nights: int = NIGHTS, accounts: int = ACCOUNTS) -> str:
    """Measure. Returns Markdown."""
    first = datetime(2023, 1, 1, 2, tzinfo=timezone.utc)
    last = first + timedelta(days=nights - 1)
    with tempfile.TemporaryDirectory() as folder:
        size = sum(_write(Path(folder), first, night, accounts) for night in range(nights))
        program = str(Path(sys.executable).with_name("prowler-access-keys"))
        words = ("--period", f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}", folder)
        command = (program, *words, "--output-directory", f"{folder}/evidence")
        cost = measure(
            accounts, lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        )
    return f"""\
## Evidence for a period

`prowler-access-keys --period` on the JSON files of {nights:,} nightly runs of {accounts} accounts
with {USERS} users and {KEYS} failing keys each ({size / 1e6:,.0f} MB): {cost.wall:.1f} s in all,
{cost.processor:.1f} s of processor time, and {cost.memory:,.0f} MB of memory.
"""


def _write(folder: Path, first: datetime, night: int, accounts: int) -> int:
    """Write the file of a night. Returns its size in bytes."""
    when = first + timedelta(days=night)
    path = folder / f"prowler-org-{ORGANIZATION}-{when:%Y%m%d%H%M%S}.json"
    write_json((), _snapshot(when, first, accounts), path)
    return path.stat().st_size


def _snapshot(when: datetime, first: datetime, accounts: int) -> Snapshot:
    seen, checks = int(when.timestamp()) - 1800, sorted(our_checks())
    numbers = [f"{number:012}" for number in range(1, accounts + 1)]
    failed, passed = tuple(checks[-2:]), tuple(checks[:-2])
    findings, histories = {}, {}
    for account in numbers:
        for number in range(KEYS):
            key = f"AKIA{account}{number:04}"
            user, arn = f"user-{number}", f"arn:aws:iam::{account}:user/user-{number}"
            for check in failed:
                remembered = Remembered(account, check, user, "FAIL", seen, (key,), f"AIDA{key}")
                findings[f"{check} {arn} {user}"] = remembered
            began = int(first.timestamp())
            since = dict.fromkeys(failed, began)
            histories[key] = History(account, user, since, ((began, "fails"),), seen, "payments")
    return Snapshot(
        version=FORMAT,
        created=when,
        organization=ORGANIZATION,
        previous=when - timedelta(days=1),
        scans=tuple(Scan(it, seen, USERS, USERS, failed, (), passed) for it in numbers),
        figures=Figures(accounts * USERS, accounts * KEYS, 0, 0),
        accounts={account: dict.fromkeys(checks, seen) for account in numbers},
        names={account: f"account-{account}" for account in numbers},
        findings=findings,
        active=dict.fromkeys(numbers, USERS),
        histories=histories,
    )


if __name__ == "__main__":
    print(figures())
