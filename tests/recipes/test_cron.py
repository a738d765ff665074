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
            ["/bin/sh", "-c", script], env=variables, stdout=subprocess.PIPE, text=True, check=False
        )

    def report(self, name: str, days: float) -> Path:
        """A report that was written so many days ago."""
        path = self.reports / name
        path.parent.mkdir(exist_ok=True)
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
def test_what_prowler_org_tells_is_printed_if_something_failed(code: int, machine: Machine) -> None:
    done = machine.run(code)
    assert (done.returncode, done.stdout) == (code, "3 of 4 accounts scanned\n")
    assert machine.resumed == [False]


@pytest.mark.parametrize("code", [0, 3, 4])
def test_accounts_that_were_not_scanned_are_tried_once_more(code: int, machine: Machine) -> None:
    assert machine.run(4, code).returncode == code
    assert machine.resumed == [False, True]


def test_old_reports_are_removed_and_the_data_to_compare_with_stays(machine: Machine) -> None:
    old, new = machine.report("old.html", 32), machine.report("new.html", 29)
    data, ancient = machine.report("keys/run.json", 100), machine.report("keys/old.json", 400)
    machine.run(0)
    assert [path.exists() for path in (old, new, data, ancient)] == [False, True, True, False]
