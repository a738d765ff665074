from __future__ import annotations

import pytest

from .environments import Environment


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that has only Prowler."""
    return Environment(tmp_path_factory.mktemp("plain") / "venv")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with Prowler and, after ``pip install .``, this plug-in."""
    environment = Environment(tmp_path_factory.mktemp("installed") / "venv")
    environment.install_plugin()
    return environment
