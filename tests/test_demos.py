"""``make demo`` and ``make demo-org``, in a folder like a clone that is set up already."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demo.organization import ACCOUNTS
from demo.population import BOTS, BREAK_GLASS, PEOPLE

from .pages import README, REPOSITORY, command
from .scanning import FAMILY

SIGNS = 2
"""Users that are there as signs of an intruder: one for each check of that."""
USERS = len(PEOPLE) + len(BOTS) + len(BREAK_GLASS) + SIGNS


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The repository's files, with the environment of these tests for ``.venv``."""
    for name in ("Makefile", "demo", "embedded_aws"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def make(words: list[str], clone: Path) -> str:
    """Run make without letting it set up an environment. Returns what it printed."""
    environment = {name: os.environ[name] for name in os.environ if "MAKE" not in name}
    environment["MFLAGS"] = ""  # of the make that runs the tests
    command = [*words, "--old-file", ".venv/installed"]
    return subprocess.check_output(command, cwd=clone, env=environment, text=True)


def test_the_demo_scans_users_and_says_who_failed_and_where_the_reports_are(clone: Path) -> None:
    told = make(command("make demo"), clone)
    assert f"an embedded AWS with {USERS} IAM users" in " ".join(README.read_text().split())
    assert f"An embedded AWS with {USERS} IAM users runs" in told
    findings = 9 * USERS + 2 + SIGNS
    assert f"77 of {findings} findings of 12 checks are failures:" in told
    for check in FAMILY:
        assert f": {check}, " in told
    assert "User backup-nightly has 2 active access keys" in told
    assert "Top 10 of 47 keys" in told
    for suffix in (".csv", ".html", ".ocsf.json"):
        (report,) = clone.glob(f"output/*{suffix}")
        assert str(report) in told


def test_the_demo_of_an_organization_scans_twice_and_ends_with_the_page(clone: Path) -> None:
    told = make(command("make demo-org"), clone)
    accounts = sum(map(len, ACCOUNTS.values()))
    assert accounts == 12, "the README says a dozen"
    assert f"{accounts - 2} of {accounts - 1} accounts scanned" in told  # one is excluded
    assert "Top 3 of " in told
    *_, page = sorted(clone.glob("output/prowler-org-o-*.html"))
    text = " ".join(re.sub("<[^>]+>", " ", page.read_text()).split())
    assert "3 new, 2 fixed, " in text
    for reason in ("the management account", "could not assume the role", "SUSPENDED", "excluded"):
        assert reason in text
    assert "quarantined" in text
