"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.finding_data import FindingData
from ..iam_access_keys.findings.active_keys import failing, passing
from ..iam_access_keys.findings.administrator import judge_administrator
from ..iam_access_keys.findings.finding import Verdict
from ..iam_access_keys.reading.policy_documents import needed_documents
from ..iam_access_keys.reading.user_facts import UnreadableError, UserFacts
from ..iam_access_keys.settings import Settings


class iam_user_administrator_active_keys(UserCheck):
    """An IAM user with administrator permissions has no active access keys.

    An administrator may do everything, or everything in IAM, or may grant that to itself or to a
    new user, by the policies of its own and of its groups: by its own policies, those of its
    groups, new versions of those that are attached, joining any group, or making users. A
    permissions boundary counts if the user cannot remove, replace, or get around it. Denies and
    conditions do not count; the finding names both. Not evaluated are roles, the credentials of
    other users, particular groups that it may join, earlier versions of its policies, grants that a
    condition limits to certain policies or permissions boundaries, and what an organization's
    policies deny.
    """

    is_hygiene: ClassVar[bool] = False

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        count = facts.active_count()
        if count == 0:
            return passing(facts, count)
        policies = facts.policies()
        documents = facts.policy_documents(needed_documents(policies))
        judgment = judge_administrator(facts.user, policies, documents)
        if judgment.unread:
            raise UnreadableError(judgment.unread, "policies")
        if not judgment.through:
            return passing(facts, count, judgment.sentence)
        more = FindingData(administrator=judgment.through)
        return failing(facts, settings, now, danger=judgment.sentence, more=more)
