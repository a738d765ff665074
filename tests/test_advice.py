"""Which key to retire: each rule, and its edges."""

from __future__ import annotations

import pytest

from prowler_access_keys.services.iam.iam_user_multiple_active_keys.lib.access_keys import (
    AccessKey,
)
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.lib.advice import (
    Action,
    advise,
    in_grace,
)

from .keys import DENIED, NOW, active, key

SECOND = 1 / 24 / 60 / 60
UNUSED_DAYS = 45


def advice(*keys: AccessKey) -> tuple[Action, str, str]:
    given = advise(active(*keys), NOW, UNUSED_DAYS)
    return given.action, given.retire.access_key_id, given.keep.access_key_id


def test_a_key_unused_for_the_limit_can_be_deactivated() -> None:
    assert advice(key("old", 900, 45), key("new", 300, 1)) == (Action.DEACTIVATE, "old", "new")


def test_a_key_used_a_second_later_than_the_limit_is_in_use() -> None:
    assert advice(key("old", 900, 45 - SECOND), key("new", 300, 1)) == (Action.MOVE, "old", "new")


def test_it_is_the_newer_key_if_that_is_the_unused_one() -> None:
    assert advice(key("old", 900, 1), key("new", 300, 60)) == (Action.DEACTIVATE, "new", "old")


def test_a_key_never_used_and_as_old_as_the_limit_can_be_deactivated() -> None:
    assert advice(key("old", 900, 1), key("new", 45)) == (Action.DEACTIVATE, "new", "old")


def test_a_newer_key_never_used_and_younger_is_an_unfinished_rotation() -> None:
    keys = (key("old", 900, 1), key("new", 45 - SECOND))
    assert advice(*keys) == (Action.FINISH_ROTATION, "old", "new")


def test_of_two_unused_keys_the_one_idle_longest_goes() -> None:
    keys = (key("old", 900, 100), key("new", 800, 200))
    assert advice(*keys) == (Action.DEACTIVATE, "new", "old")


def test_of_two_keys_idle_for_the_same_time_the_older_goes() -> None:
    keys = (key("old", 900, 100), key("new", 800, 100))
    assert advice(*keys) == (Action.DEACTIVATE, "old", "new")


def test_an_unused_old_key_goes_though_the_newer_was_never_used() -> None:
    keys = (key("old", 900, 100), key("new", 5))
    assert advice(*keys) == (Action.DEACTIVATE, "old", "new")


def test_with_two_keys_in_use_the_older_is_to_be_replaced() -> None:
    assert advice(key("old", 900, 3), key("new", 300, 1)) == (Action.MOVE, "old", "new")


@pytest.mark.parametrize(
    "keys",
    [
        (key("old", 900, DENIED), key("new", 300, 1)),
        (key("old", 900, 1), key("new", 300, DENIED)),
        (key("old", 900, 100), key("new", 300, DENIED)),
    ],
)
def test_an_unknown_last_use_retires_nothing(keys: tuple[AccessKey, ...]) -> None:
    assert advice(*keys)[0] is Action.LOOK


def test_a_last_use_in_the_future_is_use() -> None:
    assert advice(key("old", 900, -2), key("new", 300, 1)) == (Action.MOVE, "old", "new")


def test_a_last_use_before_the_creation_does_not_age_a_key() -> None:
    keys = (key("old", 900, 1), key("new", 10, 100))
    assert advice(*keys) == (Action.MOVE, "old", "new")


def test_grace_lasts_until_the_newer_key_is_older_than_it() -> None:
    assert in_grace(active(key("old", 900), key("new", 7)), NOW, 7)
    assert not in_grace(active(key("old", 900), key("new", 7 + SECOND)), NOW, 7)


def test_without_grace_a_key_of_this_moment_gets_none() -> None:
    assert not in_grace(active(key("old", 900), key("new", 0)), NOW, 0)


def test_a_key_made_in_the_future_is_in_grace() -> None:
    assert in_grace(active(key("old", 900), key("new", -1)), NOW, 7)
