"""``nightly.sh`` is silent if all is well, tries again what is missing, and removes what is old.

A stand-in for prowler-org ends with the exit codes that a test wants; its arguments are real ones.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from prowler_org.options import parse

from ..end_to_end.environments import PATIENCE
from ..pages import RECIPES

STAND_IN = """#!/bin/sh
echo "$@" >> {folder}/arguments
echo "3 of 4 accounts scanned"
read -r code < {folder}/codes && sed -i 1d {folder}/codes
exit $code
"""
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
        assert all(run.output_directory == self.reports for run in runs)
        return [run.resume for run in runs]

    def run(self, *codes: int) -> subprocess.CompletedProcess[str]:
        """Run the script, where the runs of prowler-org end with these exit codes."""
        (self.folder / "codes").write_text("".join(f"{code}\n" for code in codes), "utf-8")
        script = (RECIPES / "nightly.sh").read_text("utf-8")
        script = script.replace("PATH=/opt/prowler/bin:$PATH", f"PATH={self.folder}:$PATH")
        variables = {**os.environ, "REPORTS": str(self.reports), "PAUSE": "0"}
        return subprocess.run(
            ["/bin/sh", "-c", script],
            env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    def report(self, name: str, days: float) -> Path:
        """A report that was written so many days ago."""
        path = self.reports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a report", "utf-8")
        os.utime(path, (time.time() - days * DAY,) * 2)
        return path


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "reports").mkdir()
    (tmp_path / "prowler-org").write_text(STAND_IN.format(folder=tmp_path), "utf-8")
    (tmp_path / "prowler-org").chmod(0o755)
    return Machine(tmp_path)


def test_nothing_is_printed_if_nothing_failed(machine: Machine) -> None:
    done = machine.run(0)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("code", [1, 2, 3])
def test_the_output_of_prowler_org_is_printed_if_something_failed(
    code: int, machine: Machine
) -> None:
    done = machine.run(code)
    assert (done.returncode, done.stdout) == (code, "3 of 4 accounts scanned\n")
    assert machine.resumed == [False]


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
