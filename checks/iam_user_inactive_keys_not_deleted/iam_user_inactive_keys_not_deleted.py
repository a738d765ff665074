"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..iam_access_keys.active_keys import listed, unused
from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.finding import Verdict, quarantine_as_data
from ..iam_access_keys.settings import Settings
from ..iam_access_keys.user_facts import UserFacts
from ..iam_access_keys.wording import aws_command, counted, days


class iam_user_inactive_keys_not_deleted(UserCheck):
    """An IAM user has no inactive access key that could be deleted.

    AWS keeps no date of deactivation. A key cannot have been used while it is inactive, so it
    counts from its last use or, with no use on record, from its creation. The limit is
    ``max_inactive_access_keys_days``.
    """

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        name, limit = facts.user.name, settings.max_inactive_access_keys_days
        inactive = tuple(key for key in facts.all_keys() if not key.active)
        idle = unused(facts, inactive, now, timedelta(days=limit + 1))
        if not idle:
            sentence = f"User {name} has no inactive access key unused for more than {days(limit)}."
            return Verdict("PASS", sentence)
        quarantine = facts.quarantine()
        if quarantine:
            advice = (
                "AWS has quarantined this user, or that could not be read: keep what may be "
                "evidence until you know that there is no incident."
            )
        else:
            to_delete = " and ".join(
                aws_command(
                    "iam", "delete-access-key", f"--user-name={name}",
                    "--access-key-id", key.access_key_id,
                )
                for key in idle
            )  # fmt: skip
            advice = f"If nothing will need it again, delete it, for good: {to_delete}"
        return Verdict(
            "FAIL",
            f"User {name} has {counted(len(idle), 'inactive')} unused for more than {days(limit)}: "
            f"{listed(idle, now)}. Whoever may call UpdateAccessKey can activate it again, and it "
            f"takes one of the user's two places for keys. {advice}",
            keys=idle,
            more=quarantine_as_data(quarantine),
        )
