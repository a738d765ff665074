"""Exceptions: how their file is read, what they accept, and when they end."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st
from prowler.providers.aws.lib.mutelist.mutelist import AWSMutelist

from prowler_access_keys.ranking.cli import main
from prowler_access_keys.services.iam.iam_access_keys.exceptions.acceptance import Terms, judge
from prowler_access_keys.services.iam.iam_access_keys.exceptions.register import (
    HYGIENE,
    MOST_BYTES,
    MOST_ENTRIES,
    ExceptionFile,
    Register,
    UnusableExceptionsError,
    load,
    parse,
)
from prowler_access_keys.services.iam.iam_access_keys.finding_data import FindingData

from .exceptions import (
    KEYS,
    OF_HYGIENE,
    UNROTATED,
    DrawnEntry,
    DrawnFinding,
    as_yaml,
    cases,
    entries,
)
from .keys import NOW
from .known_facts import check_named
from .pages import REPOSITORY
from .scanning import ACCOUNT, FAMILY

EXAMPLES = REPOSITORY / "metadata" / "examples"
SCHEMA = EXAMPLES / "exceptions.schema.json"
VALID = {
    "account": ACCOUNT,
    "user": "alice",
    "checks": [UNROTATED],
    "reason": "a relay",
    "owner": "team",
    "approver": "security@example.com",
    "until": "2026-12-31",
}


def text_of(*members: dict[str, Any], **changed: Any) -> str:
    made = members or ({name: value for name, value in {**VALID, **changed}.items() if value},)
    return json.dumps({"exceptions": made})


def sentence(register: Register, now: datetime, check: str = UNROTATED, *keys: str) -> str:
    data = FindingData("alice", "arn:a", failing_access_keys=keys or (KEYS[0],), check=check)
    return judge(register, ACCOUNT, data, Terms(now)).sentence


# What is accepted


@settings(max_examples=1000)
@given(cases())
def test_only_what_the_entries_name_is_accepted(
    case: tuple[list[DrawnEntry], DrawnFinding],
) -> None:
    drawn, finding = case
    contradictory = any(first.overlaps(second) for first, second in combinations(drawn, 2))
    if contradictory:
        with pytest.raises(UnusableExceptionsError, match="cover the same at the same time"):
            parse(as_yaml(drawn))
        return
    read = parse(as_yaml(drawn))
    found = judge(Register("x", read), ACCOUNT, finding.data(), Terms(NOW))
    assert found.is_accepted == finding.is_accepted(drawn)
    event("accepted" if found.is_accepted else "not accepted")
    assert found.is_accepted <= bool(found.entries)
    assert found.is_accepted == found.sentence.startswith("Accepted by ")
    assert bool(found.entries) == bool(found.sentence)
    assert all(entry.state == "in force" for entry in found.data) or not found.is_accepted


@settings(max_examples=300)
@given(
    st.datetimes(datetime(2026, 1, 2), datetime(2027, 12, 30)).map(
        lambda d: d.replace(microsecond=0)
    ),
    st.integers(-14 * 60, 14 * 60),
    st.booleans(),
)
def test_an_exception_ends_by_itself_one_second_after_its_end(
    end: datetime, minutes: int, is_day: bool
) -> None:
    zone = timezone(timedelta(minutes=minutes))
    end = end.replace(tzinfo=timezone.utc)
    if is_day:
        end = end.replace(hour=23, minute=59, second=59)
    until = f"{end:%Y-%m-%d}" if is_day else end.astimezone(zone).isoformat()
    register = Register("x", parse(text_of(until=until).encode()))
    assert sentence(register, end).startswith("Accepted by security@example.com (owner team) until")
    assert "ends in less than a day" in sentence(register, end - timedelta(hours=1))
    after = sentence(register, end + timedelta(seconds=1))
    assert after.startswith("The exception of security@example.com (owner team) ended on ")
    assert f"ended on {end:%Y-%m-%d}" in after


# The file


@settings(max_examples=200)
@given(st.lists(entries, max_size=5))
def test_yaml_and_json_say_the_same(drawn: list[DrawnEntry]) -> None:
    said = []
    for content in (as_yaml(drawn), text_of(*(entry.written() for entry in drawn)).encode()):
        try:
            said.append(repr(parse(content)))
        except UnusableExceptionsError as error:
            said.append(str(error))
    assert said[0] == said[1] or not drawn


def test_text_is_never_taken_for_something_else() -> None:
    """YAML takes 012345670123 for a number in octal, and no for false."""
    text = (
        "exceptions:\n- {account: 012345670123, user: no, checks: [iam_user_unused_active_keys], "
        "reason: yes, approver: 1.0, ticket: , until: 2026-12-31}"
    )
    (entry,) = parse(text.encode())
    assert (entry.account, entry.user, entry.reason, entry.approver) == (
        "012345670123", "no", "yes", "1.0"
    )  # fmt: skip
    assert not entry.ticket


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "not UTF-8": (b"\xff\xfe", "it is not UTF-8 text"),
    "not YAML": ("exceptions:\n- [", "it is not valid YAML, line "),
    "not JSON": ('{"exceptions": [}', "it is not valid YAML, line 1"),
    "a long number": (f'{{"exceptions": {"1" * 5000}}}', "it must have a list named exceptions"),
    "too deep": ('{"exceptions": ' + "[" * 100_000, "it is not valid YAML"),
    "deep": ('{"exceptions": ' + "[" * 900 + "]" * 900 + "}", "it is nested too deeply"),
    "too deep in YAML": ("[" * 100_000, "it is not valid YAML"),
    "empty": ("# nothing\n", "it has no documents"),
    "two documents": ("exceptions: []\n---\nexceptions: []", "it has 2 documents"),
    "an alias": ("exceptions: &all [*all]", "line 1 has an alias"),
    "a list as a name": ("? [a]\n: b", "line 1 has a name that is not text"),
    "a section twice": ("exceptions: []\nexceptions: []", "'exceptions' is there twice"),
    "a field twice": ('{"exceptions": [{"user": "a", "user": "b"}]}', "'user' is there twice"),
    "another list": ("exception: []", "it must have a list named exceptions, of up to"),
    "more": (
        "exceptions: []\nmore: 1",
        "a list named exceptions, of up to 20,000, and nothing else",
    ),
    "no list": ("exceptions: {a: b}", "a list named exceptions"),
    "no mapping": ("exceptions: [a]", "entry 1"),
    "too many": (text_of(*[VALID] * (MOST_ENTRIES + 1)), "a list named exceptions, of up to"),
    "too long": (b"#" * (MOST_BYTES + 1), "it has more than 16 MiB"),
    "an unknown field": (text_of(untill="x"), "entry 1: 'untill' is not one of account,"),
    "no end": (text_of(until=""), "entry 1: until is missing"),
    "no reason": (text_of(reason=""), "entry 1: reason is missing"),
    "no approver": (text_of(approver=""), "entry 1: approver is missing"),
    "a mark": (text_of(owner="<who?>"), "owner must be a line of text without < and >"),
    "two lines": (text_of(reason="a\nb"), "reason must be a line of text"),
    "blanks": (text_of(reason="  "), "reason must be a line of text"),
    "a control character": (text_of(reason="\x9b31m"), "reason must be a line of text"),
    "half a character": ('{"exceptions": [{"reason": "\\ud800"}]}', "it is not valid YAML"),
    "no subject": (text_of(user=""), "it must have a user or an access_key_id, and not both"),
    "two subjects": (text_of(access_key_id=KEYS[0]), "and not both"),
    "a path": (text_of(user="ci/alice"), "user must be the name of an IAM user, without its path"),
    "a pattern": (text_of(user="ali*"), "user must be the name of an IAM user"),
    "an ARN": (text_of(user=f"arn:aws:iam::{ACCOUNT}:user/alice"), "user must be the name"),
    "a line end": (text_of(user="alice\n"), "user must be the name of an IAM user"),
    "a number": (text_of(account=12345678901), "account must be 12 digits in quotation marks"),
    "a name": (text_of(account="production"), "account must be 12 digits in quotation marks"),
    "no check": (text_of(checks=[1]), "checks must be a list of checks of this plug-in, or *"),
    "one check": (text_of(checks="*"), "checks must be a list of checks of this plug-in, or *"),
    "a check of Prowler's": (
        text_of(checks=["iam_user_accesskey_unused"]),
        "entry 1: no check of this plug-in is called iam_user_accesskey_unused",
    ),
    "no date": (text_of(until="2026-02-29"), "until must be a date, such as 2027-01-31, or a time"),
    "no zone": (text_of(until="2026-12-31T10:00"), "until must be a date, such as 2027-01-31"),
    "seconds": (text_of(until="1800000000"), "until must be a date, such as 2027-01-31"),
    "long ago": (text_of(until="1999-01-01"), "until must be a date"),
    "ends first": (text_of(**{"from": "2027-01-01"}), "it ends before it begins"),
    "twice": (text_of(VALID, VALID), "entries 1 and 2 (user alice) cover the same"),
    "contradiction": (
        text_of(VALID, {**VALID, "until": "2026-12-30"}),
        "entries 1 and 2 (user alice) cover the same",
    ),
    "for all accounts too": (
        text_of({**VALID, "account": "*", "checks": ["*"]}, VALID),
        "entries 1 and 2 (user alice) cover the same",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_of_a_broken_file_nothing_is_used(case: str, tmp_path: Path) -> None:
    content, why = BROKEN[case]
    path = tmp_path / "exceptions.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    register = load(str(path))
    assert not register.entries
    assert why in register.problem
    assert len(register.problem) < 2000
    assert main_code("--check-exceptions", str(path)) == 1


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, why in (
        (tmp_path / "none", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (Path("/dev/null"), "it is not a regular file"),
    ):
        problem = load(str(path)).problem
        assert problem == (
            f"The exceptions in {path} cannot be used, and no finding is muted for them: {why}."
        )


def test_an_exception_can_be_renewed() -> None:
    later = {**VALID, "from": "2027-01-01", "until": "2027-06-30", "ticket": "SEC-2"}
    ended, renewed = parse(text_of(VALID, later).encode())
    register = Register("x", (ended, renewed))
    now = datetime(2027, 1, 1, tzinfo=timezone.utc)
    assert "SEC-2" in sentence(register, now)
    assert "SEC-2" not in sentence(register, now - timedelta(seconds=1))


def test_the_checks_of_hygiene_are_named_once_more_by_hand() -> None:
    hygiene = {check for check in FAMILY if getattr(type(check_named(check)), "is_hygiene", False)}
    assert HYGIENE == OF_HYGIENE == hygiene


# What is shipped, and the commands


def test_the_schema_is_the_models() -> None:
    """``python -m tests.test_exceptions`` writes it anew."""
    assert SCHEMA.read_text() == schema()


def schema() -> str:
    return json.dumps(ExceptionFile.model_json_schema(), indent=2) + "\n"


def test_the_example_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    path = EXAMPLES / "exceptions.yaml"
    register = load(str(path))
    assert len(register.entries) == 3
    plain = yaml.load(path.read_text(), yaml.BaseLoader)  # noqa: S506 - text only
    jsonschema.validate(plain, json.loads(SCHEMA.read_text()))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(text_of(user="")), json.loads(SCHEMA.read_text()))


def main_code(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


def test_a_file_is_judged_without_aws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "exceptions.json"
    today = datetime.now(timezone.utc)
    member = {**VALID, "until": f"{today + timedelta(days=3):%Y-%m-%d}"}
    path.write_text(text_of(member))
    assert main_code("--check-exceptions", str(path)) == 0
    assert capsys.readouterr().out == "Exceptions: 1 in force. Ending within 14 days: 1.\n"
    ended = {**VALID, "user": "bob", "until": "2020-01-01"}
    path.write_text(text_of(member, ended, {**ended, "user": "eve", "until": "2999-01-01"}))
    assert main_code("--check-exceptions", str(path)) == 3
    assert capsys.readouterr().out == (
        "entry 2 (user bob): the exception of security@example.com (owner team) ended on "
        "2020-01-01\n"
        "entry 3 (user eve): the exception of security@example.com (owner team) does not apply: "
        "it lasts more than 365 days, until 2999-01-01\n"
        "Exceptions: 1 in force, 1 ended, 1 too long. Ending within 14 days: 1.\n"
    )


NAMES = st.text("abcXYZ019+=,.@_-", min_size=1, max_size=12)
RESOURCES = (
    NAMES.map(re.escape)
    | NAMES.map(lambda name: f"^{re.escape(name)}$")
    | st.sampled_from(["*", "^break-glass-[0-9]+$", "a|b", "", "<x>"])
)
MUTED = st.fixed_dictionaries(
    {"Regions": st.just(["*"]), "Resources": st.lists(RESOURCES, max_size=3)},
    optional={
        "Tags": st.lists(st.sampled_from(["team=ops", "x=<y>"]), max_size=2),
        "Description": st.sampled_from(["for the vendor", "", "a\n<b>"]),
    },
)
MUTELISTS = st.dictionaries(
    st.sampled_from(["*", ACCOUNT]),
    st.dictionaries(
        st.sampled_from(["*", UNROTATED, "iam_user_.*keys", "ec2_instance_public_ip"]),
        MUTED,
        max_size=3,
    ).map(lambda checks: {"Checks": checks}),
    min_size=1,
)


@settings(max_examples=50)
@given(MUTELISTS)
def test_a_draft_from_a_mutelist_cannot_be_used_and_covers_no_more(
    tmp_path_factory: pytest.TempPathFactory, accounts: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("mutelist")
    path, draft = folder / "mutelist.yaml", folder / "exceptions.yaml"
    path.write_text(yaml.safe_dump({"Mutelist": {"Accounts": accounts}}))
    with pytest.MonkeyPatch.context() as patch:
        printed: list[str] = []
        patch.setattr(
            "prowler_access_keys.ranking.exception_files.say", lambda text, _: printed.append(text)
        )
        assert main_code("--exceptions-from-mutelist", str(path)) == 0
    draft.write_text(printed[0])
    plain = yaml.safe_load(printed[0])["exceptions"]
    assert bool(load(str(draft)).problem) == bool(plain)
    muting = AWSMutelist(mutelist_path=str(path))
    for entry in plain:
        filled = {**entry, "owner": "a", "approver": "b", "until": "2026-12-31"}
        filled["reason"] = entry["reason"].replace("<", "").replace(">", "")
        is_marked = entry["user"].startswith("<")
        read = ExceptionFile.model_validate(
            {"exceptions": [{**filled, "user": "x"} if is_marked else filled]}
        ).exceptions[0]
        for check in () if is_marked else read.covered_checks:
            assert muting.is_muted(ACCOUNT, check, "us-east-1", read.user, "")


def test_a_mutelist_that_prowler_cannot_use_gives_no_draft(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mutelist.yaml"
    path.write_text("Mutelist: {Accounts: [1]}")
    assert main_code("--exceptions-from-mutelist", str(path)) == 1
    assert "Prowler cannot use the mutelist" in capsys.readouterr().err


if __name__ == "__main__":
    SCHEMA.write_text(schema())
