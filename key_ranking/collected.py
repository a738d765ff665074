"""The findings of several reports together: of each, the newest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
    """The newest report; of several, not the one that an organization's reports were merged to."""


@dataclass
class Collected:
    """What the reports say. Findings that pass leave no trace but the check's date."""

    open: dict[str, Finding] = field(default_factory=dict)
    """By UID, what fails or is MANUAL, and is not muted."""
    others: dict[str, Finding] = field(default_factory=dict)
    """By UID, what is muted, or passes and tells of a quarantine."""
    accounts: dict[str, Scanned] = field(default_factory=dict)
    followed: dict[str, tuple[Status, int]] = field(default_factory=dict)
    """The newest status, and its time, of the findings that were to be followed."""
    problems: dict[Path, str] = field(default_factory=dict)
    """Why a report, or a folder, could not be used, or not to its end."""
    without_ours: list[Path] = field(default_factory=list)
    """Reports without a finding of our checks."""

    def is_stale(self, finding: Finding) -> bool:
        """Whether its check has looked at the account again since, and did not tell of it."""
        return finding.time < self.accounts[finding.account].checks[finding.check]

    @property
    def muted(self) -> int:
        """How many findings are muted."""
        return sum(one.muted for one in self.others.values())

    def gaps(self) -> set[tuple[str, str]]:
        """The accounts and checks of which a finding says that something was not looked at."""
        return {(one.account, one.check) for one in self.open.values() if one.user == one.account}


def collect(
    reports: Sequence[Path],
    follow: Collection[str] = (),
    problems: Mapping[Path, str] | None = None,
) -> Collected:
    """Read the reports, which should be in the order of their dates.

    Keeps what fails or is MANUAL in memory, and of what passes only the status of the UIDs in
    ``follow``. ``problems`` are those that are known already. Raises OSError.
    """
    collected = Collected(problems=dict(problems or {}))
    for report in reports:
        ours = 0
        try:
            for finding in findings_in(report):
                ours += 1
                _add(collected, finding, report, follow)
        except UnusableReportError as error:
            collected.problems[report] = str(error)
        else:
            if not ours:
                collected.without_ours.append(report)
    _drop_what_has_passed_since(collected, reports)
    return collected


def _add(collected: Collected, finding: Finding, report: Path, follow: Collection[str]) -> None:
    account = collected.accounts.setdefault(finding.account, Scanned(finding.account))
    newest = max(account.checks.values(), default=-1)
    was_merged = account.report is not None and account.report.name.startswith("prowler-org-")
    if finding.time > newest or (finding.time == newest and was_merged):
        account.report = report
    if finding.time >= newest:
        account.name = finding.account_name or account.name
        account.unit = finding.unit or account.unit
    account.checks[finding.check] = max(account.checks.get(finding.check, 0), finding.time)
    uid = finding.uid
    if uid in follow and finding.time >= collected.followed.get(uid, ("PASS", 0))[1]:
        collected.followed[uid] = (finding.status, finding.time)
    known = collected.open.get(uid) or collected.others.get(uid)
    if known and known.time > finding.time:
        return
    collected.open.pop(uid, None)
    collected.others.pop(uid, None)
    if finding.status != "PASS" and not finding.muted:
        collected.open[uid] = finding
    elif finding.muted or finding.facts.quarantine_policies:
        collected.others[uid] = finding


def _drop_what_has_passed_since(collected: Collected, reports: Sequence[Path]) -> None:
    """Drop what passed in a report that was read before an older one.

    Files are in the order of their first findings, and a file may have scans of several days. So
    what seems to be gone is looked up once more; for that, reports are read a second time.
    """
    stale = {uid: one.time for uid, one in collected.open.items() if collected.is_stale(one)}
    for report in reports if stale else ():
        if report in collected.problems:
            continue
        for finding in findings_in(report):
            uid = finding.uid
            if uid in stale and finding.time > stale[uid]:
                collected.open.pop(uid, None)
                if finding.status != "PASS" and not finding.muted:
                    collected.open[uid] = finding
                stale[uid] = finding.time
