"""The compliance framework's two files, by Prowler's own models."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version
from prowler.config.config import default_config_file_path, load_and_validate_config_file
from prowler.lib.check.compliance_config_eval import evaluate_config_constraints
from prowler.lib.check.compliance_models import (
    adapt_legacy_to_universal,
    load_compliance_framework,
    load_compliance_framework_universal,
)
from prowler.lib.check.models import CheckMetadata

from scripts.compliance_framework import (
    PER_PROVIDER,
    UNIVERSAL,
    main,
    outdated_files,
    recorded_version,
)
from scripts.cross_references import Standard, attributes, cross_references, shipped_standards

from .pages import REPOSITORY, command
from .scanning import CHECK

STANDARDS = (
    Standard("CIS-1.4", {"1.13": frozenset({"a"}), "1.14": frozenset({"b"})}),
    Standard("CIS-5.0", {"1.12": frozenset({"a", "b"})}),
    Standard("NIST-CSF-2.0", {"ac_1": frozenset({"b"}), "ac_6": frozenset({"a"})}),
)


@pytest.fixture(scope="module")
def universal() -> Any:
    """The framework in the universal schema, as Prowler loads it."""
    return load_compliance_framework_universal(str(UNIVERSAL))


@pytest.fixture(scope="module")
def per_provider() -> Any:
    """The framework in the per-provider schema, as Prowler loads it."""
    return load_compliance_framework(str(PER_PROVIDER), fatal=False)


def test_prowler_takes_the_universal_file(universal: Any) -> None:
    assert universal is not None
    assert universal.supports_provider("aws")
    assert universal.outputs.table_config.group_by == "Section"


def test_prowler_takes_the_per_provider_file(per_provider: Any) -> None:
    assert per_provider is not None
    assert per_provider.Provider == "AWS"


def test_the_two_files_hold_the_same_framework(universal: Any, per_provider: Any) -> None:
    adapted = adapt_legacy_to_universal(per_provider)
    for field in ("framework", "name", "provider", "version", "description"):
        assert getattr(adapted, field) == getattr(universal, field)
    ours, theirs = universal.requirements, adapted.requirements
    assert [requirement.id for requirement in ours] == [requirement.id for requirement in theirs]
    for one, other in zip(ours, theirs, strict=True):
        for field in ("name", "description", "checks", "config_requirements"):
            assert getattr(one, field) == getattr(other, field)
        assert one.attributes["Section"] == other.attributes["Section"]
        assert one.attributes["Source"] == other.attributes["SubSection"]
        assert one.attributes["AssessmentStatus"] == other.attributes["Type"]


def test_the_installed_prowler_has_every_check_that_is_named(universal: Any) -> None:
    known = CheckMetadata.get_bulk("aws")
    named = {check for r in universal.requirements for check in r.checks.get("aws", [])}
    assert CHECK in named
    assert sorted(named - known.keys()) == [], "checks that the installed Prowler lacks"


def test_the_files_are_what_the_script_writes() -> None:
    installed = version("prowler")
    if Version(installed) < Version(recorded_version()):
        pytest.skip(f"written with Prowler {recorded_version()}; {installed} is older")
    assert outdated_files(shipped_standards()) == []


def test_other_cross_references_make_both_files_outdated() -> None:
    assert outdated_files(STANDARDS) == [UNIVERSAL, PER_PROVIDER]


def test_checking_writes_nothing_and_ends_with_an_error_if_a_file_is_outdated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = UNIVERSAL.read_bytes(), PER_PROVIDER.read_bytes()
    monkeypatch.setattr("scripts.compliance_framework.shipped_standards", lambda: STANDARDS)
    monkeypatch.setattr("sys.argv", ["compliance_framework", "--check"])
    assert main() == 1
    assert f"{UNIVERSAL.name} is out of date" in capsys.readouterr().out
    assert (UNIVERSAL.read_bytes(), PER_PROVIDER.read_bytes()) == before


def test_the_files_are_written_anew_by_the_command_of_the_page(tmp_path: Path) -> None:
    for folder in ("scripts", "metadata"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    made = [tmp_path / path.relative_to(REPOSITORY) for path in (UNIVERSAL, PER_PROVIDER)]
    for path in made:
        path.unlink()
    _, *arguments = command("python -m scripts.compliance_framework")
    subprocess.run([sys.executable, *arguments], cwd=tmp_path, check=True)
    for path, original in zip(made, (UNIVERSAL, PER_PROVIDER), strict=True):
        assert requirements(path) == requirements(original)


def requirements(framework: Path) -> Any:
    """What a framework's file requires: all but the description, which names a version."""
    content = {
        key.lower(): value for key, value in json.loads(framework.read_text("utf-8")).items()
    }
    return content["requirements"]


def test_the_files_can_be_read_in_any_encoding() -> None:
    # Prowler opens them without naming one.
    assert UNIVERSAL.read_bytes().isascii()
    assert PER_PROVIDER.read_bytes().isascii()


def test_a_requirement_without_a_check_is_manual_and_says_what_to_look_at(universal: Any) -> None:
    for requirement in universal.requirements:
        status = "Automated" if requirement.checks else "Manual"
        assert requirement.attributes["AssessmentStatus"] == status
        assert requirement.attributes["AuditProcedure"]


@pytest.mark.parametrize(("days", "valid"), [(45, True), (46, False)])
def test_a_looser_configuration_does_not_meet_the_requirement(
    universal: Any, days: int, valid: bool
) -> None:
    unused = next(r for r in universal.requirements if "iam_user_accesskey_unused" in str(r.checks))
    applied = {"max_unused_access_keys_days": days}
    assert evaluate_config_constraints(unused.config_requirements, applied, "aws")[0] is valid


def test_prowlers_own_configuration_meets_every_requirement(universal: Any) -> None:
    config = load_and_validate_config_file("aws", default_config_file_path)
    for requirement in universal.requirements:
        limits = requirement.config_requirements or []
        assert all(limit.ConfigKey in config for limit in limits)
        assert evaluate_config_constraints(limits, config, "aws") == (True, "")


def test_cross_references_are_those_of_any_of_the_checks() -> None:
    assert cross_references(STANDARDS, {"a", "b"})["NIST_CSF_2_0"] == ("ac_1", "ac_6")


def test_all_versions_of_cis_share_an_attribute_that_names_the_version() -> None:
    assert attributes(STANDARDS) == ("CIS", "NIST_CSF_2_0")
    assert cross_references(STANDARDS, {"a"})["CIS"] == ("CIS-1.4: 1.13", "CIS-5.0: 1.12")


def test_a_standard_that_does_not_name_the_checks_is_left_out() -> None:
    assert cross_references(STANDARDS, {"c"}) == {}


def test_the_versions_of_cis_come_oldest_first() -> None:
    labels = [s.label for s in shipped_standards() if s.attribute == "CIS"]
    assert labels == sorted(labels, key=lambda label: Version(label.removeprefix("CIS-")))
