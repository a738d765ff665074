"""What exceptions do to a run: findings stay FAIL and are muted, and the exceptions are judged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prowler.lib.check.models import CheckMetadata
from prowler.lib.outputs.finding import Finding
from prowler.lib.scan.scan import Scan
from prowler.providers.aws.aws_provider import AwsProvider
from prowler.providers.aws.lib.mutelist.mutelist import AWSMutelist

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.finding_data import from_json
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.iam_user_multiple_active_keys_fixer import (  # noqa: E501
    fixer,
)

from .accounts import DECOYS, DrawnUser, accounts
from .exceptions import ADMINISTRATORS, DAY, INCIDENTS, SECOND, UNROTATED, DrawnEntry, DrawnFinding
from .keys import NOW
from .scanning import ACCOUNT, ACCOUNT_NAME, FAMILY, begin_run, findings_of, provider_of

OWN = "iam_users_access_key_exceptions"
TODAY = datetime.now(timezone.utc)
SOON, LATER, PAST = (f"{TODAY + timedelta(days=days):%Y-%m-%d}" for days in (3, 90, -3))


def entry(**changed: Any) -> dict[str, Any]:
    """An exception of alice's keys for every check of hygiene."""
    made = {
        "account": ACCOUNT,
        "user": "alice",
        "checks": ["*"],
        "reason": "a relay",
        "owner": "team",
        "approver": "security@example.com",
        "until": LATER,
        **changed,
    }
    return {name: value for name, value in made.items() if value}


def except_(provider: AwsProvider, folder: Path, *entries: Mapping[str, Any]) -> None:
    """Give the run a file of exceptions."""
    path = folder / "exceptions.json"
    path.write_text(json.dumps({"exceptions": entries}))
    provider.audit_config["access_key_exceptions"] = str(path)


def run(provider: AwsProvider, *checks: str) -> list[Finding]:
    begin_run(provider, *(checks or FAMILY))
    return [finding for check in checks or FAMILY for finding in findings_of(provider, check)]


def of(found: Sequence[Finding], name: str, check: str) -> Finding:
    (finding,) = (
        finding
        for finding in found
        if (finding.resource_name, finding.metadata.CheckID) == (name, check)
    )
    return finding


def own(found: Sequence[Finding]) -> list[tuple[str, str]]:
    """What the check of the exceptions says."""
    return [
        (finding.status.value, finding.status_extended)
        for finding in found
        if finding.metadata.CheckID == OWN
    ]


def two_old_keys(aws: EmbeddedAWS, name: str = "alice") -> list[str]:
    user = aws.add_user(name)
    old = TODAY - timedelta(days=500)
    return [aws.add_key(user, created=old, last_used=TODAY).access_key_id for _ in range(2)]


# Muting


def test_a_finding_that_is_accepted_stays_a_failure_and_says_so(
    aws: EmbeddedAWS, provider: AwsProvider, tmp_path: Path
) -> None:
    two_old_keys(aws)
    two_old_keys(aws, "bob")
    before = of(run(provider), "alice", UNROTATED)
    except_(provider, tmp_path, entry(ticket="SEC-1", until=SOON))
    found = run(provider)
    accepted, other = of(found, "alice", UNROTATED), of(found, "bob", UNROTATED)
    assert (accepted.status.value, accepted.muted) == ("FAIL", True)
    assert (other.status.value, other.muted) == ("FAIL", False)
    assert accepted.status_extended == (
        f"{before.status_extended} Accepted by security@example.com (owner team, SEC-1) until "
        f"{SOON}: a relay. This exception ends in 3 days."
    )
    (data,) = from_json(accepted.resource_metadata).exceptions
    assert (data.owner, data.reason, data.state, data.ends_soon) == (
        "team", "a relay", "in force", True
    )  # fmt: skip
    assert data.until.isoformat() == f"{SOON}T23:59:59+00:00"
    assert accepted.uid == before.uid


def mutelist(account: str = "*", **changed: Any) -> dict[str, Any]:
    block = {"Regions": ["*"], "Resources": ["bob"], **changed}
    return {"Accounts": {account: {"Checks": {SECOND: block}}}}


MUTELISTS: dict[str, dict[str, Any]] = {
    "none": {},
    "every account": mutelist(),
    "this account": mutelist(ACCOUNT),
    "another account": mutelist("999999999999"),
    "everybody": mutelist(Resources=["*"]),
    "everybody but alice": mutelist(Resources=["*"], Exceptions={"Resources": ["alice"]}),
    "another region": mutelist(Resources=["*"], Regions=["eu-west-3"]),
    "a tag": mutelist(Resources=["*"], Tags=["team=ops"]),
    "a broken pattern": mutelist(Resources=["("]),
}


@pytest.mark.parametrize("case", MUTELISTS)
def test_a_mutelist_means_what_it_meant_and_takes_nothing_away(
    case: str, aws: EmbeddedAWS, provider: AwsProvider, tmp_path: Path
) -> None:
    for name in ("alice", "bob", "carol"):
        two_old_keys(aws, name)
    muting = provider._mutelist = AWSMutelist(mutelist_content=MUTELISTS[case])
    before = {finding.uid: finding.muted for finding in run(provider, SECOND, UNROTATED)}
    except_(provider, tmp_path, entry())
    for finding in run(provider, SECOND, UNROTATED):
        accepted = finding.resource_name == "alice"
        assert finding.muted == (accepted or before[finding.uid])
        data = from_json(finding.resource_metadata)
        assert data.accepted == accepted
        assert data.muted_by_mutelist == (accepted and before[finding.uid])
    assert muting.mutelist == MUTELISTS[case]


def test_the_class_that_prowler_app_scans_with_mutes_too(
    aws: EmbeddedAWS, provider: AwsProvider, tmp_path: Path
) -> None:
    two_old_keys(aws)
    except_(provider, tmp_path, entry())
    checks = [SECOND, OWN]
    metadata = {check: CheckMetadata.get_bulk("aws")[check] for check in checks}
    scan = object.__new__(Scan)
    vars(scan).update(
        _provider=provider,
        _status=[],
        _checks_to_execute=checks,
        _bulk_checks_metadata=metadata,
        _service_checks_to_execute={"iam": set(checks)},
        _service_checks_completed={},
        _number_of_checks_to_execute=2,
        _number_of_checks_completed=0,
    )
    found = [finding for _, findings in scan.scan() for finding in findings]
    assert of(found, "alice", SECOND).muted
    assert own(found)[0][0] == "PASS"


@settings(max_examples=15)
@given(drawn=accounts, data=st.data())
def test_only_what_is_accepted_or_muted_is_muted(
    aws_of_file: EmbeddedAWS,
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[DrawnUser],
    data: st.DataObject,
) -> None:
    aws_of_file.clear()
    for user in drawn:
        user.put_into(aws_of_file)
    with provider_of(aws_of_file) as provider:
        provider.audit_config["decoy_users"] = [DECOYS]
        before = run(provider)
        failing = [finding for finding in before if finding.status.value == "FAIL"]
        subjects = [(finding.resource_name, "") for finding in failing if finding.resource_name]
        subjects += [
            ("", key.access_key_id)
            for finding in failing
            for key in from_json(finding.resource_metadata).access_keys
        ]
        chosen = data.draw(st.sets(st.sampled_from(subjects), max_size=6)) if subjects else set()
        entries = [
            DrawnEntry(
                account=data.draw(st.sampled_from([ACCOUNT, ACCOUNT, "*", "999999999999"])),
                user=user,
                key=key,
                checks=tuple(
                    data.draw(st.sets(st.sampled_from(["*", *FAMILY[:-1]]), min_size=1, max_size=4))
                ),
                begin=None,
                until=data.draw(st.sampled_from([DAY, DAY, DAY, -DAY])),
                owner=data.draw(st.sampled_from(["team", "team", ""])),
                zone=2,
            )
            for user, key in sorted(chosen)
        ]
        shift = datetime.now(timezone.utc) - NOW
        except_(
            provider, tmp_path_factory.mktemp("run"),
            *(_moved(entry.written(), shift) for entry in entries),
        )  # fmt: skip
        by_uid = {finding.uid: finding for finding in before}
        for finding in run(provider):
            if finding.metadata.CheckID == OWN:
                assert not finding.muted
                continue
            was = by_uid[finding.uid]
            assert finding.status == was.status
            assert finding.status_extended.startswith(was.status_extended)
            fails = finding.status.value == "FAIL"
            assert finding.muted == (fails and _as_drawn(finding).is_accepted(entries))


def _moved(written: dict[str, Any], shift: timedelta) -> dict[str, Any]:
    until = datetime.fromisoformat(written["until"]) + shift
    return {**written, "until": until.replace(microsecond=0).isoformat()}


def _as_drawn(finding: Finding) -> DrawnFinding:
    data = from_json(finding.resource_metadata)
    failing = data.failing_access_keys
    keys = tuple(key.access_key_id for key in data.access_keys) if failing is None else failing
    credentials = data.failing_service_specific_credentials
    if credentials is None:
        credentials = tuple(
            credential.service_specific_credential_id
            for credential in data.service_specific_credentials
        )
    return DrawnFinding(
        finding.resource_name,
        finding.metadata.CheckID,
        (*keys, *credentials),
        one_fails=False,
        quarantine="yes" if data.quarantine_policies else "",
        password=data.console_password,
        unread=data.unreadable is not None,
    )


@pytest.mark.parametrize("checks", [["*"], [UNROTATED]])
def test_an_incident_is_not_accepted_unless_its_check_is_named(
    checks: list[str], aws: EmbeddedAWS, provider: AwsProvider, tmp_path: Path
) -> None:
    two_old_keys(aws)
    aws.attach(aws.iam().users["alice"], "AWSCompromisedKeyQuarantineV2")
    except_(provider, tmp_path, entry(checks=checks))
    found = run(provider)
    assert not any(finding.muted for finding in found)
    assert of(found, "alice", UNROTATED).status_extended.endswith(
        "The exception of security@example.com (owner team) does not cover this: it does not name "
        "iam_user_quarantined_active_keys."
    )
    except_(provider, tmp_path, entry(checks=[*checks, INCIDENTS]))
    found = run(provider)
    assert of(found, "alice", UNROTATED).muted
    assert of(found, "alice", INCIDENTS).muted


def test_what_could_not_be_read_is_not_accepted(
    aws: EmbeddedAWS, provider: AwsProvider, tmp_path: Path
) -> None:
    two_old_keys(aws)
    aws.hold_report(timedelta(hours=1))
    aws.behavior.denied_users = frozenset({"alice"})
    provider.audit_config["unreadable_access_keys_fail"] = True
    except_(provider, tmp_path, entry(checks=["*", ADMINISTRATORS, INCIDENTS]))
    found = [finding for finding in run(provider) if finding.resource_name == "alice"]
    assert "FAIL" in {finding.status.value for finding in found}
    assert not any(finding.muted for finding in found)


# The check of the exceptions


def test_exceptions_that_are_in_order_pass_together(
    aws: EmbeddedAWS, provider: AwsProvider, tmp_path: Path
) -> None:
    two_old_keys(aws)
    (bob, _) = two_old_keys(aws, "bob")
    elsewhere = {"account": "999999999999", "until": "2020-01-01"}
    except_(
        provider, tmp_path,
        entry(until=SOON),
        entry(user="", access_key_id=bob, account="*"),
        entry(user="eve", account="*"), entry(user="mallory", **elsewhere),
        entry(checks=[INCIDENTS], **{"from": SOON}),
    )  # fmt: skip
    assert own(run(provider)) == [
        ("PASS", f"Account {ACCOUNT} has 2 exceptions of access keys in force, of which 1 will end "
         "within 14 days.")
    ]  # fmt: skip


def test_without_a_file_nothing_is_said_of_exceptions(provider: AwsProvider) -> None:
    assert own(run(provider, OWN)) == [("PASS", "The setting access_key_exceptions names no file.")]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "ended": ({"until": PAST}, f"ended on {PAST}: remove it, or have it approved again."),
    "too long": (
        {"until": "2999-01-01"},
        "does not apply: it lasts more than 365 days, until 2999-01-01: correct it, or remove it.",
    ),
    "without owner": (
        {"owner": ""}, "does not apply: it names no owner: correct it, or remove it."
    ),
    "no user": (
        {"user": "Alice"}, f"names a user that account {ACCOUNT} does not have: remove it."
    ),
    "no key": (
        {"user": "", "access_key_id": "AKIAIOSFODNN7EXAMPLE"},
        "covers nothing that fails any more: remove it.",
    ),
    "nothing fails": ({"user": "bob"}, "covers nothing that fails any more: remove it."),
    "ended everywhere": (
        {"until": PAST, "account": "*"}, f"ended on {PAST}: remove it, or have it approved again."
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_an_exception_that_is_not_in_order_fails(
    case: str, aws: EmbeddedAWS, provider: AwsProvider, tmp_path: Path
) -> None:
    two_old_keys(aws)
    aws.add_user("bob")
    changed, why = WRONG[case]
    wrong = entry(**changed)
    except_(provider, tmp_path, wrong)
    found = run(provider)
    (failing, passing) = own(found)
    whom = wrong.get("access_key_id") or f"user {wrong['user']}"
    owner = " (owner team)" if "owner" in wrong else ""
    assert failing == ("FAIL", f"The exception of security@example.com for {whom}{owner} {why}")
    in_force = case in ("no user", "no key", "nothing fails")
    assert passing == ("PASS", f"Account {ACCOUNT} has no exceptions of access keys in force.")
    assert not any(finding.muted for finding in found)
    sentence = of(found, "alice", UNROTATED).status_extended
    assert ("The exception of security@example.com" in sentence) != in_force
    names = [finding.resource_name for finding in found if finding.metadata.CheckID == OWN]
    assert len(set(names)) == 2
    assert ACCOUNT_NAME in names


def test_what_was_not_looked_at_does_not_make_an_exception_idle(
    aws: EmbeddedAWS, provider: AwsProvider, tmp_path: Path
) -> None:
    aws.add_user("alice")
    two_old_keys(aws, "bob")
    except_(provider, tmp_path, entry())
    idle = ("FAIL", "nothing that fails any more")
    assert own(run(provider))[0][0] == "FAIL", idle
    assert [status for status, _ in own(run(provider, SECOND, OWN))] == ["PASS"]
    with mock.patch.object(provider, "_audit_resources", [f"arn:aws:iam::{ACCOUNT}:user/bob"]):
        assert [status for status, _ in own(run(provider))] == ["PASS"]
    aws.hold_report(timedelta(hours=1))
    aws.behavior.denied_users = frozenset({"alice"})
    assert [status for status, _ in own(run(provider))] == ["PASS"]
    aws.behavior.denied_users = frozenset()
    aws.behavior.denied = frozenset({"iam:GetAccountAuthorizationDetails", "iam:ListUsers"})
    assert [status for status, _ in own(run(provider))] == ["MANUAL"]


# A file that cannot be used, and fixers


@pytest.mark.parametrize("content", ["", "exceptions: [", '{"exceptions": [{}]}', None])
def test_a_broken_file_mutes_nothing_and_says_so(
    content: str | None,
    aws: EmbeddedAWS,
    provider: AwsProvider,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _unused_key(aws)
    path = tmp_path / "exceptions.yaml"
    if content is not None:
        path.write_text(content)
    provider.audit_config["access_key_exceptions"] = str(path)
    found = run(provider)
    assert not any(finding.muted for finding in found)
    ((status, sentence),) = own(found)
    assert status == "FAIL"
    assert sentence.startswith(f"The exceptions in {path} cannot be used, and no finding is muted ")
    logged = [record for record in caplog.records if record.levelname == "CRITICAL"]
    assert [record.getMessage() for record in logged] == [sentence]
    assert not fixer(f"arn:aws:iam::{ACCOUNT}:user/alice")
    assert f"Refused: {sentence}" in capsys.readouterr().out


def test_settings_that_may_not_be_the_users_do_not_pass(provider: AwsProvider) -> None:
    provider.audit_config["access_key_exceptions"] = ["a"]
    ((status, sentence),) = own(run(provider, OWN))
    assert status == "MANUAL"
    assert "access_key_exceptions is ['a'] in Prowler's config file" in sentence


def _unused_key(aws: EmbeddedAWS) -> list[str]:
    """Give alice a key in use, and one that can be deactivated."""
    user = aws.add_user("alice")
    old = TODAY - timedelta(days=500)
    uses = (TODAY - timedelta(days=1), TODAY - timedelta(days=400))
    return [aws.add_key(user, created=old, last_used=use).access_key_id for use in uses]


@pytest.mark.parametrize(
    "changed",
    [
        {"until": PAST},
        {"checks": ["iam_user_active_keys_without_owner"]},
        {"user": "ALICE"},
        {"account": "*", "owner": ""},
        {"user": "", "until": PAST},
    ],
)
def test_a_fixer_refuses_for_a_user_or_a_key_with_any_exception(
    changed: dict[str, Any],
    aws: EmbeddedAWS,
    provider: AwsProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    keys = _unused_key(aws)
    member = entry(**changed)
    if "user" not in member:
        member["access_key_id"] = keys[1]
    except_(provider, tmp_path, member)
    run(provider, SECOND)
    assert not fixer(f"arn:aws:iam::{ACCOUNT}:user/alice")
    assert "has an exception, whether it is in force or not: " in capsys.readouterr().out
    except_(provider, tmp_path, {**member, "account": "999999999999"})
    run(provider, SECOND)
    assert fixer(f"arn:aws:iam::{ACCOUNT}:user/alice")
