"""The data of findings: how they are written, and that they are read as they were written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import (
    TOO_OLD,
    Evidence,
    Origin,
    usage_of,
)
from prowler_access_keys.services.iam.iam_access_keys.facts import Tag, Unreadable
from prowler_access_keys.services.iam.iam_access_keys.finding_data import (
    NO_DATA,
    from_json,
    to_json,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.finding import Verdict, describe

from .events import event, looked
from .keys import NOW, key
from .known_facts import Known
from .test_sentences import API_KEYS, CASES, NEW, OLD, UNKNOWN, credential, judge

DENIED = Unreadable("cloudtrail:LookupEvents", "AccessDenied", transient=True)
USED, UNUSED = key(OLD, 900, 2), replace(key(NEW, 4, UNKNOWN), active=False)
ALL_EVENTS = usage_of([looked()], 50)
NOT_ALL = usage_of(
    [
        looked(event(), event(errorCode="AccessDenied"), event(text="{"), complete=False),
        looked(region="eu-west-1", failure=DENIED),
    ],
    50,
)
WITH_EVIDENCE = Verdict(
    "FAIL",
    "",
    keys=(USED, UNUSED),
    evidence=Evidence(
        {USED: NOT_ALL, UNUSED: ALL_EVENTS},
        {USED: Origin(unknown=TOO_OLD), UNUSED: Origin("user/bob", NOW, "192.0.2.1")},
        {USED: Origin(failure=DENIED)},
    ),
    quarantine=UNKNOWN,
)
SERVICES = [credential("bedrock.amazonaws.com", 30), credential("logs.amazonaws.com", name="B")]
WITH_CREDENTIALS = judge(
    API_KEYS,
    Known(credentials=tuple(SERVICES)),
    allowed_service_specific_credentials=("logs.amazonaws.com",),
)
TAGS: tuple[Tag, ...] = ({"Key": OLD, "Value": "backup"}, {"Key": "owner", "Value": " bob "})


def written(verdict: Verdict) -> dict[str, Any]:
    """The data of a finding on a user with tags, as a report has it."""
    return to_json(describe("a", "arn:a", verdict, NOW, TAGS, ("owner",)))


@pytest.mark.parametrize("case", CASES)
def test_the_data_of_a_finding_are_read_as_they_were_written(case: str) -> None:
    data = replace(describe("a", "arn:a", CASES[case](), NOW, TAGS, ("owner",)), check=case)
    assert from_json(json.loads(json.dumps(to_json(data)))) == data


def test_evidence_and_credentials_are_read_as_they_were_written() -> None:
    for verdict in (WITH_EVIDENCE, WITH_CREDENTIALS):
        plain = json.loads(json.dumps(written(verdict)))
        assert to_json(from_json(plain)) == plain


def test_a_key_is_written_with_all_that_is_known_of_it_and_no_more() -> None:
    plain = written(WITH_EVIDENCE)
    denied = {"call": "cloudtrail:LookupEvents", "error_code": "AccessDenied"}
    unknown = {"call": "iam:ListAttachedUserPolicies", "error_code": "AccessDenied"}
    action = {"service": "s3", "action": "ListBuckets", "events": 2, "failed_events": 1}
    seen = dict.fromkeys(("first_seen", "last_seen"), "2026-11-24T11:00:00+00:00")
    old = {
        "access_key_id": OLD,
        "create_date": "2024-06-07T12:00:00+00:00",
        "age_days": 900,
        "last_used_date": "2026-11-22T12:00:00+00:00",
        "last_used_service": "s3",
        "last_used_region": "eu-west-1",
        "usage": {
            "regions": ["us-east-1"],
            "events": 3,
            "all_events": False,
            "used_by": [
                {
                    "program": "aws-cli",
                    "source": "203.0.113.7",
                    "events": 2,
                    "actions": [action],
                    **seen,
                }
            ],
            "since": "2026-11-24T11:00:00+00:00",
            "malformed_events": 1,
            "failed_events": 1,
            "unreadable": [{"region": "eu-west-1", **denied}],
        },
        "origin": {"unknown": "too-old"},
        "deactivation": {"unreadable": denied},
        "description": "backup",
    }
    new = {
        "access_key_id": NEW,
        "create_date": "2026-11-20T12:00:00+00:00",
        "age_days": 4,
        "active": False,
        "last_use_unreadable": unknown,
        "usage": {"regions": ["us-east-1"], "events": 0, "all_events": True, "used_by": []},
        "origin": {
            "creator": "user/bob",
            "date": "2026-11-24T12:00:00+00:00",
            "source": "192.0.2.1",
        },
    }
    assert plain == {
        "name": "a",
        "arn": "arn:a",
        "access_keys": [old, new],
        "quarantine_unreadable": unknown,
        "owner": "bob",
    }


def test_a_service_specific_credential_is_written_with_its_expiry() -> None:
    credentials = written(WITH_CREDENTIALS)["service_specific_credentials"]
    created = {"create_date": "2026-10-25T12:00:00+00:00", "age_days": 30}
    assert credentials == [
        {
            "service_specific_credential_id": "ACCA1",
            "service_name": "bedrock.amazonaws.com",
            **created,
            "expiration_date": "2026-12-24T12:00:00+00:00",
        },
        {
            "service_specific_credential_id": "B",
            "service_name": "logs.amazonaws.com",
            **created,
        },
    ]
    assert written(WITH_CREDENTIALS)["failing_service_specific_credentials"] == ["ACCA1"]


def test_what_is_unknown_is_ignored_and_what_is_missing_is_empty() -> None:
    assert from_json({"name": "a", "ssh_public_keys": []}) == replace(NO_DATA, name="a")


@pytest.mark.parametrize(
    "facts",
    [
        None,
        [],
        {"name": 5},
        {"owner": "x" * 10_001},
        {"access_keys": [{"access_key_id": ""}]},
        {"access_keys": [{"access_key_id": "A" * 129}]},
        {"access_keys": [{"access_key_id": "A", "age_days": -1}]},
        {"access_keys": [{"access_key_id": "A", "age_days": 100_001}]},
        {"access_keys": [{"access_key_id": "A"}] * 1001},
        {"access_keys": [{"access_key_id": "A", "usage": {"since": "yesterday"}}]},
        {"unreadable": {"call": "iam:ListUsers"}},
    ],
)
def test_what_the_checks_do_not_write_is_refused(facts: Any) -> None:
    with pytest.raises(ValueError, match="validation error"):
        from_json(facts)
