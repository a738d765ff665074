"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.finding import Verdict
from ..iam_access_keys.service_specific_credentials import (
    as_data,
    described,
    is_allowed,
    is_api_key,
    is_usable,
)
from ..iam_access_keys.settings import Settings
from ..iam_access_keys.user_facts import UserFacts
from ..iam_access_keys.wording import aws_command


class iam_user_long_term_api_keys(UserCheck):
    """An IAM user has no active long-term API key or other service-specific credential.

    One that has expired does not count, nor one of ``allowed_service_specific_credentials``. The
    finding is high instead of critical if no API key lasts forever.
    """

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        name = facts.user.name
        usable = [one for one in facts.service_specific_credentials() if is_usable(one, now)]
        allowed = settings.allowed_service_specific_credentials
        failing = [one for one in usable if not is_allowed(one, allowed)]
        data: dict[str, Any] = {
            "service_specific_credentials": [as_data(one, now) for one in usable]
        }
        if not failing:
            excepted = " and ".join(described(one, now) for one in usable)
            but = f" except {excepted}, which your settings allow" if usable else ""
            sentence = f"User {name} has no active service-specific credential{but}."
            return Verdict("PASS", sentence, more=data if usable else {})
        deactivate = " and ".join(
            aws_command(
                "iam", "update-service-specific-credential", f"--user-name={name}",
                "--service-specific-credential-id", one.credential_id, "--status", "Inactive",
            )
            for one in failing
        )  # fmt: skip
        if len(failing) < len(usable):
            data["failing_service_specific_credentials"] = [one.credential_id for one in failing]
        lasting = any(is_api_key(one) and one.expires is None for one in failing)
        return Verdict(
            "FAIL",
            f"User {name} has long-term credentials for single services: "
            f"{' and '.join(described(one, now) for one in failing)}. No credential report shows "
            "them, and deactivating access keys does not stop them. Use an IAM role or short-term "
            f"API keys instead, then: {deactivate}",
            more=data,
            severity="" if lasting else "high",
        )
