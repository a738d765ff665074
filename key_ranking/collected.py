"""The findings of several reports together: of each, the newest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from prowler_access_keys.services.iam.iam_access_keys.facts import ACCOUNT_NAME

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
        return {
            (finding.account, finding.check)
            for finding in self.open.values()
            # Reports of earlier versions name the account by its number.
            if finding.user in (ACCOUNT_NAME, finding.account)
        }


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
    late: set[str] = set()
    for report in reports:
        ours = 0
        try:
            for finding in findings_in(report):
                ours += 1
                if _add(collected, finding, report, follow):
                    late.add(finding.uid)
        except UnusableReportError as error:
            collected.problems[report] = str(error)
        else:
            if not ours:
                collected.without_ours.append(report)
    if late:
        _drop_what_has_passed_since(collected, late, reports)
    return collected


def _add(collected: Collected, finding: Finding, report: Path, follow: Collection[str]) -> bool:
    """Whether it is kept as open, though its check has looked at the account again since."""
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
        return False
    collected.open.pop(uid, None)
    collected.others.pop(uid, None)
    if finding.status != "PASS" and not finding.muted:
        collected.open[uid] = finding
        return collected.is_stale(finding)
    if finding.muted or finding.facts.quarantine_policies:
        collected.others[uid] = finding
    return False


def _drop_what_has_passed_since(
    collected: Collected, late: Iterable[str], reports: Iterable[Path]
) -> None:
    """Drop what passed in a report that was read before an older one.

    Files are in the order of their first findings, and a file may have scans of several days. A
    PASS leaves no trace, so the UIDs that came ``late`` are looked up once more. Any newer finding
    that does not pass is what is open by now.
    """
    times = {uid: collected.open[uid].time for uid in late if uid in collected.open}
    for report in reports:
        if report in collected.problems:
            continue
        for finding in findings_in(report):
            if finding.time > times.get(finding.uid, finding.time):
                collected.open.pop(finding.uid, None)
