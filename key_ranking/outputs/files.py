"""The ranking as files: CSV for spreadsheets, JSON for programs and for the next run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import Any

from ..entries.entry import Entry
from ..findings.accepted import AcceptedKey
from ..over_time.changes import Change
from ..over_time.snapshot import Snapshot, as_json
from ..whole_file import whole_file
from .printing import printable

COLUMNS = (
    "rank", "account", "account_name", "user", "access_key_id", "owner", "age_days",
    "last_used_date", "last_used_service", "last_used_region", "usage", "origin", "destinations",
    "administrator", "quarantined", "checks", "advice", "command", "undo",
)  # fmt: skip
CHANGE_COLUMNS = ("change", "account", "account_name", "user", "check", "why")
"""Of the members of ``Change``, in their order."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins with one of these for a formula."""


def write_csv(entries: Sequence[Entry], path: Path) -> None:
    """Write the ranking with commas. Raises OSError."""
    rows = (row_of(rank, entry).values() for rank, entry in enumerate(entries, start=1))
    write_rows(COLUMNS, rows, path)


def write_changes(changes: Iterable[Change], path: Path) -> None:
    """Write the changes with commas. Raises OSError."""
    write_rows(CHANGE_COLUMNS, map(astuple, changes), path)


def write_accepted(accepted: Iterable[AcceptedKey], path: Path) -> None:
    """Write the accepted keys with commas. Raises OSError."""
    columns = [column.name for column in fields(AcceptedKey)]
    write_rows(columns, map(astuple, accepted), path)


def write_json(
    entries: Sequence[Entry],
    snapshot: Snapshot,
    path: Path,
    accepted: Sequence[AcceptedKey] = (),
) -> None:
    """Write what the next run compares with, the ranking, a key a line, and what is accepted.

    Raises OSError.
    """
    with whole_file(path) as file:
        file.write(as_json(snapshot).removesuffix(b"}") + b',"keys":[')
        for rank, entry in enumerate(entries, start=1):
            key = {
                **row_of(rank, entry),
                "unit": entry.unit,
                "group": entry.group.name.lower(),
                "action": entry.action.value,
                "arn": entry.arn,
                "checks": list(entry.checks),
            }
            file.write((b"," if rank > 1 else b"") + b"\n" + json.dumps(key).encode())
        file.write(b'],"accepted":' + json.dumps(list(map(asdict, accepted))).encode() + b"}\n")


def row_of(rank: int, entry: Entry) -> dict[str, Any]:
    """An entry by column, in the order of ``COLUMNS``."""
    facts = {name: getattr(entry, name) for name in COLUMNS if name != "rank"}
    return {"rank": rank, **facts, "checks": " ".join(entry.checks)}


def write_rows(columns: Sequence[str], rows: Iterable[Iterable[Any]], path: Path) -> None:
    """Write a CSV file with cells that do nothing. Raises OSError."""
    with whole_file(path) as file:
        text = io.TextIOWrapper(file, "utf-8", "replace", newline="")
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows([cell(value) for value in row] for row in rows)
        text.flush()
        text.detach()


def cell(value: Any) -> str:
    """A value as a cell that does nothing: no formula, no control character."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = printable(str(value))
    return f"'{text}" if text.startswith(FORMULA) else text
