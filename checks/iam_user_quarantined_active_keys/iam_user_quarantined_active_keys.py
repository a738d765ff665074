"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from ..iam_access_keys.for_checks import (
    FindingData,
    Unreadable,
    UnreadableError,
    UserCase,
    UserCheck,
    Verdict,
    attempt,
    comma_and,
    describe_credentials,
    incident,
    word_incident,
    word_unread,
)

RESPONSE = (
    "AWS does not say which credential leaked, so treat all of them as leaked. Sessions that were "
    "made with its keys work for up to 36 hours: deny requests whose aws:TokenIssueTime is before "
    "now. Answer AWS's support case."
)


class iam_user_quarantined_active_keys(UserCheck):
    """An IAM user that AWS has quarantined has no active credentials.

    AWS attaches a policy to a user that it suspects to be compromised, and does not deactivate its
    keys. The policy counts on the user and on its groups, whatever its version. An API key or a
    console password is another way in, and counts too.
    """

    is_hygiene: ClassVar[bool] = False

    def judge(self, user: UserCase) -> Verdict:
        quarantine = user.quarantine()
        if not quarantine:
            none = ", and none of AWS's quarantine policies is attached to the user or its groups"
            return user.passes(none)
        unread: list[UnreadableError] = []
        count = attempt(user.active_count, unread)
        usable = attempt(user.usable_credentials, unread) or ()
        has_password = bool(attempt(user.has_password, unread))
        if isinstance(quarantine, Unreadable):
            if count or usable or has_password or unread:
                raise UnreadableError(quarantine, "policies")
            return user.passes()
        if not (count or usable or has_password):
            if unread:
                raise unread[0]
            verb, it = ("is", "it") if len(quarantine) == 1 else ("are", "them")
            return Verdict(
                "PASS",
                f"{user.has_active_keys()}, no active service-specific credentials, and no "
                f"console password. {comma_and(quarantine)} {verb} still attached: detach {it} "
                "when AWS has closed the case.",
                0,
                quarantine=quarantine,
            )
        sentences = word_unread(unread)
        if usable:
            sentences.append(
                "Deactivating access keys does not affect its service-specific credentials: "
                f"{user.describe(usable)}. Deactivate them too."
            )
        if has_password:
            sentences.append("The user has a console password too: change it or delete it.")
        danger = " ".join((*sentences, RESPONSE))
        more = FindingData(
            console_password=has_password,
            service_specific_credentials=describe_credentials(usable, user.now),
        )
        failure = unread[0].failure if unread else None
        if count:
            verdict = user.fails(danger=danger, more=more)
            return replace(verdict, unreadable=verdict.unreadable or failure)
        return Verdict(
            "FAIL",
            f"{word_incident(user.name, quarantine)} {danger}",
            count,
            advice=incident(quarantine),
            unreadable=failure,
            more=more,
        )
