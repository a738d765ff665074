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


def parse(config: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """Take the settings out of Prowler's ``audit_config``.

    Returns them with an error for each that is no whole number from 0 up; for those, the
    default holds.
    """
    valid, errors = {}, []
    for setting in fields(Settings):
        value = config.get(setting.name, setting.default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            valid[setting.name] = value
        else:
            errors.append(
                f"{setting.name} is {value!r} in Prowler's config file, and must be a whole "
                f"number of days from 0 up: {setting.default} is used instead"
            )
    return Settings(**valid), errors
