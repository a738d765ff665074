"""Evidence for a period: requirements by day, keys, exceptions, and incidents, as tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks
from prowler_access_keys.services.iam.iam_access_keys.exceptions.acceptance import (
    FOR_API_KEY,
    QUARANTINED,
)

from ..findings.check_names import DECOYS
from ..findings.reports import moment_of
from ..over_time.history import OPEN, RETIRED, History, date_of
from ..over_time.period import Period
from ..over_time.promise import Promise, due, worst
from ..whole_file import whole_file
from .files import write_rows
from .oscal import FRAMEWORK
from .page import environment

VERDICTS = MET, NOT_MET, NOT_JUDGED = ("met", "not met", "not judged")
_Row = tuple[Any, ...]
_Keys = Sequence[tuple[str, History]]
"""The histories of a period."""


@dataclass(frozen=True)
class Table:
    """A part of the evidence."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: Sequence[_Row]


def make_tables(period: Period, promise: Promise) -> list[Table]:
    """The evidence."""
    days, keys = list(_judge_days(period)), list(period.relevant_histories())
    return [
        _requirements_table(days),
        _keys_table(period, keys, promise),
        _exceptions_table(period, keys),
        _incidents_table(keys),
        _accounts_table(period),
        _days_table(days),
    ]


def _requirements_table(days: Sequence[_Row]) -> Table:
    counts = [Counter(verdicts) for verdicts in zip(*(row[4:] for row in days), strict=True)]
    return Table(
        "Requirements",
        f"Days of {len(days)}. Met: every account was scanned on that day and passes; an "
        "exception passes. Not met: an account fails. Not judged: anything else.",
        ("requirement", "description", *VERDICTS),
        [
            (number, text, *(count[verdict] for verdict in VERDICTS))
            for (number, (text, _)), count in zip(requirements().items(), counts, strict=True)
        ],
    )


def _keys_table(period: Period, keys: _Keys, promise: Promise) -> Table:
    return Table(
        "Keys that failed",
        "From the first scan that saw it fail to the first that saw it closed. What was not looked "
        "at between two scans is not known.",
        (
            "access_key_id", "user", "account", "account_name", "owner", "checks", "severity",
            "first_failed", "due", "closed", "days", "within_promise", "state", "last_seen",
        ),
        [_key_row(period, *key, promise) for key in keys],
    )  # fmt: skip


def _key_row(period: Period, key_id: str, history: History, promise: Promise) -> _Row:
    first, state = history.events[0][0], history.state
    is_open = state in (*OPEN, "account left")
    until = max(history.seen, first) if is_open else history.events[-1][0]
    by = due(date_of(first), history.checks, promise)
    within = "yes" if date_of(until) <= by else "no, open" if is_open else "no"
    if is_open and within == "yes":  # it was not looked at after the day that was promised
        within = "open" if period.last <= by else "not known"
    return (
        key_id, history.user, history.account, period.names.get(history.account, ""),
        history.owner, " ".join(history.checks), worst(history.checks), f"{date_of(first)}",
        f"{by}", "" if is_open else f"{date_of(until)}", (until - first) // 86_400,
        "exception" if state == "exception" else within, state, f"{date_of(history.seen)}",
    )  # fmt: skip


def _exceptions_table(period: Period, keys: _Keys) -> Table:
    rows = []
    for key_id, history in keys:
        ends = [*(time for time, _ in history.events[1:]), None]
        for (time, state), until in zip(history.events, ends, strict=True):
            if state == "exception" and (until is None or date_of(until) >= period.first):
                status = "ended" if until else f"in force on {date_of(history.seen)}"
                dates = f"{date_of(time)}", f"{date_of(until)}" if until else ""
                rows.append((key_id, history.user, history.account, *dates, status))
    return Table(
        "Exceptions",
        "Keys whose failing findings were all muted.",
        ("access_key_id", "user", "account", "from", "until", "status"),
        rows,
    )


def _incidents_table(keys: _Keys) -> Table:
    rows = []
    for key_id, history in keys:
        for check, seen in history.checks.items():
            if check in (QUARANTINED, DECOYS, FOR_API_KEY):
                ends = (at for at, state in history.events if state in RETIRED and at >= seen)
                end = next(ends, None)
                moments = _moment(seen), _moment(end) if end else ""
                hours = round((end - seen) / 3600, 1) if end else ""
                rows.append((key_id, history.user, history.account, check, *moments, hours))
    return Table(
        "Incidents",
        "The hours are those between scans: a key was inactive at some time before.",
        ("access_key_id", "user", "account", "check", "seen", "inactive", "hours"),
        rows,
    )


def _moment(time: int) -> str:
    return f"{moment_of(time):%Y-%m-%d %H:%M}"


def _accounts_table(period: Period) -> Table:
    scans: dict[str, list[tuple[date, int]]] = {}
    for day, accounts in sorted(period.days.items()):
        for account, seen in accounts.items():
            scans.setdefault(account, []).append((day, seen.users))
    rows = []
    for account, found in sorted(scans.items()):
        users = [number for _, number in found]
        dates = len(found), f"{found[0][0]}", f"{found[-1][0]}"
        rows.append((account, period.names.get(account, ""), *dates, min(users), max(users)))
    columns = ("account", "name", "days_scanned", "first", "last", "fewest_users", "most_users")
    return Table("Accounts", "", columns, rows)


def _days_table(days: Sequence[_Row]) -> Table:
    gaps = sum(not row[1] for row in days)
    return Table(
        "Days",
        f"{gaps} of {len(days)} days are without a scan.",
        ("day", "accounts_scanned", "accounts_not_scanned", "users", *requirements()),
        days,
    )


def _judge_days(period: Period) -> Iterator[_Row]:
    """For each day, the accounts scanned and not scanned, users, and the verdicts."""
    for day, accounts, missing in period.scanned():
        patterns = {(seen.failed, seen.passed) for seen in accounts.values()}
        users = sum(seen.users for seen in accounts.values())
        measured = (checks for _, checks in requirements().values())
        verdicts = (_verdict(checks, patterns, missing) for checks in measured)
        yield f"{day}", len(accounts), missing, users, *verdicts


def _verdict(
    checks: frozenset[str],
    patterns: Collection[tuple[frozenset[str], frozenset[str]]],
    missing: int,
) -> str:
    if any(checks & failed for failed, _ in patterns):
        return NOT_MET
    is_met = patterns and not missing and all(checks <= passed for _, passed in patterns)
    return MET if is_met else NOT_JUDGED


@cache
def requirements() -> Mapping[str, tuple[str, frozenset[str]]]:
    """The requirements of our framework that our checks measure: description and checks."""
    return {
        requirement["id"]: (requirement["description"], frozenset(checks))
        for requirement in json.loads(FRAMEWORK.read_text("utf-8"))["requirements"]
        if (checks := our_checks().intersection(requirement["checks"].get("aws", ())))
    }


def write_evidence(
    period: Period,
    tables: Sequence[Table],
    problems: Mapping[Path, str],
    directory: Path,
    now: datetime,
) -> list[Path]:
    """Write a page, JSON, and CSV files, whose names begin with the period.

    Raises OSError; ``now`` is UTC.
    """
    directory.mkdir(parents=True, exist_ok=True)
    start = directory / f"access-key-period-{period.first}-{period.last}"
    page = environment().get_template("outputs/evidence.html.j2").render(
        title=f"Access keys from {period.first} to {period.last}",
        subtitle=f"Written on {now:%Y-%m-%d %H:%M} UTC by prowler-access-keys "
        f"{version('prowler-access-keys')}. Days are UTC.",
        tables=tables,
        problems=problems,
    )  # fmt: skip
    data = {
        "from": f"{period.first}",
        "to": f"{period.last}",
        "created": now.isoformat(),
        "left_out": {str(path): why for path, why in problems.items()},
        **{
            table.title: [dict(zip(table.columns, row, strict=True)) for row in table.rows]
            for table in tables
        },
    }
    written = [Path(f"{start}.html"), Path(f"{start}.json")]
    for path, text in zip(written, (page, json.dumps(data, indent=1)), strict=True):
        with whole_file(path) as file:
            file.write(text.encode("utf-8", "replace"))
    for table in tables:
        written.append(Path(f"{start}-{table.title.lower().replace(' ', '-')}.csv"))
        write_rows(table.columns, table.rows, written[-1])
    return written
