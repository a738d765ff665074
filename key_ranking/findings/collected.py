"""The findings of several reports together: of each, the newest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from prowler_access_keys.services.iam.iam_access_keys.exceptions.acceptance import QUARANTINED
from prowler_access_keys.services.iam.iam_access_keys.facts import ACCOUNT_NAME, ROOT_USER_NAME
from prowler_access_keys.services.iam.iam_access_keys.findings.finding import Status

from ..whole_file import UnusableFileError
from .accepted import is_accepted, unmute_if_ended
from .remembered import Remembered
from .reports import Finding, findings_in, moment_of, person_of

AHEAD = timedelta(days=1)
"""How far ahead of this machine's clock another one may be."""
BADNESS: Mapping[Status, int] = {"PASS": 0, "MANUAL": 1, "FAIL": 2}


@dataclass
class AccountSeen:
    """An account of which there are findings."""

    account: str
    name: str = ""
    unit: str = ""
    checks: dict[str, int] = field(default_factory=dict)
    """By check, when it last looked at the account: seconds since 1970, UTC."""
    whole: dict[str, int] = field(default_factory=dict)
    """The same of looks of which no finding is missing: the scan was not limited to chosen users,
    and its report could be used to its end."""
    report: Path | None = None
    """The newest report; of several, not the one that an organization's reports were merged to."""
    sizes: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """By check, when it looked last, how many users it judged, and how many active access keys
    these have as far as their findings say; -1 if none does."""

    def was_looked_at(self, check: str, finding: Finding) -> bool:
        """Whether a check looked at a finding's user in the finding's scan, or later."""
        is_of_its_scan = finding.data.limited and self.checks.get(check) == finding.time
        return is_of_its_scan or self.whole.get(check, -1) >= finding.time

    def largest(self, time: int) -> tuple[int, int]:
        """How many users, and active keys or -1, a check found that looked at this time."""
        sizes = [size for size in self.sizes.values() if size[0] == time]
        return max((size[1] for size in sizes), default=0), max(
            (size[2] for size in sizes), default=-1
        )


@dataclass
class Collected:
    """What the reports say. Findings that pass leave no trace but the check's date."""

    open: dict[str, Finding] = field(default_factory=dict)
    """By UID, what fails or is MANUAL, and is not muted."""
    others: dict[str, Finding] = field(default_factory=dict)
    """By UID, what is muted, or passes and says something about a quarantine."""
    accounts: dict[str, AccountSeen] = field(default_factory=dict)
    followed: dict[str, dict[str, Finding]] = field(default_factory=dict)
    """By person and check, the newest findings about people that were to be followed."""
    problems: dict[Path, str] = field(default_factory=dict)
    """Why a report, or a folder, could not be used, or not to its end."""
    without_ours: list[Path] = field(default_factory=list)
    """Reports without a finding of our checks."""

    def is_stale(self, finding: Finding) -> bool:
        """Whether its check has looked at all of the account since, and has no such finding."""
        return finding.time < self.accounts[finding.account].whole.get(finding.check, 0)

    def is_partial(self, account: str, check: str) -> bool:
        """Whether findings of the newest look of a check at an account may be missing."""
        seen = self.accounts[account]
        return seen.whole.get(check, -1) < seen.checks[check]

    @property
    def muted(self) -> int:
        """How many findings a mutelist mutes."""
        return sum(finding.muted and not is_accepted(finding) for finding in self.others.values())

    @property
    def current(self) -> list[Finding]:
        """All findings that are kept, of those of which their check has no newer result."""
        kept = (*self.open.values(), *self.others.values())
        return [finding for finding in kept if not self.is_stale(finding)]

    def gaps(self) -> set[tuple[str, str]]:
        """The accounts and checks of which a finding says that something was not looked at."""
        # Reports of earlier versions name the account by its number.
        about = (
            finding
            for finding in (*self.open.values(), *self.others.values())
            if finding.status != "PASS" and finding.user in (ACCOUNT_NAME, finding.account)
        )
        return {(finding.account, finding.check) for finding in about}


def collect(
    reports: Sequence[Path],
    now: datetime,
    follow: Mapping[str, Remembered] | None = None,
    problems: Mapping[Path, str] | None = None,
) -> Collected:
    """Read the reports, which should be in the order of their dates.

    Keeps what fails or is MANUAL in memory, and of what passes only findings about the people of
    the UIDs in ``follow``. ``problems`` are those that are known already. A finding that is dated
    later than ``now`` (UTC) by more than a day outranks nothing: it is left out, and named as a
    problem.
    """
    collected = Collected(problems=dict(problems or {}))
    people = _People(follow or {})
    latest = int((now + AHEAD).timestamp())
    late: set[str] = set()
    for report in reports:
        late |= _add_report(collected, report, now, latest, people)
    if late:
        _drop_what_has_passed_since(collected, late, reports, latest, people)
    return collected


@dataclass
class _Look:
    """What a report says of a check that looked at an account at a time."""

    is_limited: bool = False
    users: int = 0
    active: int = -1
    """As in ``AccountSeen.sizes``."""

    def add(self, finding: Finding) -> None:
        self.is_limited |= finding.data.limited
        if finding.user not in (ACCOUNT_NAME, finding.account, ROOT_USER_NAME):
            self.users += 1
            if finding.data.active_access_keys is not None:
                self.active = max(self.active, 0) + finding.data.active_access_keys


def _add_report(
    collected: Collected, report: Path, now: datetime, latest: int, people: _People
) -> set[str]:
    """Take what a report says. Returns the UIDs that came late: see ``_add``."""
    late: set[str] = set()
    looks = defaultdict[tuple[str, str, int], _Look](_Look)
    ahead: Counter[Status] = Counter()
    is_ours, example, reasons = False, "", []
    try:
        for finding in people.findings_in(report):
            is_ours = True
            if finding.time > latest:
                ahead[finding.status] += 1
                if not example or (finding.status == "FAIL" and ahead["FAIL"] == 1):
                    example = _name_finding(finding)
                continue
            finding = unmute_if_ended(finding, now)
            if _add(collected, finding, report, people):
                late.add(finding.uid)
            looks[finding.account, finding.check, finding.time].add(finding)
    except UnusableFileError as error:
        reasons.append(str(error))
    if ahead:
        numbers = f"{ahead.total()}, of which {ahead['FAIL']} FAIL"
        reasons.append(f"findings dated later than now are left out ({numbers}): {example}")
    if reasons:
        collected.problems[report] = "; ".join(reasons)
    elif not is_ours:
        collected.without_ours.append(report)
    for (account, check, time), look in looks.items():
        seen = collected.accounts[account]
        if look.users:  # not added up: a merged report has the same again
            size = time, look.users, look.active
            seen.sizes[check] = max(seen.sizes.get(check, size), size)
        if not (reasons or look.is_limited):
            seen.whole[check] = max(seen.whole.get(check, 0), time)
    return late


class _People:
    """Tells users apart: a renamed one keeps its ID and its keys, and another may get the name."""

    def __init__(self, follow: Mapping[str, Remembered]) -> None:
        self.followed: set[str] = set()
        self._by_id: dict[tuple[str, str], str] = {}
        self._user_ids: dict[str, str] = {}
        self._names: dict[str, str] = {}
        """By person, the name that it has in findings without a known user ID. A second name is not
        taken for the same person: no finding may replace another's."""
        for uid, then in follow.items():
            person = person_of(uid)
            self.followed.add(person)
            self._user_ids.setdefault(person, then.user_id)
            for known in filter(None, (then.user_id, *then.keys)):
                self._by_id.setdefault((then.account, known), person)

    def findings_in(self, report: Path) -> Iterator[Finding]:
        """The findings of a report, each known as the person that it is about."""
        for finding in findings_in(report):
            person = self._person(finding)
            yield finding if person == finding.person else replace(finding, known_as=person)

    def _person(self, finding: Finding) -> str:
        own, user_id = finding.person, finding.data.user_id
        if user_id and (known := self._by_id.get((finding.account, user_id))):
            return known
        if user_id and (self._user_ids.get(own) or user_id) != user_id:
            own = f"{own} {user_id}"  # somebody else had this name
        for key in finding.data.access_keys:
            known = self._by_id.get((finding.account, key.access_key_id))
            if known and self._names.setdefault(known, own) == own:
                return known
        if self._names.setdefault(own, own) != own:
            own = f"{own} *"
        if user_id and finding.status != "PASS":
            self._by_id[finding.account, user_id] = own
            self._user_ids[own] = user_id
        return own


def _name_finding(finding: Finding) -> str:
    when = f"{moment_of(finding.time):%Y-%m-%d}"
    return f"{finding.check} for {finding.user} in {finding.account} on {when}"


def _add(collected: Collected, finding: Finding, report: Path, people: _People) -> bool:
    """Whether it is kept as open, though its check has looked at the account again since."""
    account = collected.accounts.setdefault(finding.account, AccountSeen(finding.account))
    newest = max(account.checks.values(), default=-1)
    was_merged = account.report is not None and account.report.name.startswith("prowler-org-")
    if finding.time > newest or (finding.time == newest and was_merged):
        account.report = report
    if finding.time >= newest:
        account.name = finding.account_name or account.name
        account.unit = finding.unit or account.unit
    account.checks[finding.check] = max(account.checks.get(finding.check, 0), finding.time)
    uid = finding.uid
    if finding.person in people.followed:
        about = collected.followed.setdefault(finding.person, {})
        before = about.get(finding.check, finding)
        if (finding.time, BADNESS[finding.status]) >= (before.time, BADNESS[before.status]):
            about[finding.check] = finding
    known = collected.open.get(uid) or collected.others.get(uid)
    if known and _weight(known) > _weight(finding):
        return False
    collected.open.pop(uid, None)
    collected.others.pop(uid, None)
    if _is_open(finding):
        collected.open[uid] = finding
        return finding.time < account.checks[finding.check]
    is_unsure = finding.check == QUARANTINED and finding.unusable
    if finding.muted or finding.data.quarantine_policies or is_unsure:
        collected.others[uid] = finding
    return False


def _weight(finding: Finding) -> tuple[int, bool, int, bool, bool]:
    """The newest finding counts; of several of the same time, the worse, whatever the files."""
    badness = BADNESS[finding.status]
    return finding.time, _is_open(finding), badness, not finding.muted, not finding.unusable


def _is_open(finding: Finding) -> bool:
    return finding.status != "PASS" and not finding.muted


def _drop_what_has_passed_since(
    collected: Collected,
    late: Iterable[str],
    reports: Iterable[Path],
    latest: int,
    people: _People,
) -> None:
    """Drop what passed in a report that was read before an older one.

    Files are in the order of their first findings, and a file may have scans of several days. A
    PASS leaves no trace, so the UIDs that came ``late`` are looked up once more. Any newer finding
    that does not pass is what is open by now.
    """
    times = {uid: collected.open[uid].time for uid in late if uid in collected.open}
    for report in reports:
        with suppress(UnusableFileError):
            for finding in people.findings_in(report):
                if times.get(finding.uid, finding.time) < finding.time <= latest:
                    collected.open.pop(finding.uid, None)
