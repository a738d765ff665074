"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from typing import ClassVar

from ..iam_access_keys.for_checks import (
    SENTENCES,
    Action,
    Advice,
    Questions,
    Settings,
    Unreadable,
    UserCase,
    UserCheck,
    Verdict,
    comma_and,
    ids,
    if_read,
    require_last_use,
)


class iam_user_decoy_access_keys_used(UserCheck):
    """No access key of a decoy was ever used.

    A decoy is a user that ``decoy_users`` names: its keys are planted where nobody should find
    them, so that their use raises an alarm. Inactive keys count too.
    """

    is_hygiene: ClassVar[bool] = False

    def concerns(self, user: UserCase) -> bool:
        return user.is_decoy

    def word_nobody(self, settings: Settings) -> str:
        if not settings.decoy_users:
            return "The setting decoy_users names no decoy."
        patterns = comma_and(settings.decoy_users, "or")
        return f"No IAM user of the account is a decoy: none has a name such as {patterns}."

    def judge(self, user: UserCase) -> Verdict:
        name = user.name
        keys = user.with_last_use(user.all_keys())
        used = tuple(key for key in keys if key.used)
        count = sum(key.active for key in keys)
        if not used:
            require_last_use(keys)
            return Verdict(
                "PASS", f"AWS has no record of the decoy {name}'s keys being used.", count
            )
        it = "it" if len(used) == 1 else "them"
        quarantine = user.quarantine()
        policies = if_read(quarantine)
        unread = next((key for key in keys if isinstance(key.last_use, Unreadable)), None)
        sentences = [
            SENTENCES[Action.DECOY_USED].format(keys=ids(used), user=name, it=it),
            user.list_keys(used),
        ]
        if policies:
            sentences.append(f"The decoy is under AWS's quarantine too: {comma_and(policies)}.")
        if unread:
            sentences.append(f"{user.describe((unread,))} may have been used too.")
        return Verdict(
            "FAIL",
            " ".join(sentences),
            count,
            used,
            Advice(Action.DECOY_USED, quarantine=quarantine),
            Questions(use_of=used, is_incident=True),
        )
