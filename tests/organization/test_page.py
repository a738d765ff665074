"""The organization's page: what its HTML has, and how Chromium shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from prowler_org.account_result import AccountResult, FindingCounts, not_scanned
from prowler_org.accounts import Account
from prowler_org.page import MOST_BARS, link, render, total, worst_first, write_page
from prowler_org.state import State

from . import examples
from .chromium import look_at, needs_chromium
from .html_page import HTMLPage

HOSTILE = '<script>document.title = "taken"</script>"><img src=x onerror="document.title=1">&amp;'
STATE = State(replace(examples.JOB, role="Prowler<b>Scan"), examples.STARTED, {})


def scanned(number: int, name: str, counts: FindingCounts) -> AccountResult:
    account = f"{number:012}"
    report = f"accounts/{account}/prowler-output-{account}-20260301000000"
    return examples.scanned(Account(account, name), counts, (f"{report}.csv", f"{report}.html"))


def missing(number: int, reason: str) -> AccountResult:
    return not_scanned(Account(f"{number:012}", HOSTILE), reason)


THREE = [
    scanned(1, "passing", FindingCounts(passed=4, muted=1)),
    scanned(2, HOSTILE, FindingCounts(failed=2, passed=1, manual=1)),
    missing(3, f"Denied: {HOSTILE}"),
]
THOUSAND = [
    scanned(number, f"team {number} " + "x" * (number % 40), FindingCounts(number % 7, number % 90))
    if number % 50
    else missing(number, "The role could not be assumed.")
    for number in range(1000)
]
TITLE = "o-a1b2c3d4e5: 1 of 2 accounts failing"


@pytest.fixture(scope="module")
def page() -> HTMLPage:
    """The page of an account that passes, one that fails, and one that was not scanned."""
    return HTMLPage(render(STATE, THREE))


def test_the_accounts_are_listed_worst_first_with_their_counts(page: HTMLPage) -> None:
    assert page.tables["accounts"] == [
        ["000000000002", HOSTILE, "2", "1", "0", "1", "report"],
        ["000000000001", "passing", "0", "0", "1", "4", "report"],
    ]
    assert page.titles[0] == TITLE


def test_an_account_that_was_not_scanned_has_the_reason(page: HTMLPage) -> None:
    assert page.tables["not-scanned"] == [["000000000003", HOSTILE, f"Denied: {HOSTILE}"]]


def test_a_row_links_to_the_accounts_own_report(page: HTMLPage) -> None:
    assert page.links == [
        "accounts/000000000002/prowler-output-000000000002-20260301000000.html",
        "accounts/000000000001/prowler-output-000000000001-20260301000000.html",
    ]


def test_the_chart_has_a_bar_for_each_account_with_a_part_for_each_status(page: HTMLPage) -> None:
    assert [len(bar) for bar in page.bars] == [3, 2]
    assert max(map(max, page.bars)) == pytest.approx(1000)


def test_names_and_reasons_are_only_text(page: HTMLPage) -> None:
    assert page.active == []
    assert "Prowler<b>Scan" in page.text


def test_a_check_that_crashed_is_named_beside_its_account() -> None:
    (row,) = HTMLPage(render(STATE, [replace(THREE[0], crashed=("iam_x",))])).tables["accounts"]
    assert row[-1] == "reportcrashed: iam_x"


def test_a_thousand_accounts_are_all_there() -> None:
    page = HTMLPage(render(STATE, THOUSAND))
    failures = [int(row[2]) for row in page.tables["accounts"]]
    assert (len(failures), len(page.tables["not-scanned"]), len(page.bars)) == (980, 20, MOST_BARS)
    assert failures == sorted(failures, reverse=True)


def test_a_page_without_findings_says_so() -> None:
    nothing = AccountResult("000000000001", "empty", "scanned", "", 0)
    page = HTMLPage(render(STATE, [nothing]))
    assert page.tables == {
        "accounts": [["000000000001", "empty", "0", "0", "0", "0", "no findings"]]
    }


def test_the_worst_account_has_the_most_failures_and_then_the_most_manual_findings() -> None:
    ranked = worst_first(
        [
            scanned(1, "", FindingCounts(passed=9)),
            scanned(2, "", FindingCounts(manual=1)),
            scanned(3, "", FindingCounts(failed=1)),
            scanned(4, "", FindingCounts(failed=2)),
            missing(5, ""),
        ]
    )
    assert [int(one.account) for one in ranked] == [4, 3, 2, 1]
    assert total(ranked) == FindingCounts(failed=3, passed=9, manual=1)


def test_without_an_html_report_the_link_is_to_the_csv() -> None:
    reports = ("accounts/1/compliance/prowler-output-1_cis.csv", "accounts/1/prowler-output-1.csv")
    assert link(examples.scanned(Account("1", ""), reports=reports)) == reports[1]


@needs_chromium
@pytest.mark.parametrize(
    ("results", "title"),
    [(THREE, TITLE), (THOUSAND, "o-a1b2c3d4e5: 840 of 980 accounts failing")],
    ids=["three", "thousand"],
)
def test_chromium_runs_and_loads_nothing_and_a_narrow_screen_fits(
    results: list[AccountResult], title: str, tmp_path: Path
) -> None:
    write_page(STATE, results, tmp_path / "prowler-org.html")
    seen = look_at(tmp_path / "prowler-org.html", width=400)
    assert (seen.title, seen.rows) == (title, len(results))
    assert (seen.loaded, seen.too_wide) == (0, False)
