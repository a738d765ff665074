"""The check of API keys and passwords for one service."""

from __future__ import annotations

from typing import Any

import pytest

from prowler_access_keys.services.iam.iam_access_keys.settings import Settings

from ..keys import MINUTE
from ..known_facts import Known, credential, judge


@pytest.mark.parametrize(
    ("made", "status", "severity"),
    [
        (credential("bedrock.amazonaws.com"), "FAIL", ""),
        (credential("bedrock.amazonaws.com", 36_500), "FAIL", ""),
        (credential("bedrock.amazonaws.com", 5 * 365 + MINUTE), "FAIL", ""),
        (credential("bedrock.amazonaws.com", 5 * 365), "FAIL", "high"),
        (credential("bedrock.amazonaws.com", -MINUTE), "PASS", ""),
        (credential("bedrock.amazonaws.com", on=False), "PASS", ""),
        (credential("codecommit.amazonaws.com"), "FAIL", "high"),
        (credential("new.example"), "FAIL", ""),
        (credential("Logs.amazonaws.com"), "PASS", ""),
    ],
)
def test_a_usable_service_specific_credential_fails(made: Any, status: str, severity: str) -> None:
    settings = Settings(allowed_service_specific_credentials=("logs.amazonaws.com",))
    verdict = judge("iam_user_long_term_api_keys", Known(credentials=(made,)), settings)
    assert (verdict.status, verdict.severity) == (status, severity)
