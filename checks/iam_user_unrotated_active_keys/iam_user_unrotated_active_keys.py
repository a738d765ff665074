"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime

from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.findings.active_keys import failing, passing
from ..iam_access_keys.findings.finding import Verdict
from ..iam_access_keys.findings.wording import days, ids
from ..iam_access_keys.reading.user_facts import UserFacts
from ..iam_access_keys.settings import Settings


class iam_user_unrotated_active_keys(UserCheck):
    """An IAM user has no active access key older than 90 days.

    Age runs from the creation: a credential report tells when a key was last changed, which may
    be later. The limit is ``max_unrotated_access_keys_days``.
    """

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        limit = settings.max_unrotated_access_keys_days
        count = facts.active_count()
        young = passing(facts, count, f", and none is more than {days(limit)} old")
        if count == 0:
            return young
        old = tuple(key for key in facts.active_keys() if key.age_days(now) > limit)
        if not old:
            return young
        return failing(facts, settings, now, f"More than {days(limit)} old: {ids(old)}.", old)
