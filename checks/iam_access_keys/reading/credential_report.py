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

_ACTIVE_COLUMN = re.compile(r"(access_key_\d+)_active")
_NEEDED_COLUMNS = ("arn", "access_key_1_active", "access_key_2_active")
_BOOLEAN = {"true": True, "false": False}
_MORE_COLUMN = "additional_credentials_info"
"""AWS fills it for a user with more credentials than the other columns have room for."""
_NO_MORE = ("", "N/A")
_ROUNDING = timedelta(seconds=2)


class MalformedReportError(ValueError):
    """The report lacks what every credential report has; the message names it."""


@dataclass(frozen=True)
class KeySlot:
    """One of the places for access keys. Their order says nothing about age."""

    active: bool
    last_used: datetime | None = None
    """UTC; None if no use is recorded, or if that cannot be read."""
    changed: datetime | None = None
    """When the key was created or, later than that, activated or deactivated (UTC)."""


@dataclass(frozen=True)
class ReportRow:
    """What one row proves; the row says nothing of a user's key IDs."""

    slots: tuple[KeySlot, ...]
    password: bool | None = None
    """Whether the user has a console password; None if the row does not say."""

    @property
    def active_slots(self) -> tuple[KeySlot, ...]:
        """Those of active access keys."""
        return tuple(slot for slot in self.slots if slot.active)

    @property
    def active_keys(self) -> int:
        """How many access keys are active."""
        return len(self.active_slots)

    def last_used(self, created: datetime) -> datetime | None:
        """A use that the row has on record of the key created at this time, in whole seconds (UTC).

        True however old the report is. A key that was not changed since is in the slot with the
        date of its creation. None proves nothing.
        """
        slots = [slot for slot in self.slots if slot.changed == created.replace(microsecond=0)]
        return slots[0].last_used if len(slots) == 1 and slots[0].active else None


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
        return -_ROUNDING <= self.age <= timedelta(seconds=seconds) + _ROUNDING


def parse(content: bytes, generated: datetime, age: timedelta) -> CredentialReport:
    """Read a report as ``GetCredentialReport`` gives it.

    Raises MalformedReportError if it is empty, is not CSV, or lacks a column that is needed here.
    """
    rows = csv.DictReader(content.decode("utf-8", errors="replace").splitlines())
    try:
        missing = [name for name in _NEEDED_COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise MalformedReportError(f"the credential report has no column {', '.join(missing)}")
        return CredentialReport(generated, age, _clear_rows(rows))
    except csv.Error as error:
        raise MalformedReportError(str(error)) from error


def _clear_rows(rows: Iterable[Mapping[str, str | None]]) -> dict[str, ReportRow]:
    """By ARN, the rows that say clearly how many keys are active.

    Left out: an ARN in two rows, a row that is cut off, a state other than ``true`` and
    ``false``, and a row that says that the user has further credentials.
    """
    rows = list(rows)
    seen = Counter(row.get("arn") for row in rows)
    clear = {}
    for row in rows:
        arn, slots = row.get("arn"), _slots(row)
        if arn and seen[arn] == 1 and slots is not None:
            password = _BOOLEAN.get((row.get("password_enabled") or "").lower())
            clear[arn] = ReportRow(slots, password)
    return clear


def _slots(row: Mapping[str, str | None]) -> tuple[KeySlot, ...] | None:
    """The states of all access keys that a row proves; None if it proves none."""
    if (row.get(_MORE_COLUMN) or "") not in _NO_MORE:
        return None
    slots = []
    for name in row:
        column = _ACTIVE_COLUMN.fullmatch(name or "")
        if column:
            active = _BOOLEAN.get((row[name] or "").lower())
            if active is None:
                return None
            last_used = _date(row.get(f"{column[1]}_last_used_date"))
            changed = _date(row.get(f"{column[1]}_last_rotated"))
            slots.append(KeySlot(active, last_used, changed))
    return tuple(slots)


def _date(text: str | None) -> datetime | None:
    """A date of the report, such as ``2026-01-31T12:00:00+00:00``; None for ``N/A``."""
    try:
        date = datetime.fromisoformat((text or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return date if date.tzinfo else None
