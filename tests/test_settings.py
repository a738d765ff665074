"""What is taken from Prowler's config file, and what is refused and said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prowler.config.config import default_config_file_path, load_and_validate_config_file

from prowler_access_keys.services.iam.iam_access_keys.command_line import settings_of
from prowler_access_keys.services.iam.iam_access_keys.settings import ALLOWED, Settings, parse


def test_without_settings_the_strict_defaults_apply() -> None:
    assert parse({}) == (Settings(), ())


def test_settings_are_taken() -> None:
    config = {
        "multiple_active_keys_grace_days": 7,
        "max_unused_access_keys_days": 60,
        "max_unrotated_access_keys_days": 30,
        "max_inactive_access_keys_days": 1,
        "access_key_owner_tags": ["who"],
        "allowed_service_specific_credentials": ["codecommit.amazonaws.com"],
        "decoy_users": ["canary-*"],
        "unreadable_access_keys_fail": True,
        "access_key_usage_from_cloudtrail": True,
        "access_key_usage_max_events": 100,
        "access_key_usage_max_seconds": 60,
        "access_key_fixer_log": "log",
        "access_key_exceptions": "exceptions.yaml",
        "access_key_exceptions_max_days": 90,
        "access_key_exceptions_notice_days": 0,
    }
    services, decoys = ("codecommit.amazonaws.com",), ("canary-*",)
    chosen = Settings(7, 60, 30, 1, ("who",), services, decoys, True, True, 100, 60, "log")
    chosen = replace(
        chosen,
        access_key_exceptions="exceptions.yaml",
        access_key_exceptions_max_days=90,
        access_key_exceptions_notice_days=0,
    )
    assert parse(config) == (chosen, ())


@pytest.mark.parametrize("value", ["owner", [], [""], [1], None, {"owner": 1}])
def test_a_value_that_is_not_a_list_of_names_is_named_and_the_default_applies(value: Any) -> None:
    chosen, (problem,) = parse({"access_key_owner_tags": value})
    assert chosen == Settings()
    assert problem.endswith("['owner', 'owner_contact', 'team', 'contact'] is used instead.")


@pytest.mark.parametrize("value", [-1, 1.5, "7", "soon", True, None, [7], 10**10])
@pytest.mark.parametrize("setting", ALLOWED)
def test_a_value_that_is_not_a_whole_number_in_range_is_named_and_the_default_applies(
    setting: str, value: Any
) -> None:
    chosen, (problem,) = parse({setting: value, "unreadable_access_keys_fail": True})
    assert chosen == Settings(unreadable_access_keys_fail=True)
    assert problem.startswith(f"{setting} is {'true' if value is True else repr(value)} in ")
    assert problem.endswith(f"{getattr(Settings(), setting)} is used instead.")


@pytest.mark.parametrize("setting", ALLOWED)
def test_a_setting_has_a_range(setting: str) -> None:
    lowest, highest = ALLOWED[setting][0], ALLOWED[setting][-1]
    assert not parse({setting: lowest})[1]
    assert not parse({setting: highest})[1]
    assert parse({setting: lowest - 1})[1]
    assert parse({setting: highest + 1})[1]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("max_unused_access_keys_days", "a whole number of days from 30 to 180."),
        ("access_key_usage_max_events", "a whole number of events from 1 to 1000."),
        ("access_key_usage_max_seconds", "a whole number of seconds from 1 to 86400."),
    ],
)
def test_the_problem_names_the_unit_of_a_number(setting: str, said: str) -> None:
    assert said in parse({setting: 0})[1][0]


@pytest.mark.parametrize("name", ["codecommit", " codecommit ", "code commit", "a.", "https://a.b"])
def test_a_service_that_iam_names_otherwise_is_named(name: str) -> None:
    services = ["new.example", name]
    chosen, (problem,) = parse({"allowed_service_specific_credentials": services})
    assert chosen == Settings()
    assert "such as codecommit.amazonaws.com. [] is used instead." in problem


@pytest.mark.parametrize("name", ["new.example", " Logs.amazonaws.com", "a.amazonaws.com.cn"])
def test_an_unknown_service_is_accepted(name: str) -> None:
    chosen, problems = parse({"allowed_service_specific_credentials": [name]})
    assert (chosen.allowed_service_specific_credentials, problems) == ((name,), ())


@pytest.mark.parametrize("value", ["", " ", 1, None, ["log"], True])
def test_the_log_of_fixers_is_the_name_of_a_file(value: Any) -> None:
    chosen, (problem,) = parse({"access_key_fixer_log": value})
    assert chosen == Settings()
    assert "but must be the name of a file" in problem


def test_yes_or_no_is_true_or_false() -> None:
    _, (problem,) = parse({"unreadable_access_keys_fail": "yes"})
    assert problem == (
        "unreadable_access_keys_fail is 'yes' in Prowler's config file, but must be true or "
        "false. false is used instead."
    )


def test_a_mistyped_setting_is_named() -> None:
    _, (problem,) = parse({"multiple_active_key_grace_days": 7})
    assert problem == (
        "'multiple_active_key_grace_days' in Prowler's config file is not a setting. Did you mean "
        "multiple_active_keys_grace_days? 0 is used for that."
    )


def test_a_setting_of_prowlers_own_is_not_mistyped() -> None:
    assert not parse({"max_unused_access_keys_day": 1}, known={"max_unused_access_keys_day"})[1]


def problems_with(
    monkeypatch: pytest.MonkeyPatch, path: Path, option: str = "--config-file"
) -> str:
    """What is said of a config file, after Prowler has read it in its own way."""
    monkeypatch.setattr("sys.argv", ["prowler", "aws", option, str(path)])
    provider = SimpleNamespace(audit_config=load_and_validate_config_file("aws", str(path)))
    return " ".join(settings_of(provider)[1])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"aws:\n  max_unused_access_keys_days: 5\n", "max_unused_access_keys_days is 5 in"),
        (b"aws:\n  max_unused_access_keys_days: 500\n", "max_unused_access_keys_days is 500 in"),
        (b"aws:\n\tmax_unused_access_keys_days: 180\n", "is not valid YAML, line 2."),
        (b"aws:\n  a: \xff\n", "is not UTF-8 text."),
        (b"azure:\n  a: 1\n", "has no section aws."),
        (b"", "has no section aws."),
        (b"aws: 180\nother: {}", "has no section aws."),
        (b"aws:\n  a: 2026-02-30\n", "is not valid YAML (ValueError)."),
        (b"[" * 2_000, "is not valid YAML"),
        (b"aws:\n  decoy_users: ['*']\n", "decoy_users is ['*'] in"),
        (b"aws:\n  decoy_users: canary\n", "decoy_users is 'canary' in"),
        (None, "No such file or directory."),
        (b"aws:\n  max_unused_access_keys_days: 180\n", ""),
        (b"aws:\n  max_unused_access_keys_days: '180'\n", ""),
        (b"max_unused_access_keys_days: 180\n", ""),
    ],
)
def test_a_config_file_that_prowler_uses_only_in_part_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_bytes(content)
    problems = problems_with(monkeypatch, path)
    assert said in problems
    assert bool(problems) == bool(said)


def test_an_abbreviated_option_is_understood_as_prowler_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "No such file" in problems_with(monkeypatch, tmp_path / "none", option="--conf")


def test_prowlers_own_config_file_has_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not problems_with(monkeypatch, Path(default_config_file_path))


def test_the_file_of_exceptions_is_beside_the_config_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.yaml"
    monkeypatch.setattr("sys.argv", ["prowler", "aws", "--config-file", str(config)])
    provider = SimpleNamespace(audit_config={})
    for written, meant in (
        ("exceptions.yaml", str(tmp_path / "exceptions.yaml")),
        ("../x.json", str(tmp_path / ".." / "x.json")),
        ("/srv/exceptions.yaml", "/srv/exceptions.yaml"),
    ):
        config.write_text(f"aws: {{access_key_exceptions: {written}}}")
        assert settings_of(provider)[0].access_key_exceptions == meant
        monkeypatch.setenv("PROWLER_ACCESS_KEY_EXCEPTIONS", "/other")
        assert settings_of(provider)[0].access_key_exceptions == "/other"
        monkeypatch.delenv("PROWLER_ACCESS_KEY_EXCEPTIONS")
    config.write_text("aws: {access_key_exceptions: [a]}")
    chosen, problems = settings_of(provider)
    assert not chosen.access_key_exceptions
    assert "but must be the name of a file" in problems[0]
