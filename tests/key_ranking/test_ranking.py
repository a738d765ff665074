"""The order of the keys, and what is said of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prowler_access_keys.ranking.entries.actions import Action, KeyAction
from prowler_access_keys.ranking.entries.entry import Group
from prowler_access_keys.services.iam.iam_access_keys.findings.advice import Action as AdviceAction

from .reports import SHORT, TODAY, YESTERDAY, collected, finding, key, ranked

DAY = 86_400

RETIRE = {"action": "deactivate", "retire": key(1, 0)["access_key_id"]}
DENIED = {"call": "iam:ListAccessKeys", "error_code": "AccessDenied"}


def test_the_order_is_incident_administrator_unused_in_use_inactive_unknown(
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
    assert [(entry.user, entry.group.name) for entry in entries] == [
        ("<root_account>", "INCIDENT"),
        ("leaked", "INCIDENT"),
        ("admin", "ADMINISTRATOR"),
        ("old", "CAN_GO_NOW"),
        ("unused", "CAN_GO_NOW"),
        ("in-use", "NEEDS_WORK"),
        ("inactive", "INACTIVE"),
        ("unreadable", "NOT_KNOWN"),
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
        ({**RETIRE, "keep": "k2"}, AdviceAction.DEACTIVATE, AdviceAction.REPLACE),
        ({"action": "move", "retire": "k1", "keep": "k2"}, AdviceAction.MOVE, AdviceAction.REPLACE),
        (
            {"action": "finish-rotation", "retire": "k1", "keep": "k2", "creator_of": ["k2"]},
            AdviceAction.FINISH_ROTATION,
            AdviceAction.FINISH_ROTATION,
        ),
        (
            {"action": "find-creator", "creator_of": ["k2"]},
            AdviceAction.REPLACE,
            AdviceAction.FIND_CREATOR,
        ),
        ({"action": "find-out"}, AdviceAction.FIND_OUT, AdviceAction.FIND_OUT),
    ],
    ids=lambda value: value["action"] if isinstance(value, dict) else "",
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
    assert {entry.access_key_id: entry.action for entry in entries} == {
        ids["k1"]: first,
        ids["k2"]: second,
    }


def test_the_key_that_stays_and_is_idle_too_is_not_told_to_be_in_use(tmp_path: Path) -> None:
    advice = {**RETIRE, "keep": key(2, 0)["access_key_id"]}
    keys = [key(1, 400), key(2, 300)]
    entries = ranked(tmp_path, finding("unused", "bob", access_keys=keys, advice=advice))
    assert [entry.action for entry in entries] == [AdviceAction.DEACTIVATE, KeyAction.CHECK_NEED]


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"last_used_date": "2025-10-21T00:00:00+00:00"}, "Unused for 400 days: deactivate it."),
        ({"last_used_date": "2025-10-21"}, "Unused since 2025-10-21: deactivate it."),
        ({}, "No recorded use in 1000 days: deactivate it."),
    ],
)
def test_the_advice_says_how_long_a_key_was_unused(
    tmp_path: Path, facts: dict[str, Any], says: str
) -> None:
    keys = [key(1, 1000, **facts)]
    (entry,) = ranked(tmp_path, finding("unused", "a", access_keys=keys, advice=RETIRE))
    assert entry.advice == says


def test_a_scan_that_is_old_and_a_muted_finding_forbid_to_say_now(tmp_path: Path) -> None:
    facts: dict[str, Any] = {"access_keys": [key(1, 300)], "advice": RETIRE}
    (entry,) = ranked(tmp_path, finding("unused", "a", time=TODAY - 8 * 86_400, **facts))
    assert (entry.action, entry.group) == (KeyAction.LOOK_AGAIN, Group.NEEDS_WORK)
    assert "Unused as of 20" in entry.advice
    (entry,) = ranked(
        tmp_path,
        finding("unrotated", "a", **facts),
        finding("unused", "a", muted=True, **facts),
    )
    assert (entry.action, entry.group) == (KeyAction.ASK, Group.NEEDS_WORK)


@given(advised=st.integers(0, 30), newer=st.integers(0, 30))
def test_only_recent_advice_says_now_whatever_else_was_found_since(
    tmp_path_factory: pytest.TempPathFactory, advised: int, newer: int
) -> None:
    facts: dict[str, Any] = {"access_keys": [key(1, 300)], "advice": RETIRE}
    (entry,) = ranked(
        tmp_path_factory.mktemp("drawn"),
        finding("unused", "a", time=TODAY - advised * DAY, **facts),
        finding("unrotated", "a", time=TODAY - newer * DAY, access_keys=[key(1, 300)]),
        finding("multiple", "a", "MANUAL", time=TODAY, access_keys=[key(1, 300)]),
    )[:1]
    assert (entry.action is AdviceAction.DEACTIVATE) == (advised < 7)


QUARANTINED = finding(
    "quarantined", "a", time=YESTERDAY, access_keys=[key(1, 5)], quarantine_policies=["Q"]
)
UNUSED_KEY = finding("unused", "a", time=YESTERDAY, access_keys=[key(1, 300)], advice=RETIRE)
USE = {"last_used_date": "2026-11-25T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("old", "check", "facts", "advice", "action"),
    [
        (QUARANTINED, "unused", {}, RETIRE, AdviceAction.DEACTIVATE),
        (UNUSED_KEY, "unrotated", USE, None, KeyAction.LOOK_AGAIN),
        (UNUSED_KEY, "unrotated", USE, {**RETIRE, "action": "replace"}, AdviceAction.REPLACE),
    ],
    ids=["an old quarantine", "a use after the advice", "newer advice"],
)
def test_what_was_found_last_counts(
    tmp_path: Path, old: Any, check: str, facts: Any, advice: Any, action: Action
) -> None:
    advised = {"advice": advice} if advice else {}
    new = finding(check, "a", access_keys=[key(1, 300, **facts)], **advised)
    (entry,) = ranked(tmp_path, old, new)
    assert (entry.action, entry.last_used_date) == (action, facts.get("last_used_date", ""))


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"quarantine_policies": ["Q"]}, "As of 2026-01-29: Incident"),
        ({"administrator": ["policy X"]}, "The user was an administrator on 2026-01-29."),
    ],
)
def test_what_an_old_finding_says_has_its_date(
    tmp_path: Path, facts: dict[str, Any], says: str
) -> None:
    check = "quarantined" if "quarantine_policies" in facts else "administrator"
    old = finding(check, "a", time=TODAY - 300 * DAY, access_keys=[key(1, 5)], **facts)
    (entry,) = ranked(tmp_path, old, finding("unrotated", "a", access_keys=[key(1, 305)]))
    assert says in entry.advice


def test_usage_and_origin_of_an_old_finding_have_its_date(tmp_path: Path) -> None:
    evidence: dict[str, Any] = {"usage": {"regions": ["eu-west-1"]}, "origin": {"unknown": "x"}}
    old = finding("unused", "a", time=TODAY - 10 * DAY, access_keys=[key(1, 5, **evidence)])
    (entry,) = ranked(tmp_path, old, finding("unrotated", "a", access_keys=[key(1, 15)]))
    assert entry.usage.startswith("As of 2026-11-15: CloudTrail's event history has no event")
    assert entry.origin.startswith("As of 2026-11-15: Who created")


def test_a_quarantined_user_whose_keys_could_not_be_listed_is_an_incident(tmp_path: Path) -> None:
    facts: dict[str, Any] = {"quarantine_policies": ["Q"], "unreadable": DENIED}
    (entry,) = ranked(
        tmp_path, finding("unused", "a", "MANUAL", **facts), finding("multiple", "a", **facts)
    )[:1]
    assert (entry.group, entry.quarantined, entry.command) == (Group.INCIDENT, True, "")
    assert entry.advice.startswith("Incident: AWS suspects")
    assert "iam:ListAccessKeys failed with AccessDenied" in entry.advice


def test_an_inactive_key_is_to_be_deleted_only_if_the_check_of_inactive_keys_says_so(
    tmp_path: Path,
) -> None:
    advice = {"action": "of-a-newer-version"}
    keys = [key(1, 900, active=False)]
    (entry,) = ranked(tmp_path, finding("iam_user_unused_active_keys", "a", access_keys=keys,
                                        advice=advice))  # fmt: skip
    assert (entry.action, entry.command) == (AdviceAction.FIND_OUT, "")


EXPORTED: dict[str, Any] = {"access_keys": [key(1, 300)], "advice": RETIRE}
"""What Prowler App exports with every finding about a user: the data of the last check."""


@pytest.mark.parametrize("marker", [{"check": "iam_user_unused_active_keys"}, {}])
@pytest.mark.parametrize("check", ["administrator", "quarantined", "api"])
def test_a_failure_with_another_checks_data_is_an_entry_and_no_fact_about_the_user(
    tmp_path: Path, check: str, marker: dict[str, Any]
) -> None:
    exported = {**EXPORTED, **marker}
    key_entry, lost = ranked(
        tmp_path,
        finding("administrator", "other", "PASS"),
        finding("quarantined", "other", "PASS"),
        finding(check, "leaked", **exported),
        finding("unused", "leaked", **exported),
    )
    assert key_entry.checks == ("iam_user_unused_active_keys",)
    assert (key_entry.administrator, key_entry.quarantined) == (None, None)
    assert lost.checks == (SHORT[check],)
    assert "another check's data in its place, as exports of Prowler App" in lost.advice


def test_a_pass_with_another_checks_data_does_not_say_that_a_user_is_not_quarantined(
    tmp_path: Path,
) -> None:
    exported = {**EXPORTED, "check": "iam_user_unused_active_keys"}
    unused = finding("unused", "a", **exported)
    (entry,) = ranked(tmp_path, finding("quarantined", "a", "PASS", **exported), unused)
    assert entry.quarantined is None
    own = finding("quarantined", "a", "PASS", check=SHORT["quarantined"])
    assert ranked(tmp_path, own, unused)[0].quarantined is False


@pytest.mark.parametrize("action", [*AdviceAction, "of-a-newer-version"])
def test_any_action_of_a_findings_advice_gives_each_key_an_entry(
    tmp_path: Path, action: str
) -> None:
    ids = [key(number, 0)["access_key_id"] for number in (1, 2, 3)]
    advice = {"action": action, "retire": ids[0], "keep": ids[1], "creator_of": [ids[2]]}
    keys = [key(number, 400) for number in (1, 2, 3)]
    entries = ranked(tmp_path, finding("unrotated", "a", access_keys=keys, advice=advice))
    actions = {entry.access_key_id: entry.action for entry in entries}
    assert sorted(actions) == ids
    assert all(entry.advice for entry in entries)
    if action == "of-a-newer-version":
        assert list(map(actions.get, ids)) == [
            AdviceAction.FIND_OUT, AdviceAction.FIND_OUT, AdviceAction.FIND_CREATOR,
        ]  # fmt: skip
    if action == "find-creator":
        assert list(map(actions.get, ids)) == [
            KeyAction.WAIT_FOR_CREATOR, AdviceAction.REPLACE, AdviceAction.FIND_CREATOR,
        ]  # fmt: skip


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
        assert entry.action is KeyAction.KEEP_EVIDENCE
        assert ("could not be determined" in entry.advice) == (findings == [unread])
        assert (entry.command, entry.undo) == ("", "")
    assert ranked(tmp_path, inactive)[0].action is KeyAction.DELETE


def test_api_keys_that_the_settings_allow_are_not_listed(tmp_path: Path) -> None:
    both = [{"service_specific_credential_id": name, "age_days": 1} for name in ("A1", "A2")]
    failing: dict[str, Any] = {"failing_service_specific_credentials": ["A2"]}
    entries = ranked(tmp_path, finding("api", "bot", service_specific_credentials=both, **failing))
    assert [entry.access_key_id for entry in entries] == ["A2"]


def test_an_api_key_of_two_scans_is_one_entry(tmp_path: Path) -> None:
    then, now = ({"service_specific_credential_id": "A1", "age_days": days} for days in (8, 9))
    policies: dict[str, Any] = {"quarantine_policies": ["Q"]}
    (entry,) = ranked(
        tmp_path,
        finding(
            "quarantined", "a", time=YESTERDAY, service_specific_credentials=[then], **policies
        ),
        finding("api", "a", service_specific_credentials=[now]),
    )
    assert (entry.access_key_id, entry.age_days) == ("A1", 9)
    assert entry.checks == (SHORT["api"], SHORT["quarantined"])


def test_the_root_users_key_is_not_lost_beside_a_finding_about_the_account(
    tmp_path: Path,
) -> None:
    account = finding("multiple", "123456789012")
    account["resources"][0]["uid"] = "arn:aws:iam::123456789012:root"
    root = finding("multiple", "<root_account>", active_access_keys=2)
    assert [entry.group for entry in ranked(tmp_path, account, root)] == [
        Group.INCIDENT, Group.NOT_KNOWN,
    ]  # fmt: skip


def test_listed_keys_of_the_root_user_are_ranked_one_by_one(tmp_path: Path) -> None:
    keys = [key(1, 400, last_used_date="2026-11-01T00:00:00+00:00"), key(2, 500, active=False)]
    read: dict[str, Any] = {"root_session_date": "2026-11-25T00:00:00+00:00"}
    root, second = (
        finding("root", "<root_account>", access_keys=keys, active_access_keys=1, **read),
        finding("multiple", "<root_account>", active_access_keys=2),
    )
    active, inactive = ranked(tmp_path, root)
    assert (active.group, active.action) == (Group.INCIDENT, KeyAction.DELETE_ROOT_KEY)
    assert (active.access_key_id, active.age_days) == (keys[0]["access_key_id"], 400)
    assert active.last_used_date == "2026-11-01T00:00:00+00:00"
    assert (inactive.group, inactive.access_key_id) == (Group.INACTIVE, keys[1]["access_key_id"])
    assert inactive.action is KeyAction.DELETE_INACTIVE_ROOT_KEY
    assert (active.administrator, active.command, inactive.command) == (True, "", "")
    # A finding of another scan, which had no session, is behind each of them.
    checks = ("iam_root_user_active_keys", "iam_user_multiple_active_keys")
    assert [entry.checks for entry in ranked(tmp_path, root, second)] == [checks, checks]
    # Two of which one check lists those that are active.
    second = finding("multiple", "<root_account>", access_keys=keys[:1], **read)
    assert [len(entry.checks) for entry in ranked(tmp_path, root, second)] == [2, 1]


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
    assert [entry.administrator for entry in entries if entry.access_key_id] == [None]


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
    ("unnamed", "says"),
    [
        (finding("multiple", "a", unreadable=DENIED), "its finding names no key: iam:ListAcc"),
        (finding("multiple", "123456789012"), "its finding names no key: see the report"),
        (finding("multiple", "123456789012", "MANUAL"), "gave no verdict: see the report"),
        (
            finding("multiple", "a", "MANUAL", unreadable=DENIED),
            "iam:ListAccessKeys failed with AccessDenied. Grant",
        ),
    ],
)
def test_what_names_no_key_is_not_lost(tmp_path: Path, unnamed: dict[str, Any], says: str) -> None:
    (entry,) = ranked(tmp_path, unnamed)
    assert entry.group is Group.NOT_KNOWN
    assert says in entry.advice


def test_a_finding_that_a_newer_scan_does_not_tell_of_is_not_known(tmp_path: Path) -> None:
    old = finding("unused", "alice", time=YESTERDAY, access_keys=[key(1, 300)], advice=RETIRE)
    new = finding("unused", "bob", "PASS", time=TODAY)
    (entry,) = ranked(tmp_path, old, new)
    assert (entry.user, entry.group) == ("alice", Group.NOT_KNOWN)
    assert "has no such finding: the user is gone, or the scan left it out" in entry.advice
    assert not ranked(tmp_path, new)
    assert collected(tmp_path, old, new).accounts["123456789012"].name == "payments"


def test_of_the_same_time_the_advice_that_fits_each_check_that_fails_counts(tmp_path: Path) -> None:
    """One check lets a key stay, and another one does not."""
    old, new = (key(number, 0)["access_key_id"] for number in (1, 2))
    keys = [key(1, 900), key(2, 300)]
    move = {"action": "move", "retire": old, "keep": new}
    replace = {"action": "replace", "retire": old}
    second = finding("multiple", "a", access_keys=keys, advice=move)
    (entry,) = ranked(tmp_path, second)
    assert (entry.action, entry.access_key_id) == (AdviceAction.MOVE, old)
    unrotated = finding("unrotated", "a", access_keys=keys, advice=replace)
    assert [entry.action for entry in ranked(tmp_path, second, unrotated)] == [
        AdviceAction.REPLACE
    ] * 2


def test_a_key_for_smtp_is_not_replaced_by_a_role(tmp_path: Path) -> None:
    of_smtp = key(1, 900, last_used_service="ses-smtp")
    advice = {"action": "replace", "retire": of_smtp["access_key_id"]}
    (entry,) = ranked(tmp_path, finding("unrotated", "a", access_keys=[of_smtp], advice=advice))
    assert entry.action is KeyAction.REPLACE_SMTP
    assert "derive a new SMTP password" in entry.advice


@pytest.mark.parametrize(
    ("check", "advice", "action"),
    [
        ("decoy", {"action": "decoy-used"}, AdviceAction.DECOY_USED),
        (
            "made-for",
            {"action": "find-creator", "creator_of": [key(1, 0)["access_key_id"]]},
            AdviceAction.FIND_CREATOR,
        ),
    ],
)
def test_signs_of_an_intruder_are_incidents(
    tmp_path: Path, check: str, advice: Any, action: AdviceAction
) -> None:
    found = finding(check, "a", access_keys=[key(1, 1)], advice=advice)
    (entry,) = ranked(tmp_path, found)
    assert (entry.group, entry.action) == (Group.INCIDENT, action)
    assert bool(entry.command) == (action is AdviceAction.FIND_CREATOR)


def test_an_api_key_of_a_quarantined_user_is_part_of_the_incident(tmp_path: Path) -> None:
    held = [{"service_specific_credential_id": "ACCA1", "service_name": "codecommit.amazonaws.com"}]
    free = finding("api", "a", service_specific_credentials=held)
    (entry,) = ranked(tmp_path, free)
    assert (entry.group, entry.advice) == (
        Group.NEEDS_WORK,
        "Use git-remote-codecommit with an IAM role instead, then deactivate it.",
    )
    suspect = finding("api", "a", service_specific_credentials=held, quarantine_policies=["Q"])
    (entry,) = ranked(tmp_path, suspect)
    assert (entry.group, entry.action) == (Group.INCIDENT, AdviceAction.INCIDENT)
    assert "update-service-specific-credential" in entry.command


@pytest.mark.parametrize("newer", ["decoy", "unused"])
def test_a_used_decoy_is_an_incident_whatever_else_is_found_of_it(
    tmp_path: Path, newer: str
) -> None:
    """Also in a newer scan, by another check."""
    used: dict[str, Any] = {"access_keys": [key(1, 1)], "advice": {"action": "decoy-used"}}
    idle: dict[str, Any] = {"access_keys": [key(1, 1)], "advice": RETIRE}
    times = {"decoy": YESTERDAY, "unused": YESTERDAY, newer: TODAY}
    found = [
        finding("decoy", "a", time=times["decoy"], **used),
        finding("unused", "a", time=times["unused"], **idle),
    ]
    for findings in (found, found[::-1]):
        (entry,) = ranked(tmp_path, *findings)
        assert (entry.group, entry.action) == (Group.INCIDENT, AdviceAction.DECOY_USED)
        assert not entry.command


def test_what_is_found_of_a_decoy_does_not_end_a_quarantine(tmp_path: Path) -> None:
    (entry,) = ranked(
        tmp_path,
        finding("quarantined", "a", access_keys=[key(1, 9)], quarantine_policies=["Q"]),
        finding("decoy", "a", access_keys=[key(1, 9)], advice={"action": "decoy-used"}),
    )
    assert (entry.group, entry.quarantined) == (Group.INCIDENT, True)


@pytest.mark.parametrize(
    ("reason", "action", "has_command"),
    [
        ("decoy", KeyAction.LEAVE_DECOY, False),
        ("possible-decoy", KeyAction.POSSIBLE_DECOY, False),
        ("quarantine-unread", KeyAction.CHECK_FIRST, True),
        ("policies-unread", KeyAction.CHECK_FIRST, True),
        ("of a newer version", AdviceAction.FIND_OUT, False),
    ],
)
def test_the_reason_why_a_key_cannot_go_now_is_told(
    tmp_path: Path, reason: str, action: Action, has_command: bool
) -> None:
    advice = {"action": "find-out", "reason": reason}
    (entry,) = ranked(tmp_path, finding("unused", "a", access_keys=[key(1, 300)], advice=advice))
    assert (entry.action, entry.can_go_now, bool(entry.command)) == (action, False, has_command)


def test_a_password_of_a_user_made_for_an_api_key_is_an_incident(tmp_path: Path) -> None:
    advice = {"action": "find-creator"}
    (entry,) = ranked(tmp_path, finding("made-for", "a", console_password=True, advice=advice))
    assert (entry.group, entry.user, entry.command) == (Group.INCIDENT, "a", "")
