"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.finding_data import FindingData
from ..iam_access_keys.findings.advice import DECOY, incident, word_incident
from ..iam_access_keys.findings.finding import Verdict, describe_credentials
from ..iam_access_keys.findings.service_specific_credentials import (
    deactivation,
    is_allowed,
    is_lasting,
    is_usable,
    listed,
    replacements,
)
from ..iam_access_keys.reading.user_facts import UserFacts
from ..iam_access_keys.settings import Settings


class iam_user_long_term_api_keys(UserCheck):
    """An IAM user has no active long-term API key or other service-specific credential.

    One that has expired does not count, nor one of ``allowed_service_specific_credentials``. The
    finding is high instead of critical if no API key lasts for five years or longer.
    """

    is_hygiene: ClassVar[bool] = False

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        name = facts.user.name
        usable = [one for one in facts.service_specific_credentials() if is_usable(one, now)]
        allowed = settings.allowed_service_specific_credentials
        failing = [one for one in usable if not is_allowed(one, allowed)]
        more = FindingData(service_specific_credentials=describe_credentials(usable, now))
        if not failing:
            but = f" except {listed(usable, now)}, which your settings allow" if usable else ""
            sentence = f"User {name} has no active service-specific credential{but}."
            return Verdict("PASS", sentence, more=more)
        if len(failing) < len(usable):
            failing_ids = tuple(one.credential_id for one in failing)
            more = replace(more, failing_service_specific_credentials=failing_ids)
        quarantine = facts.quarantine()
        sentences = [
            f"User {name} has active service-specific credentials: {listed(failing, now)}.",
            "The credential report does not list them, and deactivating access keys does not "
            "affect them.",
        ]
        response = incident(quarantine)
        if response:
            sentences = [word_incident(name, quarantine), *sentences, "Deactivate them now:"]
        elif settings.is_decoy(name):
            sentences.append(DECOY)
        else:
            sentences += [*replacements(failing), "Then:"]
        if response or not settings.is_decoy(name):
            sentences.append(deactivation(facts.user, failing))
        return Verdict(
            "FAIL",
            " ".join(sentences),
            quarantine=quarantine,
            more=more,
            advice=response,
            severity="" if response or any(is_lasting(one, now) for one in failing) else "high",
        )
