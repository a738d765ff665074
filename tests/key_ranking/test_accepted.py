"""What exceptions accept has a part of its own, and is back on the list when they have ended."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from prowler_access_keys.ranking.findings.accepted import OwnerRow, word_accepted
from prowler_access_keys.ranking.outputs.page import Page, render
from prowler_access_keys.ranking.outputs.terminal import describe_first
from prowler_access_keys.ranking.over_time.snapshot import read_snapshot
from prowler_access_keys.ranking.ranked_reports import RankedReports, rank_reports, write_files

from ..csv_files import csv_rows
from .reports import NOW, TODAY, YESTERDAY, finding, key, write

LATER = (NOW + timedelta(days=90)).isoformat()
SOON = (NOW + timedelta(days=2)).isoformat()
PAST = (NOW - timedelta(seconds=1)).isoformat()
OWN = "iam_users_access_key_exceptions"


def exception(until: str = LATER, state: str = "in force", **more: Any) -> dict[str, Any]:
    return {
        "account": "*", "user": "alice", "checks": ["*"], "reason": "<b>a relay", "owner": "mail",
        "approver": "=security", "until": until, "state": state, **more,
    }  # fmt: skip


def accepted(check: str, user: str, *, time: int = TODAY, **more: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "access_keys": [key(1, 500)], "exceptions": [exception()], "accepted": True, **more
    }  # fmt: skip
    return finding(check, user, muted=True, time=time, **facts)


def rank(folder: Path, *findings: dict[str, Any]) -> RankedReports:
    return rank_reports([write(folder / "prowler-output-1.ocsf.json", findings)], NOW, None)


def page(ranking: RankedReports) -> str:
    return render(
        Page(
            "title", "", ranking.entries, "keys.csv", {}, [], ("a", "b", "c"), [],
            muted=ranking.collected.muted, accepted=ranking.accepted, owners=ranking.owners,
        )
    )  # fmt: skip


def test_an_accepted_key_is_in_a_part_of_its_own(tmp_path: Path) -> None:
    ranking = rank(
        tmp_path,
        accepted("unrotated", "alice"), accepted("unused", "alice"),
        finding("unrotated", "bob", access_keys=[key(2, 200)]),
        finding("unrotated", "muted", muted=True, access_keys=[key(3, 200)]),
    )  # fmt: skip
    assert [entry.user for entry in ranking.entries] == ["bob"]
    (row,) = ranking.accepted
    assert (row.user, row.access_key_id, row.owner) == (
        "alice",
        key(1, 500)["access_key_id"],
        "mail",
    )
    assert row.checks == "iam_user_unrotated_active_keys iam_user_unused_active_keys"
    assert ranking.owners == (OwnerRow("mail", 1, 0, 0),)
    assert ranking.collected.muted == 1
    html = page(ranking)
    assert "1 muted finding is left out" in html
    assert "1 accepted: they fail, and somebody answers for them" in html
    assert "&lt;b&gt;a relay" in html
    assert row.until in html
    words = word_accepted(ranking.accepted, ranking.owners)
    assert words == "Accepted until a day: 1 key. Exceptions that end soon: 0; ended: 0."
    assert describe_first(ranking.entries, 3, words)[-1] == words
    keys, data, more = write_files(ranking, tmp_path, "access-keys-1")
    assert "alice" not in keys.read_text()
    (line,) = csv_rows(more)
    assert (line["user"], line["owner"], line["approver"]) == ("alice", "mail", "'=security")
    assert json.loads(data.read_text())["accepted"][0]["user"] == "alice"


def test_without_exceptions_nothing_is_said_of_them(tmp_path: Path) -> None:
    ranking = rank(tmp_path, finding("unrotated", "bob", access_keys=[key(2, 200)]))
    assert 'id="accepted"' not in page(ranking)
    assert word_accepted(ranking.accepted, ranking.owners) == ""
    assert len(write_files(ranking, tmp_path, "access-keys-1")) == 2


def test_an_exception_that_has_ended_since_the_scan_accepts_nothing(tmp_path: Path) -> None:
    ended = [exception(PAST)]
    ranking = rank(
        tmp_path,
        accepted("unrotated", "alice", exceptions=ended),
        accepted("unrotated", "bob", exceptions=ended, muted_by_mutelist=True),
    )
    assert [entry.user for entry in ranking.entries] == ["alice"]
    assert {row.ended for row in ranking.owners} == {1}


def test_what_a_mutelist_mutes_is_not_taken_for_accepted(tmp_path: Path) -> None:
    """Its finding may name an exception that has ended, or that covers another key."""
    findings = [
        finding("unrotated", "alice", muted=True, exceptions=[exception(PAST, "ended")]),
        finding("unrotated", "bob", muted=True, exceptions=[exception()]),
        finding(OWN, "<exception 1 for user bob>", muted=True, exceptions=[exception()]),
    ]
    ranking = rank(tmp_path, *findings)
    assert len(ranking.entries) == len(ranking.accepted) == 0
    assert ranking.collected.muted == 3


def test_exceptions_are_counted_by_owner(tmp_path: Path) -> None:
    soon = exception(SOON, ends_soon=True, owner="data")
    ended = exception(PAST, "ended", owner="data", user="bob")
    idle = exception(owner="mail", user="eve")
    ranking = rank(
        tmp_path,
        accepted("unrotated", "alice", exceptions=[soon]),
        finding("unrotated", "bob", access_keys=[key(2, 200)], exceptions=[ended]),
        finding("unused", "carol", access_keys=[key(3, 200)], exceptions=[exception(user="x")]),
        finding(OWN, "<exception 1 for user bob>", exceptions=[ended]),
        finding(OWN, "<exception 2 for user eve>", exceptions=[idle]),
        finding(OWN, "<account>", "PASS"),
    )
    assert ranking.owners == (OwnerRow("data", 1, 1, 1), OwnerRow("mail", 1, 0, 0))
    causes = [entry for entry in ranking.entries if not entry.is_to_act_on]
    assert {entry.advice for entry in causes} == {
        "An exception has ended, or something else is wrong with it: see the report."
    }
    assert {entry.user for entry in causes} == {"<account>"}


def test_what_is_accepted_is_not_fixed(tmp_path: Path) -> None:
    then = [finding("unused", "alice", time=YESTERDAY, access_keys=[key(1, 500)])]
    before = rank_reports([write(tmp_path / "then.ocsf.json", then)], NOW, None)
    snapshot = read_snapshot(write_files(before, tmp_path, "access-keys-1")[1], NOW)
    report = write(tmp_path / "now.ocsf.json", [accepted("unused", "alice")])
    ranking = rank_reports([report], NOW, snapshot)
    assert [change.kind for change in ranking.changes] == ["accepted"]
    assert "1 accepted" in page(ranking)
    again = read_snapshot(write_files(ranking, tmp_path, "access-keys-2")[1], NOW)
    later = NOW + timedelta(days=91)
    back = accepted("unused", "alice", time=TODAY + 91 * 86_400)
    ended = rank_reports([write(tmp_path / "later.ocsf.json", [back])], later, again)
    assert [(change.kind, change.why) for change in ended.changes] == [("new", "it was muted then")]
