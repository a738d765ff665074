"""The fixer deactivates the one key that is safe to retire, and refuses everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from moto.iam.models import AccessKey, AccessKeyLastUsed
from prowler.lib.check.check import import_check
from prowler.providers.aws.aws_provider import AwsProvider
from prowler.providers.aws.lib.mutelist.mutelist import AWSMutelist

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.iam_user_multiple_active_keys_fixer import (  # noqa: E501
    fixer,
)
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.lib import fixable, retire
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.lib.access_keys import (
    Unreadable,
)
from prowler_access_keys.services.iam.iam_user_multiple_active_keys.lib.lean_iam import (
    CallFailedError,
    LeanIAM,
)

from .scanning import by_name, provider_of, scan

NOW = datetime.now(timezone.utc)
ALICE = "arn:aws:iam::123456789012:user/alice"


@pytest.fixture
def provider(aws: EmbeddedAWS) -> Iterator[AwsProvider]:
    with provider_of(aws) as connected:
        yield connected


def give(aws: EmbeddedAWS, age: int, unused: int | None) -> AccessKey:
    """Give alice an access key ``age`` days old, last used ``unused`` days ago."""
    user = aws.iam().users.get("alice") or aws.add_user("alice")
    last_used = None if unused is None else NOW - timedelta(days=unused)
    return aws.add_key(user, created=NOW - timedelta(days=age), last_used=last_used)


@dataclass(frozen=True)
class Keys:
    """Alice's access keys."""

    unused: AccessKey
    used: AccessKey


@pytest.fixture
def keys(aws: EmbeddedAWS, provider: AwsProvider) -> Keys:
    """The keys of an alice whom the scan has found with one that is safe to deactivate."""
    given = Keys(give(aws, 900, 400), give(aws, 300, 1))
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
    call = LeanIAM.call

    def call_then(iam: LeanIAM, operation: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = call(iam, operation, **parameters)
        if operation == "UpdateAccessKey" and waiting:
            waiting.pop()()
        return answer

    monkeypatch.setattr(LeanIAM, "call", call_then)
    return waiting.append


def changes(aws: EmbeddedAWS) -> int:
    return aws.calls["iam:UpdateAccessKey"]


def test_it_deactivates_the_unused_key_and_says_how_to_undo_it(
    aws: EmbeddedAWS, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fixer(ALICE)
    assert (keys.unused.status, keys.used.status) == ("Inactive", "Active")
    assert (
        f"aws iam update-access-key --user-name alice --access-key-id {keys.unused.access_key_id} "
        "--status Active" in capsys.readouterr().out
    )


def test_running_it_again_does_nothing_more(
    aws: EmbeddedAWS, provider: AwsProvider, keys: Keys
) -> None:
    assert fixer(ALICE)
    assert not fixer(ALICE)
    assert changes(aws) == 1
    assert by_name(scan(provider))["alice"].status == "PASS"


@pytest.mark.parametrize(
    ("older", "newer", "reason"),
    [
        ((900, 1), (300, 1), "Both are in use: move what uses"),
        ((900, 1), (4, None), "A rotation was started and not finished"),
    ],
)
def test_it_refuses_what_is_not_safe(
    aws: EmbeddedAWS,
    provider: AwsProvider,
    capsys: pytest.CaptureFixture[str],
    older: tuple[int, int | None],
    newer: tuple[int, int | None],
    reason: str,
) -> None:
    give(aws, *older), give(aws, *newer)
    scan(provider)
    assert not fixer(ALICE)
    assert changes(aws) == 0
    assert f"Refused: no access key of user alice is safe to deactivate. {reason}" in (
        capsys.readouterr().out
    )


def test_it_refuses_the_root_user(
    aws: EmbeddedAWS, provider: AwsProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.behaviour.root_keys_active = (True, True)
    assert by_name(scan(provider))["<root_account>"].status == "FAIL"
    aws.calls.clear()
    assert not fixer("arn:aws:iam::123456789012:root")
    assert not aws.calls
    assert "Refused:" in capsys.readouterr().out


def test_it_refuses_a_user_of_another_account(aws: EmbeddedAWS, keys: Keys) -> None:
    assert not fixer(ALICE.replace("123456789012", "999999999999"))
    assert changes(aws) == 0


def test_it_refuses_when_the_last_use_cannot_be_read(aws: EmbeddedAWS, keys: Keys) -> None:
    aws.behaviour.denied = frozenset({"iam:GetAccessKeyLastUsed"})
    assert not fixer(ALICE)
    assert changes(aws) == 0


def test_it_refuses_when_the_keys_cannot_be_read(
    aws: EmbeddedAWS, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.behaviour.denied = frozenset({"iam:ListAccessKeys"})
    assert not fixer(ALICE)
    assert "iam:ListAccessKeys failed with AccessDenied" in capsys.readouterr().out


def used_since(aws: EmbeddedAWS, keys: Keys) -> None:
    keys.unused.last_used = keys.used.last_used


def used_since_but_long_ago(aws: EmbeddedAWS, keys: Keys) -> None:
    keys.unused.last_used = None


def other_key_deactivated(aws: EmbeddedAWS, keys: Keys) -> None:
    keys.used.status = "Inactive"


def other_key_replaced(aws: EmbeddedAWS, keys: Keys) -> None:
    aws.iam().users["alice"].access_keys.remove(keys.used)
    give(aws, 1, 0)


def user_deleted(aws: EmbeddedAWS, keys: Keys) -> None:
    del aws.iam().users["alice"]


@pytest.mark.parametrize(
    "change",
    [
        used_since,
        used_since_but_long_ago,
        other_key_deactivated,
        other_key_replaced,
        user_deleted,
    ],
)
def test_it_refuses_when_something_changed_since_the_scan(
    aws: EmbeddedAWS,
    keys: Keys,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[EmbeddedAWS, Keys], None],
) -> None:
    change(aws, keys)
    assert not fixer(ALICE)
    assert changes(aws) == 0
    assert "Refused:" in capsys.readouterr().out


def test_that_the_key_to_keep_is_used_meanwhile_is_no_change(keys: Keys) -> None:
    keys.used.last_used = AccessKeyLastUsed(NOW, "ec2", "us-east-1")
    assert fixer(ALICE)
    assert (keys.unused.status, keys.used.status) == ("Inactive", "Active")


def test_it_refuses_within_a_grace_period(aws: EmbeddedAWS, provider: AwsProvider) -> None:
    give(aws, 900, 400), give(aws, 3, 1)
    scan(provider)
    provider._audit_config = {"multiple_active_keys_grace_days": 7}
    assert not fixer(ALICE)
    assert changes(aws) == 0


def test_a_denied_change_leaves_all_as_it_was_and_says_what_to_do(
    aws: EmbeddedAWS, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.behaviour.denied = frozenset({"iam:UpdateAccessKey"})
    assert not fixer(ALICE)
    assert keys.unused.status == "Active"
    said = capsys.readouterr().out
    assert "was not deactivated: iam:UpdateAccessKey failed with AccessDenied. Allow" in said


def test_a_change_that_cannot_be_verified_is_said_to_be_so(
    aws: EmbeddedAWS, keys: Keys, on_update: OnUpdate, capsys: pytest.CaptureFixture[str]
) -> None:
    on_update(lambda: vars(aws.behaviour).update(denied={"iam:ListAccessKeys"}))
    assert not fixer(ALICE)
    said = capsys.readouterr().out
    assert "is inactive now could not be verified: iam:ListAccessKeys failed" in said
    assert "To undo: aws iam update-access-key" in said


def test_a_change_that_iam_shows_late_is_waited_for(
    keys: Keys, on_update: OnUpdate, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_update(lambda: setattr(keys.unused, "status", "Active"))
    monkeypatch.setattr(retire, "sleep", lambda seconds: setattr(keys.unused, "status", "Inactive"))
    assert fixer(ALICE)


def test_a_change_that_does_not_show_is_no_success(
    keys: Keys,
    on_update: OnUpdate,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_update(lambda: setattr(keys.unused, "status", "Active"))
    monkeypatch.setattr(retire, "sleep", lambda seconds: None)
    assert not fixer(ALICE)
    assert "still shows as active" in capsys.readouterr().out


def test_a_change_whose_answer_was_lost_is_looked_for(
    keys: Keys, on_update: OnUpdate, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost() -> None:
        raise CallFailedError(Unreadable("iam:UpdateAccessKey", "ReadTimeoutError", transient=True))

    on_update(lost)
    assert fixer(ALICE)
    assert keys.unused.status == "Inactive"
    assert "To undo:" in capsys.readouterr().out


def test_a_user_left_without_an_active_key_is_said_to_be_so(
    keys: Keys, on_update: OnUpdate, capsys: pytest.CaptureFixture[str]
) -> None:
    on_update(lambda: setattr(keys.used, "status", "Inactive"))
    assert not fixer(ALICE)
    said = capsys.readouterr().out
    assert "no active key is left: another one was deactivated" in said
    assert "To undo:" in said


def test_a_user_deleted_right_after_the_change_is_said_to_be_so(
    aws: EmbeddedAWS, keys: Keys, on_update: OnUpdate, capsys: pytest.CaptureFixture[str]
) -> None:
    on_update(lambda: aws.iam().users.pop("alice"))
    assert not fixer(ALICE)
    assert "User alice was deleted meanwhile." in capsys.readouterr().out


def test_it_refuses_a_user_whose_finding_is_muted(
    aws: EmbeddedAWS, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    for report in scan_reports():
        report.muted = True
    assert not fixer(ALICE)
    assert changes(aws) == 0
    assert "Refused: the finding about user alice is muted." in capsys.readouterr().out


def test_it_refuses_a_user_whose_tags_could_not_be_read_as_a_mutelist_may_name_them(
    aws: EmbeddedAWS, provider: AwsProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    give(aws, 900, 400), give(aws, 300, 1)
    aws.behaviour.denied = frozenset({"iam:GetAccountAuthorizationDetails", "iam:ListUserTags"})
    assert by_name(scan(provider))["alice"].status == "FAIL"
    assert not fixer(ALICE)
    assert changes(aws) == 0
    assert "Refused: the tags of user alice could not be read (iam:ListUserTags failed with" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize("content", ["", "Mutelist: [", "Mutelist: {Accounts: 7}"])
def test_it_refuses_everything_if_the_mutelist_could_not_be_read(
    aws: EmbeddedAWS,
    provider: AwsProvider,
    keys: Keys,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    content: str,
) -> None:
    path = tmp_path / "mutelist.yaml"
    path.write_text(content, "utf-8")
    provider._mutelist = AWSMutelist(mutelist_path=str(path))
    assert not fixer(ALICE)
    assert changes(aws) == 0
    assert f"Refused: the mutelist {path} is empty or could not be read" in capsys.readouterr().out


@pytest.mark.usefixtures("late_last_use")
def test_it_refuses_a_key_that_this_run_uses_though_aws_does_not_show_that_yet(
    aws: EmbeddedAWS, capsys: pytest.CaptureFixture[str]
) -> None:
    key_id = give(aws, 900, 400).access_key_id
    give(aws, 300, 1)
    with provider_of(aws, {"AWS_ACCESS_KEY_ID": key_id}) as provider:
        scan(provider)
        assert not fixer(ALICE)
    assert changes(aws) == 0
    said = f"Refused: {key_id} is the key that this run of Prowler uses."
    assert said in capsys.readouterr().out


def test_it_refuses_a_user_who_runs_prowler_with_temporary_credentials(
    aws: EmbeddedAWS, provider: AwsProvider, keys: Keys, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.identity.identity_arn = ALICE
    assert not fixer(ALICE)
    assert changes(aws) == 0
    assert "Refused: this user runs Prowler now, with temporary" in capsys.readouterr().out


@pytest.mark.usefixtures("late_last_use")
def test_a_user_who_runs_prowler_with_the_other_key_is_fixed(aws: EmbeddedAWS) -> None:
    unused, used = give(aws, 900, 400), give(aws, 300, 1)
    with provider_of(aws, {"AWS_ACCESS_KEY_ID": used.access_key_id}) as provider:
        provider.identity.identity_arn = ALICE
        scan(provider)
        assert fixer(ALICE)
    assert unused.status == "Inactive"


def test_how_to_undo_a_change_is_said_before_it_is_made(
    keys: Keys, on_update: OnUpdate, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    on_update(lambda: said.append(capsys.readouterr().out))
    assert fixer(ALICE)
    assert "To undo: aws iam update-access-key" in said[0]


def test_a_limit_of_a_few_days_does_not_make_a_used_key_unused(
    aws: EmbeddedAWS, provider: AwsProvider
) -> None:
    give(aws, 900, 1), give(aws, 300, 1)
    provider._audit_config = {"max_unused_access_keys_days": 0}
    scan(provider)
    assert not fixer(ALICE)
    assert changes(aws) == 0


def test_prowler_finds_the_fixer_of_the_check_under_its_own_name() -> None:
    name = (
        "prowler.providers.aws.services.iam.iam_user_multiple_active_keys"
        ".iam_user_multiple_active_keys_fixer"
    )
    assert import_check(name).fixer is fixer


def scan_reports() -> list[Any]:
    """Prowler's reports of what the last scan found, as the check remembers them."""
    return [report for _, report in fixable._remembered.values()]
