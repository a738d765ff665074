"""The check's fixer: Prowler finds this module by its name and calls ``fixer``."""

from __future__ import annotations

from ..iam_access_keys.fixing.fixer import deactivating_fixer

fixer = deactivating_fixer("iam_user_unused_active_keys")
