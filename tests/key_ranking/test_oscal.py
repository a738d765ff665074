"""The framework's result in OSCAL, from drawn reports, and as compliance-trestle reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prowler_access_keys.ranking.cli import main
from prowler_access_keys.ranking.outputs.oscal import FRAMEWORK, _markdown, write_oscal
from scripts.compliance_framework import OSCAL
from scripts.oscal_framework import CATALOG, COMPONENT_DEFINITION

from .reports import ACCOUNT, TODAY, finding, write

REQUIREMENTS = json.loads(FRAMEWORK.read_text("ascii"))["requirements"]
MEASURED = [requirement for requirement in REQUIREMENTS if requirement["checks"]]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Drawn = list[tuple[Mapping[str, Any], str, bool, str, int]]
"""Of each finding: its requirement, its status, whether it is muted, its user, and its check."""


def check_of(requirement: Mapping[str, Any], which: int) -> str:
    checks: list[str] = requirement["checks"]["aws"]
    return checks[which % len(checks)]


def event(
    requirement: Mapping[str, Any], status: str, muted: bool, user: str, which: int = 0, **more: Any
) -> dict[str, Any]:
    """A finding in Prowler's OCSF report of the framework, by one of the requirement's checks."""
    check = check_of(requirement, which)
    about = finding(check, user, status, muted=muted)
    cloud = about.pop("cloud")
    return {
        **about,
        "class_uid": 2003,
        "message": f"A sentence about {user}, muted: {muted}.",
        "compliance": {
            "standards": ["Access-Key-Hygiene-1.0"],
            "requirements": [requirement["id"]],
            "checks": [{"uid": check}],
        },
        "unmapped": {"cloud": cloud},
        **more,
    }


def report(folder: Path, *events: Mapping[str, Any], account: str = ACCOUNT) -> Path:
    name = f"prowler-output-{account}-20261125000000_access_key_hygiene_1.0_aws.ocsf.json"
    return write(folder / "compliance" / name, events)


def document(target: Path) -> Any:
    return json.loads(target.read_text("ascii"))["assessment-results"]


def by_trestle(path: Path, model: str, module: str) -> Any:
    """A document as compliance-trestle reads it: by models that are made from NIST's schema."""
    oscal = pytest.importorskip(f"trestle.oscal.{module}", reason="it needs Python 3.11")
    return getattr(oscal, model).oscal_read(path)


@st.composite
def drawn_findings(draw: st.DrawFn) -> Drawn:
    users = st.sampled_from(["alice", "_bob_", "<account>", "=1+1", "e\n\u2028f", "\ud83d"])
    statuses = st.sampled_from(["PASS", "FAIL", "MANUAL"])
    requirements = st.sampled_from(MEASURED)
    if draw(st.booleans()):
        requirements, statuses = st.sampled_from(MEASURED[-2:]), st.just("PASS")
    parts = st.tuples(requirements, statuses, st.booleans(), users, st.integers(0, 1))

    def finding_of(each: Any) -> str:
        return repr((*each[:4], check_of(each[0], each[4])))

    return draw(st.lists(parts, min_size=1, max_size=25, unique_by=finding_of))


@given(drawn_findings())
def test_what_a_requirement_is_and_why(drawn: Drawn) -> None:
    with TemporaryDirectory() as folder:
        target = Path(folder, "results.json")
        write_oscal([report(Path(folder), *(event(*each) for each in drawn))], target)
        (result,) = document(target)["results"]
        by_trestle(target, "AssessmentResults", "assessment_results")
    assert len(result["observations"]) == len(drawn)
    observations = {each["uuid"]: each for each in result["observations"]}
    risks = {each["uuid"]: each for each in result.get("risks", ())}
    assert len(risks) == sum(status == "FAIL" and muted for _, status, muted, _, _ in drawn)
    for requirement, found in zip(REQUIREMENTS, result["findings"], strict=True):
        about = [each for each in drawn if each[0] is requirement]
        verdicts = [("ACCEPTED" if each[1:3] == ("FAIL", True) else each[1]) for each in about]
        status = found["target"]["status"]
        assert found["target"]["target-id"] == f"akh-{requirement['id']}_obj"
        related = [each["observation-uuid"] for each in found.get("related-observations", ())]
        assert sorted(observations[key]["props"][1]["value"] for key in related) == sorted(verdicts)
        accepted = [each["risk-uuid"] for each in found.get("related-risks", ())]
        assert len(accepted) == verdicts.count("ACCEPTED")
        assert all(risks[key]["status"] == "deviation-approved" for key in accepted)
        checks = requirement["checks"].get("aws", [])
        unseen = {*checks}.difference(check_of(requirement, each[4]) for each in about)
        by_hand = requirement["attributes"]["AssessmentStatus"] != "Automated"
        passes = {*verdicts} == {"PASS"} and not unseen and not by_hand
        fails = {*verdicts} & {"FAIL", "ACCEPTED"}
        assert status["state"] == ("satisfied" if passes else "not-satisfied")
        assert status["reason"] == ("pass" if passes else "fail" if fails else "other")
        for words, verdict in (
            ("fail.", "FAIL"), ("could not be judged", "MANUAL"),
            ("fail and are muted", "ACCEPTED"), ("pass.", "PASS"),
        ):  # fmt: skip
            said = f"{verdicts.count(verdict)} of {len(about)} findings {words}"
            assert (said in status["remarks"]) == (verdict in verdicts)
        assert ("A person has to verify" in status["remarks"]) == by_hand
        for check in checks:
            assert (f"no finding of {check}" in status["remarks"]) == (check in unseen)
        assert requirement["attributes"]["Evidence"] in status["remarks"]


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"])))
def test_a_markdown_reader_shows_a_name_as_it_is(name: str) -> None:
    markdown = pytest.importorskip("cmarkgfm", reason="it comes with compliance-trestle")
    shown = markdown.github_flavored_markdown_to_html(_markdown(f"User {name} has"))
    # GitHub's Markdown makes a link of whatever may be an e-mail address, escaped or not.
    shown = re.sub(r'<a href="mailto:[^"]*">(.*?)</a>', r"\1", shown)
    assert unescape(shown.removeprefix("<p>").removesuffix("</p>\n")) == f"User {name} has"


def test_the_same_reports_give_the_same_document_and_a_report_given_twice_counts_once(
    tmp_path: Path,
) -> None:
    events = [event(requirement, "FAIL", True, "alice") for requirement in MEASURED]
    first = report(tmp_path, *events)
    other = report(
        tmp_path / "other",
        event(MEASURED[0], "PASS", False, "bob", time=TODAY + 60),
        account="2" * 12,
    )
    for target, paths in (("1", [tmp_path]), ("2", [other, first, tmp_path])):
        write_oscal(paths, tmp_path / target)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    results = document(tmp_path / "1")
    assert len(results["results"]) == 2
    assert results["metadata"]["last-modified"] == results["results"][1]["start"]
    named = re.findall(r'"uuid": "(.+)"', (tmp_path / "1").read_text())
    assert len(named) == len(set(named))
    assert all(UUID.fullmatch(each) for each in named)


@pytest.mark.parametrize("by_exception", [False, True])
def test_a_risk_says_whether_an_exception_accepts_it(by_exception: bool, tmp_path: Path) -> None:
    muted = event(MEASURED[0], "FAIL", True, "alice")
    muted["resources"][0]["data"]["metadata"]["accepted"] = by_exception
    write_oscal([report(tmp_path, muted)], tmp_path / "results.json")
    (risk,) = document(tmp_path / "results.json")["results"][0]["risks"]
    assert risk["statement"].startswith("An exception" if by_exception else "A mutelist")


def test_the_program_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(tmp_path, event(MEASURED[0], "PASS", False, "alice"))
    assert main([str(tmp_path), "--oscal", str(tmp_path / "results.json")]) == 0
    assert capsys.readouterr().out == f"Written:\n  {tmp_path / 'results.json'}\n"
    assert document(tmp_path / "results.json")["results"][0]["title"].endswith(ACCOUNT)


WHOLE = event(MEASURED[0], "PASS", False, "alice")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ([finding("multiple", "alice")], "There is no finding of the framework"),
        ([{**WHOLE, "compliance": {"standards": ["CIS-6.0"]}}], "There is no finding of the"),
        ([WHOLE, {**WHOLE, "status_code": "PERFECT"}], "not one of Prowler's in OCSF (ValueError)"),
        ([WHOLE, {**WHOLE, "time": "today"}], "not one of Prowler's in OCSF (TypeError)"),
        ([WHOLE, {**WHOLE, "time": 10**12}], "not one of Prowler's in OCSF (ValueError)"),
        ([WHOLE, {**WHOLE, "resources": []}], "not one of Prowler's in OCSF (IndexError)"),
        ([WHOLE, {**WHOLE, "message": None}], "not one of Prowler's in OCSF (AttributeError)"),
        ([WHOLE, {}], "not one of Prowler's in OCSF (KeyError)"),
        ([], "There is no finding of the framework"),
        (None, "it ends in the middle of a finding"),
    ],
)
def test_a_report_that_cannot_be_used_is_an_error_and_nothing_is_written(
    content: list[Any] | None, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = report(tmp_path, *([WHOLE] if content is None else content))
    if content is None:
        path.write_text(path.read_text()[:-9])
    target = tmp_path / "results.json"
    assert main([str(path), "--oscal", str(target)]) == 1
    out, err = capsys.readouterr()
    assert why in err
    assert err.endswith("Nothing was written.\n")
    assert (out, target.exists()) == ("", False)


def test_a_folder_that_cannot_be_read_and_a_link_are_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path, target = report(tmp_path / "first", WHOLE), tmp_path / "results.json"
    link = tmp_path / "second" / path.name
    link.parent.mkdir()
    for linked in (path, path.parent):
        link.symlink_to(linked)
        assert main([str(tmp_path), "--oscal", str(target)]) == 1
        assert f"{link}: it is a link, which is not followed. Nothing" in capsys.readouterr().err
        link.unlink()

    def denied(folder: str) -> None:  # whoever runs the tests as root may read every folder
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr("os.scandir", denied)
    assert main([str(tmp_path), "--oscal", str(target)]) == 1
    assert f"{tmp_path}: it cannot be read: Permission denied. Not" in capsys.readouterr().err
    assert not target.exists()


def test_the_catalog_and_the_component_definition_have_every_requirement() -> None:
    catalog = by_trestle(OSCAL / CATALOG, "Catalog", "catalog")
    controls = [control.id for group in catalog.groups for control in group.controls]
    assert controls == [f"akh-{requirement['id']}" for requirement in REQUIREMENTS]
    definition = by_trestle(OSCAL / COMPONENT_DEFINITION, "ComponentDefinition", "component")
    ((implementation,),) = (each.control_implementations for each in definition.components)
    assert implementation.source == CATALOG
    assert {
        each.control_id: [prop.value for prop in each.props]
        for each in implementation.implemented_requirements
    } == {f"akh-{requirement['id']}": requirement["checks"]["aws"] for requirement in MEASURED}
