"""The check of passwords beside keys."""

from __future__ import annotations

import pytest

from ..known_facts import ONE, Known, judge, with_keys


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (with_keys(ONE, password=True), "FAIL"),
        (with_keys(ONE), "PASS"),
        (Known(password=True), "PASS"),
    ],
)
def test_a_user_with_both_a_password_and_an_active_key_fails(facts: Known, status: str) -> None:
    assert judge("iam_user_console_password_and_active_keys", facts).status == status
