"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from ..iam_access_keys.active_keys import failing, has_active_keys, passing
from ..iam_access_keys.advice import Action, Advice, word_incident
from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.facts import Unreadable
from ..iam_access_keys.finding import Verdict, describe_credentials
from ..iam_access_keys.finding_data import NO_DATA, FindingData
from ..iam_access_keys.service_specific_credentials import is_usable, listed
from ..iam_access_keys.settings import Settings
from ..iam_access_keys.user_facts import UnreadableError, UserFacts, attempt
from ..iam_access_keys.wording import comma_and

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

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        quarantine = facts.quarantine()
        if not quarantine:
            none = ", and none of AWS's quarantine policies is attached to the user or its groups"
            return passing(facts, facts.active_count(), none)
        count, ways_in, sentences, unread = _credentials(facts, now)
        if isinstance(quarantine, Unreadable):
            if count or ways_in != NO_DATA or unread:
                raise UnreadableError(quarantine, "policies")
            return passing(facts, 0)
        danger = " ".join((*sentences, RESPONSE))
        if count:
            return failing(facts, settings, now, danger=danger, more=ways_in)
        if ways_in != NO_DATA:
            opening = word_incident(facts.user.name, quarantine)
            advice = Advice(Action.INCIDENT, quarantine=quarantine)
            return Verdict("FAIL", f"{opening} {danger}", count, advice=advice, more=ways_in)
        if unread:
            raise unread
        return Verdict(
            "PASS",
            f"{has_active_keys(facts, 0)}, no service-specific credentials, and no console "
            f"password. AWS's policy {comma_and(quarantine)} is still attached: detach it when AWS "
            "has closed the case.",
            0,
            quarantine=quarantine,
        )


def _credentials(
    facts: UserFacts, now: datetime
) -> tuple[int | None, FindingData, list[str], UnreadableError | None]:
    """How many active access keys a user has, and its other ways in as data and as sentences.

    The number is None if it could not be read; the last value is why the first thing that could
    not be read was not.
    """
    unread: list[UnreadableError] = []
    count = attempt(facts.active_count, None, unread)
    credentials = attempt(facts.service_specific_credentials, (), unread)
    usable = [credential for credential in credentials if is_usable(credential, now)]
    has_password = attempt(facts.has_password, False, unread)
    sentences = []
    if usable:
        sentences.append(
            "Deactivating access keys does not affect its service-specific credentials: "
            f"{listed(usable, now)}. Deactivate them too."
        )
    if has_password:
        sentences.append("The user has a console password too: change it or delete it.")
    sentences += [f"Its {error.what} could not be read: {error.failure}." for error in unread]
    ways_in = FindingData(
        service_specific_credentials=describe_credentials(usable, now),
        console_password=has_password,
    )
    return count, ways_in, sentences, next(iter(unread), None)
