"""A drawn week of nights: what each run says is held against what was true when it looked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from prowler_access_keys.ranking.over_time.history import OPEN, History
from prowler_access_keys.ranking.over_time.runs import Figures, parse_head, read_data
from prowler_access_keys.ranking.over_time.snapshot import Snapshot, read_snapshot
from prowler_access_keys.ranking.ranked_reports import RankedReports, rank_reports, write_files

from .reports import TODAY, finding, write

DAY = 86_400
ACCOUNTS = ("111111111111", "222222222222")


@dataclass
class Key:
    key_id: str
    active: bool = True
    fails: bool = True


@dataclass
class User:
    account: str
    user_id: str
    name: str
    keys: list[Key]
    muted: bool = False

    def findings(self, time: int, *, with_id: bool) -> Iterator[dict[str, Any]]:
        """What two checks find: one of active keys, one of inactive keys."""
        about: dict[str, Any] = {"account": self.account, "time": time}
        if with_id:
            about["user_id"] = self.user_id
        active = [key for key in self.keys if key.active]
        failing = [key.key_id for key in active if key.fails]
        only: dict[str, Any] = {"failing_access_keys": failing} if failing else {}
        inactive = [{"access_key_id": key.key_id} for key in self.keys if not key.active]
        yield finding(
            "unused", self.name, "FAIL" if failing else "PASS",
            muted=self.muted and bool(failing), active_access_keys=len(active),
            access_keys=[{"access_key_id": key.key_id} for key in active] if failing else [],
            **only, **about,
        )  # fmt: skip
        yield finding(
            "inactive", self.name, "FAIL" if inactive else "PASS",
            access_keys=[{**key, "active": False} for key in inactive], **about,
        )  # fmt: skip


@dataclass
class World:
    users: list[User] = field(default_factory=list)
    made: int = 0

    def key(self) -> Key:
        self.made += 1
        return Key(f"AKIA{self.made:016}")

    def change(self, what: str, number: int) -> None:
        """One thing that somebody does."""
        if what == "add user" or not self.users:
            self.made += 1
            account = ACCOUNTS[number % 2]
            self.users.append(User(account, f"AIDA{self.made}", f"u{self.made}", [self.key()]))
            return
        user = self.users[number % len(self.users)]
        key = user.keys[number % len(user.keys)] if user.keys else None
        if what == "add key":
            user.keys.append(self.key())
        elif what == "rename":
            self.made += 1
            user.name = f"u{self.made}"
        elif what == "take name":  # a new user gets the name that a renamed one had
            old, user.name = user.name, f"u{self.made}-renamed"
            self.users.append(User(user.account, f"AIDA{self.made}-new", old, [self.key()]))
            self.made += 1
        elif what == "delete user":
            self.users.remove(user)
        elif what == "mute":
            user.muted = not user.muted
        elif key and what == "switch":
            key.active = not key.active
        elif key and what == "use":
            key.fails = not key.fails
        elif key and what == "delete key":
            user.keys.remove(key)

    def truth(self, account: str) -> dict[str, tuple[Key, User]]:
        return {
            key.key_id: (Key(**vars(key)), User(**vars(user)))
            for user in self.users
            if user.account == account
            for key in user.keys
        }


CHANGES = (
    "add user", "add key", "rename", "take name", "delete user", "mute", "switch", "use",
    "delete key",
)  # fmt: skip
NEED_IDS = ("rename", "take name")
"""What cannot be told from a deletion without the user's ID, if no key of the user fails then."""
NIGHT = st.tuples(
    st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 5)), max_size=4),
    st.sets(st.sampled_from(ACCOUNTS)),
)


def run(
    folder: Path, night: int, findings: list[dict[str, Any]], before: Snapshot | None
) -> RankedReports:
    now = datetime.fromtimestamp(TODAY + night * DAY + 3600, timezone.utc)
    reports = [write(folder / f"{night}.ocsf.json", findings)] if findings else []
    result = rank_reports(reports, now, before, members=ACCOUNTS)
    _, data, *_ = write_files(result, folder, f"access-keys-{night}")
    assert read_snapshot(data, now) == result.snapshot
    head = read_data(data, now, "", parse_head)
    assert (head.scans, head.figures) == (result.snapshot.scans, result.snapshot.figures)
    return result


@settings(max_examples=60, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(nights=st.lists(NIGHT, min_size=7, max_size=7), with_id=st.booleans())
def test_a_week_of_nights(
    tmp_path_factory: pytest.TempPathFactory, nights: list[Any], *, with_id: bool
) -> None:
    folder, world, before = tmp_path_factory.mktemp("week"), World(), None
    last: dict[str, dict[str, tuple[Key, User]]] = {}
    first: dict[str, int] = {}
    for night, (changes, scanned) in enumerate(nights):
        for what, number in changes:
            if with_id or what not in NEED_IDS:
                world.change(what, number)
        time = TODAY + night * DAY
        findings = [
            finding
            for user in world.users
            if user.account in scanned
            for finding in user.findings(time, with_id=with_id)
        ]
        for account in sorted(scanned):  # an account has a finding though it has no users
            findings.append(finding("root", "<root_account>", "PASS", account=account, time=time))
            findings += [
                finding(check, "<account>", "PASS", account=account, time=time)
                for check in ("unused", "inactive")
            ]
        result = run(folder, night, findings, before)
        before_tonight = {key_id: it for known in last.values() for key_id, it in known.items()}
        unseen = [account for account in last if account not in scanned]
        last |= {account: world.truth(account) for account in scanned}
        tonight = {
            key_id
            for account in scanned
            for key_id, (key, user) in last[account].items()
            if (key.active and key.fails and not user.muted) or not key.active
        }
        for account in scanned:
            for key_id, (key, _) in last[account].items():
                if key.fails or not key.active:
                    first.setdefault(key_id, time)
        check_news(result, before, unseen)
        check_histories(result.snapshot, last)
        for key_id, history in result.snapshot.histories.items():
            assert history.events[0][0] == first[key_id]
        new = {entry.access_key_id for entry in result.news.new if entry.is_to_act_on}
        assert new == {key_id for key_id in tonight if is_new(key_id, last, before_tonight)}
        before = result.snapshot


def is_new(
    key_id: str,
    now: dict[str, dict[str, tuple[Key, User]]],
    before: dict[str, tuple[Key, User]],
) -> bool:
    """Whether a key that fails is new: also one that was inactive and has been activated again."""
    if key_id not in before:
        return True
    (key, user), is_active = before[key_id], False
    for known in now.values():
        is_active |= key_id in known and known[key_id][0].active
    failed_as_active = key.active and key.fails and not user.muted
    return not failed_as_active and (is_active or key.active)


def check_news(result: RankedReports, before: Snapshot | None, unseen: list[str]) -> None:
    assert result.news.is_red("any") == bool(result.entries)
    assert not result.news.is_red("never")
    if before is None:
        assert result.news.is_red("new") == bool(result.entries)
        return
    assert result.news.unseen == sorted(unseen)
    if unseen:
        assert result.news.is_red("new")


def check_histories(snapshot: Snapshot, last: dict[str, dict[str, tuple[Key, User]]]) -> None:
    """Each history says what was true when its account was looked at last, or less."""
    known = {key_id: it for users in last.values() for key_id, it in users.items()}
    for key_id, history in snapshot.histories.items():
        key, user = known.get(key_id, (None, None))
        check_state(history, key, user)
    open_keys = {
        key_id: user.muted for key_id, (key, user) in known.items() if key.active and key.fails
    }
    states = {key_id: snapshot.histories[key_id].state == "exception" for key_id in open_keys}
    assert states == open_keys
    active = sum(key.active for key, _ in known.values())
    figures = snapshot.figures
    assert isinstance(figures, Figures)
    assert (figures.active, figures.failing, figures.accepted) == (
        active, list(open_keys.values()).count(False), list(open_keys.values()).count(True)
    )  # fmt: skip


def check_state(history: History, key: Key | None, user: User | None) -> None:
    if user and history.state in OPEN:
        assert (history.account, history.user) == (user.account, user.name)
    states = {
        "fails": key and user and key.active and key.fails and not user.muted,
        "exception": key and user and key.active and key.fails and user.muted,
        "deactivated": key and not key.active,
        "deactivated or deleted": not key or not key.active,
        "deleted": not key,
        "user gone": not key,
        "passes": not key or (key.active and not key.fails),
    }
    assert states[history.state]
