"""The compliance framework in OSCAL: a catalog of its requirements, and what measures each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prowler_access_keys.ranking.outputs.oscal import NAMESPACE, control_id, metadata, uuid_of

CATALOG = "access_key_hygiene_1.0_catalog.json"
COMPONENT_DEFINITION = "access_key_hygiene_1.0_component_definition.json"
METHODS = {"Automated": ["TEST"], "Partly automated": ["TEST", "EXAMINE"], "Manual": ["EXAMINE"]}
"""OSCAL's assessment methods, by assessment status."""


def catalog(framework: Mapping[str, Any], revised: str) -> dict[str, Any]:
    """The catalog, from the framework in Prowler's universal schema and when it was revised."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for requirement in framework["requirements"]:
        controls = sections.setdefault(requirement["attributes"]["Section"], [])
        controls.append(_control(requirement))
    content = {
        "uuid": uuid_of("catalog", framework["version"], revised),
        "metadata": metadata(framework["name"], revised),
        "groups": [
            {"id": control_id(title.partition(".")[0]), "title": title, "controls": controls}
            for title, controls in sections.items()
        ],
    }
    return {"catalog": content}


def _control(requirement: Mapping[str, Any]) -> dict[str, Any]:
    attributes, identifier = requirement["attributes"], control_id(requirement["id"])
    references = [f"- {reference}" for reference in attributes["References"]]
    guidance = "\n".join([attributes["Why"], "", "References:", "", *references])
    rmf = "http://csrc.nist.gov/ns/rmf"
    return {
        "id": identifier,
        "title": requirement["name"],
        "props": [{"name": "label", "value": requirement["id"]}],
        "parts": [
            {"id": f"{identifier}_smt", "name": "statement", "prose": requirement["description"]},
            {"id": f"{identifier}_gdn", "name": "guidance", "prose": guidance},
            {
                "id": f"{identifier}_obj",
                "name": "assessment-objective",
                "prose": requirement["description"],
            },
            *(
                {
                    "id": f"{identifier}_{method.lower()}",
                    "name": "assessment-method",
                    "props": [{"name": "method", "ns": rmf, "value": method}],
                    "prose": attributes["Evidence"],
                }
                for method in METHODS[attributes["AssessmentStatus"]]
            ),
        ],
    }


def component_definition(framework: Mapping[str, Any], revised: str) -> dict[str, Any]:
    """The component definition: which checks measure which requirement."""
    implemented = [
        {
            "uuid": uuid_of("implemented", requirement["id"], revised),
            "control-id": control_id(requirement["id"]),
            "description": requirement["attributes"]["Evidence"],
            "props": [
                {"name": "check", "ns": NAMESPACE, "value": check}
                for check in requirement["checks"]["aws"]
            ],
        }
        for requirement in framework["requirements"]
        if requirement["checks"]
    ]
    component = {
        "uuid": uuid_of("component", revised),
        "type": "validation",
        "title": "prowler-access-keys",
        "description": "Checks of Prowler, those of this plug-in among them.",
        "control-implementations": [
            {
                "uuid": uuid_of("implementation", revised),
                "source": CATALOG,
                "description": "Requirements without a check are verified by a person.",
                "implemented-requirements": implemented,
            }
        ],
    }
    content = {
        "uuid": uuid_of("component definition", framework["version"], revised),
        "metadata": metadata(f"Checks of {framework['name']}", revised),
        "components": [component],
    }
    return {"component-definition": content}
