"""The check of keys that are not used."""

from __future__ import annotations

from typing import Any

import pytest

from prowler_access_keys.services.iam.iam_access_keys.reading.user_facts import UnreadableError

from ..keys import DENIED, MINUTE, key
from ..known_facts import judge, with_keys

CHECK = "iam_user_unused_active_keys"


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        ((key("A", 900, 45),), "FAIL"),
        ((key("A", 900, 45 - MINUTE),), "PASS"),
        ((key("A", 45),), "FAIL"),
        ((key("A", 45 - MINUTE),), "PASS"),
        ((key("A", 44, DENIED),), "PASS"),
        ((key("A", 900, DENIED), key("B", 900, 45)), "FAIL"),
        ((key("A", 60, 900),), "FAIL"),
    ],
)
def test_a_key_unused_for_45_days_fails(keys: tuple[Any, ...], status: str) -> None:
    assert judge(CHECK, with_keys(*keys)).status == status


def test_an_unused_key_whose_last_use_could_not_be_read_is_manual() -> None:
    with pytest.raises(UnreadableError) as raised:
        judge(CHECK, with_keys(key("AKIAONE", 45, DENIED)))
    assert raised.value.what == "last use of access key AKIAONE"
