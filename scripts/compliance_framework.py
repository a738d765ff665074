"""Derive the compliance framework's per-provider file from its universal one, written by hand.

Prowler has two schemas. Its universal one gives the framework's console table, CSV, and OCSF file;
its per-provider one puts the requirements into the compliance column of every report.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

COMPLIANCE = Path(__file__).parents[1] / "metadata" / "compliance"
UNIVERSAL = COMPLIANCE / "access_key_hygiene_1.0_aws.json"
PER_PROVIDER = COMPLIANCE / "aws" / UNIVERSAL.name
OF_ITS_OWN = ("Section", "Source", "AssessmentStatus", "AuditProcedure")
"""The attributes for which the per-provider schema has a place. All others are cross-references."""


def main() -> None:
    """Write the per-provider file."""
    PER_PROVIDER.write_text(derived(json.loads(UNIVERSAL.read_text("utf-8"))), "utf-8")


def derived(universal: Mapping[str, Any]) -> str:
    """The text of the per-provider file.

    It is ASCII, because Prowler reads it in the encoding that its machine prefers.
    """
    names = ("framework", "name", "version", "provider", "description")
    framework = {name.title(): universal[name] for name in names}
    framework["Requirements"] = [_requirement(one) for one in universal["requirements"]]
    return json.dumps(framework, indent=2) + "\n"


def _requirement(universal: Mapping[str, Any]) -> dict[str, Any]:
    attributes = universal["attributes"]
    references = [
        f"{name}: {', '.join(ids)}" for name, ids in attributes.items() if name not in OF_ITS_OWN
    ]
    requirement = {
        "Id": universal["id"],
        "Name": universal["name"],
        "Description": universal["description"],
        "Attributes": [
            {
                "ItemId": universal["id"],
                "Section": attributes["Section"],
                "SubSection": attributes["Source"],
                "Type": attributes["AssessmentStatus"],
                "Comment": " | ".join((attributes["AuditProcedure"], *references)),
            }
        ],
        "Checks": universal["checks"].get("aws", []),
    }
    if "config_requirements" in universal:
        requirement["ConfigRequirements"] = universal["config_requirements"]
    return requirement


if __name__ == "__main__":
    main()
