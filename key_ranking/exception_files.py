"""The file of exceptions without AWS: whether it can be used, and a draft of it from a mutelist."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

import yaml
from prowler.providers.aws.lib.mutelist.mutelist import AWSMutelist

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks
from prowler_access_keys.services.iam.iam_access_keys.exceptions.acceptance import (
    LIMITS,
    ends_soon,
    title,
    word_state,
)
from prowler_access_keys.services.iam.iam_access_keys.exceptions.register import (
    ALL,
    load,
)

from .printing import printable, say

USABLE, UNUSABLE, NOT_ALL_IN_FORCE = 0, 1, 3
DRAFT = """\
# Exceptions for prowler-access-keys, from the mutelist {}.
# Fill in what is in <>: the file cannot be used before that. A mutelist matches patterns; an
# exception names one user or one key.
"""


def check_exceptions(path: str) -> int:
    """Print what is wrong with a file of exceptions, and which are not in force. See USABLE."""
    register, now = load(path), datetime.now(timezone.utc)
    if register.problem:
        say(printable(register.problem), sys.stderr)
        return UNUSABLE
    states = Counter(entry.state(now, LIMITS.most_days) for entry in register.entries)
    soon = sum(ends_soon(entry, now, LIMITS) for entry in register.entries)
    lines = [
        f"entry {number} ({entry.subject}): the exception of {title(entry)} {why}"
        for number, entry in enumerate(register.entries, start=1)
        if (why := word_state(entry, now, LIMITS))
    ]
    counts = ", ".join(f"{states[state]} {state}" for state in states) or "none"
    lines.append(f"Exceptions: {counts}. Ending within {LIMITS.notice_days} days: {soon}.")
    say("\n".join(map(printable, lines)), sys.stdout)
    return NOT_ALL_IN_FORCE if states.total() > states["in force"] else USABLE


def draft_exceptions(path: str) -> int:
    """Print a draft of exceptions from a mutelist, as Prowler reads it. See USABLE."""
    mutelist = AWSMutelist(mutelist_path=path).mutelist
    if not mutelist:
        say(printable(f"Prowler cannot use the mutelist {path}, or it is empty."), sys.stderr)
        return UNUSABLE
    draft = yaml.safe_dump(
        {"exceptions": list(_entries(mutelist))}, sort_keys=False, allow_unicode=True, width=1000
    )
    say(DRAFT.format(printable(path)) + draft.rstrip(), sys.stdout)
    return USABLE


def _entries(mutelist: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for account, block in mutelist["Accounts"].items():
        for check, muted in block["Checks"].items():
            checks = _checks(str(check))
            for resource in muted["Resources"] if checks else ():
                yield {
                    "account": str(account),
                    "user": _user(resource, muted.get("Tags") or []),
                    "checks": checks,
                    "reason": _line(muted.get("Description")) or "<why this may stay>",
                    "owner": "<who answers for the key>",
                    "approver": "<who accepts the risk>",
                    "until": "<the day it ends: YYYY-MM-DD>",
                }


def _checks(pattern: str) -> list[str]:
    """The checks of this plug-in that an entry of a mutelist is about."""
    if pattern == "*":
        return [ALL]
    matched = (check for check in our_checks() if AWSMutelist.is_item_matched([pattern], check))
    return sorted(matched)


def _user(resource: str, tags: list[str]) -> str:
    """The user that a resource of a mutelist names, or a mark that says what it matches."""
    name = re.sub(r"\\(.)", r"\1", resource.removeprefix("^").removesuffix("$"))
    name = re.sub(r"arn:[^:]*:iam::\d*:user/(?:.*/)?", "", name)
    if tags:
        return f"<a user with the tag {_line(' and '.join(tags))} that matches {_line(resource)}>"
    is_name = re.fullmatch(r"[\w=,.@-]{1,64}", name, re.ASCII)
    return name if is_name else f"<a user that matches {_line(resource)}>"


def _line(text: Any) -> str:
    return printable(" ".join(str(text or "").translate(str.maketrans("<>", "()")).split()))[:400]
