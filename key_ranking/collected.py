"""The findings of several reports together: of each, the newest."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .reports import Finding, Status, UnusableReportError, findings_in


@dataclass
class Scanned:
    """An account of which there are findings."""

    account: str
    name: str = ""
    unit: str = ""
    checks: dict[str, int] = field(default_factory=dict)
    """By check, when it last looked at the account: seconds since 1970, UTC."""
    report: Path | None = None
    """The newest report."""


@dataclass
class Collected:
    """What the reports say. PASS findings leave no trace but the check's date."""

    open: dict[str, Finding] = field(default_factory=dict)
    """By UID, what fails or is MANUAL, and is not muted."""
    muted: dict[str, Finding] = field(default_factory=dict)
    """By UID, what fails and is muted."""
    accounts: dict[str, Scanned] = field(default_factory=dict)
    followed: dict[str, Status] = field(default_factory=dict)
    """The status of the findings that were to be followed, if there is one now."""
    problems: dict[Path, str] = field(default_factory=dict)
    """Why a report could not be used, or not to its end."""
    without_ours: list[Path] = field(default_factory=list)
    """Reports without a finding of our checks."""

    def is_stale(self, finding: Finding) -> bool:
        """Whether its check has looked at the account again since, and did not tell of it."""
        return finding.time < self.accounts[finding.account].checks[finding.check]

    def has_gap(self, account: str, check: str) -> bool:
        """Whether the check says of the account itself that something was not looked at."""
        return any(
            one.user == account == one.account and one.check == check for one in self.open.values()
        )


def collect(reports: Iterable[Path], follow: Collection[str] = ()) -> Collected:
    """Read the reports, which should be in the order of their dates.

    Keeps what fails or is MANUAL in memory, and of what passes only the status of the UIDs in
    ``follow``. Raises OSError.
    """
    collected = Collected()
    for report in reports:
        ours = 0
        try:
            for finding in findings_in(report):
                ours += 1
                _add(collected, finding, follow)
        except UnusableReportError as error:
            collected.problems[report] = str(error)
        else:
            if not ours:
                collected.without_ours.append(report)
    return collected


def _add(collected: Collected, finding: Finding, follow: Collection[str]) -> None:
    account = collected.accounts.setdefault(finding.account, Scanned(finding.account))
    newest = max(account.checks.values(), default=0)
    if finding.time >= newest:
        account.name = finding.account_name or account.name
        account.unit = finding.unit or account.unit
        account.report = finding.report
    account.checks[finding.check] = max(account.checks.get(finding.check, 0), finding.time)
    known = collected.open.get(finding.uid) or collected.muted.get(finding.uid)
    if known and known.time > finding.time:
        return
    collected.open.pop(finding.uid, None)
    collected.muted.pop(finding.uid, None)
    if finding.status != "PASS":
        kept = collected.muted if finding.muted else collected.open
        kept[finding.uid] = finding
    if finding.uid in follow:
        collected.followed[finding.uid] = finding.status
