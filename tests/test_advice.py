"""What to do about several active keys: each rule, and its edges."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given as drawn_from
from hypothesis import strategies as st

from prowler_access_keys.services.iam.iam_access_keys.facts import (
    AccessKey,
    LastUse,
    Quarantine,
    Unreadable,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.advice import (
    Action,
    Advice,
    about,
    advise,
    in_grace,
    word,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.wording import describe_key

from .keys import CAN_GO, DENIED, NOW, active, key

SECOND = 1 / 24 / 60 / 60
UNUSED_DAYS = 45
QUARANTINED = ("AWSCompromisedKeyQuarantineV2",)
UNKNOWN = Unreadable("iam:ListAttachedUserPolicies", "AccessDenied")


def advice(*keys: AccessKey, quarantine: Quarantine = (), **more: Any) -> Advice:
    return advise(active(*keys), quarantine, NOW, UNUSED_DAYS, **more)


def summary(*keys: AccessKey) -> tuple[str, ...]:
    """The action, the key to retire and the one to keep; empty if there is none."""
    given = advice(*keys)
    ids = [held.access_key_id if held else "" for held in (given.retire, given.keep)]
    return (given.action.value, *ids)


@pytest.mark.parametrize(
    ("older", "newer", "expected"),
    [
        # (age, days since the last use or None) of the older and the newer key
        ((900, 1), (300, 45), ("deactivate", "new", "old")),
        ((900, 45), (300, 1), ("deactivate", "old", "new")),
        ((900, 45 - SECOND), (300, 1), ("move", "old", "new")),
        ((900, 100), (800, 200), ("deactivate", "new", "old")),
        ((900, 100), (800, 100), ("deactivate", "old", "new")),
        ((900, 3), (300, 1), ("move", "old", "new")),
        ((900, 1), (45, None), ("deactivate", "new", "old")),
        ((900, None), (300, 1), ("deactivate", "old", "new")),
        ((900, 200), (45, None), ("deactivate", "new", "old")),
        ((900, 1), (45 - SECOND, None), ("finish-rotation", "old", "new")),
        ((900, 200), (1, None), ("find-creator", "", "")),
        ((30, None), (20, 1), ("find-creator", "", "")),
        ((900, None), (800, None), ("deactivate", "old", "new")),
        ((900, None), (1, None), ("find-creator", "old", "new")),
        ((900, None), (1, 0.2), ("find-creator", "old", "new")),
        ((900, 300), (1, 0.2), ("find-creator", "old", "new")),
        ((900, 300), (45 - SECOND, 1), ("find-creator", "old", "new")),
        ((900, 300), (45, 1), ("deactivate", "old", "new")),
        ((900, 3), (45 - SECOND, 1), ("find-creator", "old", "new")),
        ((900, 3), (45, 1), ("move", "old", "new")),
        ((30, None), (20, None), ("find-creator", "", "")),
        ((900, -2), (300, 1), ("move", "old", "new")),
        ((900, 1), (10, 100), ("find-creator", "old", "new")),
    ],
)
def test_the_key_that_stays_has_worked(
    older: tuple[float, float | None],
    newer: tuple[float, float | None],
    expected: tuple[str, str, str],
) -> None:
    assert summary(key("old", *older), key("new", *newer)) == expected


def test_the_only_key_that_ever_worked_is_never_to_be_deactivated() -> None:
    for used, unused in ((key("a", 900, 800), key("b", 1)), (key("a", 50, 50), key("b", 900))):
        given = advice(used, unused)
        assert given.action is not Action.DEACTIVATE or given.retire == unused


@pytest.mark.parametrize("unread", ["old", "new"])
def test_a_last_use_that_could_not_be_read_retires_nothing(unread: str) -> None:
    keys = [key(name, 900, DENIED if name == unread else 100) for name in ("old", "new")]
    given = advice(*keys)
    assert (given.action, given.retire, given.keep) == (Action.FIND_OUT, None, None)


@pytest.mark.parametrize("unused", [1, 100, None, DENIED])
def test_a_quarantined_user_is_an_incident_whatever_its_keys(unused: float | None) -> None:
    old, new = key("old", 900, 200), key("new", 30, unused)
    given = advice(old, new, quarantine=QUARANTINED)
    assert given == Advice(Action.INCIDENT, creator_of=(new,), quarantine=QUARANTINED)


@pytest.mark.parametrize(
    "doubt",
    [{"quarantine": UNKNOWN}, {"denies_everything": True}, {"denies_everything": UNKNOWN}],
)
def test_a_doubt_is_resolved_before_an_idle_key_is_deactivated(doubt: dict[str, Any]) -> None:
    given = advice(key("old", 900, 200), key("new", 90, 1), **doubt)
    assert (given.action, given.retire) == (Action.FIND_OUT, key("old", 900, 200))
    assert advice(key("old", 900, 2), key("new", 90, 1), **doubt).action is Action.MOVE


DRAWN = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 44, 45, 46, 91, 900]),
        st.sampled_from([None, 0, 1, 44, 45, 46, 300, DENIED]),
    ),
    min_size=1,
    max_size=3,
)


@drawn_from(DRAWN, st.sampled_from([(), QUARANTINED, UNKNOWN]), st.sets(st.integers(0, 2)))
def test_the_key_that_stays_always_has_worked_and_is_vouched_for(
    drawn: list[tuple[int, Any]], quarantine: Quarantine, failing: set[int]
) -> None:
    found = active(*(key(f"K{number}", *dates) for number, dates in enumerate(drawn)))
    keys = tuple(held for number, held in enumerate(found) if number in failing) or found
    of_user = advise(found, quarantine, NOW, UNUSED_DAYS)
    of_check = about(of_user, keys)
    for given in (of_user, of_check):
        said = word(given, NOW)
        stay = [held for held in found if held != given.retire]
        if given.action is Action.DEACTIVATE:
            assert given.retire in given.idle
            assert quarantine == ()
            assert not stay or any(held.age_days(NOW) >= UNUSED_DAYS for held in stay)
            assert not given.retire.used or not stay or any(held.used for held in stay)
        else:
            assert CAN_GO not in said
        if given.action is Action.MOVE:
            assert given.keep in [held for held in found if held.used]
            assert given.keep is not None
            assert given.keep.age_days(NOW) >= UNUSED_DAYS
        if given.action is not Action.INCIDENT and not any(
            isinstance(held.last_use, Unreadable) for held in found
        ):
            wanted = keys if given is of_check else (given.retire,)
            assert all(held is None or held.access_key_id in said for held in wanted)
    assert of_check.keep not in keys
    if of_user.action is Action.FIND_CREATOR and not of_user.retire:
        assert of_check.action is Action.FIND_CREATOR


def test_of_more_than_two_keys_one_that_never_worked_goes_first() -> None:
    keys = (key("old", 900, 100), key("unused", 400), key("new", 300, 1))
    assert summary(*keys) == ("deactivate", "unused", "new")


def test_grace_lasts_until_the_newer_key_is_older_than_it() -> None:
    assert in_grace(active(key("old", 900), key("new", 7)), NOW, 7)
    assert not in_grace(active(key("old", 900), key("new", 7 + SECOND)), NOW, 7)
    assert not in_grace(active(key("old", 900), key("new", 0)), NOW, 0)
    assert in_grace(active(key("old", 900), key("new", -1)), NOW, 7)


def test_the_wording_of_an_unused_key_depends_on_when_aws_began_to_record_uses() -> None:
    ancient = key("AKIAOLD", 5000)

    assert describe_key(ancient, NOW).endswith("no use recorded since 2015-04-22)")
    assert describe_key(key("AKIANEW", 50), NOW).endswith("no use recorded)")
    elsewhere = AccessKey("AKIA", NOW, last_use=LastUse(NOW, "ses", "N/A"))
    assert describe_key(elsewhere, NOW).endswith("by ses)")


def test_future_dates_and_unknown_values_are_shown_as_they_are() -> None:
    ahead = AccessKey("AKIA", NOW, last_use=LastUse(NOW + timedelta(days=3), "N/A", "N/A"))
    assert describe_key(ahead, NOW) == (
        "AKIA (created 2026-11-24, less than a day ago; last used 2026-11-27, in the future)"
    )
