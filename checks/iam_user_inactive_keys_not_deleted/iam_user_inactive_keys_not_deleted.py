"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import timedelta

from ..iam_access_keys.for_checks import (
    Questions,
    Unreadable,
    UserCase,
    UserCheck,
    Verdict,
    count_phrase,
    days,
    delete_command,
    ids,
    incident,
    word_incident,
)


class iam_user_inactive_keys_not_deleted(UserCheck):
    """An IAM user has no inactive access key that could be deleted.

    AWS keeps no date of deactivation. A key cannot have been used while it is inactive, so it
    counts from its last use or, with no use on record, from its creation. The limit is
    ``max_inactive_access_keys_days``.
    """

    def judge(self, user: UserCase) -> Verdict:
        name, limit = user.name, user.settings.max_inactive_access_keys_days
        inactive = tuple(key for key in user.all_keys() if not key.active)
        idle = user.unused(inactive, timedelta(days=limit + 1))
        if not idle:
            sentence = f"User {name} has no inactive access key unused for more than {days(limit)}."
            return Verdict("PASS", sentence)
        quarantine = user.quarantine()
        it, slots = "it", "it takes up one of the user's two key slots"
        if len(idle) > 1:
            it, slots = "them", "they take up the user's key slots"
        number = count_phrase(len(idle), "inactive")
        has = f"User {name} has {number} unused for more than {days(limit)}."
        ask = None
        if isinstance(quarantine, Unreadable):
            sentences = [
                has,
                f"Do not delete {ids(idle)} until you know whether AWS has quarantined this user: "
                f"that could not be determined ({quarantine}).",
            ]
        elif quarantine:
            opening = word_incident(name, quarantine)
            sentences = [opening, has, f"Keep {ids(idle)} too, as evidence."]
        else:
            ask = Questions(deactivation_of=idle)
            to_delete = " && ".join(delete_command(name, key.access_key_id) for key in idle)
            sentences = [
                has,
                f"Delete {ids(idle)} once every job that might use {it} has run, quarterly and "
                f"yearly ones included: {to_delete} deletes {it}, which cannot be undone.",
                f"Anyone allowed to call UpdateAccessKey can reactivate {it}, and {slots}.",
                "IAM does not show when a key was deactivated.",
            ]
        sentences.append(user.list_keys(idle))
        return Verdict(
            "FAIL",
            " ".join(sentences),
            keys=idle,
            advice=incident(quarantine),
            ask=ask,
            quarantine=quarantine,
        )
