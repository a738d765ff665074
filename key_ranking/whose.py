"""From access key IDs in any text to their users, most dangerous first.

Only the IDs are kept of the text: a secret may stand beside one.
"""

from __future__ import annotations

import re
from base64 import b32decode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from prowler_access_keys.services.iam.iam_access_keys.findings.wording import plural

from .entries.entry import Entry, Group
from .outputs.owners import describe_use
from .outputs.printing import printable
from .over_time.history import RETIRED, History, date_of

KEY_ID = re.compile(
    rb"(?:(?<![A-Z0-9])|(?<=%[0-9A-F][0-9A-F]))(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"
)
"""IDs of access keys that stay, and of temporary ones, also after \\n or %3D:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"""
ID_LENGTH, BEFORE, CHUNK = 20, 3, 1 << 20
"""Characters of an ID, of what decides before it, and of a piece that is read at a time."""
RETIRED_KEY = 5
STATES = {"fails": "active", "exception": "active, and excused by a mutelist"}
ADMINISTRATOR = {
    True: "an administrator",
    False: "not an administrator",
    None: "an administrator or not: not known",
}
FIND_USER = (
    "No report that was read names it. In that account, aws iam get-access-key-last-used "
    "--access-key-id {key} names its user. Then deactivate it."
)
TEMPORARY = (
    "Temporary credentials, which reports do not have. Find the role's session in CloudTrail, and "
    "revoke the role's sessions if they may still be valid."
)


@dataclass(frozen=True)
class Whose:
    """What is known of an ID."""

    access_key_id: str
    times: int
    """How often it is in the text."""
    danger: int
    """The lower, the more dangerous."""
    lines: tuple[str, ...]

    @property
    def is_retired(self) -> bool:
        """Whether it is known not to be active."""
        return self.danger == RETIRED_KEY


def ids_in(file: BinaryIO) -> Counter[str]:
    """The IDs in a text, and how often each is there. Nothing else of it is kept."""
    found: Counter[str] = Counter()
    text = b""
    while chunk := file.read(CHUNK):
        text += chunk.replace(b"\0", b"")  # UTF-16 has one in each letter of an ID
        end = len(text) - ID_LENGTH  # later ones may not be complete
        for match in KEY_ID.finditer(text):
            if match.start() < len(text) - ID_LENGTH:
                found[match.group().decode()] += 1
                end = max(end, match.end())
        text = text[max(0, end - BEFORE) :]
    found.update(match.group().decode() for match in KEY_ID.finditer(text))
    return found


def account_of(key_id: str) -> str:
    """The account's number, computed from the ID; empty for an ID that does not hold it.

    IDs since 2019 do: the 40 bits after the first one of what follows the prefix in base 32 are the
    number, and that first bit is set. AWS does not document it.
    """
    try:
        bits = int.from_bytes(b32decode(key_id[4:])[:6], "big")
    except ValueError:  # an older ID may have other digits
        return ""
    number = (bits & 0x7FFF_FFFF_FF80) >> 7
    return f"{number:012}" if bits >> 47 and number < 10**12 else ""


def look_up(
    ids: Mapping[str, int],
    entries: Iterable[Entry],
    histories: Mapping[str, History],
    names: Mapping[str, str],
) -> list[Whose]:
    """What the ranking and the histories say of IDs; ``names`` are the accounts' names."""
    by_key = {entry.access_key_id: entry for entry in entries if entry.access_key_id}
    found = []
    for key_id, times in ids.items():
        entry = by_key.get(key_id)
        history = histories.get(entry.history_id if entry else key_id)
        found.append(_identify(key_id, times, entry, history, names))
    return sorted(found, key=lambda key: (key.danger, key.access_key_id))


def _identify(
    key_id: str,
    times: int,
    entry: Entry | None,
    history: History | None,
    names: Mapping[str, str],
) -> Whose:
    computed, known = account_of(key_id), entry or history
    if known is None:
        where = f"Account {computed}, computed from the ID." if computed else "Account not known."
        is_temporary = key_id.startswith("ASIA")
        advice = TEMPORARY if is_temporary else FIND_USER.format(key=key_id)
        name = f" {names[computed]}." if names.get(computed) else ""
        return Whose(key_id, times, 4 if is_temporary else 3, (where + name, advice))
    state = "state not known"
    if history:
        state = STATES.get(history.state, history.state) + f" as of {date_of(history.seen)}"
    account = f"{names.get(known.account, '')} ({known.account})".removeprefix(" ")
    owner = known.owner or (history.owner if history else "") or "not known"
    lines = [f"User {known.user} in account {account}; {state}; owner: {owner}."]
    if computed not in ("", known.account):
        lines.append(f"The account number computed from the ID is another one: {computed}.")
    danger = RETIRED_KEY if history and history.state in RETIRED else 2
    if entry:
        if danger == 2 and entry.group in (Group.INCIDENT, Group.ADMINISTRATOR):
            danger = 0 if entry.administrator else 1
        rights = ADMINISTRATOR[entry.administrator]
        lines += [f"The user is {rights}; {describe_use(entry)}.", entry.advice]
        if entry.command:
            lines.append(f"If its secret is in the text too, at once: {entry.command}")
    return Whose(key_id, times, danger, tuple(lines))


def describe(found: Sequence[Whose]) -> list[str]:
    """What is printed."""
    lines = [f"{plural(len(found), 'access key ID')} found"]
    for key in found:
        times = "" if key.times == 1 else f" ({key.times} times)"
        lines += ["", f"{key.access_key_id}{times}", *(f"  {line}" for line in key.lines)]
    return list(map(printable, lines))
