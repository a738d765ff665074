"""What makes a nightly job red: ``--fail-on``."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from prowler_access_keys.ranking.cli import main
from prowler_access_keys.ranking.over_time.news import FAIL_ON

from . import reports
from .reports import key, write

TODAY = int(time.time()) - 3600
OTHER = "222222222222"
INCIDENT: dict[str, Any] = {"quarantine_policies": ["AWSCompromisedKeyQuarantineV2"]}
Findings = Sequence[Mapping[str, Any]]


def night(folder: Path, findings: Findings, *more: str) -> int:
    """The exit code of a run on one report, which is the only one that is there."""
    keys = folder / "keys"
    for path in keys.glob("access-keys-2*.json"):  # the next run must have another name
        path.rename(keys / f"access-keys-1{len([*keys.iterdir()])}.json")
    write(folder / "reports" / "a.ocsf.json", findings)
    return main([str(folder / "reports"), "--output-directory", str(keys), *more])


def finding(check: str, user: str, status: str = "FAIL", **more: Any) -> dict[str, Any]:
    return reports.finding(check, user, status, **{"time": TODAY, **more})


def then(check: str, user: str, status: str = "FAIL", **more: Any) -> dict[str, Any]:
    return finding(check, user, status, **{"time": TODAY - 86_400, **more})


ALICE: dict[str, Any] = {"access_keys": [key(1, 100)], "active_access_keys": 1}
BOTH: dict[str, Any] = {"access_keys": [key(1, 100), key(2, 9)], "active_access_keys": 2}
ROOT: dict[str, Any] = {**ALICE, "root_session_date": "2026-11-25T00:00:00+00:00"}
UNREAD: dict[str, Any] = {
    "unreadable": {"call": "iam:ListAccessKeys", "error_code": "AccessDenied"}
}
CASES: dict[str, tuple[Findings, Findings, int, int]] = {
    "the same key": ([then("unused", "a", **ALICE)], [finding("unused", "a", **ALICE)], 0, 0),
    "another key": ([then("unused", "a", **ALICE)], [finding("unused", "a", **BOTH)], 3, 0),
    "a key of a renamed user": (
        [then("unused", "a", **ALICE)],
        [finding("unused", "b", **ALICE)],
        0,
        0,
    ),
    "another check that passed": (
        [then("unused", "a", **ALICE), then("unrotated", "a", "PASS")],
        [finding("unused", "a", **ALICE), finding("unrotated", "a", **ALICE)],
        3,
        0,
    ),
    "another check that did not look": (
        [then("unused", "a", **ALICE)],
        [finding("unused", "a", **ALICE), finding("unrotated", "a", **ALICE)],
        0,
        0,
    ),
    "a deactivated key": (
        [then("unused", "a", **ALICE), then("inactive", "a", "PASS")],
        [
            finding("unused", "a", "PASS"),
            finding("inactive", "a", access_keys=[key(1, 100, active=False)]),
        ],
        0,
        0,
    ),
    "no longer muted": (
        [then("unused", "a", muted=True, **ALICE)],
        [finding("unused", "a", **ALICE)],
        3,
        0,
    ),
    "the same incident": (
        [then("quarantined", "a", **ALICE, **INCIDENT)],
        [finding("quarantined", "a", **ALICE, **INCIDENT)],
        3,
        3,
    ),
    "an account that was not looked at": (
        [then("unused", "a", "PASS"), then("unused", "b", "PASS", account=OTHER)],
        [finding("unused", "a", "PASS")],
        3,
        3,
    ),
    "a check that was left out": (
        [then("unused", "a", "PASS"), then("quarantined", "a", "PASS")],
        [finding("unused", "a", "PASS")],
        3,
        3,
    ),
    "a check that was left out in one account": (
        [then(it, "a", "PASS", account=of) for it in ("unused", "quarantined") for of in "12"],
        [
            finding("unused", "a", "PASS", account="1"),
            finding("unused", "a", "PASS", account="2"),
            finding("quarantined", "a", "PASS", account="2"),
        ],
        3,
        3,
    ),
    "an account that was looked at before": (
        [then("unused", "a", **ALICE)],
        [then("unused", "a", **ALICE)],
        3,
        3,
    ),
    "users that could not be listed": (
        [then("unused", "<account>", "MANUAL")],
        [finding("unused", "<account>", "MANUAL")],
        3,
        3,
    ),
    "a user that can still not be read": (
        [then("unused", "a", "MANUAL", **UNREAD)],
        [finding("unused", "a", "MANUAL", **UNREAD)],
        0,
        0,
    ),
    "a user that can no longer be read": (
        [then("unused", "a", "PASS")],
        [finding("unused", "a", "MANUAL", **UNREAD)],
        3,
        0,
    ),
    "a key that can no longer be read": (
        [then("unused", "a", **ALICE)],
        [finding("unused", "a", "MANUAL", **UNREAD)],
        0,
        0,
    ),
    "the root user's key": (
        [then("root", "<root_account>", active_access_keys=1)],
        [finding("root", "<root_account>", active_access_keys=1)],
        0,
        0,
    ),
    "the root user's key, listed by a session": (
        [then("root", "<root_account>", **ROOT)],
        [finding("root", "<root_account>", **ROOT)],
        0,
        0,
    ),
    "the root user's key, listed for the first time": (
        [then("root", "<root_account>", active_access_keys=1)],
        [finding("root", "<root_account>", **ROOT)],
        0,
        0,
    ),
    "the root user's key, no longer listed": (
        [then("root", "<root_account>", **ROOT)],
        [finding("root", "<root_account>", active_access_keys=1)],
        0,
        0,
    ),
    "the root user's second key, listed by a session": (
        [then("root", "<root_account>", **ROOT)],
        [finding("root", "<root_account>", **{**ROOT, **BOTH})],
        3,
        0,
    ),
    "the root user's new key": (
        [then("root", "<root_account>", "PASS")],
        [finding("root", "<root_account>", active_access_keys=1)],
        3,
        0,
    ),
}


@pytest.mark.parametrize(("first", "second", "new", "incident"), CASES.values(), ids=CASES)
def test_a_run_is_red_for_what_is_new_for_incidents_and_for_what_was_not_looked_at(
    tmp_path: Path, first: Findings, second: Findings, new: int, incident: int
) -> None:
    listed = any(it["status_code"] != "PASS" and it["status"] == "New" for it in second)
    expected = {"any": 3 if listed else 0, "new": new, "incident": incident, "never": 0}
    night(tmp_path, first)
    (written,) = (tmp_path / "keys").glob("*.json")
    before = written.rename(tmp_path / "first.json")
    for fail_on in FAIL_ON:
        more = ("--fail-on", fail_on, "--previous", str(before))
        assert night(tmp_path, second, *more) == expected[fail_on], fail_on


def test_a_night_in_between_that_missed_the_account_makes_nothing_new(tmp_path: Path) -> None:
    night(tmp_path, [then("unused", "a", **ALICE), then("unused", "b", account=OTHER, **BOTH)])
    between = [finding("unused", "a", time=TODAY - 60, **ALICE)]
    assert night(tmp_path, between, "--fail-on", "new") == 3  # one account was not looked at
    both = [finding("unused", "a", **ALICE), finding("unused", "b", account=OTHER, **BOTH)]
    assert night(tmp_path, both, "--fail-on", "new") == 0


def test_a_check_that_is_left_out_for_good_is_missed_once(tmp_path: Path) -> None:
    both = [then("unused", "a", "PASS"), then("quarantined", "a", "PASS")]
    assert night(tmp_path, both, "--fail-on", "new") == 0
    for seconds, code in enumerate((3, 0, 0)):
        without = [finding("unused", "a", "PASS", time=TODAY + seconds)]
        assert night(tmp_path, without, "--fail-on", "new") == code


def test_the_first_night_is_red_and_what_is_new_is_printed_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert night(tmp_path, [then("unused", "a", **ALICE)], "--fail-on", "new") == 3
    assert "New or an incident: 1, no run before." in capsys.readouterr().out
    assert night(tmp_path, [finding("unused", "a", **BOTH)], "--fail-on", "new") == 3
    told = capsys.readouterr().out
    assert "New or an incident: 1, 1 known since 20" in told
    assert key(2, 0)["access_key_id"] in told
    assert key(1, 0)["access_key_id"] not in told
    later = [finding("unused", "a", time=TODAY + 1, **BOTH)]
    assert night(tmp_path, later, "--fail-on", "new") == 0
    assert "Nothing new, 2 known since 20" in capsys.readouterr().out


def test_data_of_the_second_format_knows_all_keys_of_a_user_that_failed(tmp_path: Path) -> None:
    night(tmp_path, [then("unused", "a", **ALICE)])
    (path,) = (tmp_path / "keys").glob("access-keys-*.json")
    data = json.loads(path.read_text())
    for remembered in data["findings"].values():
        del remembered["keys"], remembered["user_id"]
    path.write_text(json.dumps({**data, "version": 2}))
    assert night(tmp_path, [finding("unused", "a", **BOTH)], "--fail-on", "new") == 0


@pytest.mark.parametrize("text", ["{", '{"version": 99}', "", "[]"])
def test_data_that_cannot_be_used_is_named_and_makes_the_run_end_with_1(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    night(tmp_path, [then("unused", "a", **ALICE)])
    (tmp_path / "keys" / "access-keys-19.json").write_text(text)
    assert night(tmp_path, [finding("unused", "a", **ALICE)], "--fail-on", "new") == 1
    output = capsys.readouterr()
    assert "access-keys-1" in output.err
    assert "Nothing new" in output.out
