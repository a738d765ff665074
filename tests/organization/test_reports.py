"""Moving and merging report files. Merging gives what Prowler wrote, and holds none of it."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path

import pytest

from prowler_org.outcome import Outcome
from prowler_org.reports import merge, pack, place, unpack

COLUMNS = "ACCOUNT_UID;STATUS_EXTENDED"


def scanned(directory: Path, account: str, rows: list[str], findings: list[object]) -> Outcome:
    """An account with a CSV and an OCSF report as Prowler writes them."""
    folder = directory / "accounts" / account
    (folder / "compliance").mkdir(parents=True)
    name = f"prowler-output-{account}-2026"
    (folder / f"{name}.csv").write_text("".join(f"{r}\r\n" for r in [COLUMNS, *rows]), newline="")
    text = ",".join(json.dumps(finding, indent=4) for finding in findings)
    (folder / f"{name}.ocsf.json").write_text(f"[{text}]")
    (folder / "compliance" / f"{name}_cis.csv").write_text("OTHER;COLUMNS\r\n", newline="")
    reports = (f"{name}.csv", f"{name}.ocsf.json", f"compliance/{name}_cis.csv")
    return Outcome(
        account, "", "scanned", "", 0, reports=tuple(f"accounts/{account}/{r}" for r in reports)
    )


def test_the_merged_csv_has_every_row_once_and_the_columns_names_once(tmp_path: Path) -> None:
    outcomes = [
        scanned(tmp_path, "1", ['1;"two\r\nlines; and a semicolon"', "1;b"], [1]),
        scanned(tmp_path, "2", ["2;c"], [2]),
    ]
    merged, _ = merge(outcomes, tmp_path, "prowler-org-o-1")
    with merged.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    assert rows == [
        COLUMNS.split(";"),
        ["1", "two\r\nlines; and a semicolon"],
        ["1", "b"],
        ["2", "c"],
    ]


def test_the_merged_ocsf_has_every_finding_once(tmp_path: Path) -> None:
    outcomes = [
        scanned(tmp_path, "1", [], [{"a": "]["}, {"b": [1, 2]}]),
        scanned(tmp_path, "2", [], [{"c": "ü"}]),
    ]
    _, merged = merge(outcomes, tmp_path, "prowler-org-o-1")
    assert json.loads(merged.read_text("utf-8")) == [{"a": "]["}, {"b": [1, 2]}, {"c": "ü"}]


def test_accounts_without_a_report_do_not_disturb(tmp_path: Path) -> None:
    silent = Outcome("2", "", "scanned", "", 0)
    missing = Outcome("3", "", "not scanned", "It was denied.")
    merged, _ = merge([silent, scanned(tmp_path, "1", ["1;a"], [1]), missing], tmp_path, "org")
    assert merged.read_bytes() == f"{COLUMNS}\r\n1;a\r\n".encode()


def test_without_any_report_nothing_is_made(tmp_path: Path) -> None:
    assert merge([Outcome("1", "", "scanned", "", 0)], tmp_path, "org") == ()
    assert list(tmp_path.iterdir()) == []


def test_merging_holds_no_findings_in_memory(tmp_path: Path) -> None:
    row = f"1;{'x' * 1000}"
    outcomes = [
        scanned(tmp_path, str(number), [row] * 2000, ["y" * 1000] * 2000) for number in range(8)
    ]
    tracemalloc.start()
    try:
        made = merge(outcomes, tmp_path, "org")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(path.stat().st_size for path in made) > 30_000_000
    assert peak < 5_000_000


def test_a_merge_that_fails_leaves_the_report_before_as_it_was(tmp_path: Path) -> None:
    first = scanned(tmp_path, "1", ["1;a"], [1])
    merged, _ = merge([first], tmp_path, "org")
    before = merged.read_bytes()
    gone = scanned(tmp_path, "2", ["2;b"], [2])
    (tmp_path / gone.reports[0]).unlink()
    with pytest.raises(OSError, match="No such file"):
        merge([first, gone], tmp_path, "org")
    assert merged.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_an_accounts_files_travel_and_come_to_their_place(tmp_path: Path) -> None:
    there, here, output = tmp_path / "there", tmp_path / "here", tmp_path / "output"
    (there / "compliance").mkdir(parents=True)
    for name in ("prowler-output-1.csv", "compliance/prowler-output-1_cis.csv", "prowler.log"):
        (there / name).write_text(name)
    unpack(pack(there), here)
    reports = ("prowler-output-1.csv", "compliance/prowler-output-1_cis.csv")
    placed = place(Outcome("1", "", "scanned", "", 0, reports=reports), here, output)
    assert placed.reports == tuple(f"accounts/1/{report}" for report in reports)
    assert [(output / report).read_text() for report in placed.reports] == list(reports)
    assert (output / "accounts" / "1" / "prowler.log").exists()
    assert not here.exists()
