"""Which key first: one entry for each key that a check fails for, in the order to deal with them.

Pure: from the data of findings, never from their sentences.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.facts import ROOT_USER_NAME

from ..findings.collected import Collected
from ..findings.reports import Finding
from .entry import Entry
from .unknown import unknown_entries
from .user_entries import UserEntries


def rank(collected: Collected, now: datetime) -> tuple[Entry, ...]:
    """The keys that fail a check and are not muted, in this order; ``now`` is UTC:

    1. Incidents: keys of users that AWS has quarantined, because others may have them; used decoys
       and keys of users made for an API key, because an intruder may be behind them; and the root
       user's, because nothing limits them.
    2. Keys of administrators: anyone who finds one has the account. Also unused ones.
    3. Unused keys to deactivate now: each takes a minute and no talk. Only a finding of the last 7
       days says so, and only if no finding about the user is muted.
    4. Keys in use, unfinished rotations, keys whose creator is unknown, and API keys.
    5. Inactive keys: they do not work now, and deleting them cannot be undone.
    6. What is not known: users and accounts that could not be judged, or that a newer report does
       not mention. A key to act on may be behind each; see ``find_causes``.

    Within each, the oldest comes first: the longer a key has lived, the more places know it. Every
    finding that is not muted is behind an entry.
    """
    users: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in collected.current:
        users.setdefault((finding.account, finding.arn, finding.user), []).append(finding)
    gaps = collected.gaps()
    entries = list(unknown_entries(collected, now))
    for (account, _, _), findings in users.items():
        findings.sort(key=lambda finding: -finding.time)
        entries += UserEntries(collected.accounts[account], findings, gaps, now).entries()
    return tuple(sorted(entries, key=_sort_key))


def _sort_key(entry: Entry) -> tuple[Any, ...]:
    age = -1 if entry.age_days is None else entry.age_days
    not_root = entry.user != ROOT_USER_NAME
    return (entry.group, not_root, -age, entry.account, entry.user, entry.access_key_id)
