"""``nightly.sh`` prints what is news, tries again what is missing, and removes what is old.

A stand-in for prowler-org ends with the exit codes that a test wants; its arguments and the files
that it leaves are real ones. As root, the tests run the script as another user, as cron would.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest

from prowler_access_keys.ranking.outputs.terminal import describe_new
from prowler_access_keys.ranking.over_time.news import News
from prowler_org.accounts.account_list import Account
from prowler_org.options import Selection, parse
from prowler_org.results.account_result import AccountResult, not_scanned
from prowler_org.results.state import Job, State

from ..end_to_end.environments import PATIENCE
from ..key_ranking.reports import finding as key_finding
from ..key_ranking.reports import ranked
from ..pages import RECIPES

STAND_IN = """#!/bin/sh
echo "$@" >> {folder}/arguments
cat {folder}/says
cp -r {folder}/leaves/. {folder}/reports
read -r code < {folder}/codes && sed -i 1d {folder}/codes
exit $code
"""
LAST_NIGHT = "2026-11-26 02:15 UTC"
NOBODY = 65534
DAY = 24 * 60 * 60.0


@dataclass(frozen=True)
class Machine:
    """A machine with a stand-in for prowler-org."""

    folder: Path

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    @property
    def resumed(self) -> list[bool]:
        """For each run of prowler-org, whether it resumed the one before."""
        lines = (self.folder / "arguments").read_text("utf-8").splitlines()
        runs = [parse(line.split()) for line in lines]
        assert {(run.output_directory, run.fail_on) for run in runs} == {(self.reports, "new")}
        return [run.resume for run in runs]

    @property
    def says(self) -> str:
        """What the next runs print."""
        return (self.folder / "says").read_text("utf-8")

    def leave(self, *missing: str, new: bool = False) -> None:
        """What the next runs leave: accounts that are missing, and a line about what is new."""
        entries = ranked(self.folder, key_finding("multiple", "alice")) if new else ()
        lines = describe_new(News(new=entries), 1, LAST_NIGHT)
        (self.folder / "says").write_text("\n".join([*lines, "3 of 4 accounts scanned", ""]))
        job = Job("o-a1b2c3d4e5", "ProwlerScan", Selection(), (), {})
        accounts = {name: Account(name, "payments") for name in ("1" * 12, *missing)}
        results = {name: not_scanned(accounts[name], "No role.") for name in missing}
        results["1" * 12] = AccountResult("1" * 12, "payments", "scanned", exit_code=3)
        leaves = self.folder / "leaves"
        shutil.rmtree(leaves, ignore_errors=True)
        leaves.mkdir()
        State(job, datetime.now(timezone.utc), accounts, results).save(leaves)

    def run(self, *codes: int, arguments: str = "") -> subprocess.CompletedProcess[str]:
        """Run the script, where the runs of prowler-org end with these exit codes."""
        (self.folder / "codes").write_text("".join(f"{code}\n" for code in codes), "utf-8")
        script = (RECIPES / "nightly.sh").read_text("utf-8")
        script = script.replace("PATH=/opt/prowler/bin:$PATH", f"PATH={self.folder}:$PATH")
        variables = {**os.environ, "REPORTS": str(self.reports), "PAUSE": "0"}
        (self.folder / "nightly.sh").write_text(script, "utf-8")
        user = None if os.geteuid() else NOBODY
        if user:
            for path in (self.folder, *self.folder.rglob("*")):
                if path.name != "unreadable":
                    os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        return subprocess.run(
            ["/bin/sh", self.folder / "nightly.sh", *arguments.split()],
            env=variables, user=user, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    def report(self, name: str, days: float) -> Path:
        """A report that was written so many days ago."""
        path = self.reports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a report", "utf-8")
        os.utime(path, (time.time() - days * DAY,) * 2)
        return path


@pytest.fixture
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory() as name:  # other users cannot enter pytest's folders
        folder = Path(name)
        (folder / "reports").mkdir()
        (folder / "prowler-org").write_text(STAND_IN.format(folder=folder), "utf-8")
        (folder / "prowler-org").chmod(0o755)
        machine = Machine(folder)
        machine.leave()
        yield machine


def test_nothing_is_printed_if_nothing_is_new(machine: Machine) -> None:
    done = machine.run(0)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("missing", [(), ("2" * 12,)])
def test_what_is_new_is_printed_also_beside_an_account_that_stays_missing(
    missing: tuple[str, ...], machine: Machine
) -> None:
    machine.leave(*missing)
    machine.run(*([4, 4] if missing else [0]))
    machine.leave(*missing, new=True)
    codes = [4, 4] if missing else [3]
    done = machine.run(*codes)
    assert (done.returncode, done.stdout) == (codes[0], machine.says)


@pytest.mark.parametrize("code", [1, 2])
def test_why_prowler_org_did_not_scan_is_printed(code: int, machine: Machine) -> None:
    done = machine.run(code)
    assert (done.returncode, done.stdout) == (code, machine.says)
    assert machine.resumed == [False]


def test_an_account_that_stays_missing_is_printed_once(machine: Machine) -> None:
    nights = (("2" * 12,), ("2" * 12,), ("2" * 12, "3" * 12), ("3" * 12,), ("2" * 12,))
    printed = []
    for missing in nights:
        machine.leave(*missing)
        printed.append(machine.run(4, 4).stdout)
    assert printed == [machine.says, "", machine.says, "", machine.says]


def test_it_is_printed_if_no_account_is_missing_and_the_exit_code_is_4(machine: Machine) -> None:
    for _ in range(2):  # as with --strict, if something could not be read
        assert machine.run(4, 4).stdout == machine.says


def test_its_arguments_go_to_prowler_org(machine: Machine) -> None:
    machine.run(4, 0, arguments="--exclude 444455556666")
    words = (machine.folder / "arguments").read_text("utf-8").splitlines()
    assert [line.endswith("--exclude 444455556666") for line in words] == [True, True]


@pytest.mark.parametrize("code", [0, 3, 4])
def test_accounts_that_were_not_scanned_are_retried_once(code: int, machine: Machine) -> None:
    assert machine.run(4, code).returncode == code
    assert machine.resumed == [False, True]


OURS = {
    "prowler-org-o-a1b2c3d4e5-20261126021500.html": 30,
    "prowler-org-o-a1b2c3d4e5-20261126021500.ocsf.json": 30,
    "compliance/prowler-org-o-a1b2c3d4e5-20261126021500_cis_6.0_aws.csv": 30,
    "accounts/111122223333/prowler-output-111122223333-20261126021500.csv": 30,
    "accounts/111122223333/compliance/prowler-output-111122223333-20261126021500_cis.csv": 30,
    "accounts/111122223333/prowler.log": 30,
    "keys/prowler-org-o-a1b2c3d4e5-20261126021500.json": 365,
}
"""What prowler-org writes, and for how many days it stays."""
FOREIGN = (
    "prowler-org-state.json",
    "notes.txt",
    "old.html",
    "keys/notes.txt",
    "accounts/notes.txt",
    "accounts/111122223333/notes.txt",
    "accounts/archive/prowler-output-1.csv",
    "archive/accounts/111122223333/prowler-output-1.csv",
    "prowler-org-o-archive/prowler-output-1.csv",
    "prowler-org-o-archive/prowler-org-o-1.html",
    ".ssh/prowler.log",
    "-rf *",
)


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 130])
@pytest.mark.parametrize("days", [-1.5, 1.5])
def test_only_old_reports_of_prowler_org_are_removed_and_only_after_a_scan(
    code: int, days: float, machine: Machine
) -> None:
    ours = [machine.report(name, stay + days) for name, stay in OURS.items()]
    foreign = [machine.report(name, 1000) for name in FOREIGN]
    elsewhere = machine.folder / "elsewhere"
    elsewhere.mkdir()
    linked = elsewhere / "prowler-output-1.csv"
    linked.write_text("a report", "utf-8")
    os.utime(linked, (1, 1))
    (machine.reports / "accounts" / "222222222222").symlink_to(elsewhere)
    (machine.reports / "compliance" / "prowler-org-o-link.csv").symlink_to(linked)
    for folder in ("accounts/111122223333/unreadable", "accounts/unreadable", "unreadable"):
        machine.report(f"{folder}/prowler-output-1.csv", 1000)
        (machine.reports / folder).chmod(0o700)  # as lost+found of a volume
    done = machine.run(code, *[code] * (code == 4))
    assert (done.returncode, done.stderr) == (code, "")
    removed = days > 0 and code in (0, 3, 4)
    assert {path.exists() for path in ours} == {not removed}
    assert all(path.exists() for path in (*foreign, linked))


def test_the_exit_code_is_that_of_the_scan_even_if_nothing_can_be_removed(
    machine: Machine,
) -> None:
    old = machine.report("keys/prowler-org-o-1.json", 1000)
    (machine.folder / "rm").write_text("#!/bin/sh\nexit 1\n", "utf-8")
    (machine.folder / "rm").chmod(0o755)
    assert machine.run(3).returncode == 3
    assert old.exists()
