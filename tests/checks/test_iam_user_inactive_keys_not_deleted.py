"""The check of deactivated keys that stay."""

from __future__ import annotations

from typing import Any

import pytest

from ..keys import DENIED, MINUTE, inactive, key
from ..known_facts import judge, with_keys


@pytest.mark.parametrize(
    ("off", "status"),
    [
        (inactive(900, 91 - MINUTE), "PASS"),
        (inactive(900, 91), "FAIL"),
        (inactive(91), "FAIL"),
        (inactive(90, DENIED), "PASS"),
        (key("AKIAON", 900, 800), "PASS"),
    ],
)
def test_an_inactive_key_unused_for_more_than_90_whole_days_fails(off: Any, status: str) -> None:
    assert judge("iam_user_inactive_keys_not_deleted", with_keys(off)).status == status
