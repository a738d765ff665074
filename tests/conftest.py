from __future__ import annotations

from collections.abc import Iterator

import pytest

from embedded_aws.aws import EmbeddedAWS

from .end_to_end.environments import Environment
from .end_to_end.loaded import LoadedProwler


@pytest.fixture
def aws() -> Iterator[EmbeddedAWS]:
    """An empty embedded AWS."""
    with EmbeddedAWS() as embedded:
        yield embedded


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


@pytest.fixture(scope="session")
def loaded() -> Iterator[LoadedProwler]:
    """Prowler with this plug-in, in a process that runs are forked from."""
    prowler = LoadedProwler()
    yield prowler
    prowler.stop()
