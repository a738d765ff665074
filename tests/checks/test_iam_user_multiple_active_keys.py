"""The check of users with several active keys."""

from __future__ import annotations

from typing import Any

import pytest

from prowler_access_keys.services.iam.iam_access_keys.settings import Settings

from ..keys import MINUTE, key
from ..known_facts import Known, judge, with_keys

OLD = key("OLD", 300, 1)


@pytest.mark.parametrize(
    ("facts", "grace", "status"),
    [
        (Known(), 0, "PASS"),
        (with_keys(OLD), 0, "PASS"),
        (with_keys(OLD, key("NEW", MINUTE)), 0, "FAIL"),
        (with_keys(OLD, key("NEW", 7)), 7, "PASS"),
        (with_keys(OLD, key("NEW", 7 + MINUTE)), 7, "FAIL"),
        (with_keys(OLD, key("NEW", 1), counted=2), 7, "PASS"),
    ],
)
def test_a_second_active_key_fails_when_the_grace_period_has_ended(
    facts: Any, grace: int, status: str
) -> None:
    settings = Settings(multiple_active_keys_grace_days=grace)
    assert judge("iam_user_multiple_active_keys", facts, settings).status == status
