"""What findings say with ``access_key_usage_from_cloudtrail``, and that nothing else changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from prowler.providers.aws.aws_provider import AwsProvider

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail import lookups
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.events import (
    API_KEY_CREATION,
    CREATION,
    UPDATE,
)
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.questions import Interview

from .accounts import DrawnUser, accounts
from .scanning import FAMILY, NEIGHBOR, ROOT, Found, provider_of, scan_with

ON = {"access_key_usage_from_cloudtrail": True}
CALL = "cloudtrail:LookupEvents"
UNUSED_DAYS = 45
OWNER = "iam_user_active_keys_without_owner"
"""The check whose findings ask who created each key."""
API_KEYS = "iam_user_long_term_api_keys"
FOR_API_KEY = "iam_user_made_for_api_key_other_credentials"
ROOT_KEYS = "iam_root_user_active_keys"
INACTIVE = "iam_user_inactive_keys_not_deleted"


@pytest.fixture(scope="module")
def provider() -> Iterator[tuple[EmbeddedAWS, AwsProvider]]:
    with EmbeddedAWS() as aws, provider_of(aws) as connected, pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookups, "SECONDS_A_CALL", 0.0)
        patch.setattr(lookups, "FIRST_PAUSE", 0.0)
        yield aws, connected


@pytest.fixture
def connected(provider: tuple[EmbeddedAWS, AwsProvider]) -> tuple[EmbeddedAWS, AwsProvider]:
    """An empty account without a limit of calls, and the provider of a run."""
    provider[0].clear()
    provider[0].cloudtrail.lookups_a_second = None
    return provider


def scan(provider: AwsProvider, *others: str, **config: Any) -> list[Found]:
    """Run all checks with these settings, as from a config file."""
    plain = dict(provider.audit_config)
    try:
        provider.audit_config.update(config)
        return scan_with(provider, FAMILY, *others)
    finally:
        provider.audit_config.clear()
        provider.audit_config.update(plain)


def fill(aws: EmbeddedAWS) -> dict[str, str]:
    """A user with a key in use and one that somebody else made, one that is idle, and events.

    Returns the IDs of the keys.
    """
    now = datetime.now(timezone.utc)
    alice, bob = aws.add_user("alice"), aws.add_user("bob")
    used = aws.add_key(
        alice, created=now - timedelta(days=300), last_used=now - timedelta(days=1),
        region="eu-west-1",
    ).access_key_id  # fmt: skip
    made = aws.add_key(alice, created=now - timedelta(days=4)).access_key_id
    idle = aws.add_key(bob, created=now - timedelta(days=300)).access_key_id
    aws.cloudtrail.add(
        "ListBuckets", at=now - timedelta(days=1), region="eu-west-1", access_key_id=used
    )
    aws.cloudtrail.add_key_creation(
        made, "alice", at=now - timedelta(days=4), creator="mallory", source="198.51.100.9"
    )
    return {"used": used, "made": made, "idle": idle}


def evidence(found: list[Found], what: str) -> dict[str, set[str]]:
    """By the ID of a key, all that findings say of its ``usage`` or its ``origin``."""
    told: dict[str, set[str]] = {}
    for finding in found:
        for key in json.loads(finding.resource).get("access_keys", ()):
            if what in key:
                told.setdefault(key["access_key_id"], set()).add(json.dumps(key[what]))
    return told


def test_a_fault_of_ours_in_the_evidence_costs_no_finding(
    connected: tuple[EmbeddedAWS, AwsProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    aws, provider = connected
    fill(aws)
    without = {(finding.check, finding.name): finding.status for finding in scan(provider)}
    monkeypatch.setattr(Interview, "answers", lambda *_: 1 / 0)
    assert {
        (finding.check, finding.name): finding.status for finding in scan(provider, **ON)
    } == without


@pytest.mark.parametrize("others", [(), (NEIGHBOR,)], ids=["alone", "beside"])
def test_all_checks_say_the_same_of_a_key_and_ask_once(
    connected: tuple[EmbeddedAWS, AwsProvider], others: tuple[str, ...]
) -> None:
    aws, provider = connected
    keys = fill(aws)
    found = scan(provider, *others, **ON)
    assert aws.calls[CALL] == 3, "the used key in two regions, the other one's creation in one"
    assert aws.cloudtrail.asked_about == {keys["used"], keys["made"]}
    ((used, usage),) = evidence(found, "usage").items()
    assert used == keys["used"]
    assert '"program": "aws-cli"' in usage.pop()
    assert not usage, "all findings say the same"
    origins = evidence(found, "origin")
    assert '"creator": "user/mallory"' in origins.pop(keys["made"]).pop()
    assert origins == {keys[name]: {'{"unknown": "too-old"}'} for name in ("used", "idle")}
    of_alice = [
        finding for finding in found if finding.name == "alice" and finding.status == "FAIL"
    ]
    sentences = [finding.sentence for finding in of_alice if finding.check != OWNER]
    assert len(sentences) == 2
    today = datetime.now(timezone.utc)
    for sentence in sentences:
        assert sentence.endswith(
            f" In the only event of 90 days in eu-west-1 and us-east-1, {keys['used']} was used by "
            f"aws-cli from 203.0.113.7 (S3). "
            f"{keys['made']} was created on {today - timedelta(days=4):%Y-%m-%d} by user mallory "
            "from 198.51.100.9."
        )


def test_the_root_user_api_keys_and_policies_with_a_user_name_have_evidence_too(
    connected: tuple[EmbeddedAWS, AwsProvider],
) -> None:
    aws, provider = connected
    now = datetime.now(timezone.utc)
    alice = aws.add_user("alice")
    aws.add_key(alice, created=now - timedelta(days=300), last_used=now)
    credential = aws.add_service_specific_credential(
        alice, "bedrock.amazonaws.com", created=now - timedelta(days=3)
    )
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*",
                "Resource": "arn:aws:s3:::home/${aws:username}/*"}}  # fmt: skip
    aws.iam().put_user_policy("alice", "home", json.dumps(document))
    aws.behavior.root_keys_active = (True,)
    used = aws.iam().users["alice"].access_keys[0].access_key_id
    root = {"type": "Root", "arn": "arn:aws:iam::123456789012:root", "userName": "root"}
    aws.cloudtrail.add("ListBuckets", at=now, access_key_id="AKIAROOT", identity=root)
    aws.cloudtrail.add("ListBuckets", at=now, access_key_id=used, user_agent="S3 Browser/12")
    aws.cloudtrail.add("Converse", "bedrock", at=now, identity={"userName": "alice"},
                       additionalEventData={"callWithBearerToken": True})  # fmt: skip
    found = {finding.check: finding for finding in scan(provider, **ON)}
    assert "AKIAROOT was used by a program that calls" in found[ROOT_KEYS].sentence
    assert json.loads(found[ROOT_KEYS].resource)["access_keys"][0]["access_key_id"] == "AKIAROOT"
    assert "an API key of user alice was used by aws-cli" in found[API_KEYS].sentence
    assert f"Who created {credential} is not known" in found[API_KEYS].sentence
    old = found["iam_user_unrotated_active_keys"]
    assert old.sentence.endswith(
        f"A person seems to use {used}: consider aws login or IAM Identity Center instead. Before "
        'a move to a role, change "home": its sessions have no ${aws:username}.'
    )
    assert json.loads(old.resource)["access_keys"][0]["destinations"] == ["sign-in"]


def test_off_there_is_no_call_and_no_word_of_it(
    connected: tuple[EmbeddedAWS, AwsProvider],
) -> None:
    aws, provider = connected
    fill(aws)
    found = scan(provider)
    assert not [call for call in aws.calls if call.startswith("cloudtrail")]
    assert not [
        finding for finding in found if "events" in finding.sentence or "usage" in finding.resource
    ]


@pytest.mark.parametrize(
    "trouble", ["denied", "throttled", "disabled", "malformed", "nothing", "garbage"]
)
def test_whatever_goes_wrong_the_finding_stands_as_without_it_and_says_so(
    connected: tuple[EmbeddedAWS, AwsProvider], trouble: str
) -> None:
    aws, provider = connected
    keys = fill(aws)
    if trouble == "denied":
        aws.behavior.denied = frozenset({CALL})
    if trouble == "throttled":
        aws.cloudtrail.lookups_a_second = 0
    if trouble == "disabled":
        aws.cloudtrail.disabled_regions = frozenset({"eu-west-1", "us-east-1"})
    if trouble in ("malformed", "nothing"):
        aws.cloudtrail = type(aws.cloudtrail)()
        aws.cloudtrail.lookups_a_second = None
    if trouble == "malformed":
        aws.cloudtrail.add("X", at=datetime.now(timezone.utc), access_key_id=keys["used"], text="{")
    if trouble == "garbage":
        aws.cloudtrail.answer = '{"Events": [{"EventTime": "garbage"}]}'
    unread = f"{keys['used']} in eu-west-1 and us-east-1 could not be read: {CALL} failed with"
    said = {
        "garbage": f"{unread} ValueError.",
        "denied": f"Who created {keys['made']} could not be read: {CALL} failed with AccessDenied.",
        "throttled": f"{unread} Throttl",
        "disabled": f"{unread} UnrecognizedClientExc",
        "malformed": f"1 event of {keys['used']} could not be understood.",
        "nothing": f"has no event of {keys['used']} in eu-west-1 and us-east-1. It has management",
    }[trouble]
    with_it, without = scan(provider, **ON), scan(provider)
    assert [said in finding.sentence for finding in with_it] == [
        finding.name == "alice" and finding.status == "FAIL" for finding in with_it
    ]
    assert stripped(with_it, without) == stripped(without, without)


def stripped(found: list[Found], without: list[Found]) -> list[Found]:
    """The findings without evidence, which may only come after the sentence."""
    bare = []
    for finding, other in zip(found, without, strict=True):
        data = json.loads(finding.resource)
        for key in data.get("access_keys", ()):
            key.pop("usage", None)
            key.pop("origin", None)
            key.pop("deactivation", None)
            key.pop("destinations", None)
        for credential in data.get("service_specific_credentials", ()):
            credential.pop("origin", None)
        data.pop("api_key_usage", None)
        data.pop("policies_with_user_name", None)
        if finding.name == ROOT:
            data.pop("access_keys", None)
        resource = json.dumps(data, sort_keys=True)
        sentence = finding.sentence[: len(other.sentence)]
        bare.append(replace(finding, sentence=sentence, resource=resource))
    return bare


def expected(aws: EmbeddedAWS, users: list[DrawnUser], found: list[Found]) -> set[str]:
    """The keys that are to be asked about: of users that fail with them, in use or unexpected."""
    asked = set()
    for finding in found:
        if finding.status != "FAIL" or finding.name == ROOT:
            continue
        data = json.loads(finding.resource)
        if finding.check == INACTIVE and "quarantine_policies" not in data:
            asked |= {key["access_key_id"] for key in data["access_keys"]}
        if finding.check == API_KEYS:
            asked |= {finding.name}
        if finding.check == FOR_API_KEY:
            asked |= {key["access_key_id"] for key in data.get("access_keys", ())}
        if "advice" not in data:
            continue
        (user,) = (user for user in users if user.name == finding.name)
        held = aws.iam().users[user.name].access_keys
        for key, drawn in zip(held, user.keys, strict=True):
            in_use = drawn.active and drawn.unused is not None and drawn.idle < UNUSED_DAYS
            advice = data["advice"]
            whose = finding.check == OWNER or key.access_key_id in advice.get("creator_of", ())
            in_use |= advice["action"] == "incident"
            if drawn.active and (in_use or (whose and drawn.age < 90)):
                asked.add(key.access_key_id)
    return asked


@given(users=accounts, beside=st.booleans())
@settings(max_examples=5, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_it_never_changes_a_verdict_and_asks_about_no_other_key(
    provider: tuple[EmbeddedAWS, AwsProvider], users: list[DrawnUser], beside: bool
) -> None:
    aws, run = provider
    aws.clear()
    aws.cloudtrail.lookups_a_second = None
    for user in users:
        user.put_into(aws)
        for key in aws.iam().users[user.name].access_keys:
            now = datetime.now(timezone.utc)
            aws.cloudtrail.add("ListBuckets", at=now, access_key_id=key.access_key_id)
    others = (NEIGHBOR,) if beside else ()
    with_it = scan(run, *others, **ON)
    changes = {CREATION, UPDATE, API_KEY_CREATION}
    credentials = {asked for asked in aws.cloudtrail.asked_about if asked.startswith("ACCA")}
    assert aws.cloudtrail.asked_about - changes - credentials == expected(aws, users, with_it)
    without = scan(run, *others)
    assert stripped(with_it, without) == without
