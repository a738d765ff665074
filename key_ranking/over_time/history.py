"""How it went with each key, from the first scan that found it failing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from prowler_access_keys.services.iam.iam_access_keys.facts import ROOT_USER_NAME

from ..findings.check_names import INACTIVE
from ..findings.collected import Collected
from ..findings.failing_keys import failing_credentials
from ..findings.reports import LATEST, Finding, moment_of

if TYPE_CHECKING:
    from .changes import Kind, Remembered

Seconds = Annotated[int, Field(ge=0, le=LATEST)]
"""Since 1970, UTC."""
State = Literal[
    "fails", "exception", "passes", "deactivated", "deactivated or deleted", "deleted",
    "user gone", "account left",
]  # fmt: skip
OPEN: tuple[State, ...] = ("fails", "exception")
RETIRED: tuple[State, ...] = ("deactivated", "deactivated or deleted", "deleted", "user gone")


def date_of(time: Seconds) -> date:
    """The day, UTC."""
    return moment_of(time).date()


@dataclass(frozen=True)
class History:
    """A key, or the root user's keys, that has failed a check.

    * fails: a check fails for the key, and it is active.
    * exception: all findings that fail for it are muted.
    * deactivated: the key was listed as inactive.
    * deactivated or deleted: it is not among the user's active keys.
    * deleted: it was inactive, and is not among the user's inactive keys either.
    * user gone: a whole scan of the account has no finding about the user.
    * passes: it was judged again, and nothing of the above is known.
    """

    account: str
    user: str
    """The newest name."""
    checks: Mapping[str, Seconds]
    """Those that have failed for it, and when a scan first saw that; the first comes first."""
    events: Annotated[tuple[tuple[Seconds, State], ...], Field(min_length=1)]
    """When a scan first saw the key in a state; the first is when it was first seen failing."""
    seen: Seconds
    """When a scan last said something about it."""
    owner: str = ""

    @property
    def state(self) -> State:
        """The newest state."""
        return self.events[-1][1]

    @property
    def is_retired(self) -> bool:
        """Whether it has failed as an active key, and has gone since."""
        return self.state in RETIRED and any(state in OPEN for _, state in self.events)

    def become(self, time: int, state: State) -> History:
        """The history after a scan at this time."""
        new = () if state == self.state else ((time, state),)
        return replace(self, events=(*self.events, *new), seen=time)


def follow_keys(
    before: Mapping[str, History],
    remembered: Mapping[str, Remembered],
    collected: Collected,
    fate: Callable[[str, Remembered], Kind],
    now: datetime,
    members: Collection[str] | None = None,
) -> dict[str, History]:
    """The histories after a run, by key ID, or by ARN for the root user's keys.

    ``remembered`` are the findings of the run before, ``fate`` says what has become of one, and
    ``members`` are as in ``find_changes``. A key that the run did not look at stays as it was.
    """
    histories = dict(before)
    naming: dict[str, list[Finding]] = {}
    for finding in (*collected.open.values(), *collected.others.values()):
        if finding.status == "FAIL" and not collected.is_stale(finding):
            for key_id in credentials_of(finding):
                naming.setdefault(key_id, []).append(finding)
    for key_id, findings in naming.items():
        histories[key_id] = _with_failures(before.get(key_id), findings)
    of_key: dict[str, list[tuple[str, Remembered]]] = {}
    for uid, then in remembered.items():
        for key_id in then.keys:
            of_key.setdefault(key_id, []).append((uid, then))
    for key_id, history in before.items():
        if key_id in naming:
            continue
        is_open = history.state in (*OPEN, "deactivated")
        if is_open and members is not None and history.account not in members:
            histories[key_id] = history.become(int(now.timestamp()), "account left")
        elif is_open and history.account in collected.accounts:
            known = of_key.get(key_id, [])
            people = {uid.partition(" ")[2] for uid, _ in known}
            about = [
                finding
                for person in people
                for finding in collected.followed.get(person, {}).values()
                if finding.time > history.seen and finding.status != "MANUAL"
            ]
            kinds = {fate(uid, then) for uid, then in known}
            if state := _state_after(key_id, history, about, kinds):
                looks = collected.accounts[history.account].checks
                histories[key_id] = history.become(max(looks.values()), state)
    return histories


def credentials_of(finding: Finding) -> tuple[str, ...]:
    """The IDs of the keys that a finding fails for; its ARN for those of the root user."""
    if finding.user == ROOT_USER_NAME:
        return () if finding.data.unreadable or finding.unusable else (finding.arn,)
    return failing_credentials(finding)


def _with_failures(before: History | None, findings: list[Finding]) -> History:
    findings.sort(key=lambda finding: (finding.time, finding.check != INACTIVE))
    newest = findings[-1]
    as_active = [finding for finding in findings if finding.check != INACTIVE]
    state: State = "exception" if all(finding.muted for finding in as_active) else "fails"
    state = "deactivated" if newest.check == INACTIVE else state
    checks = {finding.check: finding.time for finding in findings}
    owner = next((found.data.owner for found in reversed(findings) if found.data.owner), "")
    if before is None:
        first = ((newest.time, state),)
        return History(newest.account, newest.user, checks, first, newest.time, owner)
    if newest.time <= before.seen:
        return before
    checks = {**checks, **before.checks}
    checks = dict(sorted(checks.items(), key=lambda item: item[1]))
    after = before.become(newest.time, state)
    return replace(after, user=newest.user, checks=checks, owner=owner or before.owner)


def _state_after(
    key_id: str, history: History, about: Iterable[Finding], kinds: Collection[str]
) -> State | None:
    """What has become of a key that no finding names any more; None if that is not known.

    ``about`` are new findings about its user, ``kinds`` the fates of those that named the key.
    """
    about = list(about)
    is_api_key = not key_id.startswith(("AKIA", "arn:"))  # findings do not count those
    is_not_active = not is_api_key and any(
        finding.check != INACTIVE
        and finding.data.active_access_keys == sum(key.active for key in finding.data.access_keys)
        and key_id not in [key.access_key_id for key in finding.data.access_keys if key.active]
        for finding in about
    )
    listed = [key for finding in about for key in finding.data.access_keys]
    if any(key.access_key_id == key_id and not key.active for key in listed):
        return "deactivated"
    if is_not_active and history.state == "deactivated":
        is_judged = any(finding.check == INACTIVE for finding in about)
        return "deleted" if is_judged else None
    if is_not_active:
        return "deactivated or deleted"
    if not kinds or "not known" in kinds:
        return None
    return "user gone" if kinds == {"gone"} and not about else "passes"
