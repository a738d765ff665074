"""What Prowler's config file says about these checks. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

EXCEPTIONS_VARIABLE = "PROWLER_ACCESS_KEY_EXCEPTIONS"
"""The environment variable that names the file of exceptions, instead of the setting."""
_SIMILAR = 0.8
"""How alike two names are, from 0 to 1, if one may be a typing mistake for the other."""


@dataclass(frozen=True)
class Settings:
    """The settings, each named as in the config file's ``aws`` section."""

    multiple_active_keys_grace_days: int = 0
    """Whole days that a second key may stay after it was made; 0 gives no grace."""
    max_unused_access_keys_days: int = 45
    """Whole days that a key may go unused: a setting of Prowler's ``iam_user_accesskey_unused``."""
    max_unrotated_access_keys_days: int = 90
    """Whole days that an active key may be old."""
    max_inactive_access_keys_days: int = 90
    """Whole days that an inactive key may have gone unused."""
    access_key_owner_tags: tuple[str, ...] = ("owner", "owner_contact", "team", "contact")
    """Keys of tags that name who answers for a user, the first choice first."""
    allowed_service_specific_credentials: tuple[str, ...] = ()
    """Services whose service-specific credentials pass: ``codecommit.amazonaws.com``."""
    decoy_users: tuple[str, ...] = ()
    """Names of users, with ``*`` and ``?`` as wildcards, whose access keys are decoys."""
    unreadable_access_keys_fail: bool = False
    """Whether what could not be read is a FAIL instead of MANUAL."""
    access_key_usage_from_cloudtrail: bool = False
    """Whether CloudTrail is asked what uses keys, and who created them."""
    access_key_usage_max_events: int = 50
    """How many events of a key are looked at; 50 are one page."""
    access_key_usage_max_seconds: int = 600
    """Seconds that all questions to CloudTrail of a run may take together."""
    access_key_fixer_log: str = "access-key-changes.jsonl"
    """The file to which fixers append what they change."""
    access_key_exceptions: str = ""
    """The file of exceptions; empty if there is none."""
    access_key_exceptions_max_days: int = 365
    """How many days an exception may last."""
    access_key_exceptions_notice_days: int = 14
    """How many days before the end of an exception a finding says so."""

    def is_decoy(self, user_name: str) -> bool:
        """Whether a user's access keys are decoys; case does not matter, as in IAM."""
        name = user_name.casefold()
        return any(fnmatchcase(name, pattern.casefold()) for pattern in self.decoy_users)


# The second range is Prowler's own (prowler/config/schema/aws.py). It matters here as well: a key
# that is considered unused after some hours would be deactivated while it is in use.
ALLOWED = {
    "multiple_active_keys_grace_days": range(366),
    "max_unused_access_keys_days": range(30, 181),
    "max_unrotated_access_keys_days": range(1, 366),
    "max_inactive_access_keys_days": range(1, 366),
    "access_key_exceptions_max_days": range(1, 3651),
    "access_key_exceptions_notice_days": range(91),
    "access_key_usage_max_events": range(1, 1001),
    "access_key_usage_max_seconds": range(1, 86_401),
}
"""The values that a setting which is a number may have."""


def parse(
    config: Mapping[str, Any], known: Collection[str] = ()
) -> tuple[Settings, tuple[str, ...]]:
    """Take the settings out of the ``aws`` section of a config file.

    ``known`` are the names of settings that Prowler knows. Returns the settings with a sentence
    for each problem: a value that does not fit, for which the default holds, and a name that is
    neither ours nor known, and looks like one of ours.
    """
    valid: dict[str, Any] = {}
    problems = []
    for setting in fields(Settings):
        value = config.get(setting.name, setting.default)
        complaint = _complaint(setting.name, value)
        if complaint:
            problems.append(
                f"{setting.name} is {_show(value)} in Prowler's config file, but must be "
                f"{complaint}. {_show(setting.default)} is used instead."
            )
        else:
            valid[setting.name] = tuple(value) if isinstance(value, list) else value
    names = [setting.name for setting in fields(Settings)]
    for name in config:
        if name in known or name in names:
            continue
        similar = difflib.get_close_matches(str(name), names, n=1, cutoff=_SIMILAR)
        if similar:
            problems.append(
                f"{_show(name)} in Prowler's config file is not a setting. Did you mean "
                f"{similar[0]}? {_show(getattr(Settings(**valid), similar[0]))} is used for that."
            )
    return Settings(**valid), tuple(problems)


def _complaint(name: str, value: Any) -> str:
    """What a value must be, if it is not; else empty."""
    default = getattr(Settings, name)
    if isinstance(default, bool):
        return "" if isinstance(value, bool) else "true or false"
    if name == "decoy_users":
        valid = isinstance(value, (list, tuple)) and all(map(_is_user_pattern, value))
        return "" if valid else "a list of user names, in which * and ? are wildcards"
    if isinstance(default, str):
        is_name = isinstance(value, str) and (value.strip() or value == default)
        return "" if is_name else "the name of a file"
    if isinstance(default, tuple):
        if not _is_list_of_names(value, may_be_empty=not default):
            return "a list of names"
        return _unknown_services(value) if name == "allowed_service_specific_credentials" else ""
    allowed = ALLOWED[name]
    if isinstance(value, int) and not isinstance(value, bool) and value in allowed:
        return ""
    what = name.rpartition("_")[2]
    return f"a whole number of {what} from {allowed[0]} to {allowed[-1]}"


def _is_user_pattern(value: Any) -> bool:
    """Whether a value is a pattern that fits names of IAM users, and not all of them."""
    is_name = isinstance(value, str) and re.fullmatch(r"[\w+=,.@*?-]{1,64}", value, re.ASCII)
    return bool(is_name and value.strip("*?"))


def _unknown_services(services: Collection[str]) -> str:
    """What the services must be, if one has a name that IAM does not use; else empty."""
    for name in map(str.strip, services):
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", name):
            known = name if re.fullmatch(r"[\w-]+", name) else "codecommit"
            return f"a list of services by the names that IAM uses, such as {known}.amazonaws.com"
    return ""


def _is_list_of_names(value: Any, *, may_be_empty: bool) -> bool:
    if not isinstance(value, (list, tuple)) or not (value or may_be_empty):
        return False
    return all(isinstance(name, str) and name.strip() for name in value)


def _show(value: Any) -> str:
    """A value of the file in one short line, as YAML would have it."""
    if isinstance(value, tuple):
        value = list(value)
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
