"""``prowler-access-keys`` on the reports of the real ``prowler``."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.population import ADMINISTRATORS, ADMINISTRATORS_GROUP, QUARANTINED, populate
from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.ranking.cli import main

from .. import loaded
from ..csv_files import csv_rows
from ..pages import REPOSITORY
from ..scanning import CHECK, ROOT

CHECKS = str(REPOSITORY / "metadata" / "examples" / "checks.json")
SCAN = ("prowler", "aws", "-M", "json-ocsf", "--checks-file", CHECKS)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as embedded:
        populate(embedded)
        yield embedded


@pytest.fixture(scope="module")
def output(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scan")
    return loaded.run(SCAN, environment=aws.environment(), directory=folder).directory


def rows(folder: Path, pattern: str = "access-keys-*.csv") -> list[dict[str, str]]:
    (path,) = folder.glob(pattern)
    return csv_rows(path)


def test_the_keys_of_a_real_report_are_ranked_written_and_printed(
    aws: EmbeddedAWS, output: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(output), "--output-directory", str(tmp_path / "new")]) == 3
    told, ranked = capsys.readouterr().out, rows(tmp_path / "new")
    assert [row["user"] for row in ranked][:3] == [ROOT, QUARANTINED, QUARANTINED]
    administrators = {row["user"] for row in ranked if row["administrator"] == "true"} - {ROOT}
    assert administrators <= {*ADMINISTRATORS, *ADMINISTRATORS_GROUP}
    active = {
        key.access_key_id
        for user in aws.iam().users.values()
        for key in user.access_keys
        if key.status == "Active"
    }
    can_go = [row for row in ranked if row["advice"].endswith(": deactivate it.")]
    assert can_go
    assert {row["access_key_id"] for row in can_go} <= active
    assert all(row["command"].endswith("--status Inactive") for row in can_go)
    counts = map(int, re.findall(r"\d+(?= (?:incidents|to) )", told.splitlines()[0]))
    assert sum(counts) == len(ranked)
    assert ranked[9]["access_key_id"] in told
    assert ranked[10]["access_key_id"] not in told
    for suffix in ("html", "csv", "json"):
        (path,) = (tmp_path / "new").glob(f"*.{suffix}")
        assert str(path) in told
    (page,) = (tmp_path / "new").glob("*.html")
    assert told.endswith(f"\n\n{page}\n")


def test_the_next_run_in_the_directory_reports_changes(
    aws: EmbeddedAWS, output: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "keys"
    main([str(output), "--output-directory", str(folder)])
    for path in folder.iterdir():
        path.rename(folder / path.name.replace("access-keys-2", "access-keys-1"))
    users = {user.name: user for user in aws.iam().users.values()}
    retired = users["backup-nightly"].access_keys[0]
    retired.status = "Inactive"
    time.sleep(1)  # reports give times in seconds: a scan of the same second is not a later one
    words = ("prowler", "aws", "-M", "json-ocsf", "--checks", CHECK)
    later = loaded.run(words, environment=aws.environment(), directory=tmp_path).directory
    retired.status = "Active"
    assert main([str(later), "--output-directory", str(folder)]) == 3
    changes = rows(folder, "access-keys-2*-changes.csv")
    assert {row["check"] for row in changes} == {CHECK}
    told = {row["user"]: row["change"] for row in changes}
    assert told.pop("backup-nightly") == "fixed"
    assert set(told.values()) == {"still there"}


def test_an_account_without_a_failure_has_nothing_to_do(
    output: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (report,) = output.glob("*.ocsf.json")
    passing = [
        finding for finding in json.loads(report.read_text()) if finding["status_code"] == "PASS"
    ]
    (tmp_path / "a.ocsf.json").write_text(json.dumps(passing))
    assert main([str(tmp_path), "--output-directory", str(tmp_path / "new")]) == 0
    assert "No key fails a check." in capsys.readouterr().out


def test_an_export_of_prowler_app_loses_no_failure_and_invents_no_fact(
    output: Path, tmp_path: Path
) -> None:
    """In Prowler App, the last finding of a resource replaces the data of all (prowler#11959)."""
    (report,) = output.glob("*.ocsf.json")
    findings = json.loads(report.read_text())
    for finding in findings:
        (resource,) = finding["resources"]
        assert resource["data"]["metadata"]["check"] == finding["metadata"]["event_code"]
    last = {found["resources"][0]["uid"]: found["resources"][0]["data"] for found in findings}
    for finding in findings:
        (resource,) = finding["resources"]
        resource["data"] = last[resource["uid"]]
    (tmp_path / "export.ocsf.json").write_text(json.dumps(findings))
    assert main([str(tmp_path), "--output-directory", str(tmp_path / "new")]) == 3
    exported = rows(tmp_path / "new")
    failing = {
        (found["resources"][0]["name"], found["metadata"]["event_code"])
        for found in findings
        if found["status_code"] != "PASS"
    }
    assert {(row["user"], check) for row in exported for check in row["checks"].split()} == failing
    for row in exported:
        assert "false" not in (row["administrator"], row["quarantined"])


def test_an_unusable_report_is_named_and_the_rest_is_ranked(
    output: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (report,) = output.glob("*.ocsf.json")
    shutil.copy(report, tmp_path / "whole.ocsf.json")
    (tmp_path / "torn.ocsf.json").write_text(report.read_text()[:100_000])
    new = tmp_path / "new"
    assert main([str(tmp_path), "--output-directory", str(new)]) == 1
    assert "torn.ocsf.json: it ends in the middle of a finding" in capsys.readouterr().err
    assert len(rows(new)) > 40
    (page,) = new.glob("*.html")
    assert "torn.ocsf.json" in page.read_text()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "There is no report that ends in .ocsf.json in"),
        ("[]", "There is no usable finding of these checks in this report. Nothing was written."),
    ],
)
def test_without_findings_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, says: str
) -> None:
    if content:
        (tmp_path / "a.ocsf.json").write_text(content)
    new = tmp_path / "new"
    assert main([str(tmp_path), "--output-directory", str(new)]) == 1
    assert says in capsys.readouterr().err
    assert not new.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.ocsf.json"], "none.ocsf.json: No such"),
        ([".", "--previous", "x.json"], "x.json: it cannot be read: No"),
    ],
)
def test_a_missing_file_is_named(
    arguments: list[str],
    says: str,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(output)
    assert main(arguments) == 1
    assert says in capsys.readouterr().err
    assert not (output / "access-keys").exists()
