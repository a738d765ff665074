"""What CloudTrail says of a key, in the ranking: from the data of findings, on page and CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prowler_access_keys.ranking.cli import main
from prowler_access_keys.ranking.outputs import athena
from prowler_access_keys.ranking.outputs.files import write_csv
from prowler_access_keys.ranking.outputs.page import Page, render

from ..csv_files import csv_rows
from .reports import finding, key, ranked, write

ACTIONS = [{"service": "ec2", "action": "RunInstances", "events": 2}]
TERRAFORM = {"program": "Terraform", "source": "198.51.100.20", "events": 2, "actions": ACTIONS}
DENIED = {"region": "us-east-1", "call": "cloudtrail:LookupEvents", "error_code": "AccessDenied"}
KEY = key(1, 300)["access_key_id"]
ORIGIN = {"creator": "user/mallory", "date": "2026-11-20T10:00:00+00:00", "source": "198.51.100.9"}


def entry(tmp_path: Path, **facts: Any) -> Any:
    (listed,) = ranked(tmp_path, finding("unrotated", "alice", access_keys=[key(1, 300, **facts)]))
    return listed


def test_what_cloudtrail_says_of_a_key_is_in_the_words_of_the_finding(tmp_path: Path) -> None:
    usage = {
        "regions": ["eu-west-1"], "events": 3, "since": "2026-11-20T10:00:00+00:00",
        "used_by": [{**TERRAFORM, "kept_in": "environment variables", "runs_on": "AWS Lambda"}],
        "malformed_events": 1, "unreadable": [DENIED],
    }  # fmt: skip
    told = entry(tmp_path, usage=usage, origin=ORIGIN)
    assert told.usage == (
        f"In the last 3 events in eu-west-1, since 2026-11-20, {KEY} was used by Terraform from "
        "environment variables on AWS Lambda, from 198.51.100.20 (EC2). "
        f"1 event of {KEY} could not be understood. The events of {KEY} in us-east-1 could not be "
        "read: cloudtrail:LookupEvents failed with AccessDenied."
    )
    assert told.origin == f"{KEY} was created on 2026-11-20 by user mallory from 198.51.100.9."
    assert entry(tmp_path, origin={"unknown": "too-old"}).origin.startswith(f"Who created {KEY} is")
    without = entry(tmp_path)
    assert (without.usage, without.origin) == ("", "")


@pytest.mark.parametrize(
    "facts",
    [
        {"usage": {"regions": [], "events": 1, "used_by": [TERRAFORM]}},
        {"usage": {"regions": ["x"], "used_by": [{**TERRAFORM, "kept_in": 7}]}},
        {"destinations": "ecs-task-role"},
        {"usage": {"unreadable": [{"call": "x"}]}},
        {"usage": 5},
        {"origin": ["x"]},
    ],
)
def test_evidence_that_no_check_writes_makes_an_entry_that_is_not_known(
    tmp_path: Path, facts: Any
) -> None:
    assert "not in the format that these checks write" in entry(tmp_path, **facts).advice


@pytest.mark.parametrize(
    ("check", "action", "facts"),
    [
        ("quarantined", "incident", {"quarantine_policies": ["AWSCompromisedKeyQuarantineV2"]}),
        ("iam_user_decoy_access_keys_used", "decoy-used", {}),
        ("iam_user_made_for_api_key_other_credentials", "find-creator", {}),
    ],
)
def test_in_an_incident_a_program_is_only_what_it_calls_itself(
    tmp_path: Path, check: str, action: str, facts: Any
) -> None:
    usage = {"regions": ["us-east-1"], "events": 2, "used_by": [TERRAFORM]}
    keys = [key(1, 300, usage=usage)]
    used = finding(check, "alice", access_keys=keys, advice={"action": action}, **facts)
    (listed,) = ranked(tmp_path, used)
    assert 'by a program that calls itself "Terraform" from 198.51.100.20 (EC2).' in listed.usage


NAMES = ("lambda-role", "moon-role", "sign-in")


def test_where_what_uses_a_key_could_go_is_on_the_page_and_in_the_csv(tmp_path: Path) -> None:
    listed = entry(tmp_path, destinations=NAMES)
    assert listed.destinations == (
        "the function's execution role (a program on AWS Lambda uses it; confidence: high; "
        "https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html); aws login "
        "or IAM Identity Center (a person seems to use it; confidence: medium; "
        "https://docs.aws.amazon.com/signin/latest/userguide/command-line-sign-in.html)"
    )
    write_csv([listed], tmp_path / "keys.csv")
    (row,) = csv_rows(tmp_path / "keys.csv")
    assert row["destinations"] == listed.destinations
    page = Page("", "", [listed], "", {}, [], (), [])
    assert "Where it could go: <bdi>the function&#39;s execution role" in render(page)


def test_in_an_incident_nothing_is_to_be_moved(tmp_path: Path) -> None:
    policies = ["AWSCompromisedKeyQuarantineV2"]
    keys = [key(1, 300, destinations=NAMES)]
    (listed,) = ranked(
        tmp_path, finding("quarantined", "a", access_keys=keys, quarantine_policies=policies,
                          advice={"action": "incident"})
    )  # fmt: skip
    assert listed.destinations == ""


def test_what_cloudtrail_says_of_api_keys_and_of_the_root_users_keys_is_said(
    tmp_path: Path,
) -> None:
    usage = {"regions": ["us-east-1"], "events": 2, "used_by": [TERRAFORM]}
    credential = {"service_specific_credential_id": "ACCA1", "origin": ORIGIN}
    root, of_alice = ranked(
        tmp_path,
        finding("root", "<root_account>", active_access_keys=1,
                access_keys=[{"access_key_id": "AKIAROOT", "usage": usage}]),
        finding("api", "alice", service_specific_credentials=[credential], api_key_usage=usage),
    )  # fmt: skip
    assert 'AKIAROOT was used by a program that calls itself "Terraform"' in root.usage
    assert "an API key of user alice was used by Terraform" in of_alice.usage
    assert of_alice.origin == "ACCA1 was created on 2026-11-20 by user mallory from 198.51.100.9."


def test_a_query_for_athena_has_the_access_keys_and_nothing_that_a_report_smuggles_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = {**key(2, 300), "access_key_id": "AKIA' OR '1'='1"}
    credential = {"service_specific_credential_id": "ACCA1"}
    report = write(
        tmp_path / "a.ocsf.json",
        [
            finding("unrotated", "alice", access_keys=[key(1, 300), bad]),
            finding("unused", "alice", access_keys=[key(1, 300)]),
            finding("api", "alice", service_specific_credentials=[credential]),
        ],
    )
    before = sorted(tmp_path.rglob("*"))
    assert main(["--athena-query", str(report)]) == 0
    query = capsys.readouterr().out
    assert f"IN (\n    '{KEY}'\n  )" in query
    assert query.count("'AKIA") == 1
    assert "OR" not in query.split("WHERE")[1].replace("ORDER", "")
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("access-keys").exists()


def test_without_a_key_or_a_usable_report_there_is_no_query(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "b.ocsf.json").write_text("{")
    assert main(["--athena-query", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "No report names an access key." in printed.err
    assert "b.ocsf.json" in printed.err
    assert printed.out == ""


def test_keys_that_do_not_fit_into_the_query_are_not_passed_over_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(athena, "MOST_KEYS", 1)
    keys = [key(1, 300), key(2, 300)]
    report = write(tmp_path / "a.ocsf.json", [finding("unrotated", "alice", access_keys=keys)])
    assert main(["--athena-query", str(report)]) == 1
    printed = capsys.readouterr()
    assert "The query has the first 1 of 2 access keys." in printed.err
    assert printed.out.count("'AKIA") == 1


def test_what_only_one_of_a_users_findings_has_is_told(tmp_path: Path) -> None:
    bare, full = key(1, 300), key(1, 300, origin=ORIGIN)
    findings = (
        finding("unrotated", "alice", access_keys=[bare]),
        finding("unused", "alice", access_keys=[full]),
    )
    (listed,) = ranked(tmp_path, *findings)
    assert "by user mallory" in listed.origin


def test_it_does_not_change_the_place_or_the_advice(tmp_path: Path) -> None:
    none = entry(tmp_path, usage={"events": 0, "used_by": []})
    without = entry(tmp_path)
    assert (none.group, none.action, none.advice) == (without.group, without.action, without.advice)


def test_page_and_csv_have_it_and_a_program_with_a_hostile_name_does_nothing(
    tmp_path: Path,
) -> None:
    hostile = {**TERRAFORM, "program": "<script>\x1b[31m"}
    usage = {"regions": ["=us"], "events": 2, "used_by": [hostile]}
    listed = entry(tmp_path, usage=usage, origin={**ORIGIN, "creator": "=1+1"})
    page = render(
        Page(
            title="", subtitle="", entries=[listed], csv="", links={}, not_covered=(),
            columns=(), accounts=(),
        )
    )  # fmt: skip
    assert "<bdi>In the last 2 events in =us, the key was used by &lt;script&gt;?[31m from" in page
    assert "<bdi>The key was created on 2026-11-20 by =1+1 from 198.51.100.9.</bdi>" in page
    write_csv([listed], tmp_path / "keys.csv")
    (row,) = csv_rows(tmp_path / "keys.csv")
    assert row["usage"].startswith(f"In the last 2 events in =us, {KEY} was used by <script>?[31m")
    assert row["origin"].startswith(f"{KEY} was created")
