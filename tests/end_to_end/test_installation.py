"""Installing, and what an installed check is to Prowler: the same as one of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

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
    "options", [(), ("--editable",)], ids=["pip install .", "pip install -e ."]
)
def test_uninstalling_leaves_nothing_behind(tmp_path: Path, options: tuple[str, ...]) -> None:
    environment = Environment(tmp_path / "venv")
    before = environment.installed_files()
    environment.install_plugin(*options)
    assert environment.installed_files() != before
    listed = environment.run(
        "--list-checks", "--service", "iam", environment={}, directory=tmp_path
    )
    assert CHECK in listed.output
    environment.pip("uninstall", "--yes", "prowler-access-keys")
    assert environment.installed_files() == before
