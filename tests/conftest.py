from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest import mock

import pytest
import yaml
from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings
from prowler.lib.check.compliance_models import (
    Compliance,
    get_bulk_compliance_frameworks_universal,
)
from prowler.lib.check.models import CheckMetadata
from prowler.providers.aws import aws_provider
from prowler.providers.aws.aws_provider import AwsProvider

from embedded_aws.aws import EmbeddedAWS

from .end_to_end.environments import Environment, copy_prowler
from .scanning import provider_of

# A test must not depend on how fast the machine is.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def _parsed_once() -> Iterator[None]:
    """Parsing AWS's models and Prowler's files anew for each client takes half of a test."""
    parse = JSONFileLoader._load_file

    @cache
    def parsed(path: str, open_method: Any) -> Any:
        return parse(JSONFileLoader(), path, open_method)

    def load(_: JSONFileLoader, path: str, open_method: Any) -> Any:
        return parsed(path, open_method)

    with (
        mock.patch.object(JSONFileLoader, "_load_file", load),
        mock.patch.object(yaml, "SafeLoader", yaml.CSafeLoader),
        mock.patch.object(
            aws_provider, "read_aws_regions_file", cache(aws_provider.read_aws_regions_file)
        ),
    ):
        yield


@pytest.fixture(scope="module")
def aws_of_file() -> Iterator[EmbeddedAWS]:
    """The embedded AWS of all tests in a file."""
    with EmbeddedAWS() as embedded:
        yield embedded


@pytest.fixture
def aws(aws_of_file: EmbeddedAWS) -> EmbeddedAWS:
    """An empty embedded AWS."""
    aws_of_file.clear()
    return aws_of_file


@pytest.fixture
def provider(aws: EmbeddedAWS) -> Iterator[AwsProvider]:
    """Prowler's provider, connected to that AWS."""
    with provider_of(aws) as connected:
        yield connected


@pytest.fixture(scope="session")
def known_checks() -> frozenset[str]:
    """The checks that Prowler knows, ours among them. To read them all takes a second."""
    return frozenset(CheckMetadata.get_bulk("aws"))


@pytest.fixture(scope="session")
def per_provider() -> Any:
    """The frameworks that Prowler loads for its compliance column, which takes seconds."""
    return Compliance.get_bulk("aws")


@pytest.fixture(scope="session")
def universal() -> Any:
    """The frameworks in the universal schema that Prowler loads."""
    return get_bulk_compliance_frameworks_universal("aws")


@pytest.fixture(scope="session")
def starts_quickly(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variable with which new processes load a copy of Prowler that starts in a third."""
    folder = tmp_path_factory.mktemp("modules")
    copy_prowler(folder)
    return {"PYTHONPATH": str(folder)}


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
