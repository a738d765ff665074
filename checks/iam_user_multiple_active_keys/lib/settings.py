"""What Prowler's config file says about this check. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Settings:
    """The settings, each named as in the config file's ``aws`` section; all are whole days."""

    multiple_active_keys_grace_days: int = 0
    """How long a second key may stay after it was made; 0 gives no grace."""
    max_unused_access_keys_days: int = 45
    """How long a key may go unused: Prowler's own setting, of ``iam_user_accesskey_unused``."""


# The second range is Prowler's own (prowler/config/schema/aws.py). It matters here as well: a key
# that counts as unused after some hours would be deactivated while it is in use.
_ALLOWED = {
    "multiple_active_keys_grace_days": range(366),
    "max_unused_access_keys_days": range(30, 181),
}


def parse(config: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """Take the settings out of Prowler's ``audit_config``.

    Returns them with an error for each that is no whole number in its range; for those, the
    default holds.
    """
    valid, errors = {}, []
    for setting in fields(Settings):
        value = config.get(setting.name, setting.default)
        allowed = _ALLOWED[setting.name]
        if isinstance(value, int) and not isinstance(value, bool) and value in allowed:
            valid[setting.name] = value
        else:
            errors.append(
                f"{setting.name} is {value!r} in Prowler's config file, and must be a whole "
                f"number of days from {allowed[0]} to {allowed[-1]}: {setting.default} is used "
                "instead"
            )
    return Settings(**valid), errors
