"""What later runs must know: of this run, and of what it did not look at. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from ..findings.check_names import INACTIVE
from ..findings.failing_keys import credentials_of, listed_root_keys
from ..findings.remembered import Remembered
from ..findings.reports import Finding, person_of
from .changes import Comparison
from .history import OPEN, History, State
from .runs import FORMAT, Figures, Scan
from .snapshot import NO_RUN, Snapshot


def take_snapshot(
    comparison: Comparison,
    now: datetime,
    organization: str = "",
    chosen: Collection[str] = (),
) -> Snapshot:
    """What later runs compare with; ``now`` is UTC.

    Accounts, checks, findings, and keys that this run did not look at are carried on. ``chosen``
    are the accounts that were to be scanned, if that is known.
    """
    before, accounts = comparison.before, comparison.now.accounts
    scans = find_scans(comparison)
    looks = {account: dict(seen.checks) for account, seen in accounts.items()}
    names = {account: seen.name for account, seen in accounts.items()}
    active = {
        scan.account: scan.active or 0
        for scan in scans
        if scan.time in accounts[scan.account].whole.values()
    }
    for account, checks in before.accounts.items():
        if not comparison.has_left(account):
            names.setdefault(account, before.names.get(account, ""))
            if account in before.active:
                active.setdefault(account, before.active[account])
            carried = looks.setdefault(account, {})
            carried.update({it: max(at, carried.get(it, 0)) for it, at in checks.items()})
    histories = follow_keys(comparison, now)
    return Snapshot(
        version=FORMAT,
        created=now,
        organization=organization,
        previous=None if before is NO_RUN else before.created,
        scans=scans,
        unseen=tuple(sorted({*looks, *chosen} - {scan.account for scan in scans})),
        figures=_sum_up(active, histories),
        accounts=looks,
        names=names,
        findings=_remember(comparison),
        active=active,
        histories=histories,
    )


def find_scans(comparison: Comparison) -> tuple[Scan, ...]:
    """The scans in the reports that the earlier run did not have."""
    collected = comparison.now
    found = defaultdict[tuple[str, str], set[str]](set)
    for finding in collected.current:
        if not (finding.muted and finding.status == "FAIL"):
            found[finding.account, finding.check].add(finding.status)
    scans = []
    for account, seen in collected.accounts.items():
        by_time: dict[int, dict[str, list[str]]] = {}
        for check, time in sorted(seen.checks.items()):
            if (account, check) in comparison.looks:
                statuses = found[account, check]
                is_partial = collected.is_partial(account, check)
                status = "MANUAL" if "MANUAL" in statuses or is_partial else "PASS"
                status = "FAIL" if "FAIL" in statuses else status
                by_time.setdefault(time, {}).setdefault(status, []).append(check)
        for time, checks in sorted(by_time.items()):
            users, active = seen.largest(time)
            by_status = (tuple(checks.get(status, ())) for status in ("FAIL", "MANUAL", "PASS"))
            scans.append(Scan(account, time, users, None if active < 0 else active, *by_status))
    return tuple(scans)


def _sum_up(active: Mapping[str, int], histories: Mapping[str, History]) -> Figures:
    states = [history.state for history in histories.values()]
    retired = sum(history.is_retired for history in histories.values())
    return Figures(sum(active.values()), states.count("fails"), states.count("exception"), retired)


def _remember(comparison: Comparison) -> dict[str, Remembered]:
    """By UID, the findings of this run, and those of the earlier one that it says nothing of."""
    findings = {
        finding.uid: Remembered(
            finding.account,
            finding.check,
            finding.user,
            "muted" if finding.muted else "MANUAL" if finding.status == "MANUAL" else "FAIL",
            finding.time,
            (*credentials_of(finding), *listed_root_keys(finding)),
            finding.data.user_id,
        )
        for finding in comparison.now.current
        if finding.status != "PASS"
    }
    for uid, then in comparison.before.findings.items():
        is_kept = uid not in findings or then.status != "MANUAL"
        if is_kept and comparison.fates[uid].kind == "not known":
            findings[uid] = replace(then, seen=then.seen or comparison.looked_then(then))
    return findings


def follow_keys(comparison: Comparison, now: datetime) -> dict[str, History]:
    """The histories after this run, by key ID, or by ARN for the root user's keys.

    A key that the run did not look at stays as it was; ``now`` is UTC.
    """
    before, collected = comparison.before, comparison.now
    histories = dict(before.histories)
    naming = defaultdict[str, list[Finding]](list)
    for finding in collected.current:
        if finding.status == "FAIL":
            for key_id in credentials_of(finding):
                naming[key_id].append(finding)
    for key_id, findings in naming.items():
        histories[key_id] = _with_failures(before.histories.get(key_id), findings)
    named = defaultdict[str, list[str]](list)  # by key, the UIDs of the findings that named it then
    for uid, then in before.findings.items():
        for key_id in then.keys:
            named[key_id].append(uid)
    for key_id, history in before.histories.items():
        if key_id in naming or history.state not in (*OPEN, "deactivated"):
            continue
        if comparison.has_left(history.account):
            histories[key_id] = history.become(int(now.timestamp()), "account left")
        elif history.account in collected.accounts:
            looks = collected.accounts[history.account].checks
            if state := _state_after(key_id, history, named[key_id], comparison):
                histories[key_id] = history.become(max(looks.values()), state)
    return histories


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
    key_id: str, history: History, named: Collection[str], comparison: Comparison
) -> State | None:
    """What has become of a key that no finding names any more; None if that is not known.

    ``named`` are the UIDs of the findings that named it in the earlier run.
    """
    about = [  # what the reports say of its user
        finding
        for person in {person_of(uid) for uid in named}
        for finding in comparison.now.followed.get(person, {}).values()
        if finding.time > history.seen and finding.status != "MANUAL"
    ]
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
    kinds = {comparison.fates[uid].kind for uid in named}
    if not kinds or "not known" in kinds:
        return None
    return "user gone" if kinds == {"gone"} and not about else "passes"
