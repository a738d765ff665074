"""The reports of a whole run: keys, changes, compliance, and what --strict refuses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prowler_access_keys.ranking.findings.reports import OCSF, TRUNCATED
from prowler_access_keys.ranking.outputs.page import Requirement
from prowler_org import cli
from prowler_org.accounts.account_list import Account, AccountList, SkippedAccount
from prowler_org.errors import StartError
from prowler_org.reporting.organization_compliance import merge_compliance
from prowler_org.reporting.organization_reports import (
    OrganizationReports,
    find_unreadable,
    write_reports,
)
from prowler_org.reporting.summary import describe_unseen, describe_unused
from prowler_org.results.account_result import AccountResult, FindingCounts, not_scanned

from ..csv_files import csv_rows
from ..key_ranking.reports import TODAY, finding, key, write
from . import examples
from .examples import ALICE, BOB, LISTED, finished

DENIED = {"call": "iam:ListAccessKeys", "error_code": "AccessDenied"}
MANAGEMENT = SkippedAccount(Account("5", "main"), "the management account")
BY_NAME = SkippedAccount(Account("6", "sandbox"), "excluded")


def scanned(directory: Path, account: Account, *findings: Mapping[str, Any]) -> AccountResult:
    """The result of an account with these findings."""
    report = f"accounts/{account.id}/prowler-output-{account.id}-20260301020304.ocsf.json"
    write(directory / report, findings)
    return examples.scanned(account, FindingCounts(failed=1), (report,))


def reports(
    directory: Path, *results: AccountResult, listed: AccountList = LISTED, year: int = 2026
) -> OrganizationReports:
    started = examples.STARTED.replace(year=year)
    return write_reports(finished(*results, listed=listed, directory=directory, started=started))


def test_the_keys_of_all_accounts_are_ranked_under_their_names(tmp_path: Path) -> None:
    made = reports(
        tmp_path,
        scanned(
            tmp_path, ALICE, finding("unrotated", "a", account=ALICE.id, access_keys=[key(1, 100)])
        ),
        scanned(
            tmp_path, BOB, finding("unrotated", "b", account=BOB.id, access_keys=[key(2, 200)])
        ),
    )
    assert [(entry.user, entry.account_name) for entry in made.ranking.entries] == [
        ("b", BOB.name), ("a", ALICE.name),
    ]  # fmt: skip
    (keys,) = (tmp_path / "keys").glob("*.csv")
    assert keys in made.files
    page = next(file for file in made.files if file.suffix == ".html").read_text()
    assert f'href="keys/{keys.name}"' in page
    assert f'href="accounts/{BOB.id}/' not in page  # it has no HTML or CSV report


def test_the_next_run_reports_changes_and_accounts_that_have_left(tmp_path: Path) -> None:
    both = [
        scanned(tmp_path, account, finding("unused", "u", account=account.id))
        for account in (ALICE, BOB)
    ]
    reports(tmp_path, *both, year=2025)
    passing = finding("unused", "u", "PASS", account=ALICE.id, time=TODAY + 1)
    fixed = scanned(tmp_path, ALICE, passing)
    left = replace(LISTED, members=frozenset({ALICE.id}))
    told = reports(tmp_path, fixed, listed=left).ranking.changes
    assert [(change.account, change.kind) for change in told] == [
        (ALICE.id, "fixed"),
        (BOB.id, "gone"),
    ]
    here = replace(LISTED, members=frozenset({ALICE.id, BOB.id}))
    told = reports(tmp_path, fixed, not_scanned(BOB, "denied"), listed=here).ranking.changes
    assert [(change.account, change.kind) for change in told] == [
        (ALICE.id, "fixed"),
        (BOB.id, "not known"),
    ]


def compliance(directory: Path, account: Account, *rows: str) -> AccountResult:
    report = (
        f"accounts/{account.id}/compliance/prowler-output-{account.id}-20260301020304_cis_x.csv"
    )
    path = directory / report
    path.parent.mkdir(parents=True)
    head = "REQUIREMENTS_ID;REQUIREMENTS_DESCRIPTION;STATUS;MUTED;ACCOUNTID"
    path.write_bytes("".join(f"{row}\r\n" for row in (head, *rows)).encode())
    return examples.scanned(account, reports=(report,))


def test_requirements_are_counted_by_account_and_the_reports_are_merged(tmp_path: Path) -> None:
    results = [
        compliance(tmp_path, ALICE, "1;One;PASS;False;1", "1;One;FAIL;False;1", "10;X;FAIL;True;1"),
        compliance(
            tmp_path, BOB, "1;One;PASS;False;2", "3;Three;MANUAL;False;", "4;IV;ODD;False;2"
        ),
    ]
    (framework,), _ = merge_compliance(results, tmp_path, "run")
    assert (framework.name, framework.file) == ("cis_x", "compliance/run_cis_x.csv")
    assert framework.requirements == (
        Requirement("1", "One", fail=1, not_judged=0, accepted=0, passed=1),
        Requirement("3", "Three", fail=0, not_judged=2, accepted=0, passed=0),
        Requirement("4", "IV", fail=0, not_judged=2, accepted=0, passed=0),
        Requirement("10", "X", fail=0, not_judged=1, accepted=1, passed=0),
    )
    rows = csv_rows(tmp_path / framework.file, ";")
    assert [row["STATUS"] for row in rows] == ["PASS", "FAIL", "FAIL", "PASS", "MANUAL", "ODD"]
    assert [row["ACCOUNTID"] for row in rows] == ["1", "1", "1", "2", BOB.id, "2"]


def test_a_binary_compliance_report_affects_only_itself(tmp_path: Path) -> None:
    results = [
        compliance(tmp_path, ALICE, "1;One;FAIL;False;1"),
        compliance(tmp_path, BOB, "1;b;PASS;False;2"),
    ]
    path = tmp_path / results[0].reports[0]
    path.write_bytes(path.read_bytes().replace(b"One", b"On\xe9"))
    made = reports(tmp_path, *results)
    page = next(file for file in made.files if file.suffix == ".html").read_text()
    assert f"{path.name}: it is not text in UTF-8" in page
    assert describe_unused(made.ranking.collected) == [
        f"These reports could not be used: {path.name}."
    ]
    (merged,) = made.compliance
    assert merged.read_bytes().startswith(b"REQUIREMENTS_ID")


@pytest.mark.parametrize("around", ["\ufeff{}", "{}\n", " \r\n{}\t", "{}"])
def test_stray_files_do_not_damage_the_merged_report(tmp_path: Path, around: str) -> None:
    results = [scanned(tmp_path, account, PASSING, PASSING) for account in (ALICE, BOB)]
    for result in results:
        path = tmp_path / result.reports[0]
        path.write_text(around.format(path.read_text()))
    (merged,) = (path for path in reports(tmp_path, *results).files if OCSF in path.name)
    assert json.loads(merged.read_text()) == [PASSING] * 4


def test_merged_reports_are_read_back(tmp_path: Path) -> None:
    torn = tmp_path / f"run{OCSF}"
    torn.write_text('[{"a": 1}')
    assert dict(find_unreadable([torn])) == {torn: TRUNCATED}


PASSING = finding("unused", "u", "PASS", account=ALICE.id)


@pytest.mark.parametrize(
    ("found", "crashed", "skipped", "says"),
    [
        (PASSING, (), (BY_NAME,), []),
        (finding("unused", "u", account=ALICE.id), (), (), []),
        (
            finding("unused", "u", "MANUAL", account=ALICE.id, unreadable=DENIED),
            (),
            (),
            ["--strict: Not everything could be read in 111111111111."],
        ),
        (PASSING, ("iam_x",), (), ["--strict: Checks crashed in 111111111111."]),
        (
            PASSING,
            (),
            (MANAGEMENT, BY_NAME),
            ["--strict: Left out, and not named by --exclude: 5."],
        ),
    ],
    ids=["all well", "a failure", "unreadable", "crashed", "left out"],
)
def test_strict_refuses_accounts_that_were_not_scanned_unless_excluded_by_name(
    tmp_path: Path,
    found: dict[str, Any],
    crashed: tuple[str, ...],
    skipped: tuple[SkippedAccount, ...],
    says: list[str],
) -> None:
    listed = replace(LISTED, skipped=skipped)
    result = replace(scanned(tmp_path, ALICE, found), crashed=crashed)
    made = reports(tmp_path, result, listed=listed)
    run = finished(result, listed=listed)
    unseen = describe_unseen(run, made.ranking.collected)
    assert unseen == says
    code = cli.exit_code(run, incomplete=bool(unseen))
    assert code == (4 if says else 3)


def test_strict_refuses_a_damaged_report_and_the_page_names_it(tmp_path: Path) -> None:
    result = scanned(tmp_path, ALICE, PASSING)
    path = tmp_path / result.reports[0]
    path.write_text(path.read_text()[:-40])
    made = reports(tmp_path, result)
    assert describe_unused(made.ranking.collected)
    page = next(file for file in made.files if file.suffix == ".html").read_text()
    assert "it ends in the middle of a finding" in page


def test_the_data_of_another_organization_is_refused_before_the_scan(tmp_path: Path) -> None:
    reports(tmp_path, scanned(tmp_path, ALICE, PASSING))
    (data,) = (tmp_path / "keys").glob("*.json")
    members = frozenset({ALICE.id})
    before = cli.read_previous(data, replace(LISTED, members=members))
    assert before.organization == LISTED.organization
    with pytest.raises(StartError, match=f"is of the organization {LISTED.organization}, and not"):
        cli.read_previous(data, replace(LISTED, organization="o-other"))
    data.write_text(data.read_text().replace(f'"{LISTED.organization}"', '""'))
    cli.read_previous(data, replace(LISTED, members=members))
    with pytest.raises(StartError, match="of other accounts"):
        cli.read_previous(data, replace(LISTED, members=frozenset({BOB.id})))


def test_damaged_data_of_an_earlier_run_affects_only_the_changes_and_is_named(
    tmp_path: Path,
) -> None:
    (tmp_path / "keys").mkdir()
    damaged = tmp_path / "keys" / f"prowler-org-{LISTED.organization}-20200101000000.json"
    damaged.write_text("{")
    made = reports(tmp_path, scanned(tmp_path, ALICE, PASSING))
    assert made.ranking.since == ""
    assert damaged.name in describe_unused(made.ranking.collected)[0]


def test_a_run_is_red_for_what_is_new(tmp_path: Path) -> None:
    def night(account: Account, time: int, *keys: int) -> AccountResult:
        owned = [key(number, 100) for number in keys]
        failing = finding("unused", "u", account=account.id, time=time, access_keys=owned)
        return scanned(tmp_path, account, failing)

    news = reports(tmp_path, night(ALICE, TODAY, 1), year=2024).ranking.news
    assert news.is_red("new")
    same = night(ALICE, TODAY + 1, 1)
    assert not reports(tmp_path, same, year=2025).ranking.news.is_red("new")
    more = reports(tmp_path, night(ALICE, TODAY + 2, 1, 2), year=2026).ranking.news
    assert [entry.access_key_id for entry in more.new] == [key(2, 0)["access_key_id"]]
    run = finished(same)
    codes = {red: cli.exit_code(run, incomplete=False, red=red) for red in (True, False, None)}
    assert codes == {True: 3, False: 0, None: 3}
    assert cli.exit_code(finished(not_scanned(BOB, "denied")), incomplete=False, red=False) == 4


def test_accounts_that_were_not_chosen_are_counted(tmp_path: Path) -> None:
    listed = replace(LISTED, members=frozenset({ALICE.id, "7", "8", "9"}))
    made = reports(tmp_path, scanned(tmp_path, ALICE, PASSING), listed=listed)
    page = next(file for file in made.files if file.suffix == ".html").read_text()
    assert "3 more accounts were not chosen with --accounts, --ou, or --account-tag" in page
