"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from ..iam_access_keys.for_checks import UserCase, UserCheck, Verdict, days, ids


class iam_user_unrotated_active_keys(UserCheck):
    """An IAM user has no active access key older than 90 days.

    Age runs from the creation: a credential report tells when a key was last changed, which may
    be later. The limit is ``max_unrotated_access_keys_days``.
    """

    def judge(self, user: UserCase) -> Verdict:
        limit = user.settings.max_unrotated_access_keys_days
        young = user.passes(f", and none is more than {days(limit)} old")
        if user.active_count() == 0:
            return young
        old = tuple(key for key in user.active_keys() if key.age_days(user.now) > limit)
        if not old:
            return young
        return user.fails(f"More than {days(limit)} old: {ids(old)}.", old)
