"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import timedelta

from ..iam_access_keys.for_checks import UserCase, UserCheck, Verdict, days, ids, offer_fixer
from . import iam_user_unused_active_keys_fixer

offer_fixer("iam_user_unused_active_keys", iam_user_unused_active_keys_fixer)


class iam_user_unused_active_keys(UserCheck):
    """An IAM user has no active access key that went unused for 45 days or more.

    A key counts from its last use or, with no use on record, from its creation. The limit is
    ``max_unused_access_keys_days``.
    """

    def judge(self, user: UserCase) -> Verdict:
        limit = user.settings.max_unused_access_keys_days
        longest = timedelta(days=limit)
        in_use = user.passes(f", and none was unused for {days(limit)} or more")
        if user.active_count() == 0 or user.all_used_since(user.now - longest):
            return in_use
        idle = user.unused(user.active_keys(), longest)
        if not idle:
            return in_use
        reason = f"Unused for {days(limit)} or more: {ids(idle)}."
        return user.fails(reason, idle)
