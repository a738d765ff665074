"""The first keys as lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ..entries.entry import Entry, Group, find_causes, word_account
from ..over_time.news import News
from .figures import HEADINGS, word_figures
from .printing import BOLD, RED, printable, style
from .wording import without_id, word_age

ACCOUNTS = 10
"""How many accounts are named."""
FIRST = 10
"""How many keys are shown unless told otherwise."""
CAUSES = 3
"""How many causes of what is not known are shown."""


def describe_first(
    entries: Sequence[Entry], number: int = FIRST, accepted: str = "", *, color: bool = False
) -> list[str]:
    """Totals, the first keys by group, what is not known or accepted, as lines safe to print."""
    keys = [entry for entry in entries if entry.is_to_act_on]
    unknown = find_causes(entries)
    total = word_figures(keys)
    if not total:
        total = "No key is known to fail a check." if unknown else "No key fails a check."
    elif keys[number:]:
        total += f"; the first {number}:"
    lines = [style(total, BOLD) if color else total]
    shown = enumerate(keys[:number], start=1)
    for group, ranked in groupby(shown, key=lambda numbered: numbered[1].group):
        emphasis = RED if group in (Group.INCIDENT, Group.ADMINISTRATOR) else BOLD
        lines += ["", style(HEADINGS[group], emphasis) if color else HEADINGS[group]]
        for rank, entry in ranked:
            lines += map(printable, _lines(rank, entry))
    lines += [""] if keys and unknown else []
    for cause in unknown[:CAUSES]:
        what = "attributed to a key" if cause.is_failure else "judged"
        lines.append(printable(f"Not {what}: {cause}"))
    if unknown[CAUSES:]:
        lines.append(f"{len(unknown) - CAUSES} more causes are on the page.")
    return [*lines, printable(accepted)] if accepted else lines


def _lines(rank: int, entry: Entry) -> list[str]:
    key = f"{entry.access_key_id} of {entry.user}" if entry.access_key_id else entry.user
    account = word_account(entry.account, entry.account_name)
    age = f", {word_age(entry.age_days)} old" if entry.age_days is not None else ""
    advice = without_id(entry.advice, entry.access_key_id)
    command = [f"     {entry.command}"] if entry.command else []
    return [f"{rank:>3}. {key} in {account}{age}", f"     {advice}", *command]


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
    return [*lines, f"New or an incident: {len(news.new)}, {known}.", *describe_first(news.new)]
