"""The order of the keys, and what is said of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from key_ranking.ranking import Action, Group

from .reports import TODAY, YESTERDAY, collected, finding, key, ranked

RETIRE = {"action": "deactivate", "retire": key(1, 0)["access_key_id"]}
DENIED = {"call": "iam:ListAccessKeys", "error_code": "AccessDenied"}


def test_the_order_is_incident_administrator_unused_unknown_in_use_inactive(
    tmp_path: Path,
) -> None:
    move = {"action": "replace", "retire": key(1, 0)["access_key_id"]}
    entries = ranked(
        tmp_path,
        finding("inactive", "inactive", access_keys=[key(1, 900, active=False)]),
        finding("unrotated", "in-use", access_keys=[key(1, 800)], advice=move),
        finding("unused", "unreadable", "MANUAL", unreadable=DENIED),
        finding("unused", "unused", access_keys=[key(1, 300)], advice=RETIRE),
        finding("unused", "old", access_keys=[key(1, 700)], advice=RETIRE),
        finding("administrator", "admin", access_keys=[key(1, 5)], administrator=["policy X"]),
        finding("quarantined", "leaked", access_keys=[key(1, 9)], quarantine_policies=["Q"]),
        finding("root", "<root_account>", active_access_keys=1),
    )
    assert [(one.user, one.group.name) for one in entries] == [
        ("<root_account>", "INCIDENT"),
        ("leaked", "INCIDENT"),
        ("admin", "ADMINISTRATOR"),
        ("old", "CAN_GO_NOW"),
        ("unused", "CAN_GO_NOW"),
        ("unreadable", "NOT_KNOWN"),
        ("in-use", "NEEDS_WORK"),
        ("inactive", "INACTIVE"),
    ]


def test_a_key_that_fails_several_checks_is_one_entry_with_all_that_is_known(
    tmp_path: Path,
) -> None:
    used = {
        "last_used_date": "2025-10-22T00:43:00+00:00",
        "last_used_service": "ses",
        "last_used_region": "eu-west-1",
    }
    keys = [key(1, 1400, **used), key(2, 300)]
    advice = {**RETIRE, "keep": key(2, 0)["access_key_id"]}
    shared: dict[str, Any] = {"access_keys": keys, "advice": advice, "owner": "payments"}
    only = [key(1, 0)["access_key_id"]]
    (entry,) = ranked(
        tmp_path,
        finding("multiple", "backup", **shared),
        finding("unused", "backup", failing_access_keys=only, **shared),
        finding("administrator", "backup", "PASS"),
        finding("quarantined", "backup", "PASS"),
    )
    assert entry.checks == ("iam_user_multiple_active_keys", "iam_user_unused_active_keys")
    assert (entry.account, entry.account_name, entry.unit) == (
        "123456789012",
        "payments",
        "Production",
    )
    assert (entry.access_key_id, entry.age_days, entry.owner) == (only[0], 1400, "payments")
    assert (entry.last_used_service, entry.last_used_region) == ("ses", "eu-west-1")
    assert (entry.administrator, entry.quarantined) == (False, False)
    assert entry.can_go_now
    assert entry.command == (
        f"aws iam update-access-key --user-name=backup --access-key-id {only[0]} --status Inactive"
    )
    assert entry.undo == entry.command.replace("Inactive", "Active")


def test_what_no_check_has_told_is_not_taken_for_no(tmp_path: Path) -> None:
    (entry, unread) = ranked(
        tmp_path,
        finding("unused", "alice", access_keys=[key(1, 300)], advice=RETIRE),
        finding("administrator", "alice", "MANUAL", unreadable=DENIED),
    )
    assert (entry.administrator, entry.quarantined) == (None, None)
    assert (unread.group, unread.user) == (Group.NOT_KNOWN, "alice")


@pytest.mark.parametrize(
    ("advice", "first", "second"),
    [
        ({**RETIRE, "keep": "k2"}, Action.DEACTIVATE, Action.REPLACE),
        ({"action": "move", "retire": "k1", "keep": "k2"}, Action.MOVE, Action.REPLACE),
        (
            {"action": "finish-rotation", "retire": "k1", "keep": "k2", "creator_of": ["k2"]},
            Action.FINISH_ROTATION,
            Action.FINISH_ROTATION,
        ),
        ({"action": "find-creator", "creator_of": ["k2"]}, Action.REPLACE, Action.FIND_CREATOR),
        ({"action": "find-out"}, Action.FIND_OUT, Action.FIND_OUT),
    ],
    ids=lambda one: one["action"] if isinstance(one, dict) else "",
)
def test_each_key_gets_its_part_of_the_users_advice(
    tmp_path: Path, advice: dict[str, Any], first: Action, second: Action
) -> None:
    ids = {"k1": key(1, 0)["access_key_id"], "k2": key(2, 0)["access_key_id"]}
    named = {name: ids.get(str(value), value) for name, value in advice.items()}
    if "creator_of" in advice:
        named["creator_of"] = [ids["k2"]]
    keys = [key(1, 400), key(2, 300)]
    entries = ranked(tmp_path, finding("unrotated", "bob", access_keys=keys, advice=named))
    assert {one.access_key_id: one.action for one in entries} == {
        ids["k1"]: first,
        ids["k2"]: second,
    }


def test_the_key_that_stays_and_is_idle_too_is_not_told_to_be_in_use(tmp_path: Path) -> None:
    advice = {**RETIRE, "keep": key(2, 0)["access_key_id"]}
    keys = [key(1, 400), key(2, 300)]
    entries = ranked(tmp_path, finding("unused", "bob", access_keys=keys, advice=advice))
    assert [one.action for one in entries] == [Action.DEACTIVATE, Action.CHECK_NEED]


def test_an_api_key_and_an_inactive_key_have_commands_of_their_own(tmp_path: Path) -> None:
    api = {"service_specific_credential_id": "ACCA1", "age_days": 210}
    first, second = ranked(
        tmp_path,
        finding("api", "bot", service_specific_credentials=[api]),
        finding("inactive", "bot", access_keys=[key(1, 900, active=False)]),
    )
    assert "update-service-specific-credential --user-name=bot" in first.command
    assert first.undo.endswith("--status Active")
    assert second.command.startswith("aws iam delete-access-key --user-name=bot")
    assert second.undo == ""


def test_no_command_tempts_where_something_must_be_found_out_first(tmp_path: Path) -> None:
    advice = {"action": "find-out"}
    for entry in ranked(
        tmp_path,
        finding("root", "<root_account>", active_access_keys=1),
        finding("unrotated", "bob", access_keys=[key(1, 400)], advice=advice),
        finding("unused", "carol", "MANUAL", unreadable=DENIED),
    ):
        assert (entry.command, entry.undo) == ("", "")


def test_muted_findings_make_no_entry_and_their_facts_still_count(tmp_path: Path) -> None:
    (entry,) = ranked(
        tmp_path,
        finding("unused", "alice", access_keys=[key(1, 300)], advice=RETIRE),
        finding("administrator", "alice", muted=True, administrator=["policy X"]),
        finding("unused", "bob", muted=True, access_keys=[key(2, 300)], advice=RETIRE),
    )
    assert (entry.user, entry.group) == ("alice", Group.ADMINISTRATOR)
    assert entry.checks == ("iam_user_unused_active_keys",)


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (finding("multiple", "a", unreadable=DENIED), "its keys could not be listed: iam:ListAcc"),
        (finding("multiple", "123456789012"), "its keys could not be listed; the report says why"),
        (finding("multiple", "123456789012", "MANUAL"), "It could not be judged; the report says"),
        (finding("multiple", "a", "MANUAL", unreadable=DENIED), "It could not be read: iam:List"),
    ],
)
def test_what_names_no_key_is_not_lost(tmp_path: Path, one: dict[str, Any], says: str) -> None:
    (entry,) = ranked(tmp_path, one)
    assert entry.group is Group.NOT_KNOWN
    assert says in entry.advice


def test_a_finding_that_a_newer_scan_does_not_tell_of_is_not_known(tmp_path: Path) -> None:
    old = finding("unused", "alice", time=YESTERDAY, access_keys=[key(1, 300)], advice=RETIRE)
    new = finding("unused", "bob", "PASS", time=TODAY)
    (entry,) = ranked(tmp_path, old, new)
    assert (entry.user, entry.group) == ("alice", Group.NOT_KNOWN)
    assert "does not tell of it: it is gone, or that scan left it out" in entry.advice
    assert not ranked(tmp_path, new)
    assert collected(tmp_path, old, new).accounts["123456789012"].name == "payments"
