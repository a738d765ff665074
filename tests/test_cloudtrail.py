"""How CloudTrail is asked: over HTTP, at AWS's rate, with a clock that only waiting moves."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.loaders import Loader

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.event_history import (
    GLOBAL_SERVICES,
    CloudTrail,
)
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.events import API_KEY_CREATION
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import (
    CALL,
    NO_EVENT,
    NOT_YET,
    TIME_LIMIT,
    TOO_MANY_EVENTS,
    Origin,
    Usage,
)
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.lookups import (
    ABOUT_ONE_CALL,
    EventHistory,
)
from prowler_access_keys.services.iam.iam_access_keys.facts import AccessKey, LastUse

from .scanning import environment_of

NOW = datetime.now(timezone.utc)


class Clock:
    """Seconds that pass only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def aws(aws: EmbeddedAWS, clock: Clock) -> Iterator[EmbeddedAWS]:
    """The embedded AWS, in the environment and in the time of the test."""
    aws.cloudtrail.clock = clock
    with environment_of(aws):
        yield aws


def cloudtrail(
    clock: Clock,
    events: int = 50,
    seconds: float = 600,
    partition: str = "aws",
    report: Callable[[str], None] = lambda _: None,
    waits: bool = False,
    regions: Iterable[str] = (),
) -> CloudTrail:
    """CloudTrail as a run asks it; ``waits`` for it to wait in earnest."""
    session = boto3.Session()
    provider = SimpleNamespace(
        session=SimpleNamespace(current_session=session),
        identity=SimpleNamespace(partition=partition),
        get_default_region=lambda _: "us-east-1",
        _enabled_regions=set(regions),
    )
    time = () if waits else (clock, clock.sleep)
    return CloudTrail(provider, events, EventHistory(session, seconds, report, *time))


def key(number: int = 1, region: str = "us-east-1", age: float = 300) -> AccessKey:
    used = LastUse(NOW - timedelta(days=1), "s3", region)
    return AccessKey(f"AKIA{number:016}", NOW - timedelta(days=age), last_use=used)


def record(aws: EmbeddedAWS, used: AccessKey, number: int, region: str = "us-east-1") -> None:
    """So many events of a key, an hour apart."""
    for hours in range(1, number + 1):
        at = NOW - timedelta(hours=hours)
        aws.cloudtrail.add("ListBuckets", at=at, region=region, access_key_id=used.access_key_id)


def use_of(trail: CloudTrail, used: AccessKey) -> Usage:
    return trail.usage([used])[used]


def failures(usage: Usage) -> list[tuple[str, str]]:
    return [(part.region, part.failure.error_code) for part in usage.unread]


# Use


def test_a_key_is_looked_up_where_it_was_last_used_and_where_global_services_are(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    used = key(region="eu-west-1")
    record(aws, used, 3, "eu-west-1")
    record(aws, used, 2, "us-east-1")
    record(aws, used, 1, "ap-south-1")
    found = use_of(cloudtrail(clock), used)
    assert (found.regions, found.events) == (("eu-west-1", "us-east-1"), 5)
    assert found.all_events
    # At the same time, so in any order.
    assert sorted(region for region, _ in aws.cloudtrail.called) == ["eu-west-1", "us-east-1"]


@pytest.mark.parametrize(
    ("partition", "used_in", "asked"),
    [
        ("aws", "us-east-1", "us-east-1"),
        ("aws", "N/A", "us-east-1"),
        ("aws", "aws-global", "us-east-1"),
        ("aws", "", "us-east-1"),
        ("aws-cn", "N/A", "cn-north-1"),
        ("aws-us-gov", "N/A", "us-gov-west-1"),
    ],
)
def test_a_key_of_global_services_is_looked_up_once(
    aws: EmbeddedAWS, clock: Clock, partition: str, used_in: str, asked: str
) -> None:
    trail = cloudtrail(clock, partition=partition)
    assert use_of(trail, key(region=used_in)).regions == (asked,)


def test_the_regions_of_global_services_are_those_that_botocore_knows() -> None:
    known = Loader().load_data("endpoints")["partitions"]
    for partition in known:
        iam = partition["services"].get("iam", {}).get("endpoints", {})
        for scope in filter(None, (endpoint.get("credentialScope") for endpoint in iam.values())):
            assert GLOBAL_SERVICES[partition["partition"]] == scope["region"]
        assert GLOBAL_SERVICES[partition["partition"]] in partition["regions"]


@pytest.mark.parametrize(
    ("bound", "calls", "looked_at", "complete"),
    [
        (50, 2, 50, False),
        (10, 2, 10, False),
        (70, 3, 70, False),
        (120, 3, 110, True),
        (1, 1, 1, False),
    ],
)
def test_no_more_pages_are_read_than_the_bound_needs(
    aws: EmbeddedAWS, clock: Clock, bound: int, calls: int, looked_at: int, complete: bool
) -> None:
    record(aws, key(), 110)
    found = use_of(cloudtrail(clock, events=bound), key())
    assert (found.events, found.all_events) == (looked_at, complete)
    assert found.since == NOW - timedelta(hours=looked_at)
    assert aws.calls["cloudtrail:LookupEvents"] == calls


@pytest.mark.parametrize(("age", "calls"), [(300, 2), (20, 2), (1, 1)])
def test_a_second_program_is_found_in_the_older_half_of_the_time(
    aws: EmbeddedAWS, clock: Clock, age: float, calls: int
) -> None:
    used, span = key(age=age), min(90, age) - 0.1
    for number in range(600):
        aws.cloudtrail.add(
            "ListUsers" if number < 220 else "CreateUser", "iam",
            user_agent="Terraform/1" if number < 220 else "Pacu/1",
            at=NOW - timedelta(days=span * number / (600 if age > 1 else 6000)),
            access_key_id=used.access_key_id,
        )  # fmt: skip
    found = use_of(cloudtrail(clock), used)
    programs = {user.program: user.events for user in found.used_by}
    if calls == 2:
        assert programs == {"Terraform": 25, "Pacu": 25}
    assert (found.events, aws.calls[CALL]) == (50, 2)


# Sessions


def assumed(aws: EmbeddedAWS, session: str, account: str = "123456789012", **more: Any) -> None:
    """Record that the key assumed a role."""
    aws.cloudtrail.add(
        "AssumeRole", "sts", access_key_id=key().access_key_id, recipientAccountId="123456789012",
        requestParameters={"roleArn": f"arn:aws:iam::{account}:role/{session.title()}"},
        responseElements={"credentials": {"accessKeyId": session}},
        **{"at": NOW - timedelta(hours=1), **more},
    )  # fmt: skip


def test_in_an_incident_sessions_are_followed_one_step_with_three_more_lookups(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    assumed(aws, "ASIA1", region="eu-west-1", at=NOW - timedelta(minutes=1))
    assumed(aws, "ASIA2")
    assumed(aws, "ASIA3", account="210987654321", at=NOW - timedelta(minutes=2))
    assumed(aws, "ASIA4", at=NOW - timedelta(hours=2))
    at = NOW - timedelta(minutes=30)
    aws.cloudtrail.add("CreateUser", "iam", at=at, access_key_id="ASIA1")
    aws.cloudtrail.add("RunInstances", "ec2", at=at, access_key_id="ASIA1", region="eu-west-1")
    aws.cloudtrail.add("ListBuckets", at=at, access_key_id="ASIA2")
    used = key(region="eu-west-1")
    trail = cloudtrail(clock)
    (found,) = trail.usage([used], everywhere=True).values()
    did = {
        made.role: made.usage
        and sorted(action.action for user in made.usage.used_by for action in user.actions)
        for made in found.sessions
    }
    assert did == {
        "Asia1": ["CreateUser", "RunInstances"], "Asia3": None, "Asia2": ["ListBuckets"],
        "Asia4": None,
    }  # fmt: skip
    assert aws.calls[CALL] == 2 + 3
    assert use_of(trail, used).sessions[0].usage is None
    assert aws.calls[CALL] == 5 + 2


# The root user, and API keys


def test_a_key_of_the_root_user_is_found_by_name_and_then_looked_up_by_its_id(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    root = {"type": "Root", "arn": "arn:aws:iam::123456789012:root", "userName": "root"}
    alice = {**root, "arn": "arn:aws:iam::123456789012:user/root"}
    for access_key_id, identity in (("AKIAROOT", root), ("ASIACONSOLE", root), ("AKIA2", alice)):
        aws.cloudtrail.add(
            "ListBuckets", at=NOW - timedelta(hours=1), access_key_id=access_key_id,
            identity=identity,
        )  # fmt: skip
    (key_id,) = found = cloudtrail(clock).root_usage()
    assert (key_id, found[key_id].events) == ("AKIAROOT", 1)
    assert aws.cloudtrail.asked_about == {"root", "AKIAROOT"}


def test_that_no_event_shows_a_key_of_the_root_user_is_known_only_if_all_were_read(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    (none,) = cloudtrail(clock).root_usage().values()
    assert (none.regions, none.unread) == (("us-east-1",), ())
    for hours in range(1, 120):
        at = NOW - timedelta(hours=hours)
        aws.cloudtrail.add("ConsoleLogin", "signin", at=at, identity={"userName": "root"})
    (none,) = cloudtrail(clock).root_usage().values()
    assert failures(none) == [("us-east-1", TOO_MANY_EVENTS)]


def test_a_second_key_of_the_root_user_is_not_passed_over_in_silence(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    root = {"type": "Root", "arn": "arn:aws:iam::123456789012:root", "userName": "root"}
    aws.cloudtrail.add("ListBuckets", at=NOW, access_key_id="AKIAROOT", identity=root)
    for hours in range(1, 120):
        at = NOW - timedelta(hours=hours)
        aws.cloudtrail.add("ConsoleLogin", "signin", at=at, identity=root, region="eu-west-1")
    found = cloudtrail(clock, regions=("eu-west-1", "us-east-1")).root_usage()
    assert (found["AKIAROOT"].events, found["AKIAROOT"].unread) == (1, ())
    assert (found[""].regions, failures(found[""])) == ((), [("eu-west-1", TOO_MANY_EVENTS)])


def test_what_uses_api_keys_is_found_by_the_name_of_the_user(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    with_key: dict[str, Any] = {"additionalEventData": {"callWithBearerToken": True}}
    for more in ({}, with_key):
        aws.cloudtrail.add(
            "Converse", "bedrock", at=NOW - timedelta(hours=1), identity={"userName": "alice"},
            user_agent="Boto3/1.40", **more,
        )  # fmt: skip
    found = cloudtrail(clock).api_key_usage(["alice", "bob"])
    assert [(user.program, user.events) for user in found["alice"].used_by] == [("Boto3", 1)]
    assert (found["bob"].events, found["bob"].all_events) == (0, True)


def test_who_created_an_api_key_is_found(aws: EmbeddedAWS, clock: Clock) -> None:
    made = AccessKey("ACCA1", NOW - timedelta(days=3))
    answer = {"serviceSpecificCredential": {"serviceSpecificCredentialId": "ACCA1"}}
    aws.cloudtrail.add(
        "CreateServiceSpecificCredential", "iam", at=made.create_date, responseElements=answer,
        identity={"arn": "arn:aws:iam::123456789012:user/mallory"},
    )  # fmt: skip
    (origin,) = cloudtrail(clock).origins([made], API_KEY_CREATION).values()
    assert origin.creator == "user/mallory"


# The account's own addresses


def addresses_of(aws: EmbeddedAWS) -> dict[str, str]:
    """An instance and a NAT gateway: IDs by address."""
    ec2 = boto3.client("ec2")
    (subnet,) = ec2.describe_subnets()["Subnets"][:1]
    of_gateway, of_instance = (ec2.allocate_address(Domain="vpc") for _ in range(2))
    gateway = ec2.create_nat_gateway(
        SubnetId=subnet["SubnetId"], AllocationId=of_gateway["AllocationId"]
    )
    (instance,) = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"]
    ec2.associate_address(
        InstanceId=instance["InstanceId"], AllocationId=of_instance["AllocationId"]
    )
    return {
        of_gateway["PublicIp"]: gateway["NatGateway"]["NatGatewayId"],
        of_instance["PublicIp"]: instance["InstanceId"],
    }


def used_from(aws: EmbeddedAWS, *sources: str) -> None:
    for source in sources:
        aws.cloudtrail.add("ListBuckets", at=NOW, access_key_id=key().access_key_id, source=source)


EC2 = ("ec2:DescribeNatGateways", "ec2:DescribeNetworkInterfaces")


def test_what_of_the_account_has_an_address_is_found_with_one_call_each_a_region(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    resources = addresses_of(aws)
    used_from(aws, *resources, "192.0.2.1", "cloudformation.amazonaws.com")
    aws.calls.clear()
    trail = cloudtrail(clock)
    found = use_of(trail, key())
    assert {user.source: user.resource for user in found.used_by if user.resource} == resources
    assert [aws.calls[call] for call in EC2] == [1, 1]
    others = [key(number) for number in range(2, 9)]
    for number, other in enumerate(others):
        at, source = NOW, f"192.0.2.{number}"
        aws.cloudtrail.add("X", at=at, access_key_id=other.access_key_id, source=source)
    trail.usage([key(), *others])
    assert [aws.calls[call] for call in EC2] == [2, 2], "once more, for all of the new ones"


def test_without_the_permission_one_call_is_denied_and_nothing_else_is_lost(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    resources = addresses_of(aws)
    aws.behavior.denied = frozenset(EC2)
    used_from(aws, *resources)
    aws.calls.clear()
    trail = cloudtrail(clock)
    others = [key(1, region) for region in ("eu-west-1", "us-east-1")]
    for found in trail.usage(others).values():
        assert {user.resource for user in found.used_by} == {""}
        assert len(found.used_by) == 2
    assert [aws.calls[call] for call in EC2] == [1, 0]


def test_when_the_time_is_over_ec2_is_not_asked(aws: EmbeddedAWS, clock: Clock) -> None:
    resources = addresses_of(aws)
    used_from(aws, *resources)
    aws.calls.clear()
    trail = cloudtrail(clock, seconds=1)
    late = trail.usage([key(), *(key(number) for number in range(2, 5))])[key()]
    assert len(late.used_by) == 2
    assert [aws.calls[call] for call in EC2] == [0, 0]


def test_without_an_address_ec2_is_not_asked(aws: EmbeddedAWS, clock: Clock) -> None:
    used_from(aws, "2001:db8::1", "AWS Internal", "nothing")
    use_of(cloudtrail(clock), key())
    assert not [call for call in aws.calls if call.startswith("ec2")]


# Rate, time, and progress


def test_calls_keep_below_two_a_second_in_a_region(aws: EmbeddedAWS, clock: Clock) -> None:
    trail = cloudtrail(clock)
    trail.usage([key(number) for number in range(4)])
    trail.origins([key(number, age=3) for number in range(4)])
    times = [moment for _, moment in aws.cloudtrail.called]
    gaps = [after - before for before, after in pairwise(times)]
    assert len(times) == 4 + 4 + 1, "all creations at one time are one question"
    assert min(gaps) > 0.5
    assert aws.cloudtrail.throttled == 0


def test_regions_are_asked_at_the_same_time(
    aws: EmbeddedAWS, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_wait = threading.Barrier(2, timeout=20)

    def sleep(seconds: float) -> None:
        both_wait.wait()

    monkeypatch.setattr(clock, "sleep", sleep)
    aws.cloudtrail.lookups_a_second = None
    cloudtrail(clock).usage([key(number, "eu-west-1") for number in (1, 2)])
    assert not both_wait.broken


def test_when_the_time_is_over_the_rest_is_not_looked_up(aws: EmbeddedAWS, clock: Clock) -> None:
    keys = [key(number) for number in range(5)]
    trail = cloudtrail(clock, seconds=1)
    found = trail.usage(keys)
    unread = [failures(found[used]) for used in keys]
    assert unread == [[], [], *[[("us-east-1", TIME_LIMIT)]] * 3]
    (origin,) = trail.origins([key(9, age=3)]).values()
    assert origin.failure
    assert origin.failure.error_code == TIME_LIMIT, "it is one time for the whole run"
    assert aws.calls[CALL] == 2
    assert clock.now <= 1, "and nobody waits any longer"


@pytest.fixture
def takes_ctrl_c() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, even if the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("takes_ctrl_c")
def test_ctrl_c_does_not_wait_for_what_is_left(aws: EmbeddedAWS, clock: Clock) -> None:
    def interrupt() -> float:  # when the first call arrives
        aws.cloudtrail.clock = clock
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return 0.0

    aws.cloudtrail.clock, aws.cloudtrail.lookups_a_second = interrupt, None
    with pytest.raises(KeyboardInterrupt):
        cloudtrail(clock, waits=True).usage(key(number) for number in range(40))
    assert aws.calls[CALL] < 3


def test_nothing_fails_because_nobody_reads_of_the_progress(aws: EmbeddedAWS, clock: Clock) -> None:
    def report(_: str) -> None:
        raise BrokenPipeError

    keys = [key(number) for number in range(20)]
    assert len(cloudtrail(clock, report=report).usage(keys)) == 20


def test_a_long_look_says_how_long_it_takes_and_how_far_it_is(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    told: list[str] = []
    trail = cloudtrail(clock, report=told.append)
    trail.usage([key(number) for number in range(10)])
    assert told == []
    trail.usage([key(number) for number in range(10, 20)])
    assert told == []
    trail.usage([key(number) for number in range(40)])
    assert told == [
        "Looking up events of access keys in CloudTrail: 40 calls or more, about 22 seconds.",
        "CloudTrail: 19 of 40 lookups of access keys done.",
        "CloudTrail: 38 of 40 lookups of access keys done.",
    ]


# Trouble


def test_a_throttled_call_is_tried_again(aws: EmbeddedAWS, clock: Clock) -> None:
    record(aws, key(), 1)
    aws.behavior.throttle_next = {CALL: 3}
    assert use_of(cloudtrail(clock), key()).events == 1
    assert clock.now >= 1 + 2 + 4


def test_who_is_throttled_for_long_is_told_and_asks_for_the_next_key(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    record(aws, key(2), 1)
    aws.behavior.throttle_next = {CALL: 4}
    first, second = cloudtrail(clock).usage([key(1), key(2)]).values()
    assert failures(first) == [("us-east-1", "ThrottlingException")]
    assert (second.events, second.unread) == (1, ())


@pytest.mark.parametrize("trouble", ["denied", "disabled", "broken", "nobody"])
def test_a_region_that_refuses_is_told_for_each_key_and_asked_no_more(
    aws: EmbeddedAWS, clock: Clock, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.behavior.denied = frozenset({CALL} if trouble == "denied" else ())
    aws.behavior.broken = frozenset({CALL} if trouble == "broken" else ())
    aws.cloudtrail.disabled_regions = frozenset({"us-east-1"} if trouble == "disabled" else ())
    if trouble == "nobody":
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    codes = {
        "denied": "AccessDenied", "disabled": "UnrecognizedClientException",
        "broken": "ServiceFailure", "nobody": "EndpointConnectionError",
    }  # fmt: skip
    keys = [key(number) for number in range(3)]
    found = cloudtrail(clock).usage(keys)
    assert [failures(found[used]) for used in keys] == [[("us-east-1", codes[trouble])]] * 3
    calls = {"denied": 1, "disabled": 1, "broken": 4, "nobody": 0}
    assert aws.calls[CALL] == calls[trouble]


def test_a_region_that_is_not_enabled_takes_nothing_from_the_others(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    used = key(region="af-south-1")
    record(aws, used, 2)
    aws.cloudtrail.disabled_regions = frozenset({"af-south-1"})
    found = use_of(cloudtrail(clock), used)
    assert (found.events, found.regions) == (2, ("us-east-1",))
    assert failures(found) == [("af-south-1", "UnrecognizedClientException")]
    assert not found.all_events


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("<html>Sign in</html>", "AnswerWithoutEvents"),
        ("", "AnswerWithoutEvents"),
        ('{"Events": null}', "AnswerWithoutEvents"),
        ("[]", "AttributeError"),
        ('{"Events": [{"EventTime": "garbage"}]}', "ValueError"),
    ],
)
def test_an_answer_that_is_not_one_is_told_as_that_and_the_next_key_is_asked_about(
    aws: EmbeddedAWS, clock: Clock, answer: str, code: str
) -> None:
    aws.cloudtrail.answer = answer
    trail = cloudtrail(clock)
    for found in trail.usage([key(1), key(2)]).values():
        assert failures(found) == [("us-east-1", code)]
    assert aws.calls[CALL] == 2
    aws.cloudtrail.answer = None
    assert use_of(trail, key(3)).unread == ()


def test_a_call_that_aws_cannot_answer_says_nothing_of_the_next_one(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    later = NOW + timedelta(days=1)
    trail = cloudtrail(clock)
    made = AccessKey("AKIA1", later)  # the clock of the machine is wrong
    (origin,) = trail.origins([made]).values()
    assert origin.failure
    assert origin.failure.error_code == "InvalidTimeRangeException"
    assert use_of(trail, key()).unread == ()
    model = boto3.client("cloudtrail").meta.service_model.operation_model("LookupEvents")
    documented = {shape.name for shape in model.error_shapes}
    assert {code for code in documented if code.startswith("Invalid")} == ABOUT_ONE_CALL


def test_a_region_without_a_client_is_told(
    aws: EmbeddedAWS, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = cloudtrail(clock)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "no address")
    assert failures(use_of(trail, key())) == [("us-east-1", "ValueError")]


def test_pages_that_are_short_are_read_on_and_not_for_ever(aws: EmbeddedAWS, clock: Clock) -> None:
    record(aws, key(), 110)
    aws.cloudtrail.short_pages = 30
    trail = cloudtrail(clock)
    assert (use_of(trail, key()).events, aws.calls[CALL]) == (50, 4), "the older half is empty"
    aws.cloudtrail.short_pages = 50
    assert failures(use_of(trail, key())) == [("us-east-1", TOO_MANY_EVENTS)]
    assert aws.calls[CALL] == 4 + 6


# Creation


@pytest.mark.parametrize(("resources", "calls"), [(None, 1), ({}, 2)], ids=["named", "not named"])
def test_who_created_a_key_is_found_whether_or_not_the_event_names_the_key_as_a_resource(
    aws: EmbeddedAWS, clock: Clock, resources: dict[str, str] | None, calls: int
) -> None:
    made = key(age=4)
    for number, creator in ((2, "alice"), (1, "staff/mallory")):
        aws.cloudtrail.add_key_creation(
            key(number).access_key_id, "alice", at=made.create_date, creator=creator,
            source="198.51.100.9", resources=resources,
        )  # fmt: skip
    (origin,) = cloudtrail(clock).origins([made]).values()
    assert (origin.creator, origin.source) == ("user/staff/mallory", "198.51.100.9")
    assert origin.date == made.create_date
    assert aws.calls[CALL] == calls


def test_a_creation_without_an_event_is_not_known(aws: EmbeddedAWS, clock: Clock) -> None:
    made = key(age=4)
    other = timedelta(hours=1)
    aws.cloudtrail.add_key_creation(
        key(2).access_key_id, "alice", at=made.create_date, creator="alice"
    )
    aws.cloudtrail.add_key_creation(
        made.access_key_id, "alice", at=made.create_date + other, creator="alice"
    )
    young = key(3, age=0.01)
    assert cloudtrail(clock).origins([made, young]) == {
        made: Origin(unknown=NO_EVENT), young: Origin(unknown=NOT_YET),
    }  # fmt: skip


def test_a_key_of_almost_ninety_days_is_asked_about_within_event_history(
    aws: EmbeddedAWS, clock: Clock
) -> None:
    late = datetime.now(timezone.utc) - timedelta(days=90) + timedelta(minutes=4)
    made = AccessKey("AKIA1", late)
    aws.cloudtrail.add_key_creation(
        made.access_key_id, "alice", at=made.create_date + timedelta(minutes=1), creator="mallory"
    )
    assert cloudtrail(clock).origins([made])[made].creator == "user/mallory"


def test_a_creation_is_found_among_many_at_the_same_time(aws: EmbeddedAWS, clock: Clock) -> None:
    keys = [key(number, age=4) for number in range(60)]
    for made in keys:
        aws.cloudtrail.add_key_creation(
            made.access_key_id, "alice", at=made.create_date, creator="mallory", resources={}
        )
    origins = cloudtrail(clock).origins(keys)
    assert {origin.creator for origin in origins.values()} == {"user/mallory"}
