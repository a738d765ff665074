"""Answers of IAM that are not as AWS documents them: what ``Behavior.rewrite`` takes.

Each function returns one that changes the XML of an answer, given the marker of the call.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Rewrite = Callable[[str, str], str]

NEXT_MARKERS: dict[str, Callable[[str], str]] = {
    "no marker": lambda marker: "",
    "the same marker": lambda marker: "1",
    "markers in a circle": lambda marker: "2" if marker == "1" else "1",
    "markers without end": lambda marker: str(int(marker or 0) + 1),
}
"""How a listing can fail to end well: the marker that follows the marker of the call."""


def truncated(markers: str, *, empty: bool = True) -> Rewrite:
    """Each page says that there are more, with one of NEXT_MARKERS, and is perhaps ``empty``."""

    def rewrite(answer: str, marker: str) -> str:
        answer = re.sub(r"<(IsTruncated|Marker)>[^<]*</\1>|<Marker/>", "", answer)
        if empty:
            answer = re.sub(r"<(\w+)><member>.*</member></\1>", r"<\1/>", answer, flags=re.DOTALL)
        following = NEXT_MARKERS[markers](marker)
        more = f"<Marker>{following}</Marker>" if following else ""
        return re.sub(r"(</\w+Result>)", rf"<IsTruncated>true</IsTruncated>{more}\1", answer)

    return rewrite


def without(member: str) -> Rewrite:
    """The answer has no such member, wherever it should be."""
    return lambda answer, _: re.sub(
        rf"<{member}>.*?</{member}>|<{member}/>", "", answer, flags=re.DOTALL
    )


def with_text(member: str, text: str) -> Rewrite:
    """All members of this name have this text."""
    return lambda answer, _: re.sub(
        rf"<{member}>[^<]*</{member}>", f"<{member}>{text}</{member}>", answer
    )
