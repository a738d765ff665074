"""Exceptions that hypothesis draws, findings that they may be about, and the truth about both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import yaml
from hypothesis import strategies as st

from prowler_access_keys.services.iam.iam_access_keys.facts import Unreadable
from prowler_access_keys.services.iam.iam_access_keys.finding_data import FindingData, KeyData

from .keys import NOW
from .scanning import ACCOUNT, FAMILY, ROOT

ELSEWHERE = "999999999999"
OF_HYGIENE = {
    "iam_user_active_keys_without_owner",
    "iam_user_console_password_and_active_keys",
    "iam_user_inactive_keys_not_deleted",
    "iam_user_multiple_active_keys",
    "iam_user_unrotated_active_keys",
    "iam_user_unused_active_keys",
}
UNROTATED, SECOND, INCIDENTS = (
    "iam_user_unrotated_active_keys",
    "iam_user_multiple_active_keys",
    "iam_user_quarantined_active_keys",
)
ADMINISTRATORS, FOR_API_KEY = (
    "iam_user_administrator_active_keys",
    "iam_user_made_for_api_key_other_credentials",
)
CHECKS = [UNROTATED, SECOND, INCIDENTS, ADMINISTRATORS, FOR_API_KEY]
MADE = "BedrockAPIKey-0g4z"
USERS = ["alice", "Alice", "alice2", MADE, ROOT]
KEYS = ["AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE"]
MOST_DAYS = 365


@dataclass(frozen=True)
class DrawnEntry:
    """An entry as drawn, with times in seconds from now."""

    account: str
    user: str
    key: str
    checks: tuple[str, ...]
    begin: int | None
    until: int
    owner: str
    zone: int
    """The hours that the zone is ahead of UTC in which its times are written."""

    def written(self) -> dict[str, Any]:
        """The entry as people write it."""
        zone = timezone(timedelta(hours=self.zone))
        moment = {"until": (NOW + timedelta(seconds=self.until)).astimezone(zone).isoformat()}
        if self.begin is not None:
            moment["from"] = (NOW + timedelta(seconds=self.begin)).astimezone(zone).isoformat()
        return {
            "account": self.account,
            **({"user": self.user} if self.user else {"access_key_id": self.key}),
            "checks": list(self.checks),
            "reason": "a relay",
            "approver": "security@example.com",
            **({"owner": self.owner} if self.owner else {}),
            **moment,
        }

    def covers(self, check: str) -> bool:
        return check in self.checks or ("*" in self.checks and check in OF_HYGIENE)

    @property
    def in_force(self) -> bool:
        """Whether it is in force now, by the rules in the docs."""
        begin = self.begin or 0
        lasts = self.until - min(begin, 0)
        return begin <= 0 <= self.until and lasts <= MOST_DAYS * 86_400 and bool(self.owner)

    def overlaps(self, other: DrawnEntry) -> bool:
        """Whether both cover the same at the same time."""
        same = (self.user, self.key) == (other.user, other.key)
        alike = self.account == other.account or "*" in (self.account, other.account)
        begins = [-(10**12) if entry.begin is None else entry.begin for entry in (self, other)]
        together = begins[0] <= other.until and begins[1] <= self.until
        return (
            same
            and alike
            and together
            and any(self.covers(check) and other.covers(check) for check in FAMILY)
        )


DAY = 86_400
TIMES = st.sampled_from([-400 * DAY, -DAY, -1, 0, 1, DAY, 14 * DAY, 365 * DAY, 365 * DAY + 1])
SUBJECTS = [*((name, "") for name in USERS), *(("", key) for key in KEYS)]
NAMED = ["*", *CHECKS]


def entry_of(subject: tuple[str, str], begin: int | None, until: int, **more: Any) -> DrawnEntry:
    user, key = subject
    if begin is not None and begin > until:
        begin, until = until, begin
    return DrawnEntry(user=user, key=key, begin=begin, until=until, **more)


def entries_about(
    subjects: list[tuple[str, str]], checks: list[str]
) -> st.SearchStrategy[DrawnEntry]:
    """Entries of these users and keys, and of these checks."""
    return st.builds(
        entry_of,
        subject=st.sampled_from(subjects),
        begin=st.sampled_from([None] * 9) | TIMES,
        until=st.sampled_from([DAY] * 6) | TIMES,
        account=st.sampled_from([ACCOUNT] * 6 + [ELSEWHERE, "*"]),
        checks=st.lists(st.sampled_from(checks), min_size=1, max_size=3, unique=True).map(tuple),
        owner=st.sampled_from(["team"] * 9 + [""]),
        zone=st.integers(-12, 14),
    )


entries = entries_about(SUBJECTS, NAMED)


@dataclass(frozen=True)
class DrawnFinding:
    """A finding that fails, as drawn."""

    user: str
    check: str
    keys: tuple[str, ...]
    one_fails: bool
    """Whether only the first of the keys fails."""
    quarantine: str
    password: bool
    unread: bool

    def data(self) -> FindingData:
        """The finding's data, as a check fills them."""
        unreadable = Unreadable("iam:ListAccessKeys", "AccessDenied")
        return FindingData(
            self.user,
            f"arn:aws:iam::{ACCOUNT}:user/{self.user}",
            access_keys=tuple(map(KeyData, self.keys)),
            failing_access_keys=self.keys[:1] if self.one_fails else None,
            quarantine_policies=("Quarantine",) if self.quarantine == "yes" else (),
            quarantine_unreadable=unreadable if self.quarantine == "unread" else None,
            console_password=self.password,
            unreadable=unreadable if self.unread else None,
            check=self.check,
        )

    def is_accepted(self, drawn: list[DrawnEntry]) -> bool:
        """Whether these entries accept it, by the rules in the docs."""

        def accepts(entry: DrawnEntry) -> bool:
            named = (
                entry.checks
                if self.user == ROOT
                else {*entry.checks, *(OF_HYGIENE if "*" in entry.checks else ())}
            )
            needs = {self.check}
            if self.quarantine:
                needs.add(INCIDENTS)
            elif self.user.startswith(("BedrockAPIKey-", "CloudWatchAPIKey-")):
                needs.add(FOR_API_KEY)
            return entry.account in (ACCOUNT, "*") and entry.in_force and needs <= set(named)

        accepting = [entry for entry in drawn if accepts(entry)]
        if any(entry.user == self.user for entry in accepting):
            return True
        failing = self.keys[:1] if self.one_fails else self.keys
        covered = {entry.key for entry in accepting if entry.key}
        return bool(failing) and not (self.password or self.unread) and set(failing) <= covered


findings = st.builds(
    DrawnFinding,
    user=st.sampled_from(USERS),
    check=st.sampled_from(CHECKS),
    keys=st.lists(st.sampled_from(KEYS), max_size=2, unique=True).map(tuple),
    one_fails=st.booleans(),
    quarantine=st.sampled_from(["", "", "", "yes", "unread"]),
    password=st.sampled_from([False, False, True]),
    unread=st.sampled_from([False, False, True]),
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[DrawnEntry], DrawnFinding]:
    """A finding, and entries of which most are about its user, its keys, and its check."""
    finding = draw(findings)
    own = [(finding.user, ""), *(("", key) for key in finding.keys)]
    near = entries_about(own, ["*", finding.check, INCIDENTS, FOR_API_KEY])
    return draw(st.lists(near | entries, max_size=4)), finding


def excepting(*users: str, account: str = "*", days: int = 90) -> str:
    """The text of a file that accepts what fails of these users, for days from today on."""
    until = f"{datetime.now(timezone.utc) + timedelta(days=days):%Y-%m-%d}"
    entries = "".join(
        f"""
- {{account: "{account}", user: {user}, checks: ["*"], reason: a relay, owner: team,
  approver: security@example.com, until: {until}}}"""
        for user in users
    )
    return f"exceptions:{entries}\n"


def as_yaml(drawn: list[DrawnEntry]) -> bytes:
    """A file with these entries."""
    plain = {"exceptions": [entry.written() for entry in drawn]}
    text: str = yaml.dump(plain, Dumper=yaml.CSafeDumper)
    return text.encode()
