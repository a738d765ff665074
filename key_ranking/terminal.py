"""The first keys as lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from .printing import printable
from .ranking import Entry

FIRST = 10
"""How many keys are shown unless told otherwise."""


def first(entries: Sequence[Entry], number: int = FIRST) -> list[str]:
    """The first keys as lines that are safe to print."""
    if not entries:
        return ["No check fails for a key."]
    shown = min(number, len(entries))
    lines = [f"Which key first: {shown} of {len(entries)}"]
    for rank, entry in enumerate(entries[:shown], start=1):
        key = f"{entry.access_key_id} of {entry.user}" if entry.access_key_id else entry.user
        account = f"{entry.account_name} ({entry.account})" if entry.account_name else entry.account
        age = "" if entry.age_days is None else f", {entry.age_days} days old"
        lines.append(printable(f"{rank:>3}. {key} in {account}{age}"))
        lines.append(printable(f"     {entry.advice}"))
        if entry.command:
            lines.append(printable(f"     {entry.command}"))
    return lines
