"""What a mutelist must be before a fixer acts: read whole, and silent about the user. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .facts import User


def unusable(mutelist: Mapping[str, Any] | None, path: str | None) -> str:
    """Why it is not known whose findings are muted; empty if it is.

    ``mutelist`` is what Prowler made of the file at ``path``. Prowler goes on as though nothing
    were muted if it cannot read a mutelist or a pattern in it
    (``prowler/lib/mutelist/mutelist.py``).
    Of a table in DynamoDB it reads one item (``prowler/providers/aws/lib/mutelist/mutelist.py``).
    """
    if not path:
        return ""
    unknown = "so whose findings are muted is not known"
    if re.match(r"arn:[\w-]+:dynamodb:", path):
        return (
            f"Prowler reads only one item of the mutelist {path}, {unknown}. Give the mutelist as "
            "a file."
        )
    if not mutelist:
        return (
            f"the mutelist {path} is empty or could not be read, {unknown}. Correct it, or leave "
            "it out."
        )
    for text in _patterns(mutelist):
        try:
            re.compile(_pattern(text))
        except re.error as error:
            return (
                f"the mutelist {path} has a pattern that is not a valid regular expression, "
                f"{text!r} ({error}), {unknown}. Correct it."
            )
    return ""


def names_user(mutelist: Mapping[str, Any] | None, user: User) -> str:
    """The text with which a mutelist names a user; empty if it does not.

    The user's findings are not muted. Somebody who wrote its name or ARN there meant something,
    though: perhaps the account, check or form of the entry is wrong (Prowler matches an IAM user
    by its name, prowler#6736). Any text counts that has the user's name as a word, or that as a
    pattern fits its name or ARN and does not fit everything.
    """
    for text in _texts(mutelist or {}):
        if re.search(rf"(?<![\w+.@-]){re.escape(user.name)}(?![\w+.@-])", text, re.IGNORECASE):
            return text
        pattern = re.compile(_pattern(text), re.IGNORECASE)
        if pattern.search("") is None and any(map(pattern.search, (user.name, user.arn))):
            return text
    return ""


def _texts(node: Any) -> Iterator[str]:
    """The names of resources and the tags of all entries, exceptions included."""
    if not isinstance(node, Mapping):
        return
    for key, value in node.items():
        if key in ("Resources", "Tags") and isinstance(value, list):
            yield from map(str, value)
        else:
            yield from _texts(value)


def _patterns(node: Any) -> Iterator[str]:
    """All texts that Prowler takes for patterns: those of lists, and the names of checks."""
    if not isinstance(node, Mapping):
        return
    for key, value in node.items():
        if isinstance(value, list) or (key == "Checks" and isinstance(value, Mapping)):
            yield from map(str, value)
        yield from _patterns(value)


def _pattern(text: str) -> str:
    """A text of a mutelist as the regular expression that Prowler makes of it."""
    return text.replace("*", ".*")
