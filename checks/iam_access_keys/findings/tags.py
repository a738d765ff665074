"""What a user's tags say: who answers for its keys, and what a key is for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..facts import Tag

_IGNORED = re.compile(r"[\s_-]")


_NOBODY = frozenset(
    {"", "n/a", "na", "nobody", "none", "noone", "null", "tbd", "todo", "unassigned", "undefined",
     "unknown"}
)  # fmt: skip
"""Values of an owner tag that name nobody, without blanks, ``-``, and ``_``."""


def owner_of(tags: Iterable[Tag], names: Iterable[str]) -> Tag | None:
    """The first tag that names somebody and whose key is one of ``names``, in their order.

    Case, blanks, ``-`` and ``_`` do not count. A name without ``:`` is compared with what follows
    the last ``:`` of a key; a name with one, with the whole key.
    """
    owners = [tag for tag in tags if _plain(tag["Value"]).strip(".?") not in _NOBODY]
    for name in map(_plain, names):
        for tag in owners:
            key = _plain(tag["Key"])
            if name == (key if ":" in name else key.rpartition(":")[2]):
                return tag
    return None


def description_of(tags: Iterable[Tag], access_key_id: str) -> str:
    """The description of a key, which the IAM console keeps as a tag named by the key's ID.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
    """
    return next((tag["Value"] for tag in tags if tag["Key"] == access_key_id), "")


def _plain(name: str) -> str:
    return _IGNORED.sub("", name).casefold()
