"""Evidence for a period: a gap is a gap, whatever the runs around it found."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from prowler_access_keys.ranking.cli import main
from prowler_access_keys.ranking.outputs.evidence import Table, make_tables
from prowler_access_keys.ranking.over_time import promise
from prowler_access_keys.ranking.over_time.period import read_period
from prowler_access_keys.ranking.over_time.snapshot import Snapshot
from prowler_access_keys.ranking.ranked_reports import rank_reports, write_files

from ..csv_files import csv_rows
from .reports import finding, key, write
from .test_page import HARMLESS, HOSTILE

FIRST = date(2025, 7, 1)
START = int(datetime(2025, 7, 1, 2, tzinfo=timezone.utc).timestamp())
DAY = 86_400
NOW = datetime(2025, 12, 1, tzinfo=timezone.utc)
ACCOUNTS = ("111111111111", "222222222222")
UNUSED = "1.2"
"""The requirement that iam_user_unused_active_keys measures."""


class Runs:
    """Runs that compare themselves with the one before, and leave files."""

    def __init__(self, folder: Path, organization: str = "") -> None:
        self.folder, self.organization = folder, organization
        self.before: Snapshot | None = None
        self.options: dict[str, Any] = {}

    def run(self, day: float, *findings: dict[str, Any], muted: bool = False) -> Path:
        time = START + int(day * DAY)
        when = datetime.fromtimestamp(time + 1800, timezone.utc)
        report = write(
            self.folder / "reports" / f"{when:%Y%m%d%H%M}.ocsf.json",
            [{**item, "time": time} for item in findings],
        )
        result = rank_reports(
            [report], when, self.before, organization=self.organization, **self.options
        )
        self.before = result.snapshot
        (self.folder / "keys").mkdir(exist_ok=True)
        name = f"access-keys-{when:%Y%m%d-%H%M%S}"
        return write_files(result, self.folder / "keys", name)[1]


def tables(*paths: Path, days: int = 10, **more: int) -> dict[str, Table]:
    period, problems = read_period(paths, FIRST, FIRST + timedelta(days=days - 1), NOW)
    assert not problems
    return {table.title: table for table in make_tables(period, {**promise.DEFAULT, **more})}


def rows(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def of(account: str, status: str, *, muted: bool = False) -> dict[str, Any]:
    owned: dict[str, Any] = {"access_keys": [key(int(account[0]), 300)], "active_access_keys": 1}
    return finding(
        "unused", "u", status, account=account, muted=muted, **(owned if status == "FAIL" else {})
    )


VERDICTS = {"fail": "not met", "pass": "met", "muted": "met", "unread": "not judged", "": "gap"}
OUTCOMES = st.sampled_from(sorted(VERDICTS))


@settings(max_examples=40, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(nights=st.lists(st.tuples(OUTCOMES, OUTCOMES), min_size=10, max_size=10))
def test_a_day_is_met_only_if_every_known_account_was_scanned_and_passes(
    tmp_path_factory: pytest.TempPathFactory, nights: list[tuple[str, str]]
) -> None:
    runs, known, expected = Runs(tmp_path_factory.mktemp("period")), set[str](), []
    status = {"fail": "FAIL", "pass": "PASS", "muted": "FAIL", "unread": "MANUAL"}
    for night, outcomes in enumerate(nights):
        found = {it: what for it, what in zip(ACCOUNTS, outcomes, strict=True) if what}
        known |= found.keys()
        seen = {VERDICTS[what] for what in found.values()}
        whole = found.keys() == known and known
        verdict = "met" if whole and seen == {"met"} else "not judged"
        expected.append("not met" if "not met" in seen else verdict)
        if found:
            runs.run(night, *(
                of(it, status[what], muted=what == "muted") for it, what in found.items()
            ))  # fmt: skip
    if not known:
        return
    for source in ("keys", "reports"):
        evidence = tables(runs.folder / source)
        assert [row[UNUSED] for row in rows(evidence["Days"])] == expected
        counts = next(row for row in rows(evidence["Requirements"]) if row["requirement"] == UNUSED)
        assert [counts[it] for it in ("met", "not met", "not judged")] == [
            expected.count(it) for it in ("met", "not met", "not judged")
        ]
        for row in rows(evidence["Requirements"]):
            assert row["met"] + row["not met"] + row["not judged"] == 10
        scanned = [sum(map(bool, outcomes)) for outcomes in nights]
        assert [row["accounts_scanned"] for row in rows(evidence["Days"])] == scanned


ONE: dict[str, Any] = {"access_keys": [key(1, 300)], "active_access_keys": 1}
NONE: dict[str, Any] = {"active_access_keys": 0}
INCIDENT: dict[str, Any] = {"quarantine_policies": ["AWSCompromisedKeyQuarantineV2"], **ONE}


@pytest.mark.parametrize(
    ("days", "closed", "promised", "within"),
    [
        (3, True, 4, "yes"),
        (9, True, 4, "no"),
        (9, False, 4, "no, open"),
        (3, False, 4, "not known"),
        (3, False, 30, "open"),
    ],
)
def test_a_key_is_followed_from_first_seen_to_closed_and_held_to_the_promise(
    tmp_path: Path,
    days: int,
    closed: bool,
    promised: int,
    within: str,
) -> None:
    runs = Runs(tmp_path)
    runs.run(0, finding("unused", "a", **ONE))
    runs.run(1, finding("unused", "renamed", user_id="AIDA1", **ONE))
    ended = finding("unused", "renamed", "PASS", user_id="AIDA1", **NONE)
    runs.run(days, ended if closed else finding("unused", "renamed", user_id="AIDA1", **ONE))
    (row,) = rows(tables(tmp_path / "keys", medium=promised)["Keys that failed"])
    assert (row["user"], row["first_failed"]) == ("renamed", "2025-07-01")
    assert row["due"] == f"{FIRST + timedelta(days=promised)}"
    assert row["within_promise"] == within
    assert row["closed"] == (f"2025-07-{1 + days:02}" if closed else "")
    assert row["state"] == ("deactivated or deleted" if closed else "fails")


def test_exceptions_and_incidents_have_a_beginning_and_an_end(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    runs.run(0, finding("unused", "a", muted=True, **ONE))
    runs.run(2, finding("unused", "a", **ONE), finding("quarantined", "a", **INCIDENT))
    runs.run(2.5, finding("unused", "a", "PASS", **NONE), finding("quarantined", "a", "PASS"))
    evidence = tables(tmp_path / "keys")
    (exception,) = rows(evidence["Exceptions"])
    assert (exception["from"], exception["until"], exception["status"]) == (
        "2025-07-01", "2025-07-03", "ended",
    )  # fmt: skip
    (incident,) = rows(evidence["Incidents"])
    assert (incident["seen"], incident["hours"]) == ("2025-07-03 02:00", 12.0)


def test_a_torn_or_foreign_file_is_named_and_nothing_else_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = Runs(tmp_path, "o-1")
    paths = [runs.run(day, of(ACCOUNTS[0], "FAIL")) for day in range(5)]
    text = paths[1].read_text()
    for place in range(0, len(text) - 1, max(1, len(text) // 40)):
        paths[1].write_text(text[:place])
        period, problems = read_period([tmp_path / "keys"], FIRST, FIRST, NOW)
        assert list(problems) == [paths[1]], place
        assert period.histories
    data = json.loads(text)
    paths[1].write_text(json.dumps({**data, "version": 99}))
    later = json.loads(paths[2].read_text())
    paths[2].write_text(json.dumps({**later, "created": "2200-01-01T00:00:00Z"}))
    other = json.loads(paths[3].read_text())
    paths[3].write_text(json.dumps({**other, "organization": "o-2"}))
    paths[4].write_text(json.dumps(json.loads(paths[4].read_text()), indent=4))
    out = tmp_path / "out"
    words = ["--period", "2025-07-01", "2025-07-10", "--output-directory", str(out)]
    assert main([str(tmp_path / "keys"), *words]) == 1
    told = capsys.readouterr().err
    for path, why in zip(
        paths[1:4], ("later version", "later than now", "organization o-2"), strict=True
    ):
        assert any(path.name in line and why in line for line in told.splitlines()), told
    evidence = json.loads((out / "access-key-period-2025-07-01-2025-07-10.json").read_text())
    assert [row["accounts_scanned"] for row in evidence["Days"][:6]] == [1, 0, 0, 0, 1, 0]
    assert [row["first_failed"] for row in evidence["Keys that failed"]] == ["2025-07-01"]
    assert len(evidence["left_out"]) == 3


def test_an_account_that_a_run_missed_is_missing_from_its_first_scan_on(tmp_path: Path) -> None:
    runs = Runs(tmp_path, "o-1")
    runs.options = {"names": dict.fromkeys(ACCOUNTS, "")}
    runs.run(21.75 / 24, of(ACCOUNTS[0], "PASS"))  # from 23:45 to 00:15
    days = rows(tables(tmp_path / "keys")["Days"])
    assert [(row["accounts_scanned"], row["accounts_not_scanned"]) for row in days[:2]] == [
        (1, 1), (0, 2),
    ]  # fmt: skip
    assert days[0][UNUSED] == "not judged"


def test_an_account_of_a_run_before_the_period_is_missing_in_it(tmp_path: Path) -> None:
    Runs(tmp_path).run(-40, of(ACCOUNTS[1], "PASS"))
    Runs(tmp_path).run(0, of(ACCOUNTS[0], "PASS"))
    assert rows(tables(tmp_path / "keys")["Days"])[0][UNUSED] == "not judged"


def test_the_run_before_says_what_a_damaged_one_cannot(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    runs.run(0, finding("unused", "a", **ONE))
    last = runs.run(1, finding("unused", "a", **ONE))
    head, rest = last.read_text().split("\n", 1)
    last.write_text(f"{head}\n{rest.replace('fails', 'fell', 1)}")
    period, problems = read_period([tmp_path / "keys"], FIRST, FIRST, NOW)
    assert (list(problems), len(period.histories)) == ([last], 1)


def test_files_may_be_given_by_name_and_a_link_in_a_folder_is_named(tmp_path: Path) -> None:
    path = Runs(tmp_path).run(0, of(ACCOUNTS[0], "PASS"))
    assert rows(tables(path)["Days"])[0][UNUSED] == "met"
    link = path.with_name("access-keys-1.json")
    link.symlink_to(path)
    assert read_period([tmp_path / "keys"], FIRST, FIRST, NOW)[1] == {
        link: "it is a link, which is not followed"
    }


def test_what_nobody_looked_at_is_not_closed_in_time_or_still_in_force(tmp_path: Path) -> None:
    runs = Runs(tmp_path, "o-1")
    runs.run(
        0,
        finding("unused", "a", account=ACCOUNTS[0], **ONE),
        finding("unused", "b", account=ACCOUNTS[1], muted=True, access_keys=[key(2, 300)]),
    )
    runs.options = {"members": ACCOUNTS[1:]}  # the first one has left the organization
    runs.run(1, finding("unused", "b", "MANUAL", account=ACCOUNTS[1]))
    evidence = tables(tmp_path / "keys", days=90, medium=30)
    row = rows(evidence["Keys that failed"])[0]
    assert (row["state"], row["closed"], row["within_promise"]) == (
        "account left", "", "not known",
    )  # fmt: skip
    assert [row["status"] for row in rows(evidence["Exceptions"])] == ["in force on 2025-07-01"]


def test_other_peoples_words_are_only_text_in_the_evidence(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    runs.run(0, finding("unused", HOSTILE, name=HOSTILE, owner=HOSTILE, **ONE))
    out = tmp_path / "out"
    words = ["--period", "2025-07-01", "2025-07-02", "--output-directory", str(out)]
    assert main([str(tmp_path / "keys"), *words]) == 0
    (page,) = out.glob("*.html")
    root = ElementTree.fromstring(page.read_text("utf-8").split("\n", 1)[1])  # noqa: S314 - our own
    assert not [element for element in root.iter() if element.tag in ("script", "img")]
    assert HARMLESS in list(root.itertext())
    (keys,) = out.glob("*keys-that-failed.csv")
    (row,) = csv_rows(keys)
    assert (row["user"], row["owner"]) == (f"'{HARMLESS}", f"'{HARMLESS}")


def test_a_period_without_a_scan_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Runs(tmp_path).run(0, of(ACCOUNTS[0], "PASS"))
    words = ["--period", "2024-01-01", "2024-12-31", "--output-directory", str(tmp_path / "out")]
    assert main([str(tmp_path / "keys"), *words]) == 1
    assert "No scan is on these days" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
