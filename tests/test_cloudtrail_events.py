"""What is taken out of an event, and what has to stay inside."""

from __future__ import annotations

import json
import random
import string
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.events import (
    AWS_SERVICE,
    UNKNOWN_CREATOR,
    UNKNOWN_SOURCE,
    Call,
    event_of,
)
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import (
    EventsFound,
    origin_in,
    usage_of,
)
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.user_agents import (
    AWS_ITSELF,
    UNKNOWN,
)
from prowler_access_keys.services.iam.iam_access_keys.finding_data import (
    FindingData,
    KeyData,
    from_json,
    to_json,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.evidence_wording import (
    word_origin,
    word_usage,
)

from .events import TERRAFORM, assumption, creation, event
from .keys import NOW, key
from .known_facts import ALICE

SERVICE = "cloudformation.amazonaws.com"


def call(given: Any) -> Call:
    found = event_of(given).call
    assert found
    return found


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '"text"', "1" * 5000, "{}", "[" * 100_000, '{"eventTime": 1}', None],
)
def test_an_event_that_is_not_as_cloudtrail_writes_them_has_no_call(text: Any) -> None:
    assert event_of({**event(), "CloudTrailEvent": text}).call is None


@pytest.mark.parametrize(
    "moment", [None, "2026-11-25", datetime.min.replace(tzinfo=timezone(timedelta(hours=9)))]
)
def test_a_time_that_is_none_or_that_python_cannot_count_is_not_known(moment: Any) -> None:
    assert event_of({**event(), "EventTime": moment}).time is None


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:DB8::0001", "2001:db8::1"),
        (SERVICE, SERVICE),
        ("AWS Internal", AWS_SERVICE),
        ("AWS Internal/3", AWS_SERVICE),
        ("fe80::1%<script>", UNKNOWN_SOURCE),
        ("203.0.113.7\n", UNKNOWN_SOURCE),
        (None, UNKNOWN_SOURCE),
        (7, UNKNOWN_SOURCE),
    ],
)
def test_a_source_is_an_address_or_an_aws_service(address: Any, source: str) -> None:
    assert call(event(sourceIPAddress=address)).source == source


def test_only_what_comes_from_an_aws_service_is_called_one() -> None:
    assert call(event(userAgent=SERVICE, sourceIPAddress=SERVICE)).agent.program == AWS_SERVICE
    assert call(event(userAgent=SERVICE)).agent.program == AWS_ITSELF


@pytest.mark.parametrize(
    ("identity", "creator"),
    [
        ({"arn": "arn:aws:iam::123456789012:user/staff/mallory"}, "user/staff/mallory"),
        ({"arn": "arn:aws-cn:sts::123456789012:assumed-role/A/m@x"}, "assumed-role/A/m@x"),
        ({"arn": "arn:aws:iam::123456789012:user/<b>"}, UNKNOWN_CREATOR),
        ({"type": "AWSService", "invokedBy": SERVICE}, SERVICE),
        ({"arn": None}, UNKNOWN_CREATOR),
        (None, UNKNOWN_CREATOR),
    ],
)
def test_who_calls_is_the_end_of_an_arn_or_a_service(identity: Any, creator: str) -> None:
    assert call(event(userIdentity=identity)).creator == creator


def test_only_a_call_that_created_a_key_names_one() -> None:
    assert call(creation("AKIA1")).created == "AKIA1"
    assert call(event("CreateAccessKey", "iam", responseElements=None)).created == ""
    answered = {"accessKey": {"accessKeyId": "AKIA1"}}
    assert call(event("UpdateAccessKey", "iam", responseElements=answered)).created == ""


def test_a_call_that_ended_with_an_error_is_told_apart() -> None:
    assert call(event(errorCode="AccessDenied")).failed
    assert not call(event()).failed


# Other people's input

JSON = st.none() | st.integers() | st.text() | st.dictionaries(st.text(), st.text(), max_size=2)
MEMBERS = (
    "userIdentity", "eventSource", "eventName", "sourceIPAddress", "userAgent", "errorCode",
    "additionalEventData", "requestParameters", "awsRegion", "recipientAccountId",
)  # fmt: skip
RECORDS = st.dictionaries(st.sampled_from(MEMBERS), JSON)
SESSIONS = st.text("abcXYZ019_=,.@-<\x1b", min_size=1, max_size=64)
ARNS = SESSIONS.map("arn:aws:sts::123456789012:assumed-role/Admin/{}".format) | st.text()


@st.composite
def creations(draw: st.DrawFn) -> dict[str, Any]:
    """The event of a key's creation with anything in it, or anything at all."""
    made = {"accessKey": {"accessKeyId": "AKIA1"}}
    whole = {
        "userIdentity": {"arn": draw(ARNS)}, **draw(RECORDS),
        "eventName": "CreateAccessKey", "responseElements": made,
    }  # fmt: skip
    moments = st.datetimes(timezones=st.just(timezone.utc)) | st.none()
    text = st.just(json.dumps(whole)) | st.text(max_size=20) | st.none()
    return {"EventTime": draw(moments), "CloudTrailEvent": draw(text)}


JUNK: tuple[Any, ...] = (
    "",
    "\x1b[31m",
    "<b>",
    "=1+1",
    "\ud800",
    None,
    7,
    True,
    [],
    {},
    [{"arn": 1}],
    {"a": {}},
    1e400,
)


def bent(whole: Any, dice: random.Random) -> Any:
    """The same with junk in the place of something in it."""
    if isinstance(whole, dict) and whole and dice.random() < 0.8:
        name = dice.choice(list(whole))
        return {**whole, name: bent(whole[name], dice)}
    return dice.choice(JUNK)


def test_six_thousand_events_cut_or_bent_give_no_crash_and_no_false_program() -> None:
    dice = random.Random(28)  # noqa: S311
    identity = {"arn": ALICE.arn, "accessKeyId": "AKIA2", "principalId": "AIDA1", "userName": "a"}
    whole = [
        creation("AKIA1", userAgent=TERRAFORM, userIdentity=identity),
        assumption("ASIA1", userAgent=TERRAFORM),
        event(userAgent=TERRAFORM, additionalEventData={"callWithBearerToken": True}),
    ]
    for number in range(6000):
        given = dict(dice.choice(whole))
        text = given["CloudTrailEvent"]
        if number % 2:
            given["CloudTrailEvent"] = text[: dice.randrange(len(text))]
        else:
            given["CloudTrailEvent"] = json.dumps(bent(json.loads(text), dice))
        found = event_of(given)
        assert found.call is None or found.call.agent.program in ("Terraform", UNKNOWN)
        usage = usage_of([EventsFound("us-east-1", [found])], 50)
        origin = origin_in(EventsFound("us-east-1", [found]), key("AKIA1", 3), NOW)
        told = word_usage("AKIA1", usage) + word_origin(["AKIA1"], origin, ALICE.arn, claimed=True)
        assert set(told) <= HARMLESS, told
        data = to_json(FindingData(access_keys=(KeyData("AKIA1", usage=usage, origin=origin),)))
        assert from_json(json.loads(json.dumps(data))).access_keys[0].usage == usage


HARMLESS = {*string.ascii_letters, *string.digits, *" .,:;()/+=@'\"-_"}


@given(events=st.lists(creations(), max_size=6), bound=st.integers(1, 8))
def test_whatever_an_event_holds_it_is_counted_and_the_words_are_harmless(
    events: list[Any], bound: int
) -> None:
    look = EventsFound("us-east-1", [event_of(member) for member in events])
    usage, origin = usage_of([look], bound), origin_in(look, key("AKIA1", 3), NOW)
    assert usage.events == min(len(events), bound)
    assert sum(user.events for user in usage.used_by) == usage.events - usage.malformed_events
    assert bool(origin.creator) is any(found.call for found in look.events)
    told = word_usage("AKIA1", usage) + word_origin(["AKIA1"], origin, ALICE.arn)
    assert set(told) <= HARMLESS
    key_data = KeyData("AKIA1", usage=usage, origin=origin)
    data = json.dumps(to_json(FindingData(access_keys=(key_data,))))
    assert set(data) <= HARMLESS | set("{}[]\\")


@given(agent=st.text(max_size=3000) | st.just(TERRAFORM), arn=ARNS)
def test_nothing_of_an_event_that_has_to_stay_inside_comes_out(agent: str, arn: str) -> None:
    whole = creation("AKIA1", arn, userAgent=agent)
    assert "SECRET" in whole["CloudTrailEvent"]
    told = str(event_of(whole))
    assert "SECRET" not in told
    assert len(told) < 2000
