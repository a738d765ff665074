"""What a credential report says about users and the root user. Pure.

The columns are described in
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

_ACTIVE_COLUMN = re.compile(r"access_key_\d+_active")
_NEEDED_COLUMNS = ("arn", "access_key_1_active", "access_key_2_active")
_ACTIVE = {"true": 1, "false": 0}
_MORE_COLUMN = "additional_credentials_info"
"""AWS fills it for a user with more credentials than the other columns have room for."""
_NO_MORE = ("", "N/A")
_ROUNDING = timedelta(seconds=2)


class MalformedReportError(ValueError):
    """The report lacks what every credential report has; the message names it."""


@dataclass(frozen=True)
class ReportRow:
    """What one row proves; the row says nothing of a user's key IDs."""

    active_keys: int
    """How many access keys are active."""


@dataclass(frozen=True)
class CredentialReport:
    """A report, which is true of the time when AWS made it."""

    generated: datetime
    """When AWS made it (UTC)."""
    age: timedelta
    """How old it was, by AWS's clock, when AWS handed it out."""
    rows: Mapping[str, ReportRow]
    """By ARN, the root user's included. A row that is not clear is left out."""

    def made_within(self, seconds: float) -> bool:
        """Whether it was made in the last ``seconds``; AWS's times are whole seconds."""
        return self.age <= timedelta(seconds=seconds) + _ROUNDING


def parse(content: bytes, generated: datetime, age: timedelta) -> CredentialReport:
    """Read a report as ``GetCredentialReport`` gives it.

    Raises MalformedReportError if it is empty or lacks a column that is needed here.
    """
    rows = csv.DictReader(content.decode("utf-8", errors="replace").splitlines())
    missing = [name for name in _NEEDED_COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise MalformedReportError(f"the credential report has no column {', '.join(missing)}")
    return CredentialReport(generated, age, _clear_rows(rows))


def _clear_rows(rows: Iterable[Mapping[str, str | None]]) -> dict[str, ReportRow]:
    """By ARN, the rows that say clearly how many keys are active.

    Left out: an ARN in two rows, a row that is cut off, a state other than ``true`` and
    ``false``, and a row that says that the user has further credentials.
    """
    rows = list(rows)
    seen = Counter(row.get("arn") for row in rows)
    clear = {}
    for row in rows:
        arn, count = row.get("arn"), _count(row)
        if arn and seen[arn] == 1 and count is not None:
            clear[arn] = ReportRow(count)
    return clear


def _count(row: Mapping[str, str | None]) -> int | None:
    """The number of active keys that a row proves; None if it proves none."""
    if (row.get(_MORE_COLUMN, "") or "") not in _NO_MORE:
        return None
    columns = [name for name in row if name and _ACTIVE_COLUMN.fullmatch(name)]
    states = [_ACTIVE.get((row[name] or "").lower()) for name in columns]
    known = [state for state in states if state is not None]
    return sum(known) if len(known) == len(states) else None
