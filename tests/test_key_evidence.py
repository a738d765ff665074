"""What is made of events: who uses a key, who created it, and nothing that has to stay inside."""

from __future__ import annotations

import json
import string
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prowler_access_keys.services.iam.iam_access_keys.facts import Unreadable
from prowler_access_keys.services.iam.iam_access_keys.key_evidence import (
    TIME_LIMIT,
    Looked,
    Origin,
    Usage,
    is_too_old,
    origin_as_data,
    origin_in,
    usage_as_data,
    usage_of,
    word_origin,
    word_usage,
)
from prowler_access_keys.services.iam.iam_access_keys.user_agents import UNKNOWN, program_of

from .events import AWS_CLI, TERRAFORM, creation, event
from .keys import NOW, key
from .known_facts import ALICE

CALL = "cloudtrail:LookupEvents"
DENIED = Unreadable(CALL, "AccessDeniedException")


def usage(*events: Any, complete: bool = False, bound: int = 50) -> Usage:
    return usage_of([Looked("us-east-1", events, complete)], bound)


def said(*events: Any, complete: bool = False) -> str:
    return str(word_usage("AKIA1", usage(*events, complete=complete)))


def by_terraform(name: str = "RunInstances", service: str = "ec2", hours: float = 1) -> Any:
    return event(name, service, hours=hours, userAgent=TERRAFORM, sourceIPAddress="198.51.100.20")


# Use


def test_a_key_is_used_by_programs_from_sources_most_often_first() -> None:
    events = [
        by_terraform(), event(hours=99), event(hours=2), event("GetCallerIdentity", "sts", hours=3)
    ]  # fmt: skip
    assert said(*events) == (
        "In the last 4 events since 2026-11-20, AKIA1 was used by aws-cli from 203.0.113.7 (S3, "
        "STS) and by Terraform from 198.51.100.20 (EC2)."
    )
    assert usage_as_data(usage(*events)) == {
        "regions": ["us-east-1"],
        "events": 4,
        "all_events": False,
        "since": "2026-11-20T09:00:00+00:00",
        "used_by": [
            {
                "program": "aws-cli",
                "source": "203.0.113.7",
                "events": 3,
                "actions": [
                    {"service": "s3", "action": "ListBuckets", "events": 2},
                    {"service": "sts", "action": "GetCallerIdentity", "events": 1},
                ],
            },
            {
                "program": "Terraform",
                "source": "198.51.100.20",
                "events": 1,
                "actions": [{"service": "ec2", "action": "RunInstances", "events": 1}],
            },
        ],
    }


def test_the_newest_events_of_all_regions_together_count() -> None:
    here = Looked("eu-west-1", [event(hours=h) for h in (1, 3, 5)], complete=False)
    there = Looked("us-east-1", [by_terraform(hours=h) for h in (2, 4, 6)])
    found = usage_of([here, there], bound=4)
    assert (found.events, found.since, found.complete) == (4, NOW - timedelta(hours=4), False)
    assert [(one.program, one.events) for one in found.used_by] == [
        ("Terraform", 2),
        ("aws-cli", 2),
    ]
    assert usage_of([there], bound=3).complete
    assert not usage_of([there], bound=2).complete


@pytest.mark.parametrize(
    ("number", "complete", "begins"),
    [
        (1, False, "In the last event since 2026-11-24, AKIA1 was used by aws-cli from "),
        (1, True, "In the only event of 90 days, AKIA1 was used by aws-cli from "),
        (2, True, "In all 2 events of 90 days, AKIA1 was used by aws-cli from "),
    ],
)
def test_it_is_said_which_events_were_looked_at(number: int, complete: bool, begins: str) -> None:
    assert said(*[event()] * number, complete=complete).startswith(begins)


def test_a_sentence_names_three_programs_and_three_services_and_counts_the_rest() -> None:
    events = [event("X", service) for service in ("s3", "iam", "lambda", "kms", "logs")]
    agents = [event(userAgent=f"tool{n}/1") for n in range(3)]
    assert said(*events, *agents) == (
        "In the last 8 events since 2026-11-24, AKIA1 was used by aws-cli from 203.0.113.7 (IAM, "
        'KMS, lambda, 2 more), by "tool0" from 203.0.113.7 (S3), by "tool1" from 203.0.113.7 (S3), '
        "and by 1 other."
    )


def test_no_event_is_told_as_that_and_not_as_no_use() -> None:
    assert said(complete=True) == (
        "CloudTrail's event history has no event of AKIA1 in us-east-1. It has management events "
        "of 90 days only: the key may be in use."
    )


def test_what_could_not_be_read_is_said_beside_what_was() -> None:
    half = [Looked("eu-west-1", failure=DENIED), Looked("us-east-1", [event()])]
    assert word_usage("AKIA1", usage_of(half, 50)).endswith(
        "(S3). The events of AKIA1 in eu-west-1 could not be read: "
        "cloudtrail:LookupEvents failed with AccessDeniedException."
    )
    late = Looked("us-east-1", failure=Unreadable(CALL, TIME_LIMIT))
    assert word_usage("AKIA1", usage_of([late], 50)) == (
        "The events of AKIA1 in us-east-1 could not be read: the time of "
        "access_key_usage_max_seconds was over."
    )
    data = usage_as_data(usage_of([late], 50))
    assert data["unreadable"] == [{"region": "us-east-1", "call": CALL, "error_code": TIME_LIMIT}]
    assert (data["regions"], data["all_events"]) == ([], False)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"text"', "1" * 5000, "{}", "[" * 100_000, '{"eventTime": 1}']
)
def test_a_malformed_event_is_left_out_and_counted(text: str) -> None:
    assert said(event(text=text), event()).endswith(
        "(S3). 1 event of AKIA1 could not be understood."
    )
    assert usage(event(text=text), event()).malformed == 1


# Programs and sources


@pytest.mark.parametrize(
    ("user_agent", "program"),
    [
        (AWS_CLI, "aws-cli"),
        (f"[{AWS_CLI}]", "aws-cli"),
        (TERRAFORM, "Terraform"),
        ("APN/1.0 HashiCorp/1.0 packer-plugin-amazon/1.2 aws-sdk-go/1.44", "Packer"),
        ("Boto3/1.34.2 md/Botocore#1.34.2 ua/2.0 os/linux lang/python#3.11", "Boto3"),
        ("aws-sdk-java/2.21.1 Linux/5.15 OpenJDK_64-Bit_Server_VM/17", "AWS SDK for Java"),
        ("aws-sdk-go-v2/1.24.0 os/linux lang/go#1.21.5 api/s3#1.47.5", "AWS SDK for Go"),
        ("configure-aws-credentials-for-github-actions", "GitHub Actions"),
        ("[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12]", "the AWS console"),
        ("cloudformation.amazonaws.com", "an AWS service"),
        ("Go-http-client/1.1", '"Go-http-client"'),
        ("inventory_sync.py/2.0 (internal)", '"inventory_sync.py"'),
        ("<script>alert(1)</script>", UNKNOWN),
        ("\x1b[31m", UNKNOWN),
        ("a" * 41, UNKNOWN),
        ("", UNKNOWN),
        (None, UNKNOWN),
        ({"a": 1}, UNKNOWN),
    ],
)
def test_a_user_agent_becomes_the_name_of_a_program(user_agent: Any, program: str) -> None:
    assert program_of(user_agent) == program


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:DB8::0001", "2001:db8::1"),
        ("cloudformation.amazonaws.com", "cloudformation.amazonaws.com"),
        ("AWS Internal", "an AWS service"),
        ("fe80::1%<script>", "an unknown address"),
        ("203.0.113.7\n", "an unknown address"),
        (None, "an unknown address"),
        (7, "an unknown address"),
    ],
)
def test_a_source_is_an_address_or_an_aws_service(address: Any, source: str) -> None:
    (user,) = usage(event(sourceIPAddress=address)).used_by
    assert user.source == source


# Creation


@pytest.mark.parametrize(
    ("arn", "who"),
    [
        ("arn:aws:iam::123456789012:user/staff/mallory", "user mallory"),
        ("arn:aws:iam::123456789012:user/alice", "the user itself"),
        ("arn:aws:iam::123456789012:root", "the root user"),
        ("arn:aws-cn:sts::123456789012:assumed-role/Admin/m@x.com", "role Admin (session m@x.com)"),
        ("arn:aws:sts::123456789012:federated-user/mallory", "federated user mallory"),
        ("arn:aws:iam::123456789012:user/<b>", "somebody whom the event does not name"),
        (None, "somebody whom the event does not name"),
    ],
)
def test_who_created_a_key_is_named(arn: str | None, who: str) -> None:
    origin = origin_in(Looked("us-east-1", [creation("AKIA1", arn)]), "AKIA1")
    assert origin
    assert word_origin("AKIA1", origin, ALICE.arn) == (
        f"AKIA1 was created on 2026-11-24 by {who} from 203.0.113.7."
    )


def test_the_creation_of_another_key_and_a_failed_one_do_not_count() -> None:
    failed = event("CreateAccessKey", "iam", responseElements=None)
    assert origin_in(Looked("us-east-1", [creation("AKIA2"), failed]), "AKIA1") is None


def test_a_service_that_creates_a_key_is_named() -> None:
    identity = {"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"}
    looked = Looked("us-east-1", [creation("AKIA1", userIdentity=identity)])
    origin = origin_in(looked, "AKIA1")
    assert origin
    assert "by cloudformation.amazonaws.com from" in word_origin("AKIA1", origin, ALICE.arn)


def test_why_it_is_not_known_who_created_a_key_is_said() -> None:
    denied = origin_in(Looked("us-east-1", failure=DENIED), "AKIA1")
    for origin, why, data in (
        (
            Origin(),
            "is not known: CloudTrail's event history has no event of",
            {"unknown": "no-event"},
        ),
        (
            Origin(too_old=True),
            "is not known: the key is older than the 90 days of",
            {"unknown": "too-old"},
        ),
        (
            denied,
            "could not be read: cloudtrail:LookupEvents failed with AccessDeniedException.",
            {"unreadable": {"call": CALL, "error_code": "AccessDeniedException"}},
        ),
    ):
        assert origin
        assert f"Who created AKIA1 {why}" in word_origin("AKIA1", origin, ALICE.arn)
        assert origin_as_data(origin) == data


def test_a_time_beyond_what_python_can_count_is_none() -> None:
    moment = datetime.min.replace(tzinfo=timezone(timedelta(hours=9)))
    assert usage(event(at=moment)).since is None


def test_event_history_goes_back_ninety_days() -> None:
    assert is_too_old(key("AKIA1", 90), NOW)
    assert not is_too_old(key("AKIA1", 89.9), NOW)


# Other people's input

JSON = st.none() | st.integers() | st.text() | st.dictionaries(st.text(), st.text(), max_size=2)
MEMBERS = (
    "userIdentity", "eventSource", "eventName", "sourceIPAddress", "userAgent", "responseElements"
)  # fmt: skip
RECORDS = st.dictionaries(st.sampled_from(MEMBERS), JSON)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "EventTime": st.datetimes(timezones=st.just(timezone.utc)) | st.none(),
        "CloudTrailEvent": RECORDS.map(json.dumps) | st.text() | st.none(),
    },
)
HARMLESS = {*string.ascii_letters, *string.digits, *" .,:;()/+=@'\"-_"}


@given(events=st.lists(EVENTS, max_size=8), bound=st.integers(1, 8))
def test_whatever_an_event_holds_it_is_counted_and_the_words_are_harmless(
    events: list[Any], bound: int
) -> None:
    found = usage_of([Looked("us-east-1", events)], bound)
    assert found.events == min(len(events), bound)
    assert sum(one.events for one in found.used_by) == found.events - found.malformed
    assert set(word_usage("AKIA1", found)) <= HARMLESS
    assert set(json.dumps(usage_as_data(found))) <= HARMLESS | set("{}[]\\")
    origin = origin_in(Looked("us-east-1", events), "AKIA1")
    assert origin is None


@given(agent=st.text(max_size=3000) | st.just(TERRAFORM), arn=st.text())
def test_nothing_of_an_event_that_has_to_stay_inside_comes_out(agent: str, arn: str) -> None:
    one = creation("AKIA1", arn, userAgent=agent)
    assert "SECRET" in one["CloudTrailEvent"]
    looked = Looked("us-east-1", [one])
    found, origin = usage_of([looked], 50), origin_in(looked, "AKIA1")
    assert origin
    told = f"{found}{origin}{word_usage('AKIA1', found)}{word_origin('AKIA1', origin, ALICE.arn)}"
    assert "SECRET" not in told
    assert len(word_usage("AKIA1", found)) < 200
