"""An organization of two accounts, and what a run makes of it, for tests without AWS."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

from prowler_org.accounts.account_list import Account, AccountList
from prowler_org.options import Selection
from prowler_org.reporting.finished_run import FinishedRun
from prowler_org.results.account_result import AccountResult, FindingCounts
from prowler_org.results.state import Job, State, begin
from prowler_org.running_prowler.expected_reports import ExpectedReports
from prowler_org.scanning.account_scan import ScanTask

ALICE, BOB = Account("111111111111", "alice"), Account("222222222222", "bob's <account>")
LISTED = AccountList("o-a1b2c3d4e5", "aws", (ALICE, BOB), ())
JOB = Job(
    LISTED.organization,
    "ProwlerScan",
    Selection(units=("ou-1",)),
    ("-M", "csv"),
    {"prowler": "5.46.0"},
)
STARTED = datetime(2026, 3, 1, 2, 3, 4, tzinfo=timezone.utc)
TASK = ScanTask(ALICE, (), 60)
DEFAULT = ExpectedReports(("csv", "html", "json-ocsf"), always_finds=True)
"""What Prowler's arguments say if there are none."""
CHECK = "iam_user_unused_active_keys"
REPORT = "prowler-output-1.csv"
FAILS = FindingCounts(failed=2)


def new_state() -> State:
    """The state of a run that has scanned nothing yet."""
    return begin(JOB, LISTED, STARTED)


def finished(
    *results: AccountResult,
    listed: AccountList = LISTED,
    directory: Path = Path(),
    started: datetime = STARTED,
    interrupted: bool = False,
) -> FinishedRun:
    """A run with these results, which was to scan no other accounts."""
    accounts = {result.account: Account(result.account, result.name) for result in results}
    state = State(JOB, started, accounts, {result.account: result for result in results})
    return FinishedRun(state, listed, directory, interrupted=interrupted)


def scanned(
    account: Account, counts: FindingCounts = FAILS, reports: tuple[str, ...] = ()
) -> AccountResult:
    """The result of an account that was scanned."""
    return AccountResult(
        account.id, account.name, "scanned", "", 3 if counts.failed else 0, counts, reports, 1, 1.5
    )


def reports_of(
    *findings: tuple[str, str],
    account: str = ALICE.id,
    muted: bool = False,
    check: str = CHECK,
    name: str = "prowler-output-1",
) -> dict[str, bytes]:
    """The CSV, HTML, and OCSF report of findings, each a status and the name of a resource."""
    rows = ["ACCOUNT_UID;CHECK_ID;STATUS;MUTED;RESOURCE_NAME;RESOURCE_UID"]
    members = []
    for status, resource in findings:
        is_user = resource != account and not resource.startswith("<")
        arn = f"arn:aws:iam::{account}:{f'user/{resource}' if is_user else 'root'}"
        rows.append(f"{account};{check};{status};{muted};{resource};{arn}")
        members.append(
            {
                "class_uid": 2004,
                "cloud": {"account": {"uid": account}},
                "status_code": status,
                "status": "Suppressed" if muted else "New",
            }
        )
    return {
        f"{name}.csv": "".join(f"{row}\r\n" for row in rows).encode(),
        f"{name}.html": b"<html></html>",
        f"{name}.ocsf.json": json.dumps(members).encode(),
    }
