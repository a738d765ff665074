"""What of a credential report is believed."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta, timezone

import pytest

from prowler_access_keys.services.iam.iam_access_keys.reading.credential_report import (
    CredentialReport,
    MalformedReportError,
    parse,
)

GENERATED = datetime(2026, 11, 24, 6, tzinfo=timezone.utc)
HEADER = "user,arn,access_key_1_active,access_key_2_active"


def active_keys(*lines: str) -> dict[str, int]:
    return {arn: row.active_keys for arn, row in report(timedelta(0), *lines).rows.items()}


def report(age: timedelta, *lines: str) -> CredentialReport:
    return parse("\n".join(lines).encode(), GENERATED, age)


def test_it_counts_the_active_keys_of_each_arn() -> None:
    rows = ("a,arn:a,true,true", "b,arn:b,false,true", "c,arn:c,false,false")
    assert active_keys(HEADER, *rows) == {"arn:a": 2, "arn:b": 1, "arn:c": 0}


def test_a_column_that_aws_adds_is_ignored() -> None:
    assert active_keys(f"added,{HEADER}", "x,a,arn:a,true,true") == {"arn:a": 2}


@pytest.mark.parametrize("column", ["arn", "access_key_1_active", "access_key_2_active"])
def test_a_report_without_a_needed_column_is_malformed(column: str) -> None:
    with pytest.raises(MalformedReportError, match=column):
        active_keys(HEADER.replace(column, "other"), "a,arn:a,true,true")


@pytest.mark.parametrize("text", ["", f'{HEADER}\na,"{"x" * 200_000}",true,true'])
def test_a_report_that_is_empty_or_not_csv_is_malformed(text: str) -> None:
    before = csv.field_size_limit(131_072)  # Python's own: other code may have raised it
    try:
        with pytest.raises(MalformedReportError):
            active_keys(text)
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize(
    ("age", "fresh"), [(-60, False), (-1, True), (0, True), (10, True), (13, False)]
)
def test_a_report_is_fresh_only_if_its_date_is_within_the_scan(age: int, fresh: bool) -> None:
    assert report(timedelta(seconds=age), HEADER).made_within(10) is fresh


@pytest.mark.parametrize(
    "row", ["a,arn:a,true,N/A", "a,arn:a,true", "a,arn:a,,true", "a,,true,true"]
)
def test_an_unclear_row_is_ignored(row: str) -> None:
    assert active_keys(HEADER, row) == {}


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("additional_credentials_info", "1 additional access key", {}),
        ("additional_credentials_info", "unheard of", {}),
        ("additional_credentials_info", "N/A", {"arn:a": 1}),
        ("additional_credentials_info", "", {"arn:a": 1}),
        ("access_key_3_active", "true", {"arn:a": 2}),
        ("access_key_3_active", "N/A", {}),
    ],
)
def test_a_row_counts_only_if_nothing_in_it_says_that_there_is_more(
    column: str, value: str, expected: dict[str, int]
) -> None:
    assert active_keys(f"{HEADER},{column}", f"a,arn:a,true,false,{value}") == expected


def test_an_arn_in_two_rows_is_ignored() -> None:
    assert active_keys(HEADER, "a,arn:a,true,true", "a,arn:a,false,false") == {}


DATES = ("1_last_rotated", "1_last_used_date", "2_last_rotated", "2_last_used_date")
LONG_HEADER = ",".join((HEADER, *(f"access_key_{name}" for name in DATES)))
OLD, NEW, USED = (f"2026-{month:02}-01T00:00:00+00:00" for month in (1, 2, 11))


@pytest.mark.parametrize(
    ("row", "used"),
    [
        (f"a,arn:a,true,true,{OLD},{USED},{NEW},N/A", True),
        (f"a,arn:a,true,true,{NEW},N/A,{OLD},{USED}", True),
        (f"a,arn:a,true,true,{NEW},{USED},N/A,N/A", False),
        (f"a,arn:a,false,true,{OLD},{USED},{NEW},N/A", False),
        (f"a,arn:a,true,true,{OLD},{USED},{OLD},N/A", False),
    ],
    ids=["first slot", "second slot", "another key", "inactive then", "two keys of that time"],
)
def test_a_row_proves_a_use_of_the_one_active_key_with_that_date_of_creation(
    row: str, used: bool
) -> None:
    rows = report(timedelta(hours=3), LONG_HEADER, row).rows
    created = datetime.fromisoformat(OLD) + timedelta(microseconds=5)
    assert bool(rows["arn:a"].last_used(created)) == used
