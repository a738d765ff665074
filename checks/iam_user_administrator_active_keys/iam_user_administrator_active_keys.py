"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from typing import ClassVar

from ..iam_access_keys.for_checks import (
    FindingData,
    UnreadableError,
    UserCase,
    UserCheck,
    Verdict,
    judge_administrator,
)


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

    def judge(self, user: UserCase) -> Verdict:
        if user.active_count() == 0:
            return user.passes()
        judgment = judge_administrator(user.user, *user.policies_with_documents())
        if judgment.unread:
            raise UnreadableError(judgment.unread, "policies")
        if not judgment.through:
            return user.passes(judgment.sentence)
        more = FindingData(administrator=judgment.through)
        return user.fails(danger=judgment.sentence, more=more)
