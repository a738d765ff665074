"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.findings.active_keys import failing, passing, unused
from ..iam_access_keys.findings.finding import Verdict
from ..iam_access_keys.findings.wording import days, ids
from ..iam_access_keys.prowler_workarounds import offer_fixer
from ..iam_access_keys.reading.user_facts import UserFacts
from ..iam_access_keys.settings import Settings
from . import iam_user_unused_active_keys_fixer

offer_fixer("iam_user_unused_active_keys", iam_user_unused_active_keys_fixer)


class iam_user_unused_active_keys(UserCheck):
    """An IAM user has no active access key that went unused for 45 days or more.

    A key counts from its last use or, with no use on record, from its creation. The limit is
    ``max_unused_access_keys_days``.
    """

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        limit = settings.max_unused_access_keys_days
        longest = timedelta(days=limit)
        count = facts.active_count()
        in_use = passing(facts, count, f", and none was unused for {days(limit)} or more")
        if count == 0 or facts.all_used_since(now - longest):
            return in_use
        idle = unused(facts, facts.active_keys(), now, longest)
        if not idle:
            return in_use
        reason = f"Unused for {days(limit)} or more: {ids(idle)}."
        return failing(facts, settings, now, reason, idle)
