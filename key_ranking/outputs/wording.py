"""Words for keys that all outputs share. Pure."""

from __future__ import annotations

import re

from prowler_access_keys.services.iam.iam_access_keys.findings.wording import days, plural


def word_age(age_days: int) -> str:
    """The age of a key: in days, from two on in whole years."""
    return plural(int(age_days / 365.25), "year") if age_days >= 731 else days(age_days)


def without_id(text: str, key_id: str) -> str:
    """A text about a key for a place that has its ID already."""
    if not key_id:
        return text
    text = re.sub(rf"(^|\. ){re.escape(key_id)}", r"\1The key", text)
    return text.replace(key_id, "the key")
