"""The workflow scans with all checks, fails on what fails, and keeps the reports all the same."""

from __future__ import annotations

import shlex
import subprocess
from typing import Any

import pytest
import yaml

from embedded_aws.aws import EmbeddedAWS

from .. import loaded
from ..end_to_end.environments import Run
from ..pages import RECIPES, program
from ..scanning import FAMILY

STEPS: dict[str, dict[str, Any]] = {
    step.get("name", ""): step
    for step in yaml.safe_load((RECIPES / "github-actions.yml").read_text("utf-8"))["jobs"]["scan"][
        "steps"
    ]
}
SCAN = shlex.split(STEPS["Scan"]["run"])
RANK = shlex.split(STEPS["Which key first"]["run"])
KEPT = STEPS["Keep the reports"]["with"]["path"].split()


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The scan of an account whose one user has two active keys."""
    with EmbeddedAWS() as aws:
        user = aws.add_user("alice")
        for _ in range(2):
            aws.add_key(user)
        folder = tmp_path_factory.mktemp("workflow")
        return loaded.run(SCAN, environment=aws.environment(), directory=folder)


def test_the_scan_fails_if_a_key_fails(scanned: Run) -> None:
    assert scanned.returncode == 3, scanned.output


def test_the_scan_has_all_checks(scanned: Run) -> None:
    assert {row["CHECK_ID"] for row in scanned.csv()} == set(FAMILY)


def test_the_keys_are_ranked_from_its_reports_and_both_are_kept(scanned: Run) -> None:
    folder = scanned.directory.parent
    ranked = subprocess.run([program(RANK[0]), *RANK[1:]], cwd=folder, check=False)
    assert ranked.returncode == 3
    assert all(any((folder / kept).glob("*.html")) for kept in KEPT)


@pytest.mark.parametrize("name", ["Which key first", "Keep the reports"])
def test_later_steps_run_even_if_the_scan_fails(name: str) -> None:
    assert STEPS[name]["if"] == "always()"
