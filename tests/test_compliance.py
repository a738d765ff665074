"""The compliance framework: what it says, by Prowler's own models and the vetted references."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import prowler.compliance
import pytest
from prowler.config.config import default_config_file_path, load_and_validate_config_file
from prowler.lib.check.compliance_config_eval import evaluate_config_constraints
from prowler.lib.check.compliance_models import (
    load_compliance_framework,
    load_compliance_framework_universal,
)

from prowler_access_keys.services.iam.iam_access_keys.base_check import CheckRun
from prowler_access_keys.services.iam.iam_access_keys.finding_data import FindingData
from prowler_access_keys.services.iam.iam_access_keys.findings.compliance_column import (
    compliance_of,
    requirements_of,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.finding import Verdict, decoy
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings
from scripts.compliance_framework import PER_PROVIDER, UNIVERSAL, made_from, source

from .known_facts import ALICE, check_named
from .scanning import FAMILY
from .vetted_references import CIS, NOT_IN_PROWLERS_FILE, PROWLERS_FILES, VETTED

SOURCE = source()
REFERENCES = [reference for each in SOURCE["requirements"] for reference in each["references"]]
COPYRIGHTED = ("cis_*", "pci_*", "iso27001_*", "soc2_*", "csa_ccm_*")
PHRASE = 7
"""So many words in a row that are the same are copied."""


@pytest.fixture(scope="module")
def framework() -> Any:
    """The framework in the universal schema, as Prowler loads it."""
    return load_compliance_framework_universal(str(UNIVERSAL))


# The files


def test_prowler_takes_both_files(framework: Any) -> None:
    assert framework.supports_provider("aws")
    assert framework.outputs.table_config.group_by == "Section"
    assert load_compliance_framework(str(PER_PROVIDER), fatal=False).Provider == "AWS"


def test_prowler_has_one_framework_more_and_no_other_is_changed(
    per_provider: Any, universal: Any
) -> None:
    ours = {UNIVERSAL.stem}
    built_in = {path.stem for path in Path(prowler.compliance.__path__[0]).glob("aws/*.json")}
    assert per_provider.keys() == built_in | ours
    for name, other in universal.items():
        named = {check for each in other.requirements for check in each.checks.get("aws", [])}
        assert bool(named & set(FAMILY)) == (name in ours)


def test_generated_files_are_up_to_date_and_ascii() -> None:
    for path, text in made_from(SOURCE).items():
        assert path.read_text("utf-8") == text, "run python -m scripts.compliance_framework"
        assert text.isascii()  # Prowler opens it without naming an encoding


# The requirements


def test_each_check_of_the_family_and_no_other_of_iam_measures_one_requirement(
    framework: Any,
) -> None:
    """Others judge users by a credential report that may be an old one."""
    named = [check for each in framework.requirements for check in each.checks.get("aws", [])]
    assert sorted(check for check in named if check.startswith("iam_")) == sorted(FAMILY)


def test_the_installed_prowler_has_every_check_that_is_named(
    framework: Any, known_checks: frozenset[str]
) -> None:
    for requirement in framework.requirements:
        named = {*requirement.checks.get("aws", []), *requirement.attributes["Indicators"]}
        assert named <= known_checks


def test_a_requirement_without_a_check_says_what_to_do_by_hand(framework: Any) -> None:
    for requirement in framework.requirements:
        manual = requirement.attributes["AssessmentStatus"] == "Manual"
        assert manual != bool(requirement.checks)
        assert requirement.attributes["Evidence"]
        assert not manual or "By hand:" in requirement.attributes["Evidence"]


@pytest.mark.parametrize(
    ("requirement", "setting", "strict", "loose"),
    [
        ("1.2", "max_unused_access_keys_days", 45, 46),
        ("2.2", "allowed_service_specific_credentials", [], ["codecommit.amazonaws.com"]),
        ("3.1", "max_unrotated_access_keys_days", 90, 91),
        ("3.2", "max_inactive_access_keys_days", 90, 91),
    ],
)
def test_a_looser_setting_does_not_meet_the_requirement(
    framework: Any, requirement: str, setting: str, strict: object, loose: object
) -> None:
    (measured,) = [measured for measured in framework.requirements if measured.id == requirement]
    for value, valid in ((strict, True), (loose, False)):
        limits = measured.config_requirements
        assert evaluate_config_constraints(limits, {setting: value}, "aws")[0] is valid


def test_prowlers_own_configuration_meets_every_requirement(framework: Any) -> None:
    config = load_and_validate_config_file("aws", default_config_file_path)
    for requirement in framework.requirements:
        limits = requirement.config_requirements or []
        assert evaluate_config_constraints(limits, config, "aws") == (True, "")


# The references


def test_every_reference_is_vetted_and_every_vetted_number_is_used() -> None:
    used = {
        (reference["standard"], version, reference["id"])
        for reference in REFERENCES
        for version in reference.get("versions", ("",))
    }
    assert used == {
        *(("CIS", version, number) for version, ids in CIS.items() for number in ids),
        *((standard, "", number) for standard, ids in VETTED.items() for number in ids),
    }
    assert {reference["standard"] for reference in REFERENCES} == SOURCE["standards"].keys()
    assert {reference["strength"] for reference in REFERENCES} == {
        "direct",
        "supporting",
        "guidance",
    }


def test_prowlers_own_file_of_a_standard_knows_the_references(per_provider: Any) -> None:
    ids = {
        name: {requirement.Id for requirement in each.Requirements}
        for name, each in per_provider.items()
    }
    for reference in REFERENCES:
        number = reference.get("in_prowler", reference["id"])
        files = [f"cis_{version[:3]}_aws" for version in reference.get("versions", ())]
        if reference["standard"] in PROWLERS_FILES and number not in NOT_IN_PROWLERS_FILE:
            files.append(PROWLERS_FILES[reference["standard"]])
        if reference["standard"] == "ATT&CK":
            number = number.partition(".")[0]  # Prowler's file has no sub-techniques
        unknown = [name for name in files if number not in ids[name]]
        assert not unknown, f"{unknown} have no {number}"


def test_no_title_or_text_of_a_copyrighted_standard_is_copied() -> None:
    folder = Path(prowler.compliance.__path__[0])
    theirs = {
        phrase
        for pattern in COPYRIGHTED
        for path in folder.rglob(f"{pattern}.json")
        for phrase in phrases(path.read_text("utf-8"))
    }
    assert theirs
    assert not theirs.intersection(phrases(json.dumps(SOURCE)))


def phrases(text: str) -> Iterator[str]:
    """All PHRASE words in a row."""
    words = re.findall(r"[a-z_]+", text.lower())
    return (" ".join(words[at : at + PHRASE]) for at in range(len(words) - PHRASE + 1))


def test_the_frameworks_reports_have_the_version_of_this_plug_in(
    framework: Any, per_provider: dict[str, Any]
) -> None:
    published = f"Published with prowler-access-keys {version('prowler-access-keys')}."
    assert framework.description.endswith(published)
    assert per_provider[UNIVERSAL.stem].Description.endswith(published)


# The compliance column


def with_setting(name: str, value: Any) -> Settings:
    """The default settings, but for one."""
    return replace(Settings(), **{name: value})


@pytest.mark.parametrize("check", FAMILY)
def test_findings_carry_our_requirement(check: str) -> None:
    ours = requirements_of(check)
    assert list(ours) == ["Access-Key-Hygiene-1.0"]
    assert compliance_of(check, "FAIL", Settings()).items() >= ours.items()


def test_a_failure_names_what_it_deviates_from_directly_and_what_aws_maps_to_it() -> None:
    failing = compliance_of("iam_user_unused_active_keys", "FAIL", Settings())
    assert failing == {
        "Access-Key-Hygiene-1.0": ["1.2"],
        "CIS-5.0": ["1.11"],
        "CIS-6.0": ["2.11"],
        "CIS-7.0": ["2.11"],
        "AWS-Foundational-Security-Best-Practices": ["IAM.8"],
        "NIST-800-53-Revision-5": ["ac_2_3"],
        "PCI-4.0.1": ["8.2.6"],
    }


@pytest.mark.parametrize(
    ("check", "setting", "stricter", "looser"),
    [
        ("iam_user_multiple_active_keys", "multiple_active_keys_grace_days", None, 7),
        ("iam_user_unrotated_active_keys", "max_unrotated_access_keys_days", 60, 180),
        ("iam_user_unused_active_keys", "max_unused_access_keys_days", 30, 90),
    ],
)
def test_a_finding_by_another_limit_than_a_standards_names_it_only_if_it_proves_its_text(
    check: str, setting: str, stricter: int | None, looser: int
) -> None:
    ours = requirements_of(check)
    as_asked = compliance_of(check, "PASS", Settings())
    assert compliance_of(check, "FAIL", Settings()) != ours
    for status in ("PASS", "FAIL"):
        assert compliance_of(check, status, with_setting(setting, looser)) == ours
    if stricter is not None:
        strict = with_setting(setting, stricter)
        assert compliance_of(check, "FAIL", strict) == ours
        assert compliance_of(check, "PASS", strict) == as_asked


def test_only_a_proof_of_a_standards_text_names_it_on_a_finding_that_does_not_fail() -> None:
    unused, root = "iam_user_unused_active_keys", "iam_root_user_active_keys"
    assert compliance_of(unused, "PASS", Settings()) == requirements_of(unused)
    assert compliance_of(root, "PASS", Settings())["CIS-6.0"] == ["2.3"]
    assert compliance_of(root, "MANUAL", Settings()) == requirements_of(root)


def test_a_decoy_that_a_setting_excuses_names_no_standard() -> None:
    check = check_named("iam_user_unrotated_active_keys")
    run, data = CheckRun(None), FindingData(ALICE.name, ALICE.arn)
    excused = check.report(decoy(ALICE), data, "us-east-1", run)
    assert excused.compliance == requirements_of(check.CheckID)
    assert check.report(Verdict("PASS", ""), data, "us-east-1", run).compliance["CIS-6.0"]


@pytest.mark.parametrize("check", FAMILY)
def test_labels_and_requirements_are_spelled_as_prowler_spells_them(
    check: str, per_provider: Any
) -> None:
    ids = {
        "-".join(filter(None, (other.Framework, other.Version))): {
            each.Id for each in other.Requirements
        }
        for other in per_provider.values()
    }
    column = {**compliance_of(check, "FAIL", Settings())}
    assert "Access-Key-Hygiene-1.0" in column
    column.pop("PCI-4.0.1", None)  # Prowler has 4.0
    assert all(set(named) <= ids[label] for label, named in column.items())


@pytest.mark.parametrize("check", FAMILY)
def test_the_labels_fit_into_a_finding_of_security_hub(check: str) -> None:
    column = compliance_of(check, "FAIL", Settings())
    assert len(column) <= 20
    assert all(len(" ".join((label, *ids))) <= 64 for label, ids in column.items())
