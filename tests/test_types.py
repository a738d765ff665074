"""mypy sees through the name under which the checks are installed."""

from __future__ import annotations

import pytest

from prowler_access_keys.services.iam.iam_access_keys.facts import Unreadable
from prowler_access_keys.services.iam.iam_access_keys.finding_data import FindingData


def test_a_wrong_argument_is_an_error_for_mypy_too() -> None:
    with pytest.raises(TypeError):
        # `make lint` fails here if mypy does not see the error: the comment is then unused.
        Unreadable("iam:ListUsers", "AccessDenied", nonsense=5)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        FindingData(adminstrator=("a policy",))  # type: ignore[call-arg]
