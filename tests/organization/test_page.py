"""The organization's page: what its HTML has, and how Chromium shows it."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from prowler_access_keys.ranking.outputs.page import (
    Framework,
    Page,
    Requirement,
    render,
    write_page,
)
from prowler_access_keys.ranking.ranked_reports import rank_reports
from prowler_org.accounts.account_list import Account, AccountList, SkippedAccount
from prowler_org.reporting.page import MOST_BARS, link, organization_page
from prowler_org.results.account_result import AccountResult, FindingCounts, not_scanned

from . import examples

HOSTILE = '<script>document.title = "taken"</script>"><img src=x onerror="document.title=1">&amp;'
JOB = replace(examples.JOB, role="Prowler<b>Scan")


def scanned(number: int, name: str, counts: FindingCounts) -> AccountResult:
    account = f"{number:012}"
    report = f"accounts/{account}/prowler-output-{account}"
    return examples.scanned(Account(account, name), counts, (f"{report}.csv", f"{report}.html"))


def missing(number: int, reason: str) -> AccountResult:
    return not_scanned(Account(f"{number:012}", HOSTILE), reason)


SOME = [
    scanned(1, "passing", FindingCounts(passed=4, muted=1)),
    scanned(2, HOSTILE, FindingCounts(failed=2, passed=1, manual=1)),
    scanned(3, "manual", FindingCounts(passed=4, manual=1)),
    missing(4, f"Denied: {HOSTILE}"),
]
MANY = [scanned(number, "x" * number, FindingCounts(number % 7, number)) for number in range(99)]


FRAMEWORK = Framework("cis_x", "compliance/x.csv", (Requirement("1.1", HOSTILE, 2, 1, 0, 5),))


def told(results: list[AccountResult]) -> Page:
    """What the page says about these results."""
    skipped = (SkippedAccount(Account("5", "main"), "the management account"),)
    listed = AccountList("o-a1b2c3d4e5", "aws", (), skipped)
    keys = rank_reports([], examples.STARTED, None)
    run = examples.finished(*results, listed=listed)
    return organization_page(replace(run, state=replace(run.state, job=JOB)), keys, (FRAMEWORK,))


def page_of(results: list[AccountResult]) -> Element:
    """The page, which is well-formed XML too."""
    return ElementTree.fromstring(render(told(results)))  # noqa: S314 - it is our own


def rows(page: Element, heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    parts = list(page.find("body/main") or ())
    at = next(number for number, part in enumerate(parts) if part.get("id") == heading)
    table = next(part for part in parts[at:] if part.find(".//table") is not None)
    return [["".join(cell.itertext()) for cell in row] for row in table.iterfind(".//tbody/tr")]


@pytest.fixture(scope="module")
def page() -> Element:
    return page_of(SOME)


def test_the_accounts_are_listed_worst_first_with_their_counts(page: Element) -> None:
    assert rows(page, "accounts") == [
        ["000000000002", HOSTILE, "2", "1", "0", "1", "report"],
        ["000000000003", "manual", "0", "1", "0", "4", "report"],
        ["000000000001", "passing", "0", "0", "1", "4", "report"],
    ]
    assert page.findtext("head/title") == "o-a1b2c3d4e5: 1 of 3 accounts failing"
    shown = ["".join(figure.itertext()) for figure in page.iterfind(".//dl//dd")]
    assert shown == ["0", "0", "0", "0", "1", "1"]


def test_an_account_that_was_not_scanned_has_a_reason(page: Element) -> None:
    assert rows(page, "not-read") == [["000000000004", HOSTILE, f"Denied: {HOSTILE}"]]
    assert rows(page, "left-out") == [["5", "main", "the management account"]]


def test_requirements_say_how_many_accounts_fail(page: Element) -> None:
    assert rows(page, "compliance") == [["1.1", HOSTILE, "2", "1", "0", "5"]]


def test_the_page_of_a_run_without_scans_says_so() -> None:
    page = page_of([missing(4, "denied")])
    assert page.findtext("head/title") == "o-a1b2c3d4e5: no account scanned"
    assert "No account was scanned, so nothing is known of any key." in "".join(page.itertext())


def test_accounts_of_the_same_name_have_bars_with_their_numbers() -> None:
    page = page_of([scanned(number, "prod " * 9, FindingCounts(failed=1)) for number in (1, 2)])
    labels = [text.text or "" for text in page.iterfind(".//g/text")]
    assert [label.split()[-1] for label in labels] == ["000000000001", "000000000002"]


def test_without_reports_of_keys_the_page_says_why_there_is_no_list(page: Element) -> None:
    assert "-M left out json-ocsf" in "".join(page.itertext())


def test_a_row_links_to_the_accounts_own_report(page: Element) -> None:
    links = [element.get("href") for element in page.iterfind(".//td/a")]
    assert links[0] == "accounts/000000000002/prowler-output-000000000002.html"
    csv = "accounts/1/prowler-output-1.csv"
    reports = ("accounts/1/compliance/prowler-output-1_cis.csv", csv)
    assert link(examples.scanned(Account("1", ""), reports=reports)) == csv


def test_the_chart_has_a_bar_for_each_account_with_a_part_for_each_status(page: Element) -> None:
    bars = [bar.findall("rect") for bar in page.iterfind(".//g")]
    assert [len(bar) for bar in bars] == [3, 2, 2]
    ends = [float(part.attrib["x"]) + float(part.attrib["width"]) for bar in bars for part in bar]
    assert max(ends) == pytest.approx(1000)


def test_names_and_reasons_are_only_text(page: Element) -> None:
    active = {"script", "img", "iframe", "object", "embed", "link", "base", "form"}
    assert not active & {element.tag for element in page.iter()}
    assert not [name for element in page.iter() for name in element.keys() if name.startswith("on")]  # noqa: SIM118
    assert "Prowler<b>Scan" in "".join(page.itertext())


def test_a_check_that_crashed_is_named_beside_its_account() -> None:
    (row,) = rows(page_of([replace(SOME[0], crashed=("iam_x",))]), "accounts")
    assert row[-1] == "report crashed: iam_x"


def test_many_accounts_are_listed_and_the_worst_have_bars() -> None:
    page = page_of(MANY)
    failures = [int(row[2]) for row in rows(page, "accounts")]
    assert len(failures) == 99
    assert failures == sorted(failures, reverse=True)
    assert len(page.findall(".//g")) == MOST_BARS


def test_a_page_without_findings_says_so() -> None:
    page = page_of([AccountResult("000000000001", "empty", "scanned", "", 0)])
    assert rows(page, "accounts")[0][-1].strip() == "no findings"


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--allow-file-access-from-files", "--virtual-time-budget=20000", "--dump-dom",
)  # fmt: skip
NARROW = """
<body><iframe src="{page}" style="width: 400px; height: 800px; border: 0"></iframe><script>
document.querySelector("iframe").onload = event => {{
  const seen = event.target.contentDocument, root = seen.scrollingElement;
  const loaded = event.target.contentWindow.performance.getEntriesByType("resource").length;
  const too_wide = root.scrollWidth > root.clientWidth;
  document.body.textContent = JSON.stringify([seen.title, loaded, too_wide]);
}};
</script></body>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, to show the page as a reader sees it")
@pytest.mark.parametrize("results", [SOME, MANY], ids=["some", "many"])
def test_a_browser_runs_and_loads_nothing_and_a_narrow_screen_fits(
    results: list[AccountResult], tmp_path: Path
) -> None:
    write_page(told(results), tmp_path / "page.html")
    (tmp_path / "narrow.html").write_text(NARROW.format(page="page.html"))
    shown = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path}", f"file://{tmp_path}/narrow.html"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    body = re.search(r"<body>(.*)</body>", shown, re.DOTALL)
    assert body, shown
    title = page_of(results).findtext("head/title")
    assert json.loads(html.unescape(body[1])) == [title, 0, False]
