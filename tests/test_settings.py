"""What is taken from Prowler's config file, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from prowler_access_keys.services.iam.iam_user_multiple_active_keys.lib.settings import (
    Settings,
    parse,
)


def test_without_settings_the_strict_defaults_hold() -> None:
    assert parse({}) == (Settings(0, 45), [])


def test_settings_are_taken() -> None:
    config = {"multiple_active_keys_grace_days": 7, "max_unused_access_keys_days": 60}
    assert parse(config) == (Settings(7, 60), [])


@pytest.mark.parametrize("value", [-1, 1.5, "7", "soon", True, None, [7], 10**10])
@pytest.mark.parametrize(
    "setting", ["multiple_active_keys_grace_days", "max_unused_access_keys_days"]
)
def test_a_value_that_is_no_whole_number_in_range_is_named_and_the_default_holds(
    setting: str, value: Any
) -> None:
    settings, errors = parse({setting: value})
    assert settings == Settings()
    (error,) = errors
    assert error.startswith(f"{setting} is {value!r}")


@pytest.mark.parametrize(
    ("setting", "lowest", "highest"),
    [("multiple_active_keys_grace_days", 0, 365), ("max_unused_access_keys_days", 30, 180)],
)
def test_a_setting_has_a_range(setting: str, lowest: int, highest: int) -> None:
    assert parse({setting: lowest})[1] == parse({setting: highest})[1] == []
    assert parse({setting: lowest - 1})[1]
    assert parse({setting: highest + 1})[1]


def test_one_bad_setting_leaves_the_other() -> None:
    config = {"multiple_active_keys_grace_days": -1, "max_unused_access_keys_days": 60}
    assert parse(config)[0] == Settings(0, 60)
