"""Write the files of the compliance framework that Prowler reads, or check that they are right.

Prowler has two schemas. Its universal one gives the framework's console table, CSV and OCSF
file; its per-provider one puts the requirements into the compliance column of every report.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .cross_references import Standard, attributes, cross_references, shipped_standards
from .requirements import (
    DESCRIPTION,
    FRAMEWORK,
    NAME,
    REQUIREMENTS,
    SECTIONS,
    VERSION,
    ConfigLimit,
    Requirement,
)

FILE = "access_key_hygiene_1.0_aws.json"
COMPLIANCE = Path(__file__).parents[1] / "metadata" / "compliance"
UNIVERSAL = COMPLIANCE / FILE
PER_PROVIDER = COMPLIANCE / "aws" / FILE
PROVENANCE = "The cross-references are those that Prowler {} ships for the same checks."

Framework = dict[str, Any]


def main() -> int:
    """Write the files; with ``--check`` return 1 if they are not what would be written."""
    parser = argparse.ArgumentParser(prog="python -m scripts.compliance_framework")
    parser.add_argument("--check", action="store_true", help="write nothing; say what is outdated")
    check = parser.parse_args().check
    if check:
        outdated = outdated_files(shipped_standards())
        for path in outdated:
            print(f"{path.name} is out of date: run python -m scripts.compliance_framework")
        return int(bool(outdated))
    for path, text in rendered(shipped_standards(), version("prowler")).items():
        path.write_text(text, "utf-8")
    return 0


def outdated_files(standards: tuple[Standard, ...]) -> list[Path]:
    """The files that ``standards`` would make anew.

    A Prowler that only has another version number makes no file outdated.
    """
    expected = rendered(standards, recorded_version())
    return [path for path, text in expected.items() if path.read_text("utf-8") != text]


def recorded_version() -> str:
    """The version of Prowler that the cross-references were taken from."""
    description = json.loads(UNIVERSAL.read_text("utf-8"))["description"]
    recorded = re.search(re.escape(PROVENANCE).replace(r"\{\}", r"(\S+)"), description)
    return recorded.group(1) if recorded else ""


def rendered(standards: tuple[Standard, ...], prowler_version: str) -> Mapping[Path, str]:
    """The text of each file. ASCII: Prowler reads it in whatever encoding its machine prefers."""
    description = f"{DESCRIPTION} {PROVENANCE.format(prowler_version)}"
    frameworks = {
        UNIVERSAL: universal(standards, description),
        PER_PROVIDER: per_provider(standards, description),
    }
    return {path: json.dumps(content, indent=2) + "\n" for path, content in frameworks.items()}


def universal(standards: tuple[Standard, ...], description: str) -> Framework:
    """The framework in Prowler's universal schema."""
    return {
        "framework": FRAMEWORK,
        "name": NAME,
        "provider": "AWS",
        "version": VERSION,
        "description": description,
        "attributes_metadata": _attributes_metadata(standards),
        "outputs": {"table_config": {"group_by": "Section"}},
        "requirements": [_universal_requirement(r, standards) for r in REQUIREMENTS],
    }


def per_provider(standards: tuple[Standard, ...], description: str) -> Framework:
    """The framework in Prowler's per-provider schema.

    It has no attributes for cross-references, so they go into the comment.
    """
    return {
        "Framework": FRAMEWORK,
        "Name": NAME,
        "Version": VERSION,
        "Provider": "AWS",
        "Description": description,
        "Requirements": [_per_provider_requirement(r, standards) for r in REQUIREMENTS],
    }


def _attributes_metadata(standards: tuple[Standard, ...]) -> list[Framework]:
    return [
        {"key": "Section", "type": "str", "enum": list(SECTIONS), "required": True},
        {"key": "Source", "type": "str", "required": True},
        {
            "key": "AssessmentStatus",
            "label": "Assessment Status",
            "type": "str",
            "enum": ["Automated", "Manual"],
            "required": True,
        },
        {
            "key": "AuditProcedure",
            "label": "Audit Procedure",
            "type": "str",
            "required": True,
        },
        *({"key": attribute, "type": "list_str"} for attribute in attributes(standards)),
    ]


def _universal_requirement(requirement: Requirement, standards: tuple[Standard, ...]) -> Framework:
    return {
        "id": requirement.id,
        "name": requirement.name,
        "description": requirement.description,
        "attributes": {
            "Section": requirement.section,
            "Source": requirement.source,
            "AssessmentStatus": _assessment_status(requirement),
            "AuditProcedure": requirement.audit_procedure,
            **_references(requirement, standards),
        },
        "checks": {"aws": list(requirement.checks)} if requirement.checks else {},
        **_config_requirements("config_requirements", requirement),
    }


def _per_provider_requirement(
    requirement: Requirement, standards: tuple[Standard, ...]
) -> Framework:
    references = (
        f"{attribute}: {', '.join(ids)}"
        for attribute, ids in _references(requirement, standards).items()
    )
    return {
        "Id": requirement.id,
        "Name": requirement.name,
        "Description": requirement.description,
        "Attributes": [
            {
                "ItemId": requirement.id,
                "Section": requirement.section,
                "SubSection": requirement.source,
                "Type": _assessment_status(requirement),
                "Comment": " | ".join((requirement.audit_procedure, *references)),
            }
        ],
        "Checks": list(requirement.checks),
        **_config_requirements("ConfigRequirements", requirement),
    }


def _references(
    requirement: Requirement, standards: tuple[Standard, ...]
) -> dict[str, tuple[str, ...]]:
    return cross_references(standards, {*requirement.checks, *requirement.counterparts})


def _assessment_status(requirement: Requirement) -> str:
    return "Automated" if requirement.checks else "Manual"


def _config_requirements(key: str, requirement: Requirement) -> Framework:
    limits = [_config_requirement(limit) for limit in requirement.config_limits]
    return {key: limits} if limits else {}


def _config_requirement(limit: ConfigLimit) -> Framework:
    return {
        "Check": limit.check,
        "ConfigKey": limit.config_key,
        "Operator": "lte",
        "Value": limit.highest,
        "Provider": "aws",
    }


if __name__ == "__main__":
    sys.exit(main())
