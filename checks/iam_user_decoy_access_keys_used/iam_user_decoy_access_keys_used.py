"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.cloudtrail.questions import Questions
from ..iam_access_keys.facts import Unreadable, User, quarantine_policies
from ..iam_access_keys.findings.active_keys import listed, require_last_use
from ..iam_access_keys.findings.advice import Action, Advice
from ..iam_access_keys.findings.finding import Verdict
from ..iam_access_keys.findings.wording import comma_and, described, ids
from ..iam_access_keys.reading.user_facts import UserFacts
from ..iam_access_keys.settings import Settings


class iam_user_decoy_access_keys_used(UserCheck):
    """No access key of a decoy was ever used.

    A decoy is a user that ``decoy_users`` names: its keys are planted where nobody should find
    them, so that their use raises an alarm. Inactive keys count too.
    """

    is_hygiene: ClassVar[bool] = False

    def concerns(self, user: User, settings: Settings) -> bool:
        return settings.is_decoy(user.name)

    def word_nobody(self, settings: Settings) -> str:
        if not settings.decoy_users:
            return "The setting decoy_users names no decoy."
        patterns = comma_and(settings.decoy_users, "or")
        return f"No IAM user of the account is a decoy: none has a name such as {patterns}."

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        name = facts.user.name
        keys = facts.with_last_use(facts.all_keys())
        used = tuple(key for key in keys if key.used)
        count = sum(key.active for key in keys)
        if not used:
            require_last_use(keys)
            return Verdict(
                "PASS", f"AWS has no use on record of the keys of the decoy {name}.", count
            )
        it = "it" if len(used) == 1 else "them"
        quarantine = facts.quarantine()
        policies = quarantine_policies(quarantine)
        unread = next((key for key in keys if isinstance(key.last_use, Unreadable)), None)
        sentences = [
            f"Somebody used {ids(used)} of the decoy {name}: {listed(used, now)}. Find out who can "
            f"read the place where you planted {it}, and what else is kept there. Leave the decoy "
            "as it is while you look, and replace it afterwards."
        ]
        if policies:
            sentences.append(f"The decoy is under AWS's quarantine too: {comma_and(policies)}.")
        if unread:
            sentences.append(f"{described(unread, now)} may have been used too.")
        return Verdict(
            "FAIL",
            " ".join(sentences),
            count,
            used,
            Advice(Action.DECOY_USED, quarantine=quarantine),
            Questions(use_of=used, is_incident=True),
        )
