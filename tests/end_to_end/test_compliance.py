"""What an auditor gets: the framework in a real run, and findings of every status in every format.

The one run has users that pass, that fail, that are muted and that could not be read.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator
from prowler.config.config import available_output_formats
from prowler.providers.common.arguments import validate_sarif_usage
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

from demo.mutelist import muting
from embedded_aws.aws import EmbeddedAWS

from ..organization.commands import wait_until
from ..pages import command
from ..scanning import ACCOUNT, CHECK, SOURCE_LINKS
from .environments import Environment, Run
from .test_reports import Cells

FORMATS = ("csv", "html", "json-ocsf", "json-asff")
FRAMEWORK = "access_key_hygiene_1.0_aws"
LABEL = "Access-Key-Hygiene-1.0"
CHECKS = {
    CHECK,
    "ec2_instance_profile_attached",
    "iam_check_saml_providers_sts",
    "iam_no_root_access_key",
    "iam_rotate_access_key_90_days",
    "iam_user_accesskey_unused",
    "iam_user_no_setup_initial_access_key",
    "iam_user_with_temporary_credentials",
}
MANUAL_REQUIREMENTS = {"1.5", "2.4", "3.2"}
ON_A_FREE_PORT = """
import sys
from dashboard import DASHBOARD_ARGS
DASHBOARD_ARGS["port"] = int(sys.argv.pop(1))
from prowler.__main__ import prowler
prowler()
"""
"""Prowler's dashboard has a port of its own and no option for another."""
TRUTH = {
    "<root_account>": ("PASS", False),
    "passing": ("PASS", False),
    "failing": ("FAIL", False),
    "muted": ("FAIL", True),
    "unreadable": ("MANUAL", False),
}
"""By resource name: the status of our check's finding, and whether it is muted."""


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as embedded:
        for name, number in (("passing", 1), ("failing", 2), ("muted", 2), ("unreadable", 2)):
            user = embedded.add_user(name, tags={"team": "payments"})
            for _ in range(number):
                embedded.add_key(user)
        embedded.hold_report(timedelta(hours=1))  # one made for the scan would say two
        embedded.behaviour.denied_users = frozenset({"unreadable"})
        yield embedded


@pytest.fixture(scope="module")
def run(aws: EmbeddedAWS, installed: Environment, tmp_path_factory: pytest.TempPathFactory) -> Run:
    directory = tmp_path_factory.mktemp("run")
    (directory / "mutelist.yaml").write_text(muting("muted"))
    return installed.run_command(
        command("prowler aws --compliance access_key_hygiene_1.0_aws"),
        "--mutelist-file", "mutelist.yaml", "--region", "us-east-1", "--output-formats", *FORMATS,
        environment=aws.environment(), directory=directory,
    )  # fmt: skip


@pytest.fixture(scope="module")
def asff(run: Run) -> list[dict[str, Any]]:
    """What of the ASFF report is our check's."""
    findings = json.loads(run.report(".asff.json").read_text("utf-8"))
    return [finding for finding in findings if finding["GeneratorId"] == f"prowler-{CHECK}"]


@pytest.fixture(scope="module")
def compliance_csv(run: Run) -> list[dict[str, str]]:
    """The rows of the framework's own CSV report."""
    (path,) = (run.directory / "compliance").glob(f"*_{FRAMEWORK}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


@pytest.fixture(scope="module")
def compliance_ocsf(run: Run) -> list[ComplianceFinding]:
    """The framework's own OCSF findings."""
    (path,) = (run.directory / "compliance").glob(f"*_{FRAMEWORK}.ocsf.json")
    return [ComplianceFinding.model_validate(f) for f in json.loads(path.read_text("utf-8"))]


def our_rows(run: Run) -> list[list[str]]:
    """The cells of our check's rows in the HTML report."""
    rows = [[cell.strip() for cell in row] for row in Cells(run.html()).rows if row]
    return [row for row in rows if row[4] == CHECK]


def our_findings(run: Run) -> list[DetectionFinding]:
    """Our check's findings in the OCSF report."""
    findings = [DetectionFinding.model_validate(finding) for finding in run.ocsf()]
    return [finding for finding in findings if finding.metadata.event_code == CHECK]


# The framework in the command


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--list-compliance",), f"- {FRAMEWORK}\n"),
        (
            ("--list-compliance-requirements", FRAMEWORK),
            "Each IAM user, and the root user, has at most one active access key.",
        ),
    ],
    ids=["--list-compliance", "--list-compliance-requirements"],
)
def test_prowler_lists_the_framework(
    installed: Environment, tmp_path: Path, arguments: tuple[str, ...], line: str
) -> None:
    assert line in installed.run(*arguments, environment={}, directory=tmp_path).output


def test_prowler_selects_exactly_the_frameworks_checks(
    installed: Environment, tmp_path: Path
) -> None:
    listed = installed.run(
        "--list-checks", "--compliance", FRAMEWORK, environment={}, directory=tmp_path
    )
    assert set(re.findall(r"^\[(\w+)\]", listed.output, re.MULTILINE)) == CHECKS


def test_the_run_executes_the_frameworks_checks(run: Run) -> None:
    assert f"Executing {len(CHECKS)} checks" in run.output
    assert {row["CHECK_ID"] for row in run.csv()} <= CHECKS


def test_the_run_prints_the_frameworks_table(run: Run) -> None:
    assert f"{FRAMEWORK.upper()}\x1b[0m Results:" in run.output
    assert re.search(r"1\. Reduce the number of access keys +│ \x1b\[31mFAIL\(\d+\)", run.output)


def test_a_missing_check_is_logged_and_the_run_goes_on(aws: EmbeddedAWS, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    environment.install_plugin()
    missing = "iam_user_accesskey_unused"
    shutil.rmtree(environment.packages / "prowler/providers/aws/services/iam" / missing)
    run = environment.run(
        "--compliance", FRAMEWORK, "--region", "us-east-1", "-M", "csv", "--log-level", "ERROR",
        environment=aws.environment(), directory=tmp_path / "run",
    )  # fmt: skip
    assert f"Check '{missing}' was not found" in run.output
    assert {row["STATUS"] for row in run.csv() if row["CHECK_ID"] == CHECK} == {
        "PASS",
        "FAIL",
        "MANUAL",
    }


# The framework in the reports


def test_the_csv_names_the_requirement(run: Run) -> None:
    rows = [row for row in run.csv() if row["CHECK_ID"] == CHECK]
    assert {row["COMPLIANCE"] for row in rows} == {f"{LABEL}: 1.1"}


def test_the_html_names_the_requirement(run: Run) -> None:
    compliance = [row[-1] for row in our_rows(run)]
    assert len(compliance) == len(TRUTH)
    assert {cell.lstrip("•").strip() for cell in compliance} == {f"{LABEL}: 1.1"}


def test_the_ocsf_names_the_requirement(run: Run) -> None:
    for finding in our_findings(run):
        assert finding.unmapped is not None
        assert finding.unmapped["compliance"] == {LABEL: ["1.1"]}


def test_the_asff_names_the_requirement(asff: list[dict[str, Any]]) -> None:
    for finding in asff:
        assert finding["Compliance"]["AssociatedStandards"] == [{"StandardsId": LABEL}]
        assert finding["Compliance"]["RelatedRequirements"] == [f"{LABEL} 1.1"]


def test_the_frameworks_csv_has_the_status_of_each_user(
    compliance_csv: list[dict[str, str]],
) -> None:
    rows = [row for row in compliance_csv if row["CHECKID"] == CHECK]
    assert {row["REQUIREMENTS_ID"] for row in rows} == {"1.1"}
    assert {r["RESOURCENAME"]: (r["STATUS"], r["MUTED"] == "True") for r in rows} == TRUTH


def test_the_frameworks_csv_has_source_and_cross_references(
    compliance_csv: list[dict[str, str]],
) -> None:
    row = next(row for row in compliance_csv if row["CHECKID"] == CHECK)
    assert row["REQUIREMENTS_ATTRIBUTES_SOURCE"] == "Details, paragraph 2"
    assert "CIS-5.0: 1.12" in row["REQUIREMENTS_ATTRIBUTES_CIS"].split(" | ")


def test_the_frameworks_csv_has_the_manual_requirements_and_what_to_look_at(
    compliance_csv: list[dict[str, str]],
) -> None:
    rows = [row for row in compliance_csv if row["CHECKID"] == "manual"]
    assert {row["REQUIREMENTS_ID"] for row in rows} == MANUAL_REQUIREMENTS
    assert {row["STATUS"] for row in rows} == {"MANUAL"}
    assert all(row["REQUIREMENTS_ATTRIBUTES_AUDITPROCEDURE"] for row in rows)


def test_the_frameworks_ocsf_has_the_status_of_each_user(
    compliance_ocsf: list[ComplianceFinding],
) -> None:
    ours = [finding for finding in compliance_ocsf if finding.metadata.event_code == CHECK]
    assert {
        finding.resources[0].name: (finding.status_code, finding.status == "Suppressed")
        for finding in ours
        if finding.resources
    } == TRUTH
    assert {tuple(finding.compliance.requirements or ()) for finding in ours} == {("1.1",)}
    assert {tuple(finding.compliance.standards or ()) for finding in ours} == {(LABEL,)}


def test_the_frameworks_ocsf_has_the_manual_requirements(
    compliance_ocsf: list[ComplianceFinding],
) -> None:
    manual = [finding for finding in compliance_ocsf if finding.metadata.event_code == "manual"]
    assert {finding.finding_info.title for finding in manual} == MANUAL_REQUIREMENTS


# The framework in the dashboard


@pytest.fixture(scope="module")
def dashboard(run: Run, installed: Environment) -> Iterator[str]:
    """The address of ``prowler dashboard``, started in the folder that has ``output/``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    _, *arguments = command("prowler dashboard")
    process = subprocess.Popen(
        [str(installed.python), "-c", ON_A_FREE_PORT, port, *arguments],
        cwd=run.directory.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: process.poll() is not None or answers(address), "the dashboard")
        yield address
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("page", "content"),
    [("/", ACCOUNT), ("/compliance", "ACCESS_KEY_HYGIENE_1.0 - AWS")],
    ids=["overview", "compliance"],
)
def test_prowlers_dashboard_shows_the_account_and_the_framework(
    dashboard: str, page: str, content: str
) -> None:
    assert content in shown(dashboard, page)


def answers(address: str) -> bool:
    """Whether a server is up."""
    try:
        with urllib.request.urlopen(address) as answer:  # noqa: S310
            return b"Prowler Dashboard" in answer.read()
    except OSError:
        return False


def shown(address: str, page: str) -> str:
    """What the dashboard puts on a page, as a browser asks it for: Dash's own JSON."""
    with urllib.request.urlopen(f"{address}/_dash-dependencies") as answer:  # noqa: S310
        callbacks = json.load(answer)
    routing = next(one for one in callbacks if "_pages_content" in one["output"])
    outputs = [
        dict(zip(("id", "property"), output.split("."), strict=True))
        for output in routing["output"].strip(".").split("...")
    ]
    values = {"pathname": page, "search": ""}
    inputs = [{**one, "value": values[one["property"]]} for one in routing["inputs"]]
    asked = {"output": routing["output"], "outputs": outputs, "inputs": inputs}
    request = urllib.request.Request(  # noqa: S310
        f"{address}/_dash-update-component",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return str(answer.read().decode())


# Every status in every format


def test_these_are_all_the_formats_that_prowler_writes_for_aws() -> None:
    # SARIF is refused for AWS; it is to be tested here once it is not.
    for_aws = {name for name in available_output_formats if validate_sarif_usage("aws", [name])[0]}
    assert for_aws == set(FORMATS)


def test_the_csv_has_every_status(run: Run) -> None:
    rows = [row for row in run.csv() if row["CHECK_ID"] == CHECK]
    assert {r["RESOURCE_NAME"]: (r["STATUS"], r["MUTED"] == "True") for r in rows} == TRUTH


def test_the_html_has_every_status(run: Run) -> None:
    arn = "arn:aws:iam::123456789012:"
    assert {row[6]: row[0] for row in our_rows(run)} == {
        f"{arn}root" if name == "<root_account>" else f"{arn}user/{name}": (
            f"MUTED ({status})" if muted else status
        )
        for name, (status, muted) in TRUTH.items()
    }


def test_the_ocsf_has_every_status(run: Run) -> None:
    assert {
        finding.resources[0].name: (finding.status_code, finding.status == "Suppressed")
        for finding in our_findings(run)
        if finding.resources
    } == TRUTH


def test_the_asff_has_every_status_but_manual(asff: list[dict[str, Any]]) -> None:
    # Security Hub knows no MANUAL, and Prowler leaves such findings out.
    statuses = {f["Resources"][0]["Id"].rpartition(":")[2]: f["Compliance"]["Status"] for f in asff}
    assert statuses == {
        "root": "PASSED",
        "user/passing": "PASSED",
        "user/failing": "FAILED",
        "user/muted": "WARNING",
    }


def test_security_hub_takes_the_asff(asff: list[dict[str, Any]]) -> None:
    request = batch_import_findings()
    report = ParamValidator().validate({"Findings": asff}, request)
    assert not report.has_errors(), report.generate_report()
    assert too_long({"Findings": asff}, request) == []


def test_the_sizes_that_security_hub_documents_are_found() -> None:
    # botocore's model has them in its documentation only, and does not validate them.
    long = {
        "Title": "x" * 257,
        "Description": "x" * 1025,
        "Id": "x" * 513,
        "Remediation": {"Recommendation": {"Text": "x" * 513}},
    }
    assert too_long({"Findings": [long]}, batch_import_findings()) == [
        ".Findings[0].Title: 257 > 256",
        ".Findings[0].Description: 1025 > 1024",
        ".Findings[0].Id: 513 > 512",
        ".Findings[0].Remediation.Recommendation.Text: 513 > 512",
    ]


def test_the_recommendation_is_not_cut_off_in_the_asff(asff: list[dict[str, Any]]) -> None:
    for finding in asff:
        text = finding["Remediation"]["Recommendation"]["Text"]
        assert [link for link in SOURCE_LINKS if f"({link})" in text] == list(SOURCE_LINKS)


@pytest.mark.parametrize("text", ["Reduce", "Replace", "Rotate", "two active keys"])
def test_markdown_is_shown_as_html(run: Run, text: str) -> None:
    rows = [row for row in run.html().split("<tr ") if "at most one active access key" in row]
    assert len(rows) == len(TRUTH)
    for row in rows:
        assert f"<strong>{text}</strong>" in row
        assert f"**{text}**" not in row


def batch_import_findings() -> Any:
    """What the API call that Security Hub takes ASFF with expects, by botocore's model."""
    model = Session().get_service_model("securityhub")
    return model.operation_model("BatchImportFindings").input_shape


def too_long(value: Any, shape: Any, path: str = "") -> list[str]:
    """What in ``value`` is longer than the documentation of ``shape`` allows."""
    limit = re.search(r"Maximum (?:length )?of (\d+)", shape.documentation)
    if isinstance(value, str):
        over = limit and len(value) > int(limit.group(1))
        return [f"{path}: {len(value)} > {limit.group(1)}"] if limit and over else []
    if shape.type_name == "structure":
        members = [(value[name], shape.members[name], f"{path}.{name}") for name in value]
    elif shape.type_name == "list":
        members = [(v, shape.member, f"{path}[{number}]") for number, v in enumerate(value)]
    else:
        members = []
    return [problem for member in members for problem in too_long(*member)]
