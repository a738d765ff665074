"""An organization of two accounts, and what a run makes of it, for tests without AWS."""

from __future__ import annotations

from datetime import datetime, timezone

from prowler_org.account_result import AccountResult, FindingCounts
from prowler_org.account_scan import ScanTask
from prowler_org.accounts import Account, AccountList
from prowler_org.options import Selection
from prowler_org.state import Job, State, begin

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
REPORT = "prowler-output-1.csv"
FAILS = FindingCounts(failed=2)


def new_state() -> State:
    """The state of a run that has scanned nothing yet."""
    return begin(JOB, LISTED, STARTED)


def scanned(
    account: Account, counts: FindingCounts = FAILS, reports: tuple[str, ...] = ()
) -> AccountResult:
    """The result of an account that was scanned."""
    exit_code = 3 if counts.failed else 0
    return AccountResult(
        account.id, account.name, "scanned", "", exit_code, counts, reports, 1, 1.5
    )
