"""An account's reports are the reports of ``prowler aws -R …``, also if its scan is forked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import zip_longest
from pathlib import Path

import pytest

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization
from prowler_org import cli
from prowler_org.running_prowler import preload, processes
from prowler_org.running_prowler.arguments import ParsedArguments
from scripts.compliance_framework import UNIVERSAL

from ..csv_files import csv_rows
from ..end_to_end.environments import PATIENCE
from ..mutelists import muting
from ..pages import block
from ..scanning import CHECK, environment_of
from .commands import OrgRun, start_program

OPTIONS = (
    "--compliance", UNIVERSAL.stem, "-M", "csv", "html", "json-ocsf", "json-asff",
    "--region", "us-east-1", "--mutelist-file", "mutelist.yaml",
)  # fmt: skip
WHAT_DIFFERS = (
    (re.compile(r"\d{4}-\d\d-\d\d([ T])\d\d:\d\d:\d\d(\.\d+)?"), r"DATE\1TIME"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "SCAN"),
    (re.compile(r'("\w*time": )\d{10}\b'), r"\1SECONDS"),
    (re.compile(r"(?<!\d)20\d{12}(?!\d)"), "STAMP"),
    (re.compile(r" --output-directory \S+"), ""),
)
"""Times and the scan's ID in Prowler's formats, and an argument that the HTML report shows."""
ZONE = "Asia/Kolkata"
"""A time zone that is hours away from UTC: a local time cannot pass for UTC."""
has_safe_path = sys.version_info >= (3, 11)


@dataclass(frozen=True)
class Scanned:
    """An organization of two accounts that prowler-org has scanned, in a folder."""

    aws: EmbeddedAWS
    accounts: tuple[str, str]
    folder: Path
    run: OrgRun
    environment: dict[str, str]


@pytest.fixture(scope="module")
def scanned(
    tmp_path_factory: pytest.TempPathFactory, starts_quickly: dict[str, str]
) -> Iterator[Scanned]:
    with EmbeddedAWS() as aws:
        organization = EmbeddedOrganization(aws)
        first, second = sorted([organization.add_account("=first"), organization.add_account("2")])
        organization.add_account("closed", state="SUSPENDED")
        for name in ("alice", "bob", "carol"):
            organization.add_keys(first, name, 2)
        organization.add_keys(second, "dmitri", 1)
        folder = tmp_path_factory.mktemp("organization")
        (folder / "mutelist.yaml").write_text(muting("bob"))
        if has_safe_path:
            (folder / "prowler.py").write_text("raise SystemExit('from the working directory')")
        # The first scan takes more than a second, so the second has another time.
        aws.behavior.seconds_to_assume = {first: 1.5}
        (folder / "tmp").mkdir()
        environment = aws.environment(TZ=ZONE, TMPDIR=str(folder / "tmp"), **starts_quickly)
        process = start_program(
            "--jobs", "1", "--", *OPTIONS, environment=environment, directory=folder / "output"
        )
        output, _ = process.communicate(timeout=PATIENCE)
        done = OrgRun(process.returncode, output, folder / "output")
        aws.behavior.seconds_to_assume = {}
        yield Scanned(aws, (first, second), folder, done, environment)


@pytest.fixture(scope="module")
def standalone(scanned: Scanned) -> dict[str, str]:
    """The reports of the command ``prowler aws -R …`` for the first account."""
    scanned.aws.drop_report()
    role = f"arn:aws:iam::{scanned.accounts[0]}:role/ProwlerScan"
    output = scanned.folder / "standalone"
    command = [sys.executable, "-m", "prowler", "aws", "-R", role, "--log-level", "ERROR", *OPTIONS]
    done = subprocess.run(
        [*command, "--output-directory", str(output)],
        env=scanned.environment | {"PYTHONSAFEPATH": "1"}, cwd=scanned.folder,
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stdout
    return alike(output)


def alike(folder: Path) -> dict[str, str]:
    """The reports in a folder, without what differs from scan to scan."""
    reports = {}
    for path in folder.rglob("prowler-output-*"):
        name, text = path.relative_to(folder).as_posix(), path.read_text("utf-8")
        for pattern, replacement in WHAT_DIFFERS:
            name, text = pattern.sub(replacement, name), pattern.sub(replacement, text)
        reports[name] = text
    return reports


def differences(ours: dict[str, str], theirs: dict[str, str]) -> list[str]:
    """The files, and the lines of files, that are not the same."""
    found = [f"only one has {name}" for name in sorted(ours.keys() ^ theirs.keys())]
    for name in sorted(ours.keys() & theirs.keys()):
        lines = zip_longest(ours[name].splitlines(), theirs[name].splitlines())
        found += [f"{name}: {mine!r} {other!r}" for mine, other in lines if mine != other]
    return found


def test_a_forked_scan_writes_what_prowler_writes_except_for_times_and_the_scans_id(
    scanned: Scanned, standalone: dict[str, str]
) -> None:
    forked = alike(scanned.run.directory / "accounts" / scanned.accounts[0])
    assert len(forked) == 6  # two of them about compliance
    assert differences(forked, standalone) == []


def test_a_run_leaves_no_temporary_file(scanned: Scanned) -> None:
    assert list((scanned.folder / "tmp").iterdir()) == []


@pytest.mark.skipif(not has_safe_path, reason="Python 3.10 has no PYTHONSAFEPATH")
@pytest.mark.usefixtures("standalone")
def test_nothing_is_imported_from_the_working_directory(scanned: Scanned) -> None:
    assert (scanned.folder / "prowler.py").exists()
    assert "so Prowler starts anew" not in scanned.run.output


def test_every_forked_scan_has_its_own_time_in_the_right_time_zone(scanned: Scanned) -> None:
    results = scanned.run.results
    first, second = (results[account].reports[0] for account in scanned.accounts)
    assert first.split("-")[-1] < second.split("-")[-1]
    folder = scanned.run.directory / "accounts" / scanned.accounts[0]
    asff, ocsf = (
        json.loads(next(folder.glob(f"*.{name}.json")).read_text("utf-8"))[0]
        for name in ("asff", "ocsf")
    )
    observed = datetime.strptime(asff["FirstObservedAt"], "%Y-%m-%dT%H:%M:%SZ")
    utc = observed.replace(tzinfo=timezone.utc)
    assert abs(utc.timestamp() - ocsf["time"]) < 1800


@pytest.fixture(scope="module")
def merged(scanned: Scanned) -> list[dict[str, str]]:
    """The rows of the organization's CSV."""
    return csv_rows(scanned.run.merged(".csv"), ";")


def test_the_merged_reports_have_the_findings_of_all_accounts(
    scanned: Scanned, merged: list[dict[str, str]]
) -> None:
    first, second = scanned.accounts
    ours = [row for row in merged if row["CHECK_ID"] == CHECK]
    assert sorted((row["ACCOUNT_UID"], row["RESOURCE_NAME"], row["STATUS"]) for row in ours) == [
        (first, "<root_account>", "PASS"),
        (first, "alice", "FAIL"),
        (first, "bob", "FAIL"),
        (first, "carol", "FAIL"),
        (second, "<root_account>", "PASS"),
        (second, "dmitri", "PASS"),
    ]
    ocsf = json.loads(scanned.run.merged(".ocsf.json").read_text("utf-8"))
    uids = [finding["finding_info"]["uid"] for finding in ocsf]
    assert uids == [row["FINDING_UID"] for row in merged]
    assert {row["RESOURCE_NAME"] for row in merged if row["MUTED"] == "True"} == {"bob"}
    assert sum(result.counts.total for result in scanned.run.results.values()) == len(merged)


def test_a_finding_that_fails_gives_prowlers_exit_code(scanned: Scanned) -> None:
    assert scanned.run.returncode == 3, scanned.run.output
    assert "2 of 2 accounts scanned, " in scanned.run.output
    assert ": its state is SUSPENDED\n" in scanned.run.output


def test_no_secret_is_printed_or_written(scanned: Scanned) -> None:
    secrets = [scanned.environment["AWS_SECRET_ACCESS_KEY"]]
    for account in scanned.accounts:
        keys = scanned.aws.iam(account).access_keys.values()
        secrets += [key.secret_access_key for key in keys]
    files = [path for path in scanned.run.directory.rglob("*") if path.is_file()]
    written = "".join(path.read_text("utf-8") for path in files)
    assert not [secret for secret in secrets if secret in scanned.run.output + written]


def test_a_run_leaves_the_files_that_the_page_shows(scanned: Scanned) -> None:
    shown = [line.split()[0] for line in block("accounts/<account>/").splitlines()[1:]]
    stamped = re.compile(r"prowler-org-o-[a-z0-9]+-\d{14}")
    made = [
        stamped.sub("prowler-org-<organization>-<time>", path.name)
        for path in scanned.run.directory.iterdir()
    ]
    assert sorted(made) == sorted({name.split("/")[0] for name in shown})
    for name in shown[3:6]:
        folder, _, rest = name.partition("/")
        assert list((scanned.run.directory / folder).glob(f"*{rest[rest.rindex('.') :]}")), name


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("prowler.__main__:gone", "this Prowler has no prowler.__main__:gone"),
        ("prowler.__main__:prowler", "prowler.__main__:prowler of this Prowler has other"),
    ],
)
def test_a_prowler_that_is_not_as_expected_is_not_forked(
    name: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preload, "problem", None)
    monkeypatch.setattr(preload, "EXPECTED", ((name, ("unexpected",)),))
    preload.load()
    assert str(preload.problem).startswith(problem)


def test_without_forking_prowler_starts_for_each_account_and_a_warning_is_printed(
    scanned: Scanned,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cannot_fork = ("this system cannot fork", ())
    monkeypatch.setattr(processes, "load_beforehand", lambda: cannot_fork)
    parsed = ParsedArguments(arguments=OPTIONS)  # parsing them is not the subject
    monkeypatch.setattr(cli, "check_prowler_arguments", lambda *_: parsed)
    with environment_of(scanned.aws):
        options = ("--timeout", "0.01", "--output-directory", str(tmp_path / "output"))
        assert cli.main(["--role", "ProwlerScan", *options]) == 4
    said = capsys.readouterr()
    assert "this system cannot fork, so Prowler starts anew for each account" in said.err
    assert said.out.count("The scan did not end within 0.01 seconds") == 1
