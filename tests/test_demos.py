"""What ``make demo`` and ``make demo-org`` run, forked. ``make dist`` starts both for real."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from demo import __main__ as demo
from demo import organization
from demo.organization import ACCOUNTS
from demo.population import BOTS, BREAK_GLASS, PEOPLE
from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.ranking.cli import main as rank
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail import lookups
from scripts import example

from . import loaded
from .pages import README, REPOSITORY, command
from .scanning import FAMILY

EXCEPTIONS = "iam_users_access_key_exceptions"
SIGNS = 2
"""Users that are there as signs of an intruder: one for each check of that."""
USERS = len(PEOPLE) + len(BOTS) + len(BREAK_GLASS) + SIGNS


def at_no_rate() -> None:
    """Half of the demo's time is waiting for AWS's rate."""
    lookups.SECONDS_A_CALL = 0.0


def told_by(
    module: ModuleType,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """What a demo prints that writes into a folder."""

    def run(aws: EmbeddedAWS, program: str, *arguments: str) -> int:
        if program == "prowler-access-keys":
            return rank(arguments)
        aws.cloudtrail.lookups_a_second = None
        running = loaded.start(
            (program, *arguments),
            environment=aws.environment(), directory=folder, log=folder / "log",
            prepare=at_no_rate,
        )  # fmt: skip
        output, _ = running.communicate()
        print(output)
        return running.returncode

    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr("sys.argv", ["demo", "--output-directory", str(folder / "output")])
    assert module.main() == 0, capsys.readouterr().out
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "module"), [("make demo", "demo"), ("make demo-org", organization.__name__)]
)
def test_the_command_of_the_readme_runs_the_demo(make: str, module: str) -> None:
    tried = [*command(make), "--dry-run", "--old-file", ".venv/installed"]
    runs = subprocess.check_output(tried, cwd=REPOSITORY, text=True)
    assert f".venv/bin/python -m {module}\n" in runs


def test_the_demo_scans_users_and_says_who_failed_and_where_the_reports_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = told_by(demo, tmp_path, monkeypatch, capsys)
    assert f"an embedded AWS with {USERS} IAM users" in " ".join(README.read_text().split())
    assert f"An embedded AWS with {USERS} IAM users runs" in told
    findings = 9 * USERS + 3 + SIGNS
    assert f"77 of {findings} findings of 13 checks are failures:" in told
    for check in {*FAMILY} - {EXCEPTIONS}:  # the demo has no exceptions
        assert f": {check}, " in told
    assert "User backup-nightly has 2 active access keys" in told
    assert "; the first 10:" in told
    for suffix in (".csv", ".html", ".ocsf.json"):
        (report,) = tmp_path.glob(f"output/*{suffix}")
        assert str(report) in told
    if example.EXAMPLE.exists():
        (report,) = tmp_path.glob("output/*.csv")
        shown = example.sentences(example.EXAMPLE / f"{example.REPORT}.csv")
        assert shown == example.sentences(report), "Run python -m scripts.example."


def test_the_example_has_reports_and_a_page_whose_links_lead_there(tmp_path: Path) -> None:
    names = ("report.csv", "report.html", "access-keys-20261126.csv", "notes.txt")
    for name in names:
        (tmp_path / name).write_text("", "utf-8")
    page = tmp_path / "access-keys-20261126.html"
    page.write_text('<a href="access-keys-20261126.csv"> <a href="report.html">', "utf-8")
    example.collect(tmp_path, tmp_path / "example")
    written = {path.name for path in (tmp_path / "example").iterdir()}
    assert written == {"report.csv", "report.html", "which-key-first.csv", "which-key-first.html"}
    links = re.findall('href="(.+?)"', (tmp_path / "example/which-key-first.html").read_text())
    assert {*links} <= written


def test_the_demo_of_an_organization_scans_twice_and_ends_with_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = told_by(organization, tmp_path, monkeypatch, capsys)
    accounts = sum(map(len, ACCOUNTS.values()))
    assert accounts == 12, "the README says a dozen"
    assert f"{accounts - 2} of {accounts - 1} accounts scanned" in told  # one is excluded
    assert f"{accounts - 1} accounts of o-" in told
    assert "; the first 3:" in told
    assert told.rstrip().endswith(f"\n\n{sorted(tmp_path.glob('output/prowler-org-o-*.html'))[-1]}")
    *_, page = sorted(tmp_path.glob("output/prowler-org-o-*.html"))
    text = " ".join(re.sub("<[^>]+>", " ", page.read_text()).split())
    assert "3 new, 2 fixed, " in text
    for reason in ("the management account", "could not assume the role", "SUSPENDED", "excluded"):
        assert reason in text
    assert "quarantined" in text
