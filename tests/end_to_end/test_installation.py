"""Installing, and what an installed check is to Prowler: the same as one of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..pages import command
from ..scanning import CHECK
from .environments import Environment


@pytest.mark.parametrize(
    "selection",
    [
        ("--severity", "medium"),
        ("--category", "identity-access"),
        (),
    ],
    ids=" ".join,
)
def test_prowler_lists_the_installed_check(
    installed: Environment, tmp_path: Path, selection: tuple[str, ...]
) -> None:
    listed = installed.run("--list-checks", *selection, environment={}, directory=tmp_path)
    assert f"[{CHECK}] IAM user has at most one active access key" in listed.output


@pytest.mark.parametrize(
    "install", [command("pip install ."), command("pip install -e .")], ids=" ".join
)
def test_uninstalling_leaves_nothing_behind(tmp_path: Path, install: list[str]) -> None:
    environment = Environment(tmp_path / "venv")
    before = environment.installed_files()
    environment.install_plugin(install)
    assert environment.installed_files() != before
    listed = environment.run_command(
        command("--list-checks --service iam"), environment={}, directory=tmp_path
    )
    assert CHECK in listed.output
    _, *uninstall = command("pip uninstall")
    environment.pip(*uninstall, "--yes")
    assert environment.installed_files() == before


def test_what_a_cluster_needs_is_an_extra_of_the_distribution(installed: Environment) -> None:
    _, *install = command('pip install ".[dask]"')
    told = installed.pip(
        *install, "--dry-run", "--no-index", "--no-deps", "--no-build-isolation",
        directory=installed.folder / "sources",
    )  # fmt: skip
    assert "does not provide the extra" not in told
