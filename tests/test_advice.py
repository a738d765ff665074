"""What to do about several active keys: each rule, and its edges."""

from __future__ import annotations

import pytest

from prowler_access_keys.services.iam.iam_access_keys.advice import (
    Action,
    Advice,
    advise,
    in_grace,
    word,
)
from prowler_access_keys.services.iam.iam_access_keys.facts import (
    AccessKey,
    LastUse,
    Quarantine,
    Unreadable,
)
from prowler_access_keys.services.iam.iam_access_keys.wording import described

from .keys import DENIED, NOW, active, key

SECOND = 1 / 24 / 60 / 60
UNUSED_DAYS = 45
QUARANTINED = ("AWSCompromisedKeyQuarantineV2",)
UNKNOWN = Unreadable("iam:ListAttachedUserPolicies", "AccessDenied")


def advice(*keys: AccessKey, quarantine: Quarantine = ()) -> Advice:
    return advise(active(*keys), quarantine, NOW, UNUSED_DAYS)


def summary(*keys: AccessKey) -> tuple[str, ...]:
    """The action, the key to retire and the one to keep; empty if there is none."""
    given = advice(*keys)
    ids = [one.access_key_id if one else "" for one in (given.retire, given.keep)]
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
        ((900, None), (1, None), ("deactivate", "old", "new")),
        ((30, None), (20, None), ("find-creator", "", "")),
        ((900, -2), (300, 1), ("move", "old", "new")),
        ((900, 1), (10, 100), ("move", "old", "new")),
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
    assert advice(*keys) == Advice(Action.FIND_OUT)


@pytest.mark.parametrize("unused", [1, 100, None, DENIED])
def test_a_quarantined_user_is_an_incident_whatever_its_keys(unused: float | None) -> None:
    given = advice(key("old", 900, 200), key("new", 90, unused), quarantine=QUARANTINED)
    assert given == Advice(Action.INCIDENT, quarantine=QUARANTINED)


def test_an_unknown_quarantine_is_to_be_found_out_before_a_key_goes() -> None:
    given = advice(key("old", 900, 200), key("new", 90, 1), quarantine=UNKNOWN)
    assert given.action is Action.FIND_OUT
    assert word(given, NOW).startswith("old was not used for 200 days: deactivate it once you know")


def test_an_unknown_quarantine_leaves_other_advice_and_is_named() -> None:
    given = advice(key("old", 900, 2), key("new", 90, 1), quarantine=UNKNOWN)
    assert given.action is Action.MOVE
    assert word(given, NOW).endswith(
        "Whether AWS has quarantined this user could not be read: iam:ListAttachedUserPolicies "
        "failed with AccessDenied."
    )


def test_of_more_than_two_keys_one_that_never_worked_goes_first() -> None:
    keys = (key("old", 900, 100), key("unused", 400), key("new", 300, 1))
    assert summary(*keys) == ("deactivate", "unused", "new")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((key("old", 900, 1), key("new", 50)),
         "new has no use on record and can be deactivated now."),
        ((key("old", 900, 100), key("new", 50)),
         "new has no use on record and can be deactivated now. old was not used for 100 days "
         "either: check whether the user needs a key at all."),
        ((key("old", 900, 100), key("new", 800, 60)),
         "old was not used for 100 days and can be deactivated now. new was not used for 60 days "
         "either: check whether the user needs a key at all."),
        ((key("old", 900, 2), key("new", 90, 1)),
         "Both are in use: move what uses old to new, then deactivate old."),
        ((key("old", 900, 1), key("new", 4)),
         "A rotation was started and not finished: put new to use, then deactivate old. If nobody "
         "is rotating this key, find out who created new."),
        ((key("old", 900, 200), key("new", 1)),
         "No use of new is recorded: find out who created it and why, and deactivate what is not "
         "needed."),
        ((key("old", 30), key("new", 1)),
         "No use of old and new is recorded: find out who created them and why, and deactivate "
         "what is not needed."),
        ((key("old", 900, DENIED), key("new", 1)),
         "Find out which keys are in use before you deactivate one."),
    ],
)  # fmt: skip
def test_the_advice_as_a_sentence(keys: tuple[AccessKey, ...], said: str) -> None:
    assert word(advice(*keys), NOW) == said


def test_an_incident_as_a_sentence() -> None:
    said = word(advice(key("old", 9), key("new", 1), quarantine=QUARANTINED), NOW)
    assert said == (
        "This is an incident: AWS has seen an access key of this user in public, and attached "
        "AWSCompromisedKeyQuarantineV2. Find out what uses the keys and deactivate them, look at "
        "what they did, and keep the policy until then."
    )


def test_grace_lasts_until_the_newer_key_is_older_than_it() -> None:
    assert in_grace(active(key("old", 900), key("new", 7)), NOW, 7)
    assert not in_grace(active(key("old", 900), key("new", 7 + SECOND)), NOW, 7)
    assert not in_grace(active(key("old", 900), key("new", 0)), NOW, 0)
    assert in_grace(active(key("old", 900), key("new", -1)), NOW, 7)


def test_a_key_without_a_use_is_worded_by_when_aws_began_to_record_uses() -> None:
    ancient = key("AKIAOLD", 5000)

    assert described(ancient, NOW).endswith("no use recorded since 2015-04-22)")
    assert described(key("AKIANEW", 50), NOW).endswith("no use recorded)")
    elsewhere = AccessKey("AKIA", NOW, last_use=LastUse(NOW, "ses", "N/A"))
    assert described(elsewhere, NOW).endswith("by ses)")
