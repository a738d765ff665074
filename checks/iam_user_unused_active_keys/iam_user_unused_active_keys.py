"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..iam_access_keys.active_keys import failing, ids, passing
from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.facts import Unreadable
from ..iam_access_keys.finding import Verdict
from ..iam_access_keys.prowler_workarounds import offer_fixer
from ..iam_access_keys.settings import Settings
from ..iam_access_keys.user_facts import UnreadableError, UserFacts
from ..iam_access_keys.wording import days
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
        # A younger key cannot have been unused for longer.
        old = tuple(key for key in facts.active_keys() if now - key.create_date >= longest)
        old = facts.with_last_use(old)
        unused = tuple(
            key
            for key in old
            if not isinstance(key.last_use, Unreadable) and key.idle(now) >= longest
        )
        if unused:
            reason = f"Unused for {days(limit)} or more: {ids(unused)}."
            return failing(facts, settings, now, reason, about=unused)
        for key in old:
            if isinstance(key.last_use, Unreadable):
                raise UnreadableError(key.last_use, f"last use of access key {key.access_key_id}")
        return in_use
