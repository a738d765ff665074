"""The workflow of GitHub Actions is red for what is new."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS

from .. import loaded
from ..end_to_end.environments import Run
from ..pages import ASK_FOR_EXAMPLES, EXAMPLES, program
from .test_ci import STEPS

SCAN = shlex.split(STEPS["Scan"]["run"].replace(ASK_FOR_EXAMPLES, str(EXAMPLES)))
RANK = STEPS["Which key first"]["run"]
RESTORE, SAVE = STEPS["Get what earlier runs found"], STEPS["Keep what this run found"]


def night(aws: EmbeddedAWS, runner: Path, before: Path | None) -> tuple[Run, int]:
    """The scan of a new runner with the files of the cache, and the exit code of the ranking."""
    runner.mkdir()
    time.sleep(1)  # reports give times in seconds: a scan of the same second is not a later one
    if before:
        cached = runner / Path(RESTORE["with"]["path"]).parent
        cached.mkdir()
        for path in before.glob(SAVE["with"]["path"]):
            shutil.copy(path, cached)
    scanned = loaded.run(SCAN, environment=aws.environment(), directory=runner)
    programs = f"{Path(program('prowler-access-keys')).parent}:{os.environ['PATH']}"
    variables = {"PATH": programs, "GITHUB_STEP_SUMMARY": str(runner / "summary")}
    ranked = subprocess.run(["/bin/bash", "-e", "-c", RANK], cwd=runner, env=variables, check=False)
    return scanned, ranked.returncode


def test_red_on_the_first_night_green_on_the_second_and_red_when_a_key_is_added(
    tmp_path: Path,
) -> None:
    with EmbeddedAWS() as aws:
        user = aws.add_user("alice")
        for _ in range(2):
            aws.add_key(user)
        first, code = night(aws, tmp_path / "1", None)
        assert (first.returncode, code) == (0, 3), first.output
        _, code = night(aws, tmp_path / "2", tmp_path / "1")
        assert code == 0
        other = aws.add_user("bob")
        added = [aws.add_key(other) for _ in range(2)]
        _, code = night(aws, tmp_path / "3", tmp_path / "2")
        assert code == 3
    told = (tmp_path / "3" / "summary").read_text("utf-8")
    assert told.startswith("```\nNew or an incident: 2, ")
    assert all(key.access_key_id in told for key in added)
    assert "alice" not in told


def test_each_run_keeps_its_data_for_the_next_one_under_a_name_of_its_own() -> None:
    assert RESTORE["with"]["path"] == SAVE["with"]["path"]
    assert RESTORE["with"]["key"] == SAVE["with"]["key"]
    assert "github.run_id" in SAVE["with"]["key"]
    assert SAVE["with"]["key"].startswith(RESTORE["with"]["restore-keys"])


def test_the_data_is_kept_also_if_the_run_is_red() -> None:
    assert SAVE["if"] == "always()"
