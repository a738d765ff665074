"""The check in an environment that has only Prowler: ``--checks-folder checks``."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded_aws.aws import EmbeddedAWS

from ..pages import block, command, like_a_clone
from ..scanning import CHECK
from .accounts import fill
from .environments import REPOSITORY, Environment, Run

FOLDER = ("--checks-folder", str(REPOSITORY / "checks"), "--no-banner")


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as embedded:
        yield embedded


@pytest.fixture(scope="module")
def truth(aws: EmbeddedAWS) -> dict[str, str]:
    return fill(aws)


@pytest.fixture(scope="module")
def before(plain: Environment) -> set[str]:
    return plain.installed_files()


@pytest.fixture(scope="module")
def run(
    aws: EmbeddedAWS,
    truth: dict[str, str],
    plain: Environment,
    before: set[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    return plain.run_command(
        command("--checks-folder checks"),
        environment=aws.environment(),
        directory=like_a_clone(tmp_path_factory.mktemp("run")),
    )


def test_the_findings_are_those_of_the_installed_plugin(run: Run, truth: dict[str, str]) -> None:
    statuses = {name.removeprefix("'"): status for name, status in run.statuses().items()}
    assert statuses == truth, run.output


def test_prowler_is_left_as_it_was(run: Run, plain: Environment, before: set[str]) -> None:
    assert run.returncode == 3
    assert plain.installed_files() == before


@pytest.mark.usefixtures("truth")
def test_prowler_works_after_a_killed_run_and_the_next_run_cleans_up(
    aws: EmbeddedAWS, plain: Environment, before: set[str], tmp_path: Path
) -> None:
    aws.behaviour.latency = 2.0
    copy = plain.packages / "prowler/providers/aws/services/iam" / CHECK
    command = [str(plain.prowler), "aws", "-c", CHECK, *FOLDER]
    with subprocess.Popen(command, env=aws.environment(), cwd=tmp_path) as process:
        while not copy.exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    aws.behaviour.latency = 0.0
    assert copy.exists()
    listed = plain.run("--list-checks", "--service", "iam", environment={}, directory=tmp_path)
    assert listed.returncode == 0
    assert "iam_user_two_active_access_key" in listed.output

    again = plain.run(
        "-c", CHECK, *FOLDER, "-M", "csv", environment=aws.environment(), directory=tmp_path
    )
    assert again.returncode == 3
    assert plain.installed_files() == before


def test_a_checks_file_runs_the_check_from_an_s3_folder(
    aws: EmbeddedAWS,
    truth: dict[str, str],
    plain: Environment,
    before: set[str],
    tmp_path: Path,
) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="my-bucket")
    for path in (REPOSITORY / "checks").rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            s3.upload_file(str(path), "my-bucket", f"shared/{path.relative_to(REPOSITORY)}")
    run = plain.run_shell(
        block("--checks-folder s3://"), environment=aws.environment(), directory=tmp_path
    )
    assert {name.removeprefix("'"): status for name, status in run.statuses().items()} == truth
    assert plain.installed_files() == before
