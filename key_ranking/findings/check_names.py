"""The checks whose findings are treated apart."""

from __future__ import annotations

SECOND_KEY = "iam_user_multiple_active_keys"
UNUSED = "iam_user_unused_active_keys"
INACTIVE = "iam_user_inactive_keys_not_deleted"
DECOYS = "iam_user_decoy_access_keys_used"
SINGLE_SERVICE = "iam_user_long_term_api_keys"
ADMINISTRATORS = "iam_user_administrator_active_keys"
