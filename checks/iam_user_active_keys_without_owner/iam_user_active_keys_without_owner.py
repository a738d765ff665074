"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.findings.active_keys import failing, passing
from ..iam_access_keys.findings.finding import Verdict
from ..iam_access_keys.findings.tags import owner_of
from ..iam_access_keys.reading.user_facts import UserFacts
from ..iam_access_keys.settings import Settings


class iam_user_active_keys_without_owner(UserCheck):
    """An IAM user with active access keys has an owner tag.

    The tags that count are ``access_key_owner_tags``; case, blanks, ``-`` and ``_`` do not matter.
    A tag without a value names no owner, nor does one such as ``n/a`` or ``unknown``.
    """

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        count = facts.active_count()
        if count == 0:
            return passing(facts, count)
        owner = owner_of(facts.tags(), settings.access_key_owner_tags)
        if owner:
            return passing(facts, count, f", and the tag {owner['Key']} names an owner")
        reason = (
            f"No tag names an owner: none of {', '.join(settings.access_key_owner_tags)} does. "
            "CloudTrail's CreateAccessKey event, kept for 90 days, shows who created a key."
        )
        verdict = failing(facts, settings, now, reason)
        ask = verdict.ask and replace(verdict.ask, creation_of=verdict.keys)
        return replace(verdict, ask=ask)
