"""What README.md and docs/ show is what the code gives: outputs, and tables of names and values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from prowler.lib.check.check import list_fixers

from prowler_access_keys.services.iam.iam_access_keys import settings
from prowler_access_keys.services.iam.iam_access_keys.advice import Action
from prowler_access_keys.services.iam.iam_access_keys.facts import (
    AccessKey,
    LastUse,
    User,
    UserAccessKeys,
)
from prowler_access_keys.services.iam.iam_access_keys.resource import describe
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings
from prowler_access_keys.services.iam.iam_access_keys.verdict import (
    Verdict,
    judge_user,
)
from scripts.compliance_framework import UNIVERSAL

from .aws_commands import as_call
from .keys import NOW, active
from .pages import README, REPOSITORY, block, table
from .permissions import actions
from .scanning import CHECK


def code(cell: str) -> str:
    """What a table's cell has between its first two backquotes."""
    return cell.split("`")[1]


def shown_user() -> tuple[User, tuple[AccessKey, ...]]:
    """The user of the OCSF data that is shown, as AWS would tell of it."""
    facts = json.loads(block('"access_keys": ['))
    return User(facts["name"], facts["arn"]), tuple(map(shown_key, facts["access_keys"]))


def shown_key(facts: Mapping[str, Any]) -> AccessKey:
    last_use = LastUse(
        datetime.fromisoformat(facts["last_used_date"]),
        facts["last_used_service"],
        facts["last_used_region"],
    )
    return AccessKey(facts["access_key_id"], datetime.fromisoformat(facts["create_date"]), last_use)


def verdict(user: User, keys: tuple[AccessKey, ...]) -> Verdict:
    return judge_user(UserAccessKeys(user, active(*keys)), Settings(), NOW)


def test_the_finding_that_is_shown_is_the_one_about_the_data_that_is_shown() -> None:
    user, keys = shown_user()
    found = verdict(user, keys)
    shown = " ".join(block("FAIL  User backup-nightly").split())
    assert shown == f"{found.status} {found.sentence}"


def test_the_data_that_is_shown_is_what_the_report_has() -> None:
    user, keys = shown_user()
    made = describe(user.name, user.arn, active(*keys), verdict(user, keys), NOW)
    assert json.loads(block('"access_keys": [')) == made


def test_aws_knows_the_command_that_undoes_a_fix() -> None:
    _, _, undo = block("FIXING Resource").partition("To undo: ")
    service, method, parameters = as_call(undo.splitlines()[0].split())
    assert (service, method) == ("iam", "update_access_key")
    assert parameters == {
        "UserName": "alice",
        "AccessKeyId": "AKIARZPUZDIKJFRL2K3J",
        "Status": "Active",
    }


def test_all_actions_of_an_advice_are_listed() -> None:
    assert [code(action) for action, _ in table("| `action` |")] == [one.value for one in Action]


def test_all_settings_are_listed_with_default_and_range() -> None:
    rows = {code(name): (int(default), text) for name, default, text in table("| setting |")}
    assert {name: default for name, (default, _) in rows.items()} == {
        setting.name: setting.default for setting in fields(Settings)
    }
    for name, (_, text) in rows.items():
        allowed = settings._ALLOWED[name]
        assert f"({allowed[0]} to {allowed[-1]})" in text


def test_each_action_of_the_scan_policy_is_listed_with_what_becomes_of_a_scan_without() -> None:
    assert sorted(code(action) for action, _ in table("| missing |")) == sorted(
        actions("scan.json")
    )


def test_the_fixers_policy_changes_something_by_one_action_only() -> None:
    changing = {one for one in actions("fix.json") if one not in actions("scan.json")}
    assert changing == {"iam:UpdateAccessKey"}
    assert any("`iam:UpdateAccessKey` is the one action" in text for _, text in table("| policy |"))


def test_all_requirements_of_the_framework_are_listed_with_their_checks() -> None:
    framework = json.loads(UNIVERSAL.read_text("utf-8"))
    rows = [
        (number, name, code(how) if "`" in how else how)
        for number, name, how in table("| | requirement |")
    ]
    assert rows == [
        (one["id"], one["name"], ", ".join(one["checks"].get("aws", ["by hand"])))
        for one in framework["requirements"]
    ]

    automated = sum(bool(one["checks"]) for one in framework["requirements"])
    assert (len(rows), automated) == (11, 8), "the README says eleven, and eight"


def test_the_versions_that_are_named_are_those_that_can_be_installed() -> None:
    project = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    for said, written in (
        ("Prowler 5.37.1 or later", '"prowler>=5.37.1,<6"'),
        ("Python 3.10 to 3.13", 'requires-python = ">=3.10,<3.14"'),
    ):
        assert said in README.read_text("utf-8")
        assert written in project


def test_prowler_does_not_list_the_fixers_of_plug_ins() -> None:
    # The limit can go from the page once it does.
    assert CHECK not in list_fixers("aws")
