"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from ..iam_access_keys.for_checks import (
    DECOY,
    AccessKey,
    FindingData,
    Questions,
    UserCase,
    UserCheck,
    Verdict,
    deactivation,
    describe_credentials,
    incident,
    is_allowed,
    is_lasting,
    replacements,
    word_incident,
)


class iam_user_long_term_api_keys(UserCheck):
    """An IAM user has no active long-term API key or other service-specific credential.

    One that has expired does not count, nor one of ``allowed_service_specific_credentials``. The
    finding is high instead of critical if no API key lasts for five years or longer.
    """

    is_hygiene: ClassVar[bool] = False

    def judge(self, user: UserCase) -> Verdict:
        usable = user.usable_credentials()
        allowed = user.settings.allowed_service_specific_credentials
        failing = [credential for credential in usable if not is_allowed(credential, allowed)]
        more = FindingData(service_specific_credentials=describe_credentials(usable, user.now))
        if not failing:
            but = f" except {user.describe(usable)}, which your settings allow" if usable else ""
            sentence = f"User {user.name} has no active service-specific credential{but}."
            return Verdict("PASS", sentence, more=more)
        if len(failing) < len(usable):
            failing_ids = tuple(credential.credential_id for credential in failing)
            more = replace(more, failing_service_specific_credentials=failing_ids)
        quarantine = user.quarantine()
        sentences = [f"User {user.name} has active service-specific credentials."]
        response = incident(quarantine)
        lasting = any(is_lasting(credential, user.now) for credential in failing)
        if response:
            sentences.insert(0, word_incident(user.name, quarantine))
        elif user.is_decoy:
            sentences.append(DECOY)
        else:
            sentences += [*replacements(failing), "Then"]
        if response or not user.is_decoy:
            it = "it" if len(failing) == 1 else "them"
            sentences.append(f"{deactivation(user.name, failing)} deactivates {it}.")
        sentences += [
            "The credential report does not list such credentials, and deactivating access keys "
            "does not affect them.",
            f"Active: {user.describe(failing)}.",
        ]
        return Verdict(
            "FAIL",
            " ".join(sentences),
            quarantine=quarantine,
            more=more,
            advice=response,
            ask=Questions(
                api_keys=tuple(AccessKey(key.credential_id, key.create_date) for key in failing),
                user=user.name,
                is_incident=response is not None,
            ),
            severity="" if response or lasting else "high",
        )
