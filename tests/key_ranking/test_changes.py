"""What has become of the findings of an earlier run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from prowler_access_keys.ranking.over_time.runs import FORMAT, Figures
from prowler_access_keys.ranking.over_time.snapshot import (
    Snapshot,
    earlier_runs,
    read_snapshot,
    require_common_account,
)
from prowler_access_keys.ranking.ranked_reports import RankedReports, rank_reports, write_files
from prowler_access_keys.ranking.whole_file import UnusableFileError

from .reports import SHORT, TODAY, YESTERDAY, finding, key, write

OTHER = "222222222222"
NOW = datetime(2026, 11, 26, tzinfo=timezone.utc)
Findings = Sequence[Mapping[str, Any]]


def compare(
    folder: Path, then: Findings, now: Findings, members: set[str] | None = None
) -> list[tuple[str, str]]:
    """What is told of each user, between a run with these findings and a later one."""
    return [(change.user, change.kind) for change in later(folder, then, now, members).changes]


def later(
    folder: Path, then: Findings, now: Findings, members: set[str] | None = None
) -> RankedReports:
    return run(folder, run(folder, None, *then).snapshot, *now, members=members)


def old(check: str, user: str, status: str = "FAIL", **more: Any) -> dict[str, Any]:
    return finding(check, user, status, time=YESTERDAY, **more)


@pytest.mark.parametrize(
    ("now", "kind"),
    [
        (finding("unused", "alice", "PASS"), "fixed"),
        (finding("unused", "alice"), "still there"),
        (finding("unused", "alice", muted=True), "muted"),
        (finding("unused", "alice", "MANUAL"), "not known"),
        (finding("unused", "bob", "PASS"), "gone"),
        (finding("unused", "bob", "PASS", limited=True), "not known"),
        (finding("unused", "alice", "PASS", account=OTHER), "not known"),
    ],
)
def test_a_finding_that_failed_is_fixed_only_if_it_was_looked_at_and_passes(
    tmp_path: Path, now: dict[str, Any], kind: str
) -> None:
    assert compare(tmp_path, [old("unused", "alice")], [now]) == [("alice", kind)]


def test_a_failure_that_was_not_there_is_new_and_says_what_was_known_then(tmp_path: Path) -> None:
    then = [old("unused", "alice", "PASS"), old("unused", "bob", "MANUAL")]
    then.append(old("unused", "carol", muted=True))
    now = [finding("unused", name) for name in ("alice", "bob", "carol")]
    now.append(finding("unused", "dora", account=OTHER))
    told = later(tmp_path, then, now).changes
    assert {(change.kind, change.user): change.why for change in told} == {
        ("new", "alice"): "",
        ("new", "bob"): "it could not be read then",
        ("new", "carol"): "it was muted then",
        ("new", "dora"): "its account was not scanned then",
    }


def test_changes_are_told_for_the_checks_that_both_runs_had(tmp_path: Path) -> None:
    then = [old("unused", "alice"), old("multiple", "alice")]
    now = [finding("unused", "alice", "PASS"), finding("unrotated", "alice")]
    assert compare(tmp_path, then, now) == [("alice", "fixed")]


@pytest.mark.parametrize("damaged", [True, False])
def test_nothing_is_gone_if_the_newer_report_is_damaged_or_has_a_gap(
    tmp_path: Path, damaged: bool
) -> None:
    gap = finding("unused", "123456789012", "PASS" if damaged else "MANUAL")
    first = run(tmp_path, None, old("unused", "alice"))
    report = write(tmp_path / "now.ocsf.json", [gap, gap])
    if damaged:
        report.write_text(report.read_text()[:-20])
    told = rank_reports([report], NOW, first.snapshot).changes
    assert [(change.user, change.kind) for change in told if change.user == "alice"] == [
        ("alice", "not known")
    ]


def test_a_scan_of_chosen_users_takes_nothing_from_what_is_known_of_the_others(
    tmp_path: Path,
) -> None:
    failed = old("unused", "alice", access_keys=[key(1, 300)], active_access_keys=1)
    all_of_it = write(tmp_path / "then.ocsf.json", [failed])
    chosen = finding("unused", "bob", "PASS", active_access_keys=0, limited=True)
    limited = write(tmp_path / "now.ocsf.json", [chosen])
    first = rank_reports([all_of_it], NOW, None)
    second = rank_reports([limited], NOW, first.snapshot)
    assert second.snapshot.histories == first.snapshot.histories
    assert second.snapshot.figures == first.snapshot.figures
    (scan,) = second.snapshot.scans
    assert (scan.not_judged, scan.passed) == ((SHORT["unused"],), ())
    assert rank_reports([all_of_it, limited], NOW, None).entries == first.entries


@pytest.mark.parametrize("order", [1, -1])
def test_a_whole_report_of_another_check_does_not_hide_that_one_is_torn(
    tmp_path: Path, order: int
) -> None:
    first = run(tmp_path, None, old("unused", "alice"))
    torn = write(tmp_path / "a.ocsf.json", [finding("unused", "bob", "PASS")] * 2)
    torn.write_text(torn.read_text()[:-20])
    whole = write(tmp_path / "b.ocsf.json", [finding("multiple", "alice", "PASS")])
    second = rank_reports([torn, whole][::order], NOW, first.snapshot)
    assert [change.kind for change in second.changes] == ["not known"]
    (scan,) = second.snapshot.scans
    assert (scan.not_judged, scan.passed) == ((SHORT["unused"],), (SHORT["multiple"],))


def test_a_key_that_is_retired_stays_so_when_its_account_leaves(tmp_path: Path) -> None:
    failed = old("unused", "bob", account=OTHER, access_keys=[key(1, 300)], active_access_keys=1)
    first = run(tmp_path, None, failed)
    gone = finding("unused", "bob", "PASS", account=OTHER, active_access_keys=0)
    second = run(tmp_path, first.snapshot, gone, members={OTHER})
    left = finding("unused", "a", "PASS", time=TODAY + 1)
    third = run(tmp_path, second.snapshot, left, members={"123456789012"})
    (history,) = third.snapshot.histories.values()
    assert history.state == "deactivated or deleted"
    assert third.snapshot.figures == Figures(0, 0, 0, retired=1)


def test_a_key_that_two_accounts_name_stays_as_it_was_where_nobody_looked(tmp_path: Path) -> None:
    named: dict[str, Any] = {"access_keys": [key(1, 300)], "active_access_keys": 1}
    then = [old("unused", "bob", account=OTHER, **named), old("unused", "alice", **named)]
    now = [finding("unused", "bob", "PASS", account=OTHER, active_access_keys=0)]
    before = later(tmp_path, then, []).snapshot.histories
    assert later(tmp_path, then, now).snapshot.histories == before


def test_the_newest_usable_run_in_the_directory_is_compared_with(tmp_path: Path) -> None:
    first = rank_reports([write(tmp_path / "a.ocsf.json", [old("unused", "alice")])], NOW, None)
    for number in (1, 2, 4):
        write_files(first, tmp_path, f"run-{number}")
    (tmp_path / "run-3.json").write_text("{")
    found, _, problems = earlier_runs(tmp_path, "run-*.json", "run-4", NOW)
    assert found == read_snapshot(tmp_path / "run-2.json", NOW)
    assert list(problems) == [tmp_path / "run-3.json"]
    assert earlier_runs(tmp_path, "run-*.json", "run-1", NOW) == (None, [], {})


def test_a_report_that_is_no_newer_than_the_run_before_changes_nothing(tmp_path: Path) -> None:
    then = [finding("unused", "alice")]
    assert compare(tmp_path, then, then) == [("alice", "not known")]
    assert compare(tmp_path, then, [old("unused", "alice", "PASS")]) == [("alice", "not known")]


def test_what_is_gone_is_told_once(tmp_path: Path) -> None:
    both = [old("unused", "alice"), finding("unused", "bob", "PASS")]
    assert compare(tmp_path, both, [*both, finding("unused", "bob", "PASS", time=TODAY + 1)]) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": "2"}',
        "[" * 100_000,
        '{"version": 1, "created": "x"}',
        '{"version": 1, "created": "9999-01-01T00:00:00Z", "accounts": {}}',
    ],
)
def test_a_file_that_is_not_the_data_of_a_run_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(text)
    with pytest.raises(UnusableFileError, match=r"not the data of an earlier run|dated later"):
        read_snapshot(path, NOW)


def run(
    folder: Path, before: Snapshot | None, *findings: Mapping[str, Any], **options: Any
) -> RankedReports:
    """A run that compares with this data, as one does that reads the file."""
    report = [write(folder / "run.ocsf.json", findings)] if findings else []
    result = rank_reports(report, NOW, before, **options)
    _, data, *_ = write_files(result, folder, "access-keys-run")
    assert read_snapshot(data, NOW) == result.snapshot
    return result


BETWEEN = {
    "another account": [finding("unused", "x", "PASS", account=OTHER, time=TODAY)],
    "another check": [finding("multiple", "alice", "PASS", time=TODAY)],
    "not judged": [finding("unused", "alice", "MANUAL", time=TODAY)],
    "not listed": [finding("unused", "123456789012", "MANUAL", time=TODAY)],
    "nothing": [],
}


@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize(("status", "kind"), [("FAIL", "still there"), ("PASS", "fixed")])
def test_a_run_that_did_not_look_at_a_finding_carries_it_on_with_its_date(
    tmp_path: Path, between: Findings, status: str, kind: str
) -> None:
    first = run(tmp_path, None, old("unused", "alice"))
    second = run(tmp_path, first.snapshot, *between)
    (remembered,) = (item for item in second.snapshot.findings.values() if item.user == "alice")
    assert (remembered.status, remembered.seen) == ("FAIL", YESTERDAY)
    third = run(tmp_path, second.snapshot, finding("unused", "alice", status, time=TODAY + 1))
    assert [(item.user, item.kind) for item in third.changes] == [("alice", kind)]
    seen = [item.seen for item in third.snapshot.findings.values() if item.user == "alice"]
    assert seen == ([TODAY + 1] if status == "FAIL" else [])


def test_what_has_left_the_organization_is_not_carried_on(tmp_path: Path) -> None:
    first = run(tmp_path, None, old("unused", "bob", account=OTHER))
    second = run(tmp_path, first.snapshot, finding("unused", "a"), members={"123456789012"})
    assert list(second.snapshot.accounts) == ["123456789012"]
    assert [item.user for item in second.snapshot.findings.values()] == ["a"]


def test_data_of_the_first_format_is_read_and_a_later_one_refused(tmp_path: Path) -> None:
    first = run(tmp_path, None, old("unused", "alice"))
    path = tmp_path / "access-keys-run.json"
    data = json.loads(path.read_text())
    del data["organization"]
    for item in data["findings"].values():
        del item["seen"]
    path.write_text(json.dumps({**data, "version": 1}))
    second = run(tmp_path, read_snapshot(path, NOW, "o-1"), *BETWEEN["another account"])
    assert [item.kind for item in second.changes] == ["not known"]
    assert "since 2026-11-24" in second.changes[0].why
    assert second.snapshot.findings == first.snapshot.findings
    path.write_text(json.dumps({**data, "version": FORMAT + 1, "new": 1}))
    with pytest.raises(UnusableFileError, match="a later version of this plug-in"):
        read_snapshot(path, NOW)


def test_data_of_another_organization_or_dated_ahead_is_refused(tmp_path: Path) -> None:
    run(tmp_path, None, old("unused", "alice"), organization="o-1")
    path = tmp_path / "access-keys-run.json"
    before = read_snapshot(path, NOW, "o-1")
    with pytest.raises(UnusableFileError, match="is of the organization o-1, and not of o-2"):
        read_snapshot(path, NOW, "o-2")
    with pytest.raises(UnusableFileError, match="dated later than now"):
        read_snapshot(path, NOW - timedelta(days=3))
    require_common_account(before, path, ["123456789012", OTHER])
    with pytest.raises(UnusableFileError, match="has none of these"):
        require_common_account(before, path, [OTHER])


def test_a_run_that_saw_nothing_is_no_baseline(tmp_path: Path) -> None:
    first = rank_reports([write(tmp_path / "a.ocsf.json", [old("unused", "alice")])], NOW, None)
    write_files(first, tmp_path, "run-1")
    write_files(rank_reports([], NOW, None), tmp_path, "run-2")
    found, figures, problems = earlier_runs(tmp_path, "run-*.json", "run-3", NOW)
    assert (found, len(figures), problems) == (first.snapshot, 2, {})


def test_the_data_has_the_keys_for_programs(tmp_path: Path) -> None:
    ranking = later(
        tmp_path, [old("unused", "alice")], [finding("unused", "bob", access_keys=[key(1, 9)])]
    )
    _, data, _ = write_files(ranking, tmp_path, "access-keys-2")
    (entry,) = json.loads(data.read_text())["keys"]
    assert (entry["rank"], entry["user"], entry["group"]) == (1, "bob", "needs_work")
    assert entry["checks"] == ["iam_user_unused_active_keys"]
    assert TODAY in json.loads(data.read_text())["accounts"]["123456789012"].values()
