"""What events say of a key: who uses it, who created it, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import (
    TIME_LIMIT,
    TOO_OLD,
    Evidence,
    Origin,
    Usage,
    is_too_old,
    origin_in,
    usage_of,
)
from prowler_access_keys.services.iam.iam_access_keys.facts import Unreadable
from prowler_access_keys.services.iam.iam_access_keys.finding_data import (
    FindingData,
    KeyData,
    from_json,
    to_json,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.evidence_wording import (
    word_destination,
    word_evidence,
    word_origin,
    word_usage,
)

from .events import TERRAFORM, assumption, creation, event, looked
from .keys import NOW, key
from .known_facts import ALICE

CALL = "cloudtrail:LookupEvents"
DENIED = Unreadable(CALL, "AccessDeniedException")
KEY = key("AKIA1", 4)


def usage(*events: Any, complete: bool = False) -> Usage:
    return usage_of([looked(*events, complete=complete)], 50)


def written(usage: Usage | None = None, origin: Origin | None = None) -> Any:
    """The evidence on a key as the data of a finding has it."""
    key = KeyData("AKIA1", usage=usage, origin=origin)
    (data,) = to_json(FindingData(access_keys=(key,)))["access_keys"]
    return data["usage"] if usage else data["origin"]


def said(*events: Any, complete: bool = False) -> str:
    return word_usage("AKIA1", usage(*events, complete=complete))


def by_terraform(name: str = "RunInstances", service: str = "ec2", hours: float = 1) -> Any:
    return event(name, service, hours=hours, userAgent=TERRAFORM, sourceIPAddress="198.51.100.20")


# Use


def test_a_key_is_used_by_programs_from_sources_most_often_first() -> None:
    events = [
        by_terraform(), event(hours=99), event(hours=2), event("GetCallerIdentity", "sts", hours=3)
    ]  # fmt: skip
    assert said(*events) == (
        "In the last 4 events in us-east-1, since 2026-11-20, AKIA1 was used by aws-cli from "
        "203.0.113.7 (S3, STS) and by Terraform on a macOS computer, from 198.51.100.20 (EC2)."
    )
    seen = [
        (
            user.program,
            user.first_seen,
            user.last_seen,
            [(it.action, it.events) for it in user.actions],
        )
        for user in usage(*events).used_by
    ]
    ago = [NOW - timedelta(hours=hours) for hours in (99, 2, 1)]
    assert seen == [
        ("aws-cli", ago[0], ago[1], [("ListBuckets", 2), ("GetCallerIdentity", 1)]),
        ("Terraform", ago[2], ago[2], [("RunInstances", 1)]),
    ]


def test_the_newest_events_of_all_regions_together_count() -> None:
    here = looked(*(event(hours=h) for h in (1, 3, 5)), region="eu-west-1", complete=False)
    there = looked(*(by_terraform(hours=h) for h in (2, 4, 6)))
    found = usage_of([here, there], bound=4)
    assert (found.events, found.since) == (4, NOW - timedelta(hours=4))
    assert [(user.program, user.events) for user in found.used_by] == [
        ("Terraform", 2),
        ("aws-cli", 2),
    ]
    assert not found.all_events
    assert usage_of([there], bound=3).all_events
    assert not usage_of([there], bound=2).all_events


def test_nothing_counts_that_is_older_than_what_was_read_of_another_region() -> None:
    torn = looked(event(hours=1), event(hours=30), region="eu-west-1", failure=DENIED)
    found = usage_of([torn, looked(by_terraform(hours=2), by_terraform(hours=31))], 50)
    assert (found.events, found.since) == (3, NOW - timedelta(hours=30))
    assert word_usage("AKIA1", found).endswith(
        "(EC2). Older events of AKIA1 in eu-west-1 could not be read: "
        "cloudtrail:LookupEvents failed with AccessDeniedException."
    )


@pytest.mark.parametrize(
    ("number", "complete", "begins"),
    [
        (1, False, "In the last event in us-east-1, of 2026-11-24, AKIA1 was used by aws-cli from"),
        (1, True, "In the only event of 90 days in us-east-1, AKIA1 was used by aws-cli from "),
        (2, True, "In all 2 events of 90 days in us-east-1, AKIA1 was used by aws-cli from "),
    ],
)
def test_it_is_said_which_events_were_looked_at(number: int, complete: bool, begins: str) -> None:
    assert said(*[event()] * number, complete=complete).startswith(begins)


def test_a_sentence_names_three_programs_and_three_services_and_counts_the_rest() -> None:
    events = [event("X", service) for service in ("s3", "iam", "lambda", "kms", "logs")]
    agents = [event(userAgent=f"tool{n}/1") for n in range(3)]
    assert said(*events, *agents).endswith(
        " AKIA1 was used by aws-cli from 203.0.113.7 (IAM, KMS, lambda, 2 more), by "
        '"tool0" from 203.0.113.7 (S3), by "tool1" from 203.0.113.7 (S3), and by 1 other.'
    )


@pytest.mark.parametrize(
    ("words", "places"),
    [
        ("", " from 203.0.113.7"),
        ("m/Z,g", " from environment variables, from 203.0.113.7"),
        ("m/e exec-env/AWS_ECS_EC2", " from its own code or configuration on Amazon ECS, from 20"),
        ("m/n os/linux#6-microsoft-", " from a credentials file on a Windows computer with WSL, f"),
        ("m/v,w os/linux#6.6.9-kali1-amd64", " from a command on Kali Linux, from 203.0.113.7"),
        ("exec-env/CloudShell", " on AWS CloudShell, from 203.0.113.7"),
    ],
)
def test_where_the_key_is_kept_and_what_the_program_runs_on_is_said(
    words: str, places: str
) -> None:
    assert f"AKIA1 was used by Boto3{places}" in said(event(userAgent=f"Boto3/1.40 {words}"))


def test_a_program_that_keeps_the_key_in_two_places_is_two_users() -> None:
    agents = ("Boto3/1.40 m/n exec-env/EC2", "Boto3/1.40", "Boto3/1.40 m/g")
    used_by = written(usage(*(event(userAgent=agent) for agent in agents)))["used_by"]
    assert [(user.get("kept_in"), user.get("runs_on")) for user in used_by] == [
        (None, None),
        ("a credentials file", "Amazon EC2"),
        ("environment variables", None),
    ]


@pytest.mark.parametrize(
    ("record", "program"),
    [
        ({"userAgent": "Boto3/1.40 m/g"}, 'a program that calls itself "Boto3" from environment v'),
        ({"userAgent": "aws-sdk-go/1.2"}, 'a program that calls itself "AWS SDK for Go" from 203.'),
        ({"userAgent": "backup/2"}, 'a program that calls itself "backup" from 203.0.113.7'),
        ({"userAgent": "the console/2"}, 'a program that calls itself "the console" from 203.0'),
        ({"userAgent": "Mozilla/5.0"}, "a program that calls itself a browser from 203.0.113.7"),
        (
            {"userAgent": "AWS Internal"},
            "a program that calls itself the AWS console or an AWS service from 203.0.113.7",
        ),
        ({"userAgent": ""}, "an unnamed program from 203.0.113.7"),
        ({"sourceIPAddress": "AWS Internal"}, "an AWS service (S3; 2026-11-24)"),
    ],
)
def test_in_an_incident_a_name_is_only_what_a_program_calls_itself(
    record: dict[str, Any], program: str
) -> None:
    assert f"was used by {program}" in word_usage("AKIA1", usage(event(**record)), claimed=True)


def test_of_many_events_the_older_half_of_the_time_is_said_too() -> None:
    newest = looked(*(by_terraform(hours=hours) for hours in range(1, 51)), complete=False)
    older = looked(*(event(hours=hours) for hours in range(1200, 1220)), complete=False)
    middle = NOW - timedelta(days=45)
    found = usage_of([newest], 50, [older], middle)
    assert (found.events, found.older_events, found.all_events) == (50, 20, False)
    assert "In the last 30 events in us-east-1" in word_usage("AKIA1", found)
    torn = usage_of([newest], 50, [looked(failure=DENIED)], middle)
    assert (torn.events, torn.older_events) == (50, 0)
    assert "Older events of AKIA1 in us-east-1 could not be read" in word_usage("AKIA1", torn)


def test_a_region_that_was_read_to_its_end_has_an_older_half_too() -> None:
    busy = looked(*(by_terraform(hours=hours) for hours in range(1, 51)), complete=False)
    quiet = looked(event(hours=2), event(hours=1500), region="eu-west-1")
    older = looked(by_terraform(hours=1300))
    found = usage_of([busy, quiet], 50, [older], NOW - timedelta(days=45))
    by_cli = next(user for user in found.used_by if user.program == "aws-cli")
    assert (found.older_events, by_cli.events) == (2, 2)
    assert by_cli.first_seen == NOW - timedelta(hours=1500)


@pytest.mark.parametrize(
    ("events", "said_of_them"),
    [
        ([event("CreateUser", "iam")], "(iam:CreateUser)"),
        ([event("ListUsers", "iam"), event("PutUserPolicy", "iam")], "(iam:PutUserPolicy, IAM)"),
        ([event("AttachUserPolicy", "iam", errorCode="AccessDenied"), event()],
         "(iam:AttachUserPolicy (failed), S3)"),
        ([event("CreateUser", "not-iam")], "(not-iam)"),
        ([event(f"{verb}{kind}Policy", "iam") for verb in ("Attach", "Put") for kind in
          ("Group", "Role", "User")], "iam:PutGroupPolicy, iam:PutRolePolicy, 1 more)"),
    ],
)  # fmt: skip
def test_actions_that_give_power_are_named(events: list[Any], said_of_them: str) -> None:
    assert said_of_them in said(*events)


def test_a_role_that_a_key_assumed_is_named_and_so_is_a_session_that_outlives_it() -> None:
    events = [
        *(assumption(f"ASIA{n}", hours=n) for n in (1, 2)),
        assumption("ASIA3", account="210987654321"),
        assumption("ASIA4", role="", name="GetSessionToken"),
        assumption("ASIA5", errorCode="AccessDenied"),
    ]
    found = usage(*events)
    assert [(made.role, made.access_key_id, made.events) for made in found.sessions] == [
        ("Admin", "ASIA1", 2), ("Admin", "", 1), ("", "ASIA4", 1),
    ]  # fmt: skip
    assert (
        "In these events, AKIA1 assumed role Admin of account 123456789012 (2 times, last on "
        "2026-11-24). In these events, AKIA1 assumed role Admin of account 210987654321 (1 time, "
        "last on 2026-11-24). In these events, AKIA1 called GetSessionToken, whose sessions "
        "outlive the key (1 time, last on 2026-11-24)."
    ) in word_usage("AKIA1", found)


def test_a_session_that_was_followed_is_said_whatever_came_after_it() -> None:
    others = [assumption("ASIA9", account=f"21098765432{number}") for number in range(3)]
    found = usage(*others, assumption("ASIA1", hours=2))
    followed = replace(found.sessions[-1], usage=usage(event("CreateUser", "iam")))
    said = word_usage("AKIA1", replace(found, sessions=(*found.sessions[:-1], followed)))
    assert "ASIA1 was used by aws-cli from 203.0.113.7 (iam:CreateUser)" in said
    assert said.endswith(" These events have sessions of 1 other role or tokens too.")


def test_a_value_of_a_newer_version_is_not_known_and_costs_nothing_else() -> None:
    user = {"program": "aws-cli", "source": "192.0.2.1", "events": 1, "actions": [],
            "kept_in": "a hardware module", "runs_on": "the Moon", "new": 1}  # fmt: skip
    usage = {"regions": ["us-east-1"], "events": 1, "used_by": [user], "new": {}}
    key = {"access_key_id": "AKIA1", "usage": usage, "destinations": ["moon-role", "ecs-task-role"]}
    (read,) = from_json({"access_keys": [key]}).access_keys
    assert read.usage
    assert (read.usage.used_by[0].kept_in, read.usage.used_by[0].runs_on) == (None, None)
    assert word_destination("AKIA1", read.destinations) == (
        "A program on Amazon ECS uses AKIA1: consider a task role instead."
    )
    with pytest.raises(ValueError, match="kept_in"):
        from_json(
            {"access_keys": [{**key, "usage": {**usage, "used_by": [{**user, "kept_in": 7}]}}]}
        )


def test_that_no_call_succeeded_is_said() -> None:
    denied = event(errorCode="AccessDenied")
    assert said(denied).endswith("(S3). That call failed.")
    assert said(denied, denied).endswith("(S3). All calls failed.")
    assert said(denied, event()).endswith("(S3).")
    assert written(usage(denied, event()))["failed_events"] == 1


def test_what_could_not_be_read_is_said_beside_what_was() -> None:
    half = [looked(region="eu-west-1", failure=DENIED), looked(event())]
    assert word_usage("AKIA1", usage_of(half, 50)).endswith(
        "(S3). The events of AKIA1 in eu-west-1 could not be read: "
        "cloudtrail:LookupEvents failed with AccessDeniedException."
    )
    late = looked(failure=Unreadable(CALL, TIME_LIMIT))
    assert word_usage("AKIA1", usage_of([late], 50)) == (
        "The events of AKIA1 in us-east-1 could not be read: the time of "
        "access_key_usage_max_seconds was over."
    )
    data = written(usage_of([late], 50))
    assert data["unreadable"] == [{"region": "us-east-1", "call": CALL, "error_code": TIME_LIMIT}]
    assert (data["regions"], data["all_events"]) == ([], False)


def test_a_malformed_event_is_left_out_and_counted() -> None:
    assert said(event(text="{"), event()).endswith(
        "(S3). 1 event of AKIA1 could not be understood."
    )
    assert said(event(text="{")) == "1 event of AKIA1 could not be understood."
    assert written(usage(event(text="{"), event()))["malformed_events"] == 1


# Creation


@pytest.mark.parametrize(
    ("arn", "who"),
    [
        ("arn:aws:iam::123456789012:user/staff/mallory", "user mallory"),
        ("arn:aws:iam::123456789012:user/alice", "the user itself"),
        ("arn:aws:iam::123456789012:root", "the root user"),
        ("arn:aws-cn:sts::123456789012:assumed-role/Admin/m@x.com", "role Admin (session m@x.com)"),
        ("arn:aws:sts::123456789012:federated-user/mallory", "federated user mallory"),
        (None, "someone the event does not name"),
    ],
)
def test_who_created_a_key_is_named(arn: str | None, who: str) -> None:
    origin = origin_in(looked(creation("AKIA2", arn), creation("AKIA1", arn)), KEY, NOW)
    assert word_origin(["AKIA1"], origin, ALICE.arn) == (
        f"AKIA1 was created on 2026-11-24 by {who} from 203.0.113.7."
    )


@pytest.mark.parametrize(
    ("identity", "who"),
    [
        ({"arn": "arn:aws:iam::123456789012:user/team!a/<b>/carol"}, "user carol"),
        ({"arn": "arn:aws:iam::123456789012:user/a:b/carol"}, "user carol"),
        ({"arn": "arn:aws:iam::123456789012:user/al", "userName": "alice"}, "the user itself"),
        ({"arn": "arn:aws:iam::123456789012:user/al", "userName": "al"}, "user al"),
        ({"arn": "arn:aws:iam::123456789012:root", "userName": "alice"}, "the root user"),
    ],
    ids=[
        "odd path",
        "colon",
        "renamed since",
        "another user",
        "root with the user's name as alias",
    ],
)
def test_a_creator_is_right_whatever_its_path_is_or_its_name_was(identity: Any, who: str) -> None:
    identity = {**identity, "principalId": "AIDAEXAMPLE:x"}
    origin = origin_in(looked(creation("AKIA1", userIdentity=identity)), KEY, NOW)
    assert f"by {who} from" in word_origin(["AKIA1"], origin, "arn:aws:iam::123456789012:user/new")
    assert origin.creator_id == "AIDAEXAMPLE"
    assert set("<>") & set(origin.creator) == set()


def test_a_user_with_an_odd_path_is_the_one_that_created_its_key() -> None:
    arn = "arn:aws:iam::123456789012:user/team!<a>:b/carol"
    origin = origin_in(looked(creation("AKIA1", arn)), KEY, NOW)
    assert "by the user itself from" in word_origin(["AKIA1"], origin, arn)


@pytest.mark.parametrize(
    ("name", "user_id", "itself"),
    [
        ("new-name", "AIDAALICE", True),
        ("alice", "AIDAALICE", True),
        ("alice", "AIDAANOTHER", False),
        ("alice", "", True),
        ("new-name", "", False),
    ],
)
def test_a_user_is_known_by_its_id_where_both_are_known(
    name: str, user_id: str, itself: bool
) -> None:
    origin = Origin("user/alice", NOW, "192.0.2.1", creator_id="AIDAALICE")
    user_arn = f"arn:aws:iam::123456789012:user/{name}"
    who = "the user itself" if itself else "user alice"
    assert f" by {who} from " in word_origin(["AKIA1"], origin, user_arn, user_id)


def test_in_an_incident_the_key_and_the_program_of_the_creator_are_said() -> None:
    identity = {"arn": ALICE.arn, "accessKeyId": "AKIAOLD"}
    origin = origin_in(looked(creation("AKIA1", userIdentity=identity)), KEY, NOW)
    assert word_origin(["AKIA1"], origin, ALICE.arn, claimed=True) == (
        "AKIA1 was created on 2026-11-24 by the user itself from 203.0.113.7 with AKIAOLD, by a "
        'program that calls itself "aws-cli".'
    )


def test_a_service_that_creates_a_key_is_named() -> None:
    identity = {"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"}
    origin = origin_in(looked(creation("AKIA1", userIdentity=identity)), KEY, NOW)
    assert "by cloudformation.amazonaws.com from" in word_origin(["AKIA1"], origin, ALICE.arn)


def test_a_creation_without_a_date_has_none() -> None:
    origin = origin_in(looked({**creation("AKIA1"), "EventTime": None}), KEY, NOW)
    said = word_origin(["AKIA1"], origin, ALICE.arn)
    assert said == "AKIA1 was created by user mallory from 203.0.113.7."
    assert written(origin=origin) == {
        "creator": "user/mallory",
        "source": "203.0.113.7",
        "program": "aws-cli",
    }


@pytest.mark.parametrize(
    ("origin", "why", "data"),
    [
        (
            origin_in(looked(creation("AKIA2")), KEY, NOW),
            "is not known: CloudTrail's event history does not have the event.",
            {"unknown": "no-event"},
        ),
        (
            origin_in(looked(), key("AKIA1", 0.01), NOW),
            "is not known: CloudTrail's event history does not have the event yet.",
            {"unknown": "not-yet"},
        ),
        (
            Origin(unknown=TOO_OLD),
            "is not known: the key is older than the 90 days of CloudTrail's event history.",
            {"unknown": "too-old"},
        ),
        (
            origin_in(looked(failure=DENIED), KEY, NOW),
            "could not be read: cloudtrail:LookupEvents failed with AccessDeniedException.",
            {"unreadable": {"call": CALL, "error_code": "AccessDeniedException"}},
        ),
        (
            origin_in(looked(creation("AKIA2"), complete=False), KEY, NOW),
            "could not be read: there are too many events of that time.",
            {"unreadable": {"call": CALL, "error_code": "TooManyEvents"}},
        ),
    ],
)
def test_why_it_is_not_known_who_created_a_key_is_said(
    origin: Origin, why: str, data: dict[str, Any]
) -> None:
    assert word_origin(["AKIA1"], origin, ALICE.arn) == f"Who created AKIA1 {why}"
    assert written(origin=origin) == data


def test_what_is_not_known_of_both_keys_is_one_sentence() -> None:
    both = {key(name, 100): Origin(unknown=TOO_OLD) for name in ("AKIA1", "AKIA2")}
    assert word_evidence(Evidence(origins=both), ALICE) == [
        "Who created AKIA1 and AKIA2 is not known: the keys are older than the 90 days of "
        "CloudTrail's event history."
    ]


def test_event_history_goes_back_ninety_days() -> None:
    assert is_too_old(key("AKIA1", 90), NOW)
    assert not is_too_old(key("AKIA1", 89.9), NOW)
