"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from ..iam_access_keys.for_checks import FindingData, UserCase, UserCheck, Verdict, aws_command


class iam_user_console_password_and_active_keys(UserCheck):
    """An IAM user does not have both a console password and an active access key.

    When the password was last used, and whether it needs MFA or must be changed, is not looked at.
    """

    def judge(self, user: UserCase) -> Verdict:
        if user.active_count() == 0 or not user.has_password():
            return user.passes(" and no console password")
        delete = aws_command("iam", "delete-login-profile", f"--user-name={user.name}")
        danger = "The user has a console password too."
        reason = (
            "A person can use aws login or IAM Identity Center instead of an access key. A program "
            f"needs no password: {delete} deletes it."
        )
        more = FindingData(console_password=True)
        return user.fails(reason, danger=danger, more=more)
