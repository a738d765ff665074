"""The check of the root user."""

from __future__ import annotations

from datetime import timedelta

import pytest

from prowler_access_keys.services.iam.iam_access_keys.facts import RootAccessKeys, Unreadable

from ..keys import DENIED, NOW
from ..known_facts import check_named


@pytest.mark.parametrize(
    ("present", "in_report", "fresh", "status", "said"),
    [
        (False, 0, False, "PASS", "has no access keys."),
        (
            True,
            2,
            False,
            "FAIL",
            "had 2 active access keys when AWS made the credential report. Find",
        ),
        (True, 0, True, "FAIL", "has an inactive access key. Delete it"),
        (True, 0, False, "MANUAL", "has an access key. It was not active"),
        (True, DENIED, False, "FAIL", "Whether the key is active could not be read"),
        (DENIED, 1, True, "FAIL", "has 1 active access key"),
        (DENIED, 0, True, "MANUAL", "could not be read"),
        (DENIED, 0, False, "MANUAL", "could not be read"),
        (DENIED, DENIED, False, "MANUAL", "could not be read"),
    ],
)
def test_the_root_user_passes_only_if_it_has_no_key_now(
    present: bool | Unreadable, in_report: int | Unreadable, fresh: bool, status: str, said: str
) -> None:
    root = RootAccessKeys("arn", in_report, present, None, NOW, timedelta(hours=3), fresh, now=NOW)
    verdict = check_named("iam_root_user_active_keys").judge_root(root)
    assert verdict.status == status
    assert said in verdict.sentence
