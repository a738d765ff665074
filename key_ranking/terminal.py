"""The first keys as lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from .news import News
from .printing import printable
from .ranking import Entry, causes

ACCOUNTS = 10
"""How many accounts are named."""
FIRST = 10
"""How many keys are shown unless told otherwise."""
CAUSES = 3
"""How many causes of what is not known are shown."""


def first(entries: Sequence[Entry], number: int = FIRST, accepted: str = "") -> list[str]:
    """The first keys, what is not known, and what is accepted, as lines that are safe to print."""
    keys = [entry for entry in entries if entry.is_to_act_on]
    unknown = causes(entries)
    lines = [f"Top {min(number, len(keys))} of {len(keys)} key{'' if len(keys) == 1 else 's'}"]
    if not keys:
        lines = ["No key is known to fail a check." if unknown else "No key fails a check."]
    for rank, entry in enumerate(keys[:number], start=1):
        key = f"{entry.access_key_id} of {entry.user}" if entry.access_key_id else entry.user
        account = f"{entry.account_name} ({entry.account})" if entry.account_name else entry.account
        age = "" if entry.age_days is None else f", {entry.age_days} days old"
        lines += [f"{rank:>3}. {key} in {account}{age}", f"     {entry.advice}"]
        lines += [f"     {entry.command}"] if entry.command else []
    for cause in unknown[:CAUSES]:
        lines.append(f"Not {'attributed to a key' if cause.is_failure else 'judged'}: {cause}")
    if unknown[CAUSES:]:
        lines.append(f"{len(unknown) - CAUSES} more causes are on the page.")
    return list(map(printable, [*lines, accepted] if accepted else lines))


def describe_new(news: News, number: int, since: str) -> list[str]:
    """What is new of a number of entries since an earlier run, if there is one, as lines."""
    if news.unseen:
        more = len(news.unseen) - ACCOUNTS
        named = ", ".join(news.unseen[:ACCOUNTS]) + (f", and {more} more" if more > 0 else "")
        lines = [printable(f"Not looked at since {since}: {named}.")]
    else:
        lines = []
    known = f"{number - len(news.new)} known since {since} or before" if since else "no run before"
    if not news.new:
        return [*lines, f"Nothing new, {known}."]
    return [*lines, f"New or an incident: {len(news.new)}, {known}.", *first(news.new)]
