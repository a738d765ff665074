"""An account's reports are those of ``prowler aws -R …``, whichever way the account is scanned."""

from __future__ import annotations

import csv
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

from demo.mutelist import muting
from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization
from prowler_org.outcome import Counts

from ..end_to_end.environments import Environment
from ..pages import block, command
from ..scanning import CHECK
from .commands import OrgRun, arguments_of, run

COMMAND = arguments_of(command("prowler-org --role ProwlerScan -- --compliance"))
OPTIONS = (
    *COMMAND[COMMAND.index("--") + 1 :], "json-asff",  # one more format
    "--region", "us-east-1", "--mutelist-file", "mutelist.yaml",
)  # fmt: skip
WHAT_DIFFERS = (
    (re.compile(r"\d{4}-\d\d-\d\d([ T])\d\d:\d\d:\d\d(\.\d+)?"), r"DATE\1TIME"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "SCAN"),
    (re.compile(r'("\w*time": )\d{10}\b'), r"\1SECONDS"),
    (re.compile(r"(?<!\d)20\d{12}(?!\d)"), "STAMP"),
)
"""Times and the scan's ID, in every format that Prowler writes them in."""
SOME_DASHBOARD = """
import dashboard.__main__
from dashboard.pages.overview import data
print("SHOWN", len(data), *sorted(set(data.ACCOUNT_UID)))
"""


@dataclass(frozen=True)
class Scanned:
    """An organization of two accounts, scanned by prowler-org in a folder."""

    aws: EmbeddedAWS
    accounts: tuple[str, str]
    folder: Path
    run: OrgRun
    environment: dict[str, str]

    def options(self) -> tuple[str, ...]:
        role = f"arn:aws:iam::{self.accounts[0]}:role/ProwlerScan"
        return ("-R", role, "--log-level", "ERROR", *OPTIONS)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    with EmbeddedAWS() as aws:
        organization = EmbeddedOrganization(aws)
        first, second = sorted([organization.add_account("=first"), organization.add_account("2")])
        organization.add_account("closed", state="SUSPENDED")
        for name in ("alice", "bob", "carol"):
            organization.add_keys(first, name, 2)
        organization.add_keys(second, "dmitri", 1)
        folder = tmp_path_factory.mktemp("organization")
        (folder / "mutelist.yaml").write_text(muting("bob"))
        # A zone that is hours away from UTC shows times that are taken for the other's.
        environment = aws.environment(TZ="Asia/Kolkata")
        # Scanned first, for more than a second: no second account's time can be the same.
        aws.behaviour.seconds_to_assume = {first: 1.5}
        done = run(
            "--jobs", "1", "--", *OPTIONS, environment=environment, directory=folder / "output"
        )
        aws.behaviour.seconds_to_assume = {}
        yield Scanned(aws, (first, second), folder, done, environment)


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


@pytest.fixture(scope="module")
def plain_run(scanned: Scanned, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The reports of ``prowler aws -R …`` for the first account."""
    scanned.aws.drop_report()
    folder = tmp_path_factory.mktemp("plain")
    (folder / "mutelist.yaml").write_text(muting("bob"))
    program = str(Path(sys.executable).with_name("prowler"))
    command = [program, "aws", *scanned.options()]
    done = subprocess.run(
        command, cwd=folder, env=scanned.environment, capture_output=True, check=False
    )
    assert done.returncode == 3, done.stdout
    return alike(folder / "output")


def test_a_forked_scan_writes_what_a_plain_one_writes_but_for_times_and_the_scans_id(
    scanned: Scanned, plain_run: dict[str, str]
) -> None:
    forked = alike(scanned.run.directory / "accounts" / scanned.accounts[0])
    assert len(forked) == 6  # two of them about compliance
    assert differences(forked, plain_run) == []


def test_every_scan_has_its_own_time(scanned: Scanned) -> None:
    outcomes = scanned.run.outcomes
    first, second = (outcomes[account].reports[0] for account in scanned.accounts)
    assert first.split("-")[-1] < second.split("-")[-1]


def test_a_forked_scans_times_are_right_in_any_zone(scanned: Scanned) -> None:
    folder = scanned.run.directory / "accounts" / scanned.accounts[0]
    (asff,) = folder.glob("*.asff.json")
    (ocsf,) = folder.glob("*.ocsf.json")
    observed = json.loads(asff.read_text("utf-8"))[0]["FirstObservedAt"]
    utc = datetime.strptime(observed, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert abs(utc.timestamp() - json.loads(ocsf.read_text("utf-8"))[0]["time"]) < 1800


@pytest.fixture(scope="module")
def merged(scanned: Scanned) -> list[dict[str, str]]:
    """The rows of the organization's CSV."""
    with scanned.run.merged(".csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_the_merged_csv_holds_the_findings_of_all_accounts(
    scanned: Scanned, merged: list[dict[str, str]]
) -> None:
    ours = [row for row in merged if row["CHECK_ID"] == CHECK]
    assert sorted((row["ACCOUNT_UID"], row["RESOURCE_NAME"], row["STATUS"]) for row in ours) == [
        (scanned.accounts[0], "<root_account>", "PASS"),
        (scanned.accounts[0], "alice", "FAIL"),
        (scanned.accounts[0], "bob", "FAIL"),
        (scanned.accounts[0], "carol", "FAIL"),
        (scanned.accounts[1], "<root_account>", "PASS"),
        (scanned.accounts[1], "dmitri", "PASS"),
    ]


def test_the_merged_ocsf_holds_the_same_findings(
    scanned: Scanned, merged: list[dict[str, str]]
) -> None:
    findings = json.loads(scanned.run.merged(".ocsf.json").read_text("utf-8"))
    assert [finding["finding_info"]["uid"] for finding in findings] == [
        row["FINDING_UID"] for row in merged
    ]


def test_findings_are_counted_by_account_and_a_muted_one_as_muted(
    scanned: Scanned, merged: list[dict[str, str]]
) -> None:
    for account in scanned.accounts:
        rows = [row for row in merged if row["ACCOUNT_UID"] == account]
        unmuted = [row["STATUS"] for row in rows if row["MUTED"] == "False"]
        assert scanned.run.outcomes[account].counts == Counts(
            unmuted.count("FAIL"),
            unmuted.count("PASS"),
            unmuted.count("MANUAL"),
            len(rows) - len(unmuted),
        )
    assert [row["RESOURCE_NAME"] for row in merged if row["MUTED"] == "True"] == ["bob"]


def test_the_run_ends_as_prowler_does_when_something_failed(scanned: Scanned) -> None:
    assert scanned.run.returncode == 3, scanned.run.output
    assert "2 of 2 accounts scanned, " in scanned.run.output


def test_an_account_that_is_not_active_is_named(scanned: Scanned) -> None:
    assert ": not active but SUSPENDED\n" in scanned.run.output


def test_no_secret_is_printed_or_written(scanned: Scanned) -> None:
    secrets = [scanned.environment["AWS_SECRET_ACCESS_KEY"]]
    for account in scanned.accounts:
        keys = scanned.aws.iam(account).access_keys.values()
        secrets += [key.secret_access_key for key in keys]
    files = [path for path in scanned.run.directory.rglob("*") if path.is_file()]
    written = "".join(path.read_text("utf-8") for path in files)
    assert not [secret for secret in secrets if secret in scanned.run.output + written]


def test_a_run_leaves_behind_what_the_page_shows(scanned: Scanned) -> None:
    shown = [line.split()[0] for line in block("accounts/<account>/").splitlines()[1:]]
    stamped = re.compile(r"prowler-org-o-[a-z0-9]+-\d{14}")
    made = [
        stamped.sub("prowler-org-<organization>-<time>", path.name)
        for path in scanned.run.directory.iterdir()
    ]
    assert sorted(made) == sorted(name.replace("/<account>/", "") for name in shown)


def test_prowlers_dashboard_shows_the_merged_findings_and_each_once(
    scanned: Scanned, merged: list[dict[str, str]]
) -> None:
    dashboard = subprocess.run(
        [sys.executable, "-c", SOME_DASHBOARD],
        cwd=scanned.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert " ".join(("SHOWN", str(len(merged)), *scanned.accounts)) in dashboard.stdout


def test_with_a_prowler_that_the_preload_does_not_know_each_account_gets_a_plain_run(
    scanned: Scanned, plain_run: dict[str, str], tmp_path: Path
) -> None:
    environment = Environment(tmp_path / "venv")
    environment.install_plugin()
    renamed = "update_checks_metadata_with_compliance"
    program = environment.packages / "prowler" / "__main__.py"
    text = program.read_text("utf-8")
    program.unlink()  # it is a link to the Prowler that these tests run with
    program.write_text(text.replace(renamed, "complete_checks_metadata"), "utf-8")
    defining = environment.packages / "prowler" / "lib" / "check" / "compliance.py"
    text = defining.read_text("utf-8")
    defining.unlink()
    defining.write_text(text.replace(renamed, "complete_checks_metadata"), "utf-8")

    done = run(
        "--accounts", scanned.accounts[0], "--", *OPTIONS,
        environment=scanned.environment,
        directory=scanned.folder / "fallback",
        program=environment.folder / "bin" / "prowler-org",
    )  # fmt: skip
    assert done.returncode == 3, done.output
    assert f"this Prowler has no prowler.__main__:{renamed}, so each account" in done.output
    reports = alike(done.directory / "accounts" / scanned.accounts[0])
    told = re.compile(r" --output-directory \S+")
    untold = {name: told.sub("", text) for name, text in reports.items()}
    assert differences(untold, plain_run) == []
