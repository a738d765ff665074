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


def test_a_scan_that_is_old_and_a_muted_finding_forbid_to_say_now(tmp_path: Path) -> None:
    facts: dict[str, Any] = {"access_keys": [key(1, 300)], "advice": RETIRE}
    (entry,) = ranked(tmp_path, finding("unused", "a", time=TODAY - 8 * 86_400, **facts))
    assert (entry.action, entry.group) == (Action.LOOK_AGAIN, Group.NEEDS_WORK)
    assert "Unused as of 20" in entry.advice
    (entry,) = ranked(
        tmp_path,
        finding("unrotated", "a", **facts),
        finding("unused", "a", muted=True, **facts),
    )
    assert (entry.action, entry.group) == (Action.ASK, Group.NEEDS_WORK)


def test_the_newest_advice_counts(tmp_path: Path) -> None:
    old = finding("unused", "a", time=YESTERDAY, access_keys=[key(1, 300)], advice=RETIRE)
    use = {"last_used_date": "2026-11-25T00:00:00+00:00"}
    now = finding(
        "unrotated", "a", access_keys=[key(1, 301, **use)],
        advice={"action": "replace", "retire": key(1, 0)["access_key_id"]},
    )  # fmt: skip
    (entry,) = ranked(tmp_path, old, now)
    assert entry.action is Action.REPLACE
    assert entry.last_used_date == use["last_used_date"]


def test_an_inactive_key_of_a_quarantined_user_is_evidence(tmp_path: Path) -> None:
    inactive = finding("inactive", "leaked", access_keys=[key(1, 900, active=False)])
    quarantine: dict[str, Any] = {"quarantine_policies": ["AWSCompromisedKeyQuarantineV3"]}
    passing = finding("quarantined", "leaked", "PASS", **quarantine)
    unread = finding(
        "inactive", "leaked", access_keys=[key(1, 900, active=False)],
        quarantine_unreadable=DENIED,
    )  # fmt: skip
    for findings in ([passing, inactive], [unread]):
        (entry,) = ranked(tmp_path, *findings)
        assert entry.action is Action.KEEP_EVIDENCE
        assert (entry.command, entry.undo) == ("", "")
    assert ranked(tmp_path, inactive)[0].action is Action.DELETE


def test_api_keys_that_the_settings_allow_are_not_listed(tmp_path: Path) -> None:
    both = [{"service_specific_credential_id": name, "age_days": 1} for name in ("A1", "A2")]
    failing: dict[str, Any] = {"failing_service_specific_credentials": ["A2"]}
    entries = ranked(tmp_path, finding("api", "bot", service_specific_credentials=both, **failing))
    assert [one.access_key_id for one in entries] == ["A2"]


def test_the_root_users_key_is_not_lost_beside_a_finding_about_the_account(
    tmp_path: Path,
) -> None:
    account = finding("multiple", "123456789012")
    account["resources"][0]["uid"] = "arn:aws:iam::123456789012:root"
    root = finding("multiple", "<root_account>", active_access_keys=2)
    assert [one.group for one in ranked(tmp_path, account, root)] == [
        Group.INCIDENT, Group.NOT_KNOWN,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "facts",
    [
        {"access_keys": "abc"},
        {"access_keys": [{"age_days": 5}]},
        {"access_keys": [key(1, 5)], "advice": "x"},
        {"access_keys": [{**key(1, 5), "age_days": "many"}]},
        {"access_keys": [{**key(1, 5), "last_used_date": 5}]},
        {"unreadable": "x"},
        {"failing_access_keys": 5},
        {"access_keys": []},
        {},
    ],
)
def test_data_that_no_check_writes_make_an_entry_that_is_not_known(
    tmp_path: Path, facts: dict[str, Any]
) -> None:
    (entry,) = ranked(tmp_path, finding("unused", "a", **facts))
    assert entry.group is Group.NOT_KNOWN


def test_advice_of_a_newer_version_is_to_be_found_out(tmp_path: Path) -> None:
    advice = {"action": "something-new", "retire": key(1, 0)["access_key_id"]}
    (entry,) = ranked(tmp_path, finding("unused", "a", access_keys=[key(1, 5)], advice=advice))
    assert entry.action is Action.FIND_OUT


def test_a_key_that_fails_and_is_not_described_is_listed_all_the_same(tmp_path: Path) -> None:
    (entry,) = ranked(tmp_path, finding("unused", "a", failing_access_keys=["AKIAOTHER"]))
    assert entry.access_key_id == "AKIAOTHER"


@pytest.mark.parametrize(
    "unread",
    [
        finding("administrator", "a", "FAIL", unreadable=DENIED),
        finding("administrator", "123456789012", "MANUAL"),
        finding("administrator", "a", "PASS", time=YESTERDAY),
    ],
    ids=["unreadable counts as failed", "the check crashed", "told by an older scan"],
)
def test_whether_a_user_is_an_administrator_is_not_guessed(
    tmp_path: Path, unread: dict[str, Any]
) -> None:
    facts: dict[str, Any] = {"access_keys": [key(1, 300)], "advice": RETIRE}
    entries = ranked(tmp_path, unread, finding("unused", "a", **facts))
    assert [one.administrator for one in entries if one.access_key_id] == [None]


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
        (finding("multiple", "a", unreadable=DENIED), "It fails, and no key is named: iam:ListAcc"),
        (finding("multiple", "123456789012"), "It fails, and no key is named; the report says why"),
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
