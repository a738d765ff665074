"""The compliance framework's two files, by Prowler's own models."""

from __future__ import annotations

import json
from typing import Any

import pytest
from prowler.config.config import default_config_file_path, load_and_validate_config_file
from prowler.lib.check.compliance_config_eval import evaluate_config_constraints
from prowler.lib.check.compliance_models import (
    load_compliance_framework,
    load_compliance_framework_universal,
)
from prowler.lib.check.models import CheckMetadata

from scripts.compliance_framework import PER_PROVIDER, UNIVERSAL, derived

from .scanning import CHECK


@pytest.fixture(scope="module")
def framework() -> Any:
    """The framework in the universal schema, as Prowler loads it."""
    return load_compliance_framework_universal(str(UNIVERSAL))


def test_prowler_takes_both_files(framework: Any) -> None:
    assert framework.supports_provider("aws")
    assert framework.outputs.table_config.group_by == "Section"
    assert load_compliance_framework(str(PER_PROVIDER), fatal=False).Provider == "AWS"


def test_the_per_provider_file_is_what_the_script_derives() -> None:
    universal = json.loads(UNIVERSAL.read_text("utf-8"))
    outdated = "run python -m scripts.compliance_framework"
    assert PER_PROVIDER.read_text("utf-8") == derived(universal), outdated


def test_the_files_can_be_read_in_any_encoding() -> None:
    # Prowler opens them without naming one.
    assert UNIVERSAL.read_bytes().isascii()
    assert PER_PROVIDER.read_bytes().isascii()


def test_the_installed_prowler_has_every_check_that_is_named(framework: Any) -> None:
    named = {check for one in framework.requirements for check in one.checks.get("aws", [])}
    assert CHECK in named
    assert named <= CheckMetadata.get_bulk("aws").keys()


def test_a_requirement_without_a_check_is_manual_and_says_what_to_look_at(framework: Any) -> None:
    for requirement in framework.requirements:
        status = "Automated" if requirement.checks else "Manual"
        assert requirement.attributes["AssessmentStatus"] == status
        assert requirement.attributes["AuditProcedure"]


@pytest.mark.parametrize(("days", "valid"), [(45, True), (46, False)])
def test_a_looser_configuration_does_not_meet_the_requirement(
    framework: Any, days: int, valid: bool
) -> None:
    (unused,) = [one for one in framework.requirements if one.config_requirements]
    applied = {"max_unused_access_keys_days": days}
    assert evaluate_config_constraints(unused.config_requirements, applied, "aws")[0] is valid


def test_prowlers_own_configuration_meets_every_requirement(framework: Any) -> None:
    config = load_and_validate_config_file("aws", default_config_file_path)
    for requirement in framework.requirements:
        limits = requirement.config_requirements or []
        assert all(limit.ConfigKey in config for limit in limits)
        assert evaluate_config_constraints(limits, config, "aws") == (True, "")
