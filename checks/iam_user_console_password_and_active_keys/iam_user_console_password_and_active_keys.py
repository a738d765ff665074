"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime

from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.finding_data import FindingData
from ..iam_access_keys.findings.active_keys import failing, passing
from ..iam_access_keys.findings.finding import Verdict
from ..iam_access_keys.findings.wording import aws_command
from ..iam_access_keys.reading.user_facts import UserFacts
from ..iam_access_keys.settings import Settings


class iam_user_console_password_and_active_keys(UserCheck):
    """An IAM user does not have both a console password and an active access key.

    When the password was last used, and whether it needs MFA or must be changed, is not looked at.
    """

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        count = facts.active_count()
        if count == 0 or not facts.has_password():
            return passing(facts, count, " and no console password")
        delete = aws_command("iam", "delete-login-profile", f"--user-name={facts.user.name}")
        danger = "The user has a console password too."
        reason = (
            "A person can use aws login or IAM Identity Center instead of an access key. A program "
            f"needs no password: {delete} deletes it."
        )
        more = FindingData(console_password=True)
        return failing(facts, settings, now, reason, danger=danger, more=more)
