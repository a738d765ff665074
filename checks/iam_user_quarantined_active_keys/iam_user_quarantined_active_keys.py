"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime

from ..iam_access_keys.active_keys import failing, has_active_keys, passing
from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.facts import Unreadable
from ..iam_access_keys.finding import Verdict
from ..iam_access_keys.settings import Settings
from ..iam_access_keys.user_facts import UnreadableError, UserFacts


class iam_user_quarantined_active_keys(UserCheck):
    """An IAM user that AWS has quarantined has no active access keys.

    AWS attaches a policy to a user whose key it has seen in public, and does not deactivate the
    key. The policy counts on the user and on its groups, whatever its version.
    """

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        count = facts.active_count()
        quarantine = facts.quarantine()
        if count and isinstance(quarantine, Unreadable):
            raise UnreadableError(quarantine, "policies")
        if not quarantine or isinstance(quarantine, Unreadable):
            return passing(facts, count, ", and AWS has not quarantined the user")
        names = " and ".join(quarantine)
        if count == 0:
            return Verdict(
                "PASS",
                f"{has_active_keys(facts, count)}. AWS's policy {names} is still attached: detach "
                "it when the incident is closed.",
                count,
                more={"quarantine_policies": list(quarantine)},
            )
        reason = (
            "AWS does not say which key leaked, so treat all of them as leaked. Do not delete "
            "them: they are evidence. Sessions that were made with them work for up to 36 hours: "
            "deny requests whose aws:TokenIssueTime is before now. Answer AWS's support case."
        )
        return failing(facts, settings, now, reason)
