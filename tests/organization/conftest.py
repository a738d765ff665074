from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.embedded_aws import EmbeddedAWS
from demo.embedded_organization import EmbeddedOrganization

from ..end_to_end.environments import Environment
from .commands import environment_of


@pytest.fixture
def organization(aws: EmbeddedAWS) -> Iterator[EmbeddedOrganization]:
    """An organization with its management account only; this process sees it too."""
    with environment_of(aws):
        yield EmbeddedOrganization(aws)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment of its own with Prowler and this plug-in, which a test may spoil."""
    environment = Environment(tmp_path_factory.mktemp("installed") / "venv")
    environment.install_plugin()
    return environment


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that has Prowler and not this plug-in."""
    return Environment(tmp_path_factory.mktemp("bare") / "venv")
