"""What a person or a program reads in the reports of a real run, after ``pip install .``."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

from embedded_aws.aws import EmbeddedAWS

from ..pages import command
from ..scanning import SOURCE_LINKS
from .accounts import fill
from .environments import Environment, Run

AUDITORS_KEY = "AKIAOFTHEAUDITORS"
PROFILE = f"[audit]\naws_access_key_id = {AUDITORS_KEY}\naws_secret_access_key = secret\n"


class Cells(HTMLParser):
    """The text of each table row's cells, and all links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
        elif tag == "a":
            self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[EmbeddedAWS, dict[str, str]]]:
    with EmbeddedAWS() as aws:
        yield aws, fill(aws)


@pytest.fixture(scope="module")
def truth(account: tuple[EmbeddedAWS, dict[str, str]]) -> dict[str, str]:
    return account[1]


@pytest.fixture(scope="module")
def run(
    account: tuple[EmbeddedAWS, dict[str, str]],
    installed: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Run:
    directory = tmp_path_factory.mktemp("run")
    (directory / "credentials").write_text(PROFILE)
    return installed.run_command(
        command("--profile audit"),
        environment=account[0].environment(AWS_SHARED_CREDENTIALS_FILE="credentials"),
        directory=directory,
    )


def test_the_run_ends_as_prowler_does_when_something_failed(run: Run) -> None:
    assert run.returncode == 3, run.output


def test_the_profiles_credentials_are_used(
    run: Run, account: tuple[EmbeddedAWS, dict[str, str]]
) -> None:
    assert account[0].callers == {AUDITORS_KEY}


def test_no_secret_is_printed_or_written(
    run: Run, account: tuple[EmbeddedAWS, dict[str, str]]
) -> None:
    secrets = [key.secret_access_key for key in account[0].iam().access_keys.values()]
    assert secrets
    written = "".join(path.read_text("utf-8") for path in run.directory.rglob("*.*"))
    assert not [secret for secret in secrets if secret in run.output + written]


def test_the_csv_has_the_right_status_of_each_user(run: Run, truth: dict[str, str]) -> None:
    # Prowler puts a quote before a value that a spreadsheet would take for a formula.
    statuses = {name.removeprefix("'"): status for name, status in run.statuses().items()}
    assert statuses == truth


def test_the_csv_names_severity_path_and_tags(run: Run) -> None:
    row = next(row for row in run.csv() if row["RESOURCE_NAME"] == "dmitri,ivanov")
    assert row["SEVERITY"] == "medium"
    assert row["RESOURCE_UID"] == "arn:aws:iam::123456789012:user/ci/bots/dmitri,ivanov"
    assert row["RESOURCE_TAGS"] == "team=t3"


@pytest.mark.parametrize("link", SOURCE_LINKS)
def test_a_link_of_the_source_document_reaches_the_reader_of_the_csv(run: Run, link: str) -> None:
    row = run.csv()[0]
    assert link in row["ADDITIONAL_URLS"].split(" | ")
    assert f"({link})" in row["REMEDIATION_RECOMMENDATION_TEXT"]


def test_the_ocsf_is_valid_and_has_the_right_status_of_each_user(
    run: Run, truth: dict[str, str]
) -> None:
    findings = [DetectionFinding.model_validate(finding) for finding in run.ocsf()]
    assert {f.resources[0].name: f.status_code for f in findings if f.resources} == truth
    assert {finding.severity for finding in findings} == {"Medium"}


def test_the_ocsf_says_how_many_keys_as_data(run: Run) -> None:
    data = {f["resources"][0]["name"]: f["resources"][0]["data"]["metadata"] for f in run.ocsf()}
    assert data["@carol"]["active_access_keys"] == 2
    assert len(data["@carol"]["access_keys"]) == 2
    assert data["+bob"]["active_access_keys"] == 1


@pytest.mark.parametrize("link", SOURCE_LINKS)
def test_a_link_of_the_source_document_reaches_the_reader_of_the_ocsf(run: Run, link: str) -> None:
    finding = run.ocsf()[0]
    assert link in finding["unmapped"]["additional_urls"]
    assert f"({link})" in finding["remediation"]["desc"]


def test_the_html_has_the_right_status_of_each_user(run: Run, truth: dict[str, str]) -> None:
    rows = [row for row in Cells(run.html()).rows if row]
    statuses = {row[6].strip().rsplit("/", 1)[-1]: row[0].strip() for row in rows}
    statuses["<root_account>"] = statuses.pop("arn:aws:iam::123456789012:root")
    assert statuses == truth


@pytest.mark.parametrize("link", SOURCE_LINKS)
def test_a_link_of_the_source_document_can_be_followed_in_the_html(run: Run, link: str) -> None:
    assert Cells(run.html()).links.count(link) == len(run.csv())
