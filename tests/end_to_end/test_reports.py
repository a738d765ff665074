"""What a person, a program, and an auditor read in the reports, in every format.

They are those of one run with the compliance framework, and so of all checks of the family, on
users that pass, that fail, that are muted, that could not be read, and that have every character in
their name that IAM allows.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from html import unescape
from importlib.metadata import version
from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator
from prowler.config.config import available_output_formats
from prowler.providers.common.arguments import validate_sarif_usage
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.ranking.outputs.oscal import write_oscal
from prowler_access_keys.services.iam.iam_access_keys.findings.compliance_column import (
    compliance_of,
    requirements_of,
)
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings
from scripts.compliance_framework import UNIVERSAL

from .. import loaded
from ..exceptions import excepting
from ..mutelists import muting
from ..pages import command
from ..scanning import ACCOUNT, ACCOUNT_NAME, CHECK, FAMILY, ROOT, SOURCE_LINKS
from .environments import Run

FORMATS = ("csv", "html", "json-ocsf", "json-asff")
FRAMEWORK = "access_key_hygiene_1.0_aws"
LABEL = "Access-Key-Hygiene-1.0"
REQUIREMENTS = json.loads(UNIVERSAL.read_text("utf-8"))["requirements"]
ACTIVE_KEYS = {
    "passing": 1, "failing": 2, "muted": 2, "unreadable": 2,
    "accepted": 2,
    "=alice": 0, "+bob": 1, "@carol": 2, "dmitri,ivanov": 0, "e.f": 1, "-grace": 2, "_hugo": 0,
    "i=j+k@l,m.n-o_p": 1,
}  # fmt: skip
"""How many of each user's two access keys are active."""
Told = dict[str, tuple[str, bool]]
TRUTH: Told = {
    ROOT: ("PASS", False),
    **{name: ("FAIL" if keys == 2 else "PASS", False) for name, keys in ACTIVE_KEYS.items()},
    "muted": ("FAIL", True),
    "accepted": ("FAIL", True),
    "unreadable": ("MANUAL", False),
}
"""By resource name: the status of our check's finding, and whether it is muted."""
LONGEST = {"Id": 512, "Title": 256, "Description": 1024}
"""How many characters the AWS Security Finding Format allows. botocore does not validate that."""
MUTED_FAILURE = ("Suppressed", "FAIL")
DASHBOARD = """
import dashboard.__main__
from dashboard.pages import compliance, overview
print(*set(overview.data.ACCOUNT_UID), *compliance.results)
"""
"""Load the pages of ``prowler dashboard``, without its server."""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as embedded:
        for name, keys in ACTIVE_KEYS.items():
            user = embedded.add_user(
                name, "/ci/bots/" if "," in name else "/", {"team": "payments"}
            )
            for number in range(2):
                embedded.add_key(user, active=number < keys)
        embedded.hold_report(timedelta(hours=1))  # one made for the scan would say two
        embedded.behavior.denied_users = frozenset({"unreadable"})
        yield embedded


@pytest.fixture(scope="module")
def run(aws: EmbeddedAWS, tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory = tmp_path_factory.mktemp("run")
    (directory / "mutelist.yaml").write_text(muting("muted"))
    (directory / "exceptions.yaml").write_text(excepting("accepted"))
    (directory / "config.yaml").write_text("aws: {access_key_exceptions: exceptions.yaml}")
    return loaded.run(
        command("prowler aws --compliance access_key_hygiene_1.0_aws"),
        "--mutelist-file", "mutelist.yaml", "--config-file", "config.yaml",
        "--region", "us-east-1", "--output-formats", *FORMATS,
        environment=aws.environment(), directory=directory,
    )  # fmt: skip


# Each format: the rows or findings of one of our checks


def csv_rows(run: Run, check: str = CHECK) -> list[dict[str, str]]:
    return [row for row in run.csv("*.csv") if row["CHECK_ID"] == check]


def html_rows(run: Run, check: str = CHECK) -> list[list[str]]:
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in run.html().split("<tr")]
    texts = [[unescape(re.sub("<[^>]*>", "", cell)).strip() for cell in row] for row in rows]
    return [row for row in texts if row[4:5] == [check]]


def ocsf(run: Run, check: str = CHECK) -> list[DetectionFinding]:
    findings = map(DetectionFinding.model_validate, run.json("*.ocsf.json"))
    return [finding for finding in findings if finding.metadata.event_code == check]


def asff(run: Run, check: str = CHECK) -> list[dict[str, Any]]:
    findings = run.json("*.asff.json")
    return [finding for finding in findings if finding["GeneratorId"] == f"prowler-{check}"]


def framework_csv(run: Run, check: str = CHECK) -> list[dict[str, str]]:
    rows = run.csv(f"compliance/*_{FRAMEWORK}.csv")
    return [row for row in rows if row["CHECKID"] == check]


def framework_ocsf(run: Run, check: str = CHECK) -> list[ComplianceFinding]:
    findings = run.json(f"compliance/*_{FRAMEWORK}.ocsf.json")
    validated = map(ComplianceFinding.model_validate, findings)
    return [finding for finding in validated if finding.metadata.event_code == check]


# Every status in every format


def in_rows(rows: list[dict[str, str]], name: str) -> Told:
    return {row[name].removeprefix("'"): (row["STATUS"], row["MUTED"] == "True") for row in rows}


def in_findings(findings: Iterable[Any]) -> Told:
    return {
        finding.resources[0].name: (finding.status_code, finding.status == "Suppressed")
        for finding in findings
    }


def in_html(run: Run, check: str = CHECK) -> Told:
    told = {}
    for status, *_, arn in (row[:7] for row in html_rows(run, check)):
        name = {"root": ROOT, "account": ACCOUNT_NAME}.get(
            arn.rpartition(":")[2], arn.rpartition("/")[2]
        )
        told[name] = (status.removeprefix("MUTED (").removesuffix(")"), "MUTED" in status)
    return told


def test_the_csv_has_the_right_status_of_each_user(run: Run) -> None:
    assert run.returncode == 3, run.output
    assert in_rows(csv_rows(run), "RESOURCE_NAME") == TRUTH


@pytest.mark.parametrize("check", FAMILY)
def test_all_reports_have_the_same_statuses(run: Run, check: str) -> None:
    told = in_rows(csv_rows(run, check), "RESOURCE_NAME")
    assert told
    assert in_html(run, check) == told
    assert in_findings(ocsf(run, check)) == told
    assert in_rows(framework_csv(run, check), "RESOURCENAME") == told
    assert in_findings(framework_ocsf(run, check)) == told


def test_the_asff_report_has_every_status_except_manual(run: Run) -> None:
    # Security Hub knows no MANUAL, and Prowler leaves such findings out.
    told = {finding["Resources"][0]["Id"]: finding["Compliance"]["Status"] for finding in asff(run)}
    users = f"arn:aws:iam::{ACCOUNT}:user/"
    assert len(told) == len(TRUTH) - 1
    assert f"{users}unreadable" not in told
    statuses = [told[f"{users}{name}"] for name in ("passing", "failing", "muted")]
    assert statuses == ["PASSED", "FAILED", "WARNING"]


def test_these_are_all_the_formats_that_prowler_writes_for_aws() -> None:
    # Prowler refuses SARIF for AWS. Test SARIF here when it does not.
    for_aws = {name for name in available_output_formats if validate_sarif_usage("aws", [name])[0]}
    assert for_aws == set(FORMATS)


# What else a reader finds


def test_the_csv_names_severity_path_and_tags(run: Run) -> None:
    (row,) = [row for row in csv_rows(run) if row["RESOURCE_NAME"] == "dmitri,ivanov"]
    assert row["SEVERITY"] == "medium"
    assert row["RESOURCE_UID"] == f"arn:aws:iam::{ACCOUNT}:user/ci/bots/dmitri,ivanov"
    assert row["RESOURCE_TAGS"] == "team=payments"


def test_the_ocsf_says_how_many_keys_as_data(run: Run) -> None:
    resources = [finding.resources[0] for finding in ocsf(run)]
    data = {resource.name: resource.data["metadata"] for resource in resources}
    assert data["@carol"]["active_access_keys"] == len(data["@carol"]["access_keys"]) == 2
    assert data["+bob"]["active_access_keys"] == 1


@pytest.mark.parametrize("link", SOURCE_LINKS)
def test_every_report_links_to_the_source_document(run: Run, link: str) -> None:
    row, finding = csv_rows(run)[0], ocsf(run)[0]
    assert link in row["ADDITIONAL_URLS"].split(" | ")
    assert f"({link})" in row["REMEDIATION_RECOMMENDATION_TEXT"]
    assert finding.unmapped
    assert link in finding.unmapped["additional_urls"]
    assert f"({link})" in finding.remediation.desc
    rows = [row for row in run.html().split("<tr ") if f">{CHECK}<" in row.replace("<wbr />", "")]
    assert len(rows) == len(TRUTH)
    assert all(f'href="{link}"' in row for row in rows)
    for imported in asff(run):
        assert f"({link})" in imported["Remediation"]["Recommendation"]["Text"]


def test_markdown_is_shown_as_html(run: Run) -> None:
    rows = [row for row in run.html().split("<tr ") if "at most one active access key" in row]
    assert len(rows) == len(TRUTH)
    for text in ("Reduce", "Replace", "Rotate", "two active keys"):
        assert all(f"<strong>{text}</strong>" in row for row in rows)
        assert not any(f"**{text}**" in row for row in rows)


def test_a_csv_column_says_what_to_do_with_which_key(run: Run) -> None:
    advice = {
        finding.resources[0].uid: finding.resources[0].data["metadata"].get("advice", {})
        for finding in ocsf(run, CHECK)
    }
    details = {row["RESOURCE_UID"]: row["RESOURCE_DETAILS"] for row in csv_rows(run, CHECK)}
    assert any(details.values())
    for arn, text in details.items():
        words = [advice[arn]["action"]] if advice[arn] else []
        words += [f"retire {advice[arn]['retire']}"] if "retire" in advice[arn] else []
        assert text == "; ".join(words)


def test_no_secret_is_printed_or_written(run: Run, aws: EmbeddedAWS) -> None:
    secrets = [key.secret_access_key for key in aws.iam().access_keys.values()]
    assert secrets
    written = "".join(path.read_text("utf-8") for path in run.directory.rglob("*.*"))
    assert not [secret for secret in secrets if secret in run.output + written]


# The framework


@pytest.mark.parametrize("check", FAMILY)
def test_every_report_names_the_requirements_of_our_framework_and_of_the_standards(
    run: Run, check: str
) -> None:
    def expected(arn: str, status: str) -> dict[str, list[str]]:
        if check == CHECK and arn.endswith(":root"):  # the standards ask this for users
            return requirements_of(check)
        return compliance_of(check, status, Settings())

    def text(arn: str, status: str) -> str:
        column = expected(arn, status)
        return " | ".join(f"{label}: {', '.join(ids)}" for label, ids in column.items())

    statuses = {row["RESOURCE_UID"]: row["STATUS"] for row in csv_rows(run, check)}
    for row in csv_rows(run, check):
        assert row["COMPLIANCE"] == text(row["RESOURCE_UID"], row["STATUS"])
        assert row["NOTES"].endswith(f"by prowler-access-keys {version('prowler-access-keys')}.")
    for cells in html_rows(run, check):
        column = text(cells[6], *re.findall("PASS|FAIL|MANUAL", cells[0])).split(" | ")
        assert cells[-1].replace("\n", "").split("•")[1:] == column
    for detected in ocsf(run, check):
        status = str(detected.status_code)
        assert (detected.unmapped or {})["compliance"] == expected(
            detected.resources[0].uid, status
        )
    for finding in asff(run, check):
        arn = finding["Resources"][0]["Id"]
        labels = expected(arn, statuses[arn])
        assert finding["Compliance"] == {
            "Status": finding["Compliance"]["Status"],
            "AssociatedStandards": [{"StandardsId": label} for label in labels],
            "RelatedRequirements": [" ".join((label, *ids)) for label, ids in labels.items()],
        }
    for measured in framework_ocsf(run, check):
        assert measured.compliance.standards == [LABEL]


def test_the_frameworks_reports_have_every_requirement(run: Run) -> None:
    every = {requirement["id"] for requirement in REQUIREMENTS}
    assert {row["REQUIREMENTS_ID"] for row in run.csv(f"compliance/*_{FRAMEWORK}.csv")} == every
    findings = run.json(f"compliance/*_{FRAMEWORK}.ocsf.json")
    assert {finding["finding_info"]["title"] for finding in findings} == every


def test_the_frameworks_reports_explain_manual_requirements(run: Run) -> None:
    rows = framework_csv(run, "manual")
    assert {(row["REQUIREMENTS_ID"], row["STATUS"]) for row in rows} == {
        (requirement["id"], "MANUAL") for requirement in REQUIREMENTS if not requirement["checks"]
    }
    assert all("By hand:" in row["REQUIREMENTS_ATTRIBUTES_EVIDENCE"] for row in rows)
    titles = [finding.finding_info.title for finding in framework_ocsf(run, "manual")]
    assert titles == [row["REQUIREMENTS_ID"] for row in rows]


def test_the_run_prints_the_frameworks_table(run: Run) -> None:
    assert f"{FRAMEWORK.upper()}\x1b[0m Results:" in run.output
    assert re.search(r"1\. Reduce the number of access keys +│ \x1b\[31mFAIL\(\d+\)", run.output)


def test_prowlers_dashboard_shows_the_account_and_the_framework(run: Run) -> None:
    load = [sys.executable, "-c", DASHBOARD]
    shown = subprocess.check_output(load, cwd=run.directory.parent, text=True)
    assert shown.splitlines()[-1] == f"{ACCOUNT} ACCESS_KEY_HYGIENE_1.0 - AWS"


def test_the_result_in_oscal_has_every_finding_and_what_is_muted_is_an_accepted_risk(
    run: Run,
) -> None:
    target = run.directory / "results.json"
    write_oscal([run.directory], target)
    (result,) = json.loads(target.read_text("ascii"))["assessment-results"]["results"]
    findings = [
        finding
        for finding in run.json(f"compliance/*_{FRAMEWORK}.ocsf.json")
        if "resources" in finding
    ]
    assert len(result["observations"]) == len(findings)
    accepted = [
        finding
        for finding in findings
        if (finding["status"], finding["status_code"]) == MUTED_FAILURE
    ]
    assert accepted
    assert len(result["risks"]) == len(accepted)
    states = {
        finding["title"].split()[0]: finding["target"]["status"]["state"]
        for finding in result["findings"]
    }
    assert states.keys() == {requirement["id"] for requirement in REQUIREMENTS}
    assert (states["1.1"], states["1.4"], states["4.4"]) == (
        "not-satisfied", "satisfied", "not-satisfied",
    )  # fmt: skip


# Security Hub


@pytest.mark.parametrize("check", FAMILY)
def test_security_hub_takes_the_asff(run: Run, check: str) -> None:
    model = Session().get_service_model("securityhub").operation_model("BatchImportFindings")
    report = ParamValidator().validate({"Findings": asff(run, check)}, model.input_shape)
    assert not report.has_errors(), report.generate_report()
    for finding in asff(run, check):
        assert {name: size for name, size in LONGEST.items() if len(finding[name]) > size} == {}
        assert len(finding["Remediation"]["Recommendation"]["Text"]) <= 512
