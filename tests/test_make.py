"""The commands that begin with make, in a folder like a fresh clone that is set up already."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from demo.organization import ACCOUNTS
from demo.population import BOTS, BREAK_GLASS, PEOPLE

from .pages import README, REPOSITORY, command, like_a_clone

USERS = len(PEOPLE) + len(BOTS) + len(BREAK_GLASS)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The repository's files, with the environment of these tests for ``.venv``."""
    folder = like_a_clone(tmp_path / "clone")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def make(words: Sequence[str], clone: Path, *options: str) -> str:
    """Run make without letting it set up an environment. Returns what it printed."""
    program, *targets = words
    assert program == "make"
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    environment.pop("MFLAGS", None)
    run = subprocess.run(
        ["make", "--old-file", ".venv/installed", *options, *targets],  # noqa: S607
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    return run.stdout


def test_the_demo_scans_users_and_says_who_failed_and_where_the_reports_are(clone: Path) -> None:
    told = make(command("make demo"), clone)
    assert f"An embedded AWS with {USERS} IAM users runs" in told
    assert f"an embedded AWS with {USERS} IAM users" in " ".join(README.read_text().split())
    assert f"13 of {USERS + 1} findings are failures:\n\n  User backup-nightly has 2" in told
    for suffix in (".csv", ".html", ".ocsf.json"):
        (report,) = clone.glob(f"output/*{suffix}")
        assert str(report) in told


def test_the_demo_of_an_organization_scans_all_accounts_but_the_one_without_the_role(
    clone: Path,
) -> None:
    told = make(command("make demo-org"), clone)
    accounts = sum(map(len, ACCOUNTS.values()))
    assert accounts == 12, "the page says a dozen"
    assert f"{accounts - 1} of {accounts} accounts scanned" in told
    assert len(list(clone.glob("output/prowler-org-o-*.html"))) == 1


def test_clean_removes_what_was_made(clone: Path) -> None:
    (clone / "output").mkdir()
    make(command("make clean"), clone)
    assert not (clone / ".venv").is_symlink()
    assert not (clone / "output").exists()


def test_what_a_change_must_pass_is_what_the_page_says() -> None:
    lines = (REPOSITORY / ".ci" / "run").read_text("utf-8").splitlines()
    assert lines[-2:] == [" ".join(command("make lint")), " ".join(command("make test"))]


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        (command("make lint"), (".venv/bin/ruff check .", ".venv/bin/mypy")),
        (command("make test"), (".venv/bin/python -m pytest",)),
    ],
    ids=["lint", "test"],
)
def test_make_would_run_all_linters_and_tests(
    clone: Path, words: list[str], runs: tuple[str, ...]
) -> None:
    assert set(runs) <= set(make(words, clone, "--dry-run").splitlines())
