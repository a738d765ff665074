from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.embedded_aws import EmbeddedAWS


@pytest.fixture
def aws() -> Iterator[EmbeddedAWS]:
    """An empty embedded AWS."""
    with EmbeddedAWS() as embedded:
        yield embedded
