"""The files for CI scan with all checks, fail on what fails, and keep the reports all the same."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded_aws.aws import EmbeddedAWS

from .. import loaded
from ..end_to_end.environments import Run
from ..pages import ASK_FOR_EXAMPLES, EXAMPLES, RECIPES, program
from ..scanning import FAMILY


def file(name: str) -> Any:
    return yaml.safe_load((RECIPES / name).read_text("utf-8"))


STEPS: dict[str, dict[str, Any]] = {
    step.get("name", ""): step for step in file("github-actions.yml")["jobs"]["scan"]["steps"]
}
GITLAB = file("gitlab-ci.yml")["access-keys"]
(GITLAB_SCRIPT,) = GITLAB["script"]
CODEBUILD = file("buildspec.yml")
INSTALL: str = STEPS["Install"]["run"]
SCAN: str = STEPS["Scan"]["run"].replace("--ignore-exit-code-3 ", "")
RANK = "prowler-access-keys output"
"""Only GitHub's file keeps what earlier runs found: see test_nights.py."""
STAND_IN = '#!/bin/sh\n[ "$1" = --examples ] || { echo "$0" >> ran; exit "$CODE"; }\n'


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The scan of an account whose one user has two active keys."""
    with EmbeddedAWS() as aws:
        user = aws.add_user("alice")
        for _ in range(2):
            aws.add_key(user)
        folder = tmp_path_factory.mktemp("workflow")
        words = shlex.split(SCAN.replace(ASK_FOR_EXAMPLES, str(EXAMPLES)))
        return loaded.run(words, environment=aws.environment(), directory=folder)


def test_the_scan_fails_if_a_key_fails_and_has_all_checks(scanned: Run) -> None:
    assert scanned.returncode == 3, scanned.output
    assert {row["CHECK_ID"] for row in scanned.csv()} == set(FAMILY)


def test_the_keys_are_ranked_from_its_reports_and_both_are_kept(scanned: Run) -> None:
    folder, (name, *arguments) = scanned.directory.parent, RANK.split()
    ranked = subprocess.run([program(name), *arguments], cwd=folder, check=False)
    assert ranked.returncode == 3
    kept = STEPS["Keep the reports"]["with"]["path"].split()
    assert all(any((folder / path).glob("*.html")) for path in kept)
    assert GITLAB["artifacts"]["paths"] == kept
    assert CODEBUILD["artifacts"]["files"] == [f"{path}/**/*" for path in kept]


@pytest.mark.parametrize("name", ["Which key first", "Keep the reports"])
def test_later_steps_run_even_if_the_scan_fails(name: str) -> None:
    assert STEPS[name]["if"] == "always()"
    assert GITLAB["artifacts"]["when"] == "always"


def test_all_services_run_the_same_commands() -> None:
    assert INSTALL in GITLAB["before_script"]
    assert f"{SCAN} ||" in GITLAB_SCRIPT
    assert f"{RANK} ||" in GITLAB_SCRIPT
    phases = {name: phase["commands"] for name, phase in CODEBUILD["phases"].items()}
    assert phases == {"install": [INSTALL], "build": [SCAN], "post_build": [RANK]}


def test_plug_in_and_prowler_are_pinned() -> None:
    _, _, wheel, prowler = INSTALL.split()
    assert wheel.startswith("./prowler_access_keys-")
    assert wheel.endswith("-py3-none-any.whl")
    assert prowler.startswith("prowler==")


@pytest.mark.parametrize(("scan", "rank", "code"), [(0, 0, 0), (3, 3, 3), (0, 3, 3), (1, 0, 1)])
def test_the_gitlab_job_ranks_after_any_scan(
    scan: int, rank: int, code: int, tmp_path: Path
) -> None:
    for name, ends_with in (("prowler", scan), ("prowler-access-keys", rank)):
        program_file = tmp_path / name
        program_file.write_text(STAND_IN.replace("$CODE", str(ends_with)), "utf-8")
        program_file.chmod(0o755)
    variables = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    job = subprocess.run(
        ["/bin/sh", "-ec", GITLAB_SCRIPT], cwd=tmp_path, env=variables, check=False
    )
    assert job.returncode == code
    assert len((tmp_path / "ran").read_text("utf-8").splitlines()) == 2
