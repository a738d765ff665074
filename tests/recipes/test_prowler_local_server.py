"""The step that installs the plug-in beside Prowler Local Server's Prowler changes nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.release import copy_sources

from ..end_to_end.environments import Environment
from ..pages import RECIPES, program

LINES = (RECIPES / "prowler-local-server.Dockerfile").read_text("utf-8").splitlines()
(STEP,) = (line.removeprefix("RUN ") for line in LINES if line.startswith("RUN "))


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    sources = copy_sources(folder / "sources")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(sources)], check=True)
    return folder


def install(wheels: Path, environment: Path) -> int:
    step = STEP.replace("/tmp/wheels", str(wheels)).replace("/home/prowler/.venv", str(environment))  # noqa: S108
    return subprocess.call(["/bin/sh", "-ec", step.replace("uv ", f"{program('uv')} ")])


def test_it_adds_the_plug_in_and_nothing_else(wheels: Path, tmp_path: Path) -> None:
    app = Environment(tmp_path / "venv")
    for link in app.packages.glob("*.dist-info"):  # uv does not see links to them
        information = link.resolve()
        link.unlink()
        shutil.copytree(information, link)
    before = app.installed_files()
    assert install(wheels, app.folder) == 0
    added = {Path(path).parts[0] for path in app.installed_files() - before}
    assert before <= app.installed_files()
    assert {name.partition("-")[0] for name in added} == {
        "prowler_access_keys",
        "prowler_org",
    }


def test_it_fails_if_there_is_no_prowler_that_fits(wheels: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path)], check=True)
    assert install(wheels, tmp_path) != 0
