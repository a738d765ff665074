"""The fixer deactivates the one key that is safe to retire, and refuses everything else."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Protocol

import pytest
from moto.iam.models import AccessKey, AccessKeyLastUsed
from prowler.config.config import load_and_validate_config_file
from prowler.providers.aws.aws_provider import AwsProvider
from prowler.providers.aws.lib.mutelist.mutelist import AWSMutelist
from prowler.providers.common.provider import Provider

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys import run_state
from prowler_access_keys.services.iam.iam_access_keys.aws_failures import CallFailedError
from prowler_access_keys.services.iam.iam_access_keys.facts import Unreadable
from prowler_access_keys.services.iam.iam_access_keys.fixing import deactivation, fixer_log
from prowler_access_keys.services.iam.iam_access_keys.fixing.fixer import deactivating_fixer
from prowler_access_keys.services.iam.iam_access_keys.reading.iam_client import IAMClient
from prowler_access_keys.services.iam.iam_access_keys.run_state import Found
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.iam_user_multiple_active_keys_fixer import (  # noqa: E501
    fixer,
)

from . import aws_cli
from .accounts import OLD_QUARANTINE, document
from .end_to_end.environments import PATIENCE
from .pages import REPOSITORY
from .scanning import ACCOUNT, CHECK, begin_run, by_name, provider_of, scan, scan_with

NOW = datetime.now(timezone.utc)
ARN = f"arn:aws:iam::{ACCOUNT}:user/"
ALICE = f"{ARN}alice"
UNUSED = "iam_user_unused_active_keys"


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the fixer writes its changes to."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "access-key-changes.jsonl"


def give(aws: EmbeddedAWS, age: int, unused: int | None, name: str = "alice") -> AccessKey:
    """Give a user an access key ``age`` days old, last used ``unused`` days ago."""
    user = aws.iam().users.get(name) or aws.add_user(name)
    last_used = None if unused is None else NOW - timedelta(days=unused)
    return aws.add_key(user, created=NOW - timedelta(days=age), last_used=last_used)


def found() -> Found:
    """What the scan has found of alice."""
    known = run_state.of(Provider.get_global_provider()).recall(CHECK, ALICE)
    assert known
    return known


@dataclass(frozen=True)
class Keys:
    """Alice's access keys."""

    unused: AccessKey
    used: AccessKey


@pytest.fixture
def keys(aws: EmbeddedAWS, provider: AwsProvider) -> Keys:
    """The keys of an alice whom the scan has found with one that is safe to deactivate."""
    given = Keys(give(aws, 900, 400), give(aws, 300, 1))
    aws.iam().tag_user("alice", [{"Key": "purpose", "Value": "break-glass"}])
    scan(provider)
    return given


@pytest.fixture
def late_last_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS does not show yet that the calls of this test used a key."""
    monkeypatch.setattr("moto.iam.models.mark_account_as_visited", lambda **_: None)


OnUpdate = Callable[[Callable[[], object]], None]


@pytest.fixture
def on_update(monkeypatch: pytest.MonkeyPatch) -> OnUpdate:
    """Lets something happen right after the first change of a key."""
    waiting: list[Callable[[], object]] = []
    call = IAMClient.call

    def call_then(iam: IAMClient, operation: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = call(iam, operation, **parameters)
        if operation == "UpdateAccessKey" and waiting:
            waiting.pop()()
        return answer

    monkeypatch.setattr(IAMClient, "call", call_then)
    return waiting.append


class Refused(Protocol):
    def __call__(self, reason: str, arn: str = ALICE) -> bool: ...


@pytest.fixture
def refused(aws: EmbeddedAWS, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs the fixer on alice; whether it changed nothing and gave this reason."""

    def with_reason(reason: str, arn: str = ALICE) -> bool:
        changes = aws.calls["iam:UpdateAccessKey"]
        fixed, said = fixer(arn), capsys.readouterr().out
        assert f"Refused: {reason}" in said
        return not fixed and aws.calls["iam:UpdateAccessKey"] == changes

    return with_reason


def test_it_says_how_to_undo_the_change_before_it_deactivates_the_unused_key(
    keys: Keys, on_update: OnUpdate, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    on_update(lambda: said.append(capsys.readouterr().out))
    assert fixer(ALICE)
    assert (keys.unused.status, keys.used.status) == ("Inactive", "Active")
    assert (
        "To undo: aws iam update-access-key --user-name=alice --access-key-id "
        f"{keys.unused.access_key_id} --status Active" in said[0]
    )


def test_with_a_role_the_way_back_names_account_and_role(
    aws: EmbeddedAWS, capsys: pytest.CaptureFixture[str]
) -> None:
    give(aws, 900, 400), give(aws, 300, 1)
    with provider_of(aws, role_arn=ROLE) as provider:
        scan(provider)
        assert fixer(ALICE)
    said = capsys.readouterr().out
    assert f"of user alice in account {ACCOUNT} (logged" in said
    assert f"To undo, with {ROLE}: aws iam" in said


def test_a_decoy_is_refused(provider: AwsProvider, keys: Keys, refused: Refused) -> None:
    provider._audit_config = {"decoy_users": ["ALI*"]}
    assert refused("user alice is a decoy, by your setting decoy_users.")


def test_running_it_again_does_nothing_more(
    aws: EmbeddedAWS, provider: AwsProvider, keys: Keys
) -> None:
    assert fixer(ALICE)
    assert not fixer(ALICE)
    assert aws.calls["iam:UpdateAccessKey"] == 1
    assert by_name(scan(provider))["alice"].status == "PASS"


@pytest.mark.parametrize("name", ["-ci-bot", "--help", "x=y,z", "@+.-_"])
def test_the_command_that_undoes_a_change_undoes_it(
    aws: EmbeddedAWS, provider: AwsProvider, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    unused, _ = give(aws, 900, 400, name), give(aws, 300, 1, name)
    scan(provider)
    assert fixer(f"{ARN}{name}")
    assert unused.status == "Inactive"
    undo = capsys.readouterr().out.partition("To undo: ")[2].splitlines()[0]
    assert undo.startswith("aws ")
    # A shell takes it apart, as for the person who pastes it.
    pasted = ["/bin/sh", "-c", f"printf '%s\\0' {undo}"]
    words = subprocess.check_output(pasted, text=True).split("\0")[:-1]
    assert (aws_cli.run(words, aws.environment()), unused.status) == (0, "Active")


def test_it_deactivates_a_single_unused_key_and_says_that_none_is_left(
    aws: EmbeddedAWS, provider: AwsProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    only = give(aws, 900, 400)
    (found,) = scan_with(provider, (UNUSED,))
    assert "The user then has no active access key." in found.sentence
    assert deactivating_fixer(UNUSED)(ALICE)
    assert only.status == "Inactive"
    assert "The user has no active access key now." in capsys.readouterr().out


def test_each_check_keeps_what_it_found(
    aws: EmbeddedAWS, provider: AwsProvider, keys: Keys, refused: Refused
) -> None:
    scan_with(provider, (CHECK, UNUSED))
    assert deactivating_fixer(UNUSED)(ALICE)
    assert keys.unused.status == "Inactive"
    assert refused("user alice now has fewer active access keys than the finding says")


def test_no_other_check_has_a_fixer() -> None:
    fixers = (REPOSITORY / "checks").glob("*/*_fixer.py")
    assert {path.parent.name for path in fixers} == {CHECK, UNUSED}


# What is not safe


@pytest.mark.parametrize(
    ("older", "newer", "reason"),
    [
        ((900, 1), (300, 1), "Move what uses"),
        ((900, 1), (4, None), "A rotation may be under way"),
        ((900, 200), (1, None), "AWS has no record of"),
        ((30, None), (20, None), "AWS has no record of"),
    ],
)
def test_it_refuses_what_is_not_safe(
    aws: EmbeddedAWS,
    provider: AwsProvider,
    refused: Refused,
    older: tuple[int, int | None],
    newer: tuple[int, int | None],
    reason: str,
) -> None:
    give(aws, *older), give(aws, *newer)
    scan(provider)
    assert refused(f"no access key of user alice is safe to deactivate. {reason}")


def test_it_refuses_the_root_user_and_users_of_another_account(
    aws: EmbeddedAWS, provider: AwsProvider, refused: Refused
) -> None:
    aws.behavior.root_keys_active = (True, True)
    assert by_name(scan(provider))["<root_account>"].status == "FAIL"
    for arn in (f"arn:aws:iam::{ACCOUNT}:root", ALICE.replace(ACCOUNT, "999999999999")):
        aws.calls.clear()
        assert refused(f"{arn} is not an IAM user of account {ACCOUNT}.", arn)
        assert not aws.calls


@pytest.mark.parametrize("by_group", [False, True])
@pytest.mark.parametrize("inline", [False, True])
def test_it_refuses_a_user_that_aws_quarantined_since(
    aws: EmbeddedAWS, keys: Keys, refused: Refused, by_group: bool, inline: bool
) -> None:
    alice = aws.iam().users["alice"]
    entity = aws.add_group("g", alice) if by_group else alice
    if inline:
        aws.add_inline_policy(entity, OLD_QUARANTINE, document(Effect="Deny"))
    else:
        aws.attach(entity, "AWSCompromisedKeyQuarantineV3")
    assert refused("no access key of user alice is safe to deactivate. Incident: ")


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("ListAccessKeys", "the access keys of user alice could not be read: iam:ListAccessKeys f"),
        ("GetAccessKeyLastUsed", "no access key of user alice is safe to deactivate. Find out"),
        ("ListAttachedUserPolicies", "no access key of user alice is safe to deactivate. AKIA"),
        ("ListUserPolicies", "no access key of user alice is safe to deactivate. AKIA"),
        ("ListGroupsForUser", "no access key of user alice is safe to deactivate. AKIA"),
    ],
)
def test_it_refuses_when_a_deciding_fact_cannot_be_read(
    aws: EmbeddedAWS, keys: Keys, refused: Refused, call: str, reason: str
) -> None:
    aws.behavior.denied = frozenset({f"iam:{call}"})
    assert refused(reason)


def other_key_replaced(aws: EmbeddedAWS, keys: Keys) -> None:
    aws.iam().users["alice"].access_keys.remove(keys.used)
    give(aws, 1, 0)


LONG_AGO = AccessKeyLastUsed(NOW - timedelta(days=300), "s3", "us-east-1")
CHANGES: dict[str, Callable[[EmbeddedAWS, Keys], object]] = {
    "used": lambda aws, keys: setattr(keys.unused, "last_used", keys.used.last_used),
    "used, but long ago": lambda aws, keys: setattr(keys.unused, "last_used", LONG_AGO),
    "other key deactivated": lambda aws, keys: setattr(keys.used, "status", "Inactive"),
    "other key replaced": other_key_replaced,
    "user deleted": lambda aws, keys: aws.iam().users.pop("alice"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_refuses_when_something_changed_since_the_scan(
    aws: EmbeddedAWS, keys: Keys, refused: Refused, change: Callable[[EmbeddedAWS, Keys], None]
) -> None:
    change(aws, keys)
    assert refused("")


def test_a_use_of_the_key_to_keep_is_not_a_change(keys: Keys) -> None:
    keys.used.last_used = AccessKeyLastUsed(NOW, "ec2", "us-east-1")
    assert fixer(ALICE)
    assert (keys.unused.status, keys.used.status) == ("Inactive", "Active")


def test_it_refuses_within_a_grace_period(
    aws: EmbeddedAWS, provider: AwsProvider, refused: Refused
) -> None:
    give(aws, 900, 400), give(aws, 50, 1)
    provider._audit_config = {"multiple_active_keys_grace_days": 60}
    scan(provider)
    assert refused("no finding of this run says that a key of user alice can be deactivated now")


# Limits and mutelists that are not what the user meant


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "could not be used: No such file or directory."),
        ("aws:\n  max_unused_access_key_days: 180\n", "Did you mean max_unused_access_keys_days?"),
    ],
)
def test_it_refuses_if_the_config_file_is_not_used_whole(
    provider: AwsProvider,
    keys: Keys,
    refused: Refused,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: str,
    reason: str,
) -> None:
    path = tmp_path / "config.yaml"
    if content:
        path.write_text(content)
    monkeypatch.setattr("sys.argv", ["prowler", "aws", "--config-file", str(path)])
    provider._audit_config = load_and_validate_config_file("aws", str(path))
    assert refused("the settings may not be those of your config file. ")
    assert not fixer(ALICE)
    assert reason in capsys.readouterr().out


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ('["["]', "has a pattern that is not a valid regular expression, '['"),
        ('["*"], Exceptions: {Resources: [alice]}', "has 'alice'"),
        ('["malice", "alice-2", "^bob"]', ""),
    ],
)
def test_it_refuses_a_user_that_the_mutelist_may_mean(
    provider: AwsProvider, keys: Keys, refused: Refused, tmp_path: Path, resources: str, reason: str
) -> None:
    """What a mutelist may mean is in tests/test_mutelist.py."""
    path = tmp_path / "mutelist.yaml"
    muted = f'{{Regions: ["*"], Resources: {resources}}}'
    path.write_text(f'Mutelist: {{Accounts: {{"*": {{Checks: {{{CHECK}: {muted}}}}}}}}}')
    provider._mutelist = AWSMutelist(mutelist_path=str(path))
    if reason:
        assert refused(f"the mutelist {path} {reason}" if "[" in reason else "the mutelist has '")
    else:
        assert fixer(ALICE)


def test_it_refuses_a_user_whose_finding_is_muted(keys: Keys, refused: Refused) -> None:
    found().report.muted = True
    assert refused("the finding about user alice is muted.")


def test_it_refuses_a_user_whose_tags_could_not_be_read_as_a_mutelist_may_name_them(
    aws: EmbeddedAWS, provider: AwsProvider, refused: Refused
) -> None:
    give(aws, 900, 400), give(aws, 300, 1)
    aws.behavior.denied = frozenset({"iam:GetAccountAuthorizationDetails", "iam:ListUserTags"})
    assert by_name(scan(provider))["alice"].status == "FAIL"
    assert refused("the tags of user alice could not be read (iam:ListUserTags failed with")


def test_what_an_earlier_run_of_the_process_found_does_not_count(
    provider: AwsProvider, keys: Keys, refused: Refused
) -> None:
    begin_run(provider, CHECK)
    assert refused("no finding of this run says that a key of user alice can be deactivated now")


# The keys that the run stands on

PROFILES = {
    "static": "[run]\naws_access_key_id = {key}\naws_secret_access_key = s\n",
    "source profile": "[run]\nrole_arn = {role}\nsource_profile = base\n"
    "[base]\naws_access_key_id = {key}\naws_secret_access_key = s\n",
    "two source profiles": "[run]\nrole_arn = {role}\nsource_profile = middle\n"
    "[middle]\nrole_arn = {role}\nsource_profile = base\n"
    "[base]\naws_access_key_id = {key}\naws_secret_access_key = s\n",
    "environment": "[run]\nrole_arn = {role}\ncredential_source = Environment\n",
    "process": "[run]\ncredential_process = {process}\n",
    "process behind a role": "[run]\nrole_arn = {role}\nsource_profile = base\n"
    "[base]\ncredential_process = {process}\n",
}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/scan"


def process(key_id: str, token: str = "") -> str:
    """A command that gives credentials as a ``credential_process`` does."""
    more = f', "SessionToken": "{token}"' if token else ""
    return f'echo \'{{"Version": 1, "AccessKeyId": "{key_id}", "SecretAccessKey": "s"{more}}}\''


@pytest.mark.usefixtures("late_last_use")
@pytest.mark.parametrize("how", PROFILES)
def test_it_refuses_the_key_of_this_run_before_aws_shows_its_use(
    aws: EmbeddedAWS, refused: Refused, tmp_path: Path, how: str
) -> None:
    key_id = give(aws, 900, 400).access_key_id
    give(aws, 300, 1)
    (tmp_path / "profiles").write_text(
        PROFILES[how].format(key=key_id, role=ROLE, process=process(key_id)), "utf-8"
    )
    credentials = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "profiles")}
    if how == "environment":
        credentials["AWS_ACCESS_KEY_ID"] = key_id
    with provider_of(aws, credentials, profile="run") as provider:
        scan(provider)
        assert refused(f"{key_id} is a key that this run of Prowler uses.")


@pytest.mark.usefixtures("late_last_use")
@pytest.mark.parametrize("with_process", [False, True], ids=["environment", "process"])
def test_it_refuses_if_the_origin_of_a_roles_credentials_is_not_known(
    aws: EmbeddedAWS, refused: Refused, tmp_path: Path, with_process: bool
) -> None:
    give(aws, 900, 400), give(aws, 300, 1)
    (tmp_path / "profiles").write_text(PROFILES["process"].format(process=process("ASIA1", "t")))
    session = aws.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="run")["Credentials"]
    credentials = {
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "profiles"),
        "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }
    with provider_of(aws, credentials, profile="run" if with_process else None) as provider:
        provider.identity.identity_arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/scan/run"
        scan(provider)
        assert refused("this run uses temporary credentials of a role, and which access key")


def test_it_refuses_a_user_who_runs_prowler_with_temporary_credentials(
    provider: AwsProvider, keys: Keys, refused: Refused
) -> None:
    provider.identity.identity_arn = ALICE
    assert refused("this user runs Prowler now, with temporary credentials")


@pytest.mark.usefixtures("late_last_use")
def test_a_user_who_runs_prowler_with_the_other_key_is_fixed(aws: EmbeddedAWS) -> None:
    unused, used = give(aws, 900, 400), give(aws, 300, 1)
    with provider_of(aws, {"AWS_ACCESS_KEY_ID": used.access_key_id}) as provider:
        provider.identity.identity_arn = ALICE
        scan(provider)
        assert fixer(ALICE)
    assert unused.status == "Inactive"


# The log of changes


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def test_a_change_is_written_before_and_its_outcome_after(
    keys: Keys, on_update: OnUpdate, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before: list[dict[str, Any]] = []
    on_update(lambda: before.extend(lines(log)))
    assert fixer(ALICE)
    said = capsys.readouterr().out
    (intention,), (first, outcome) = before, lines(log)
    assert first == intention
    then = datetime.fromisoformat(intention.pop("time"))
    assert NOW <= then <= datetime.fromisoformat(outcome.pop("time"))
    key_id = keys.unused.access_key_id
    assert intention == {
        "step": "intention",
        "account": ACCOUNT,
        "caller_arn": f"arn:aws:sts::{ACCOUNT}:user/moto",
        "role_arn": "",
        "user": "alice",
        "user_arn": ALICE,
        "access_key_id": key_id,
        "finding_uid": f"prowler-aws-{CHECK}-{ACCOUNT}-us-east-1-alice",
        "finding": found().report.status_extended,
        "undo": f"aws iam update-access-key --user-name=alice --access-key-id {key_id} "
        "--status Active",
    }
    ending = {"fixed": True, "outcome": "Done: it is inactive, and another key is still active."}
    assert outcome == {**intention, "step": "outcome", **ending}
    assert f"(logged in {log.name}). To undo: {intention['undo']}" in said
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_the_log_is_where_the_setting_says(
    provider: AwsProvider, keys: Keys, tmp_path: Path
) -> None:
    (tmp_path / "a b").mkdir()
    provider._audit_config = {"access_key_fixer_log": "a b/log"}
    (tmp_path / "a b" / "log").write_text('{"half of a line')
    assert fixer(ALICE)
    text = (tmp_path / "a b" / "log").read_text("utf-8").split("\n")
    assert [line[:9] for line in text] == ['{"half of', '{"time": ', '{"time": ', ""]


UNWRITABLE: dict[str, Callable[[Path], object]] = {
    "directory": lambda log: log.mkdir(),
    "link": lambda log: log.symlink_to("elsewhere"),
    "full disk": lambda log: log.symlink_to("/dev/full"),
    "pipe": lambda log: os.mkfifo(log),
    "no folder": lambda log: log.parent.rmdir(),
}


@pytest.mark.parametrize("how", UNWRITABLE)
def test_without_a_log_nothing_is_changed(
    provider: AwsProvider, keys: Keys, refused: Refused, tmp_path: Path, how: str
) -> None:
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs" / "log"
    provider._audit_config = {"access_key_fixer_log": str(log)}
    UNWRITABLE[how](log)
    assert refused(f"{log}, where every change is written first, cannot be written: ")
    assert keys.unused.status == "Active"


def test_an_incomplete_line_is_not_read(
    keys: Keys, refused: Refused, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr("os.write", lambda descriptor, line: write(descriptor, line[:9]))
    reason = "where every change is written first, cannot be written: No space left"
    assert refused(f"{log.name}, {reason}")


def test_an_outcome_that_cannot_be_logged_is_printed(
    keys: Keys, on_update: OnUpdate, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def replace_log() -> None:
        log.unlink()
        os.mkfifo(log)

    on_update(replace_log)
    assert fixer(ALICE)
    said = capsys.readouterr().out
    assert f"The outcome is not in {log.name}, which cannot be written: it is not a" in said


def test_two_fixers_at_once_write_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with ProcessPoolExecutor(2) as processes:
        for done in [processes.submit(append_many, str(path), name) for name in "ab"]:
            done.result(PATIENCE)
    assert sorted(line["by"] for line in lines(path)) == ["a"] * 200 + ["b"] * 200


def append_many(path: str, name: str) -> None:
    for _ in range(200):
        fixer_log.append(path, {"by": name, "long": name * 5000})


# What comes of a change


def test_a_denied_change_changes_nothing_and_says_what_to_do(
    aws: EmbeddedAWS, keys: Keys, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.behavior.denied = frozenset({"iam:UpdateAccessKey"})
    assert not fixer(ALICE)
    assert keys.unused.status == "Active"
    assert [line.get("fixed") for line in lines(log)] == [None, False]
    said = capsys.readouterr().out
    assert "was not deactivated: iam:UpdateAccessKey failed with AccessDenied. Grant" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda aws, keys: vars(aws.behavior).update(denied={"iam:ListAccessKeys"}),
         " is inactive now: iam:ListAccessKeys failed"),
        (lambda aws, keys: setattr(keys.unused, "status", "Active"), "still shows as active"),
        (lambda aws, keys: setattr(keys.used, "status", "Inactive"),
         "no active key is left: another one was deactivated"),
        (lambda aws, keys: aws.iam().users.pop("alice"), "User alice was deleted in the meantime."),
    ],
    ids=["unverified", "not shown", "the other key deactivated too", "deleted"],
)  # fmt: skip
def test_a_failed_change_is_reported_with_the_command_that_undoes_it(
    aws: EmbeddedAWS,
    keys: Keys,
    on_update: OnUpdate,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[EmbeddedAWS, Keys], object],
    said: str,
) -> None:
    monkeypatch.setattr(deactivation, "sleep", lambda seconds: None)
    on_update(lambda: change(aws, keys))
    assert not fixer(ALICE)
    output = capsys.readouterr().out
    assert said in output
    assert "To undo: aws iam update-access-key" in output


def test_it_waits_for_a_change_that_iam_shows_late(
    keys: Keys, on_update: OnUpdate, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_update(lambda: setattr(keys.unused, "status", "Active"))
    monkeypatch.setattr(
        deactivation, "sleep", lambda seconds: setattr(keys.unused, "status", "Inactive")
    )
    assert fixer(ALICE)


def test_it_looks_for_a_change_whose_answer_was_lost(keys: Keys, on_update: OnUpdate) -> None:
    def lost() -> None:
        raise CallFailedError(Unreadable("iam:UpdateAccessKey", "ReadTimeoutError", transient=True))

    on_update(lost)
    assert fixer(ALICE)
    assert keys.unused.status == "Inactive"
