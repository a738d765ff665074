"""What a mutelist must be before a fixer acts: read whole, and silent about the user.

A mutelist is read twice: as Prowler reads it, and as a person does, who sees names that Prowler
never gets to see: of two blocks with the same name, it takes the later one (prowler#4597).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import yaml
from prowler.lib.mutelist.mutelist import Mutelist
from prowler.lib.outputs.utils import unroll_dict, unroll_tags

from ..catalogue import our_checks
from ..command_line import read_again
from ..facts import User, if_read

_KINDS = {"resource": "Resources", "tag": "Tags"}
"""What an entry is about, by how people write it: with or without the plural, in any case."""


class _Text(NamedTuple):
    """A text of the mutelist that may mean a user, and where it stands."""

    value: str
    kind: str
    """``Resources`` or ``Tags``."""
    excepted: bool


def why_unusable(muting: Any) -> str:
    """Why it is not known whose findings are muted; empty if it is.

    ``muting`` is Prowler's mutelist. If Prowler cannot read a mutelist, or a pattern in it, it
    mutes nothing (``prowler/lib/mutelist/mutelist.py``).
    """
    path = muting.mutelist_file_path
    if not path:
        return ""
    unknown = "so whose findings are muted is not known"
    if not muting.mutelist:
        return (
            f"the mutelist {path} is empty or could not be read, {unknown}. Correct it, or leave "
            "it out."
        )
    try:
        if _texts_of_file(path) is None:
            return (
                f"the mutelist {path} is not a regular file, and what Prowler dropped of it cannot "
                f"be seen, {unknown}. Give the mutelist as a regular file."
            )
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        return f"the mutelist {path} could not be read again ({type(error).__name__}), {unknown}."
    for text in _patterns(muting.mutelist):
        try:
            re.compile(_pattern(text))
        except re.error as error:
            return (
                f"the mutelist {path} has a pattern that is not a valid regular expression, "
                f"{text!r} ({error}), {unknown}. Correct it."
            )
    return ""


def protection(muting: Any, account: str, user: User, check_id: str) -> str:
    """Why a mutelist that does not mute a finding may be meant to protect its user; else empty.

    The account, check, or form of an entry may be wrong (Prowler matches an IAM user by its name,
    prowler#6736), or the entry is about another check. Anything under ``Resources`` counts that has
    the user's name as a word, or that as a pattern fits its name or ARN, and anything under
    ``Tags`` that fits one of its tags. A pattern that fits everything means no user, but in an
    entry for one of our checks, that is a reason too.
    """
    advice = (
        f"To mute this finding too, write '^{re.escape(user.name)}$' under Resources of "
        f"{check_id}. To have the key deactivated, take the user out of the mutelist."
    )
    path = muting.mutelist_file_path
    for text in (_texts_of_file(path) if path else None) or ():
        if _means(text, user):
            where = "Exceptions" if text.excepted else text.kind
            what = f"the mutelist has {text.value!r} under {where}, which fits user {user.name}"
            if text.excepted:
                return f"{what}: deactivate the key yourself, or leave it."
            return f"{what}, and does not mute this finding. {advice}"
    check = _covering(muting, account, user)
    if check:
        return f"the mutelist covers user {user.name} in its entry for {check!r}. {advice}"
    return ""


def _means(text: _Text, user: User) -> bool:
    if re.search(rf"(?<![\w+.@-]){re.escape(user.name)}(?![\w+.@-])", text.value, re.IGNORECASE):
        return True
    if text.kind == "Resources":
        return _fits(text.value, (user.name, user.arn))
    whole = _tags(user)
    return any(
        _fits(form(pattern), map(form, (whole, *whole.split(" | "))))
        for pattern in (text.value, *text.value.split("|"))
        for form in (str, _without_blanks)
    )


def _fits(text: str, targets: Iterable[str]) -> bool:
    """Whether a pattern, or else text, fits one of these, and not everything."""
    try:
        pattern = re.compile(_pattern(text), re.IGNORECASE)
    except re.error:  # in a part of the file that Prowler does not use
        pattern = re.compile(re.escape(text), re.IGNORECASE)
    return not all(map(pattern.search, ("", "\0"))) and any(map(pattern.search, targets))


def _without_blanks(tag: str) -> str:
    return re.sub(r"\s*[=:]\s*", "=", tag.strip())


def _tags(user: User) -> str:
    """The user's tags as Prowler matches them."""
    return str(unroll_dict(unroll_tags(list(if_read(user.tags)))))


def _covering(muting: Any, account: str, user: User) -> str:
    """Our check whose entry covers the user as Prowler matches it, in any region; else empty."""
    matched, tags = Mutelist.is_item_matched, _tags(user)
    for name, block in (muting.mutelist or {}).get("Accounts", {}).items():
        for check, entry in block["Checks"].items() if name in ("*", account) else ():
            if (
                any(matched([check], ours) for ours in our_checks())
                and matched(entry["Resources"], user.name)
                and matched(entry.get("Tags") or "*", tags, tag=True)
                and not muting.is_excepted(entry.get("Exceptions"), account, "", user.name, tags)
            ):
                return str(check)
    return ""


@lru_cache(maxsize=1)
def _texts_of_file(path: str) -> tuple[_Text, ...] | None:
    """All texts of a mutelist file that may mean a user; None if it cannot be read again."""
    content = None if path.startswith(("arn:", "s3://")) else read_again(path)
    return None if content is None else tuple(_walk(yaml.compose(content, yaml.SafeLoader), set()))


def _walk(node: Any, seen: set[Any], kind: str = "", excepted: bool = False) -> Iterator[_Text]:
    """The texts below a node, also in blocks that a later block of the same name replaces."""
    if (id(node), kind, excepted) in seen:  # an alias
        return
    seen.add((id(node), kind, excepted))
    if isinstance(node, yaml.ScalarNode) and kind:
        yield _Text(node.value, kind, excepted)
    elif isinstance(node, yaml.SequenceNode):
        for member in node.value:
            yield from _walk(member, seen, kind, excepted)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value).casefold().rstrip("s")
            yield from _walk(key, seen, kind, excepted)
            below = kind or _KINDS.get(name, "")
            yield from _walk(value, seen, below, excepted or name == "exception")


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
