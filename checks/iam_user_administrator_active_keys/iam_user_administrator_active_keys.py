"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..iam_access_keys.active_keys import failing, passing
from ..iam_access_keys.administrator import grants_in, judge_boundary, needed_documents
from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.finding import Verdict
from ..iam_access_keys.settings import Settings
from ..iam_access_keys.user_facts import UnreadableError, UserFacts


class iam_user_administrator_active_keys(UserCheck):
    """An IAM user with administrator permissions has no active access keys.

    Administrator is who may do everything, or everything in IAM, on all resources: by a policy of
    its own or of a group, managed or inline, that its permissions boundary does not limit. Denies
    and conditions do not count; the finding names conditions. What an organization's policies deny
    cannot be seen from the account.
    """

    is_hygiene: ClassVar[bool] = False

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        count = facts.active_count()
        not_an_administrator = ", and its policies do not make it an administrator"
        if count == 0:
            return passing(facts, count)
        policies = facts.policies()
        documents = facts.policy_documents(needed_documents(policies))
        grants, unread = grants_in(policies, documents)
        if not grants and unread:
            raise UnreadableError(unread, "policies")
        if not grants:
            return passing(facts, count, not_an_administrator)
        boundary = judge_boundary(policies, documents)
        if boundary.limits:
            return passing(facts, count, f"{not_an_administrator}: {boundary.sentence}")
        reason = f"The user is an administrator by {' and '.join(grants)}.{boundary.sentence}"
        return failing(facts, settings, now, danger=reason, more={"administrator": grants})
