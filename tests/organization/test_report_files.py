"""Move and merge report files."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path

import pytest

from prowler_org.accounts.account_list import Account
from prowler_org.results.account_result import AccountResult, not_scanned
from prowler_org.results.report_files import merge

from . import examples

COLUMNS = "ACCOUNT_UID;STATUS_EXTENDED"
ONE, TWO, THREE = (Account(number, "") for number in "123")


def scanned(
    directory: Path, account: Account, rows: list[str], findings: list[object]
) -> AccountResult:
    """An account with CSV and OCSF reports as Prowler writes them."""
    folder = directory / "accounts" / account.id
    (folder / "compliance").mkdir(parents=True)
    name = f"prowler-output-{account.id}-2026"
    (folder / f"{name}.csv").write_text("".join(f"{r}\r\n" for r in [COLUMNS, *rows]), newline="")
    text = ",".join(json.dumps(finding, indent=4) for finding in findings)
    (folder / f"{name}.ocsf.json").write_text(f"[{text}]")
    (folder / "compliance" / f"{name}_cis.csv").write_text("OTHER;COLUMNS\r\n", newline="")
    reports = (f"{name}.csv", f"{name}.ocsf.json", f"compliance/{name}_cis.csv")
    return examples.scanned(account, reports=tuple(f"accounts/{account.id}/{r}" for r in reports))


def test_a_merged_report_has_every_finding_once(tmp_path: Path) -> None:
    results = [
        scanned(
            tmp_path, ONE, ['1;"two\r\nlines; and a semicolon"', "1;b"], [{"a": "]["}, {"b": 1}]
        ),
        scanned(tmp_path, TWO, ["2;c"], [{"c": "ü"}]),
    ]
    merged_csv, merged_ocsf = merge(results, tmp_path, "prowler-org-o-1")
    with merged_csv.open(encoding="utf-8", newline="") as file:
        columns, *rows = csv.reader(file, delimiter=";")
    assert columns == COLUMNS.split(";")
    assert rows == [["1", "two\r\nlines; and a semicolon"], ["1", "b"], ["2", "c"]]
    assert json.loads(merged_ocsf.read_text("utf-8")) == [{"a": "]["}, {"b": 1}, {"c": "ü"}]


def test_accounts_without_a_report_add_nothing(tmp_path: Path) -> None:
    silent, missing = examples.scanned(TWO), not_scanned(THREE, "It was denied.")
    assert merge([silent, missing], tmp_path, "org") == ()
    assert list(tmp_path.iterdir()) == []
    merged, _ = merge([silent, scanned(tmp_path, ONE, ["1;a"], [1]), missing], tmp_path, "org")
    assert merged.read_bytes() == f"{COLUMNS}\r\n1;a\r\n".encode()


def test_merging_keeps_no_findings_in_memory(tmp_path: Path) -> None:
    row = f"1;{'x' * 1000}"
    results = [
        scanned(tmp_path, Account(str(number), ""), [row] * 2000, [{"y": "y" * 1000}] * 2000)
        for number in range(8)
    ]
    tracemalloc.start()
    try:
        made = merge(results, tmp_path, "org")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(path.stat().st_size for path in made) > 30_000_000
    assert peak < 5_000_000


def test_a_merge_that_fails_leaves_the_earlier_report(tmp_path: Path) -> None:
    first = scanned(tmp_path, ONE, ["1;a"], [1])
    merged, _ = merge([first], tmp_path, "org")
    before = merged.read_bytes()
    gone = scanned(tmp_path, TWO, ["2;b"], [2])
    (tmp_path / gone.reports[0]).unlink()
    with pytest.raises(OSError, match="No such file"):
        merge([first, gone], tmp_path, "org")
    assert merged.read_bytes() == before
    assert not list(tmp_path.glob(".*"))
