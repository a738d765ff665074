"""What a user's tags say: who answers for its keys, and what a key is for. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .facts import Tag

_IGNORED = re.compile(r"[\s_-]")


def owner_of(tags: Iterable[Tag], names: Iterable[str]) -> Tag | None:
    """The first tag with a value whose key is one of ``names``, in the order of the names.

    Case, blanks, ``-`` and ``_`` do not count, nor does what stands before the last ``:``.
    """
    with_value = {_plain(tag["Key"]): tag for tag in tags if tag["Value"].strip()}
    return next((with_value[one] for one in map(_plain, names) if one in with_value), None)


def description_of(tags: Iterable[Tag], access_key_id: str) -> str:
    """The description of a key, which the IAM console keeps as a tag named by the key's ID.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
    """
    return next((tag["Value"] for tag in tags if tag["Key"] == access_key_id), "")


def _plain(name: str) -> str:
    return _IGNORED.sub("", name.rsplit(":", 1)[-1]).casefold()
