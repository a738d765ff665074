"""Make, from the compliance framework as written by hand, what Prowler and the checks read.

* Prowler has two schemas. Its universal one gives the framework's console table, CSV, and OCSF
  file; its per-provider one lets Prowler name our requirements in the compliance column.
* The checks put the labels of other standards into that column themselves
  (``compliance_column.py``).
* Tools for auditors read OSCAL (``oscal_framework.py``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks

from .oscal_framework import CATALOG, COMPONENT_DEFINITION, catalog, component_definition

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "pyproject.toml"
COMPLIANCE = ROOT / "metadata" / "compliance"
SOURCE = COMPLIANCE / "access_key_hygiene.yaml"
UNIVERSAL = COMPLIANCE / "access_key_hygiene_1.0_aws.json"
PER_PROVIDER = COMPLIANCE / "aws" / UNIVERSAL.name
OSCAL = COMPLIANCE / "oscal"
LABELS = ROOT / "checks" / "iam_access_keys" / "findings" / "compliance_labels.json"
ATTRIBUTES = {
    "Section": "str",
    "Why": "str",
    "AssessmentStatus": "str",
    "Evidence": "str",
    "Indicators": "list_str",
    "References": "list_str",
}


def main() -> None:
    """Write the files."""
    for path, text in made_from(source()).items():
        path.write_text(text, "utf-8")


def source() -> dict[str, Any]:
    """The framework as written by hand."""
    framework: dict[str, Any] = yaml.safe_load(SOURCE.read_text("utf-8"))
    return framework


def made_from(framework: Mapping[str, Any]) -> dict[Path, str]:
    """The text of each file that is made.

    All are ASCII, because Prowler reads them in the encoding that its machine prefers.
    """
    in_universal_schema, revised = universal(framework), framework["revised"]
    made = {
        UNIVERSAL: in_universal_schema,
        PER_PROVIDER: per_provider(framework),
        LABELS: labels(framework),
        OSCAL / CATALOG: catalog(in_universal_schema, revised),
        OSCAL / COMPONENT_DEFINITION: component_definition(in_universal_schema, revised),
    }
    return {path: json.dumps(content, indent=2) + "\n" for path, content in made.items()}


def described(framework: Mapping[str, Any]) -> str:
    """The description, which the framework's reports have, with this plug-in's version."""
    return f"{framework['description']} Published with prowler-access-keys {released()}."


def released() -> str:
    """The version that the sources are of."""
    (found,) = re.findall(r'^version = "(.+)"$', PROJECT.read_text("utf-8"), re.MULTILINE)
    return str(found)


def universal(framework: Mapping[str, Any]) -> dict[str, Any]:
    """The framework in Prowler's universal schema."""
    sections = list(framework["sections"].values())
    return {
        **{name: framework[name] for name in ("framework", "name", "version")},
        "description": described(framework),
        "provider": "AWS",
        "attributes_metadata": [
            {
                "key": name,
                "type": kind,
                "required": True,
                **({"enum": sections} if name == "Section" else {}),
            }
            for name, kind in ATTRIBUTES.items()
        ],
        "outputs": {"table_config": {"group_by": "Section"}},
        "requirements": [
            _universal(requirement, framework) for requirement in framework["requirements"]
        ],
    }


def per_provider(framework: Mapping[str, Any]) -> dict[str, Any]:
    """The framework in Prowler's per-provider schema."""
    return {
        **{name.title(): framework[name] for name in ("framework", "name", "version")},
        "Description": described(framework),
        "Provider": "AWS",
        "Requirements": [
            _per_provider(requirement) for requirement in universal(framework)["requirements"]
        ],
    }


def labels(framework: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By check, the labels of other standards as Prowler writes them, with the requirements.

    ``FAIL`` and ``PASS`` have those of a finding with that status, ``settings`` the settings with
    which they stand.
    """
    by_check: dict[str, dict[str, Any]] = {}
    for requirement in framework["requirements"]:
        for check in our_checks().intersection(requirement.get("checks", ())):
            for reference in requirement["references"]:
                for label in _labels(reference, framework["standards"][reference["standard"]]):
                    stand = by_check.setdefault(check, {"FAIL": {}, "PASS": {}})
                    stand["settings"] = requirement.get("standards_need", {})
                    for status in ("FAIL", "PASS") if reference.get("pass") else ("FAIL",):
                        ids = stand[status].setdefault(label, [])
                        ids.append(reference.get("in_prowler", reference["id"]))
    return {check: by_check[check] for check in sorted(by_check)}


def _labels(reference: Mapping[str, Any], standard: Mapping[str, Any]) -> Iterable[str]:
    belongs = reference["strength"] == "direct" or "aws" in reference
    if not belongs or "label" not in standard:
        return ()
    if "versions" not in reference:
        return (standard["label"],)
    newest = (
        version for version in reference["versions"] if version in standard["labelled_versions"]
    )
    return (f"{standard['label']}-{version}" for version in newest)


def _universal(requirement: Mapping[str, Any], framework: Mapping[str, Any]) -> dict[str, Any]:
    checks = requirement.get("checks", [])
    measured = "Partly automated" if "By hand" in requirement["evidence"] else "Automated"
    made = {
        "id": requirement["id"],
        "name": requirement["name"],
        "description": requirement["description"],
        "attributes": {
            "Section": framework["sections"][int(requirement["id"].partition(".")[0])],
            "Why": requirement["why"],
            "AssessmentStatus": measured if checks else "Manual",
            "Evidence": requirement["evidence"],
            "Indicators": requirement.get("indicators", []),
            "References": [
                written(cited, framework["standards"]) for cited in requirement["references"]
            ],
        },
        "checks": {"aws": checks} if checks else {},
    }
    if "settings" in requirement:
        made["config_requirements"] = [
            {
                "Check": checks[0],
                "Provider": "aws",
                "ConfigKey": setting["setting"],
                "Operator": setting["operator"],
                "Value": setting["value"],
            }
            for setting in requirement["settings"]
        ]
    return made


def written(reference: Mapping[str, Any], standards: Mapping[str, Any]) -> str:
    """A reference for a reader: ``NIST SP 800-53 Rev. 5: IA-5 f (direct; for the age)``."""
    name = standards[reference["standard"]]["name"]
    versions = "".join(f" {version}," for version in reference.get("versions", ())).rstrip(",")
    mapped = [f"AWS maps {reference['aws']} to it"] if "aws" in reference else []
    notes = [reference["note"]] if "note" in reference else []
    details = "; ".join((reference["strength"], *mapped, *notes))
    return f"{name}{versions}: {reference['id']} ({details})"


def _per_provider(requirement: Mapping[str, Any]) -> dict[str, Any]:
    attributes = requirement["attributes"]
    indicators = attributes["Indicators"]
    comment = (
        attributes["Evidence"],
        *([f"Indicators: {', '.join(indicators)}"] if indicators else []),
        *attributes["References"],
    )
    made = {
        "Id": requirement["id"],
        "Name": requirement["name"],
        "Description": requirement["description"],
        "Attributes": [
            {
                "ItemId": requirement["id"],
                "Section": attributes["Section"],
                "SubSection": attributes["Why"],
                "Type": attributes["AssessmentStatus"],
                "Comment": " | ".join(comment),
            }
        ],
        "Checks": requirement["checks"].get("aws", []),
    }
    if "config_requirements" in requirement:
        made["ConfigRequirements"] = requirement["config_requirements"]
    return made


if __name__ == "__main__":
    main()
