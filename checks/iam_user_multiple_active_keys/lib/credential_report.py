"""What a credential report says about active access keys. Pure.

The columns are described in
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from .access_keys import ActiveKeys

_ACTIVE_COLUMNS = ("access_key_1_active", "access_key_2_active")
_NEEDED_COLUMNS = ("arn", *_ACTIVE_COLUMNS)
_ACTIVE = {"true": 1, "false": 0}
_ROUNDING = timedelta(seconds=2)


class MalformedReportError(ValueError):
    """The report lacks what every credential report has; the message names it."""


@dataclass(frozen=True)
class CredentialReport:
    """A report's answer to how many active access keys each user has."""

    generated: datetime
    """When AWS made it (UTC)."""
    age: timedelta
    """How old it was, by AWS's clock, when AWS handed it out."""
    active_keys: Mapping[str, ActiveKeys]
    """By ARN, the root user's included: their number. A row that does not say it clearly is left
    out."""

    def made_within(self, seconds: float) -> bool:
        """Whether it was made in the last so many seconds; AWS's times are whole seconds."""
        return self.age <= timedelta(seconds=seconds) + _ROUNDING


def parse(content: bytes, generated: datetime, age: timedelta) -> CredentialReport:
    """Read a report as ``GetCredentialReport`` gives it.

    Raises MalformedReportError when it is empty or lacks a column that is needed here. Columns
    that AWS may add are ignored.
    """
    rows = csv.DictReader(content.decode("utf-8", errors="replace").splitlines())
    missing = [name for name in _NEEDED_COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise MalformedReportError(f"the credential report has no column {', '.join(missing)}")
    return CredentialReport(generated, age, _count_active_keys(rows))


def _count_active_keys(rows: Iterable[Mapping[str, str | None]]) -> dict[str, ActiveKeys]:
    """Active keys by ARN. An ARN that stands in two rows, or a row that is cut off, says nothing.

    AWS writes ``true`` or ``false``; anything else is taken for no answer rather than for a no.
    """
    rows = list(rows)
    seen = Counter(row.get("arn") for row in rows)
    counts = {}
    for row in rows:
        arn = row.get("arn")
        states = [_ACTIVE.get((row.get(column) or "").lower()) for column in _ACTIVE_COLUMNS]
        known = [state for state in states if state is not None]
        if arn and seen[arn] == 1 and len(known) == len(states):
            counts[arn] = ActiveKeys(sum(known))
    return counts
