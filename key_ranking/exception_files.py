"""The file of exceptions without AWS: whether it can be used, and a draft of it from a mutelist."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks
from prowler_access_keys.services.iam.iam_access_keys.exceptions.acceptance import Terms, title
from prowler_access_keys.services.iam.iam_access_keys.exceptions.register import OWN_CHECK, load

from .outputs.printing import printable, say

USABLE, UNUSABLE, NOT_ALL_IN_FORCE = 0, 1, 3
"""The exit codes."""
DRAFT = """\
# Exceptions for prowler-access-keys, from the mutelist {}.
# Fill in what is in <>: the file cannot be used before that. A mutelist matches patterns; an
# exception names one user or one key.
"""


def check_exceptions(path: str) -> int:
    """Print what is wrong with a file of exceptions, and which are not in force."""
    register, terms = load(path), Terms()
    if register.problem:
        say(printable(register.problem), sys.stderr)
        return UNUSABLE
    lines = [
        f"entry {number} ({entry.subject}): the exception of {title(entry)} {why}"
        for number, entry in enumerate(register.entries, start=1)
        if (why := terms.why_not(entry))
    ]
    states = Counter(terms.describe(entry).state for entry in register.entries)
    counts = ", ".join(f"{number} {state}" for state, number in states.items()) or "none"
    soon = sum(map(terms.ends_soon, register.entries))
    notice = terms.settings.access_key_exceptions_notice_days
    lines.append(f"Exceptions: {counts}. Ending within {notice} days: {soon}.")
    say("\n".join(map(printable, lines)), sys.stdout)
    return NOT_ALL_IN_FORCE if len(lines) > 1 else USABLE


def draft_exceptions(path: str) -> int:
    """Print a draft of exceptions from a mutelist, as Prowler reads it."""
    from prowler.providers.aws.lib.mutelist.mutelist import AWSMutelist  # it takes a second

    mutelist = AWSMutelist(mutelist_path=path).mutelist
    if not mutelist:
        say(printable(f"Prowler cannot use the mutelist {path}, or it is empty."), sys.stderr)
        return UNUSABLE
    exceptions = {"exceptions": list(_entries(mutelist, AWSMutelist.is_item_matched))}
    draft = yaml.safe_dump(exceptions, sort_keys=False, allow_unicode=True, width=1000)
    say(DRAFT.format(printable(path)) + draft.rstrip(), sys.stdout)
    return USABLE


def _entries(
    mutelist: Mapping[str, Any], matches: Callable[[list[str], str], bool]
) -> Iterator[dict[str, Any]]:
    for account, block in mutelist["Accounts"].items():
        for pattern, muted in block["Checks"].items():
            ours = our_checks() - {OWN_CHECK}
            matched = sorted(check for check in ours if matches([pattern], check))
            for resource in muted["Resources"] if matched else ():
                yield {
                    "account": account,
                    "user": _user(resource, muted.get("Tags") or []),
                    "checks": ["*"] if pattern == "*" else matched,
                    "reason": _line(muted.get("Description", "")) or "<why this may stay>",
                    "owner": "<who answers for the key>",
                    "approver": "<who accepts the risk>",
                    "until": "<the day it ends: YYYY-MM-DD>",
                }


def _user(resource: str, tags: list[str]) -> str:
    """The user that a resource of a mutelist names, or a mark that says what it matches."""
    name = re.sub(r"\\(.)", r"\1", resource.removeprefix("^").removesuffix("$"))
    if not tags and re.fullmatch(r"[\w=,.@-]{1,64}", name, re.ASCII):
        return name
    tagged = f"has the tags {_line(' and '.join(tags))} and " if tags else ""
    return f"<a user that {tagged}matches {_line(resource)}>"


def _line(text: str) -> str:
    return printable(" ".join(text.translate(str.maketrans("<>", "()")).split()))[:400]
