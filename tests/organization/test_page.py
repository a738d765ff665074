"""The organization's page, as Chromium shows it."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from prowler_org.options import Selection
from prowler_org.outcome import Counts, Outcome
from prowler_org.page import MOST_BARS, link, total, worst_first, write_page
from prowler_org.state import Job, State

from .chromium import Seen, look_at

HOSTILE = '<script>document.title = "taken"</script>"><img src=x onerror="document.title=1">&amp;'
STATE = State(
    Job("o-a1b2c3d4e5", "Prowler<b>Scan", Selection(), ("-M", "csv"), {"prowler": "5.46.0"}),
    datetime(2026, 3, 1, tzinfo=timezone.utc),
    {},
)


def outcome(number: int, name: str, counts: Counts) -> Outcome:
    account = f"{number:012}"
    report = f"accounts/{account}/prowler-output-{account}-20260301000000"
    return Outcome(
        account, name, "scanned", "", 0, counts, (f"{report}.csv", f"{report}.html"), 1, 1.0
    )


def missing(number: int, reason: str) -> Outcome:
    return Outcome(f"{number:012}", HOSTILE, "not scanned", reason)


def shown(outcomes: list[Outcome], folder: Path, width: int = 1000) -> Seen:
    page = folder / "prowler-org.html"
    write_page(STATE, outcomes, page)
    return look_at(page, width)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Three accounts: one that passes, one that fails, one not scanned."""
    outcomes = [
        outcome(1, "passing", Counts(passed=4, muted=1)),
        outcome(2, HOSTILE, Counts(failed=2, passed=1, manual=1)),
        missing(3, f"Denied: {HOSTILE}"),
    ]
    return shown(outcomes, tmp_path_factory.mktemp("three"))


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A thousand accounts on a narrow screen."""
    outcomes = [
        outcome(number, f"team {number} " + "x" * (number % 40), Counts(number % 7, number % 90))
        if number % 50
        else missing(number, "The role could not be assumed.")
        for number in range(1000)
    ]
    return shown(outcomes, tmp_path_factory.mktemp("thousand"), width=400)


def test_the_accounts_are_listed_worst_first_with_their_counts(three: Seen) -> None:
    assert three.rows == [
        ["000000000002", HOSTILE, "2", "1", "0", "1", "report"],
        ["000000000001", "passing", "0", "0", "1", "4", "report"],
    ]


def test_an_account_that_was_not_scanned_is_named_with_the_reason(three: Seen) -> None:
    assert three.not_scanned == [["000000000003", HOSTILE, f"Denied: {HOSTILE}"]]


def test_a_row_links_to_the_accounts_own_report(three: Seen) -> None:
    assert [one.rpartition("/accounts/")[2] for one in three.links] == [
        "000000000002/prowler-output-000000000002-20260301000000.html",
        "000000000001/prowler-output-000000000001-20260301000000.html",
    ]


def test_the_chart_has_a_bar_for_each_account_with_a_part_for_each_status(three: Seen) -> None:
    assert three.bars == [3, 2]
    assert three.widest_bar == pytest.approx(1000)


def test_nothing_that_others_named_runs_and_nothing_else_is_loaded(three: Seen) -> None:
    assert (three.active, three.loaded) == (0, 0)
    assert three.title == "o-a1b2c3d4e5: 1 of 2 accounts failing"
    assert "Prowler<b>Scan" in three.text


def test_a_thousand_accounts_are_all_there(thousand: Seen) -> None:
    assert len(thousand.rows) == 980
    assert len(thousand.not_scanned) == 20
    assert len(thousand.bars) == MOST_BARS
    failures = [int(row[2]) for row in thousand.rows]
    assert failures == sorted(failures, reverse=True)


def test_a_narrow_screen_need_not_be_scrolled_sideways(thousand: Seen) -> None:
    assert not thousand.too_wide


def test_a_page_without_findings_says_so(tmp_path: Path) -> None:
    nothing = Outcome("000000000001", "empty", "scanned", "", 0)
    seen = shown([nothing], tmp_path)
    assert seen.rows == [["000000000001", "empty", "0", "0", "0", "0", "no findings"]]
    assert seen.bars == []


def test_the_worst_account_is_the_one_with_most_failures_then_with_most_unknown() -> None:
    ranked = worst_first(
        [
            outcome(1, "", Counts(passed=9)),
            outcome(2, "", Counts(manual=1)),
            outcome(3, "", Counts(failed=1)),
            outcome(4, "", Counts(failed=2)),
            missing(5, ""),
        ]
    )
    assert [int(one.account) for one in ranked] == [4, 3, 2, 1]
    assert total(ranked) == Counts(failed=3, passed=9, manual=1)


def test_without_an_html_report_the_csv_is_linked_but_no_compliance_report() -> None:
    reports = ("accounts/1/compliance/prowler-output-1_cis.csv", "accounts/1/prowler-output-1.csv")
    one = Outcome("1", "", "scanned", "", 0, Counts(), reports)
    assert link(one) == "accounts/1/prowler-output-1.csv"
