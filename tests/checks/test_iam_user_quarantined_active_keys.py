"""The check of users that AWS has quarantined."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prowler_access_keys.services.iam.iam_access_keys.findings import finding

from ..keys import NOW
from ..known_facts import API_KEY, ONE, UNLISTED, Known, judged, with_keys


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (Known(), "PASS"),
        (with_keys(ONE), "FAIL"),
        (Known(password=True), "FAIL"),
        (Known(credentials=(API_KEY,)), "FAIL"),
        (Known(listed=UNLISTED, credentials=(API_KEY,)), "FAIL"),
        (Known(listed=UNLISTED), "MANUAL"),
        (Known(credentials=UNLISTED), "MANUAL"),
        (with_keys(ONE, credentials=UNLISTED), "FAIL"),
    ],
)
def test_a_quarantined_user_fails_with_any_way_in(facts: Known, status: str) -> None:
    quarantined = replace(facts, quarantined=("AWSCompromisedKeyQuarantineV4",))
    verdict = judged("iam_user_quarantined_active_keys", quarantined)
    assert verdict.status == status
    data = finding.describe("alice", "arn", verdict, NOW)
    assert data.quarantine_policies == ("AWSCompromisedKeyQuarantineV4",)
