"""The fixer: Prowler calls ``fixer`` for each FAIL of a run with ``--fixer``."""

from __future__ import annotations

from ..iam_access_keys.fixing.fixer import deactivating_fixer

fixer = deactivating_fixer("iam_user_multiple_active_keys")
