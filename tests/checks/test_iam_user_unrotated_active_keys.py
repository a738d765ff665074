"""The check of old keys."""

from __future__ import annotations

import pytest

from ..keys import DENIED, MINUTE, key
from ..known_facts import judge, with_keys


@pytest.mark.parametrize(("age", "status"), [(91 - MINUTE, "PASS"), (91, "FAIL"), (-3, "PASS")])
def test_a_key_more_than_90_whole_days_old_fails(age: float, status: str) -> None:
    facts = with_keys(key("A", age, DENIED))
    assert judge("iam_user_unrotated_active_keys", facts).status == status
