from __future__ import annotations

from collections.abc import Iterator

import pytest

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization

from ..scanning import environment_of


@pytest.fixture
def aws() -> Iterator[EmbeddedAWS]:
    """An empty embedded AWS, which no scan of an earlier test calls."""
    with EmbeddedAWS() as embedded:
        yield embedded


@pytest.fixture
def organization(aws: EmbeddedAWS) -> Iterator[EmbeddedOrganization]:
    """An organization with its management account only; this process sees it too."""
    with environment_of(aws):
        yield EmbeddedOrganization(aws)
