from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest import mock

import pytest
import yaml
from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings

from embedded_aws.aws import EmbeddedAWS

from .end_to_end.environments import Environment

# A test must not depend on how fast the machine is.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def _parsed_once() -> Iterator[None]:
    """Parsing AWS's models and Prowler's config anew for each provider takes half of a test."""
    parse = JSONFileLoader._load_file

    @cache
    def parsed(path: str, open_method: Any) -> Any:
        return parse(JSONFileLoader(), path, open_method)

    def load(_: JSONFileLoader, path: str, open_method: Any) -> Any:
        return parsed(path, open_method)

    with (
        mock.patch.object(JSONFileLoader, "_load_file", load),
        mock.patch.object(yaml, "SafeLoader", yaml.CSafeLoader),
    ):
        yield


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
