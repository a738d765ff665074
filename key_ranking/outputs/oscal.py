"""The result of this plug-in's compliance framework as OSCAL assessment results.

From Prowler's OCSF report of the framework: unlike the report of findings, it says if a setting is
too loose. https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/assessment-results/ is the model.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from prowler_access_keys import compliance

from ..findings.reports import COMPLIANCE_FINDING, LATEST, OCSF, find_files, members, moment_of
from ..whole_file import UnusableFileError, whole_file

FRAMEWORK = Path(compliance.__path__[0], "access_key_hygiene_1.0_aws.json")
NAMESPACE = "urn:prowler-access-keys"
"""Of the names of our properties."""
_UUIDS = UUID("5f0f5a4e-6a0b-4d51-9a3c-1c5f1d6b7e20")
_WORDS = {
    "FAIL": "{} of {} findings fail.",
    "MANUAL": "{} of {} findings could not be judged: see them.",
    "ACCEPTED": "{} of {} findings fail and are muted: see the risks.",
    "PASS": "{} of {} findings pass.",
}
"""By verdict, what the remarks on a requirement say of its findings."""
_MUTED = (
    "A mutelist covers this failure. The report does not say who accepted it.",
    "An exception covers this failure. The description says who accepted it, and until when.",
)
"""The statement of a risk: whether an exception accepts the failure."""
_Row = Mapping[str, str]
"""What is used of a finding about a requirement."""


def uuid_of(*parts: str) -> str:
    """A UUID that is the same for the same parts."""
    return str(uuid5(_UUIDS, json.dumps(parts)))


def control_id(requirement: str) -> str:
    """A requirement's ID in the catalog: OSCAL's IDs begin with a letter. ``…_obj`` is assessed."""
    return f"akh-{requirement}"


def metadata(title: str, last_modified: str) -> dict[str, str]:
    """What every OSCAL document begins with; ``last_modified`` is a time with its zone."""
    return {
        "title": title,
        "last-modified": last_modified,
        "version": version("prowler-access-keys"),
        "oscal-version": "1.2.1",
    }


def write_oscal(paths: Iterable[Path], target: Path) -> None:
    """Write the results of all scans whose reports are among these files and in these folders.

    Raises OSError, and UnusableFileError if a report cannot be used, or none has a finding of the
    framework. Then nothing is written.
    """
    framework = json.loads(FRAMEWORK.read_text("ascii"))
    reports, problems = find_files(paths, lambda name: name.endswith(f"_{FRAMEWORK.stem}{OCSF}"))
    for report, problem in problems.items():  # an account would be missing
        raise UnusableFileError(f"{report}: {problem}")
    scans: dict[tuple[str, str], dict[str, _Row]] = {}
    for row in (row for report in reports for row in _rows(report, framework)):
        scans.setdefault((row["account"], row["time"]), {})[uuid_of(*row.values())] = row
    if not scans:
        raise UnusableFileError(
            f"There is no finding of the framework {FRAMEWORK.stem}. A scan with --compliance "
            f"{FRAMEWORK.stem} writes them to the folder compliance, as OCSF"
        )
    plan = uuid_of("assessment plan")
    document = {
        "uuid": uuid_of(*sorted(key for rows in scans.values() for key in rows)),
        "metadata": {
            **metadata(framework["name"], max(start for _, start in scans)),
            "remarks": "An account without a report of this framework is not in this document.",
        },
        "import-ap": {"href": f"#{plan}"},
        "results": [_result(framework, *scan, rows) for scan, rows in sorted(scans.items())],
        "back-matter": {"resources": [{"uuid": plan, "title": "No assessment plan is in OSCAL"}]},
    }
    with whole_file(target) as file:
        file.write(json.dumps({"assessment-results": document}, indent=1).encode("ascii"))


def _rows(report: Path, framework: Mapping[str, Any]) -> Iterator[_Row]:
    """The findings in a report about the requirements that have a check."""
    label = f"{framework['framework']}-{framework['version']}"
    try:
        for event in members(report):
            result = event["compliance"] if event["class_uid"] == COMPLIANCE_FINDING else {}
            if result.get("standards") == [label] and result.get("checks"):
                yield _row(event)
    except UnusableFileError as error:
        raise UnusableFileError(f"{report}: {error}") from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        why = f"a finding is not one of Prowler's in OCSF ({type(error).__name__})"
        raise UnusableFileError(f"{report}: {why}") from error


def _row(event: Mapping[str, Any]) -> _Row:
    status, resource = event["status_code"], event["resources"][0]
    if status not in ("FAIL", "PASS", "MANUAL") or not 0 <= event["time"] <= LATEST:
        raise ValueError(status)
    is_muted, data = event["status"] == "Suppressed", (resource.get("data") or {}).get("metadata")
    texts = {
        "account": event["unmapped"]["cloud"]["account"]["uid"],
        "time": moment_of(event["time"]).isoformat(),
        "uid": event["finding_info"]["uid"],
        "requirement": event["compliance"]["requirements"][0],
        "check": event["metadata"]["event_code"],
        "verdict": "ACCEPTED" if is_muted and status == "FAIL" else status,
        "message": event["message"],
        "name": resource["name"],
        "arn": resource["uid"],
        "why": _MUTED[isinstance(data, dict) and data.get("accepted") is True],
    }
    # Titles and properties may not be empty or have a line break, and no file half characters.
    return {
        name: " ".join(text.encode("utf-8", "replace").decode().split()) or "-"
        for name, text in texts.items()
    }


def _markdown(text: str) -> str:
    """Text as Markdown, which OSCAL's titles and descriptions are: ``<root_account>`` is no tag."""
    special = r"[\\`*~<&\[\]]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\."
    return re.sub(special, r"\\\g<0>", text, flags=re.IGNORECASE)


def _result(
    framework: Mapping[str, Any], account: str, start: str, rows: Mapping[str, _Row]
) -> dict[str, Any]:
    items = {
        _item_of(row): {
            "uuid": _item_of(row),
            "description": _markdown(row["name"]),
            "props": [{"name": "asset-id", "value": row["arn"]}],
        }
        for row in rows.values()
    }
    risks = [_risk(key, row) for key, row in rows.items() if row["verdict"] == "ACCEPTED"]
    return {
        "uuid": uuid_of(account, start),
        "title": f"{framework['name']}, account {account}",
        "description": "Findings of Prowler with the checks of prowler-access-keys.",
        "start": start,
        "local-definitions": {"inventory-items": [*items.values()]},
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
        "observations": [_observation(key, row) for key, row in rows.items()],
        **({"risks": risks} if risks else {}),
        "findings": [_finding(each, account, start, rows) for each in framework["requirements"]],
    }


def _item_of(row: _Row) -> str:
    return uuid_of(row["account"], row["time"], row["arn"], row["name"])


def _observation(key: str, row: _Row) -> dict[str, Any]:
    props = [{"name": name, "ns": NAMESPACE, "value": row[name]} for name in ("check", "verdict")]
    return {
        "uuid": key,
        "description": _markdown(row["message"]),
        "props": props,
        "methods": ["TEST"],
        "subjects": [{"subject-uuid": _item_of(row), "type": "inventory-item"}],
        "collected": row["time"],
    }


def _risk(observation: str, row: _Row) -> dict[str, Any]:
    return {
        "uuid": uuid_of("risk", observation),
        "title": _markdown(f"{row['check']}: {row['name']}"),
        "description": _markdown(row["message"]),
        "statement": row["why"],
        "status": "deviation-approved",
        "related-observations": [{"observation-uuid": observation}],
    }


def _finding(
    requirement: Mapping[str, Any], account: str, start: str, all_rows: Mapping[str, _Row]
) -> dict[str, Any]:
    number = requirement["id"]
    rows = {key: row for key, row in all_rows.items() if row["requirement"] == number}
    accepted = [key for key, row in rows.items() if row["verdict"] == "ACCEPTED"]
    related = {
        "related-observations": [{"observation-uuid": key} for key in rows],
        "related-risks": [{"risk-uuid": uuid_of("risk", key)} for key in accepted],
    }
    return {
        "uuid": uuid_of(account, start, number),
        "title": f"{number} {requirement['name']}",
        "description": requirement["description"],
        "target": {
            "type": "objective-id",
            "target-id": f"{control_id(number)}_obj",
            "status": _status(requirement, rows.values()),
        },
        **{name: keys for name, keys in related.items() if keys},  # OSCAL has no empty lists
    }


def _status(requirement: Mapping[str, Any], rows: Collection[_Row]) -> dict[str, str]:
    """Satisfied only if each check has a finding, all pass, and nothing is left to a person."""
    counts = Counter(row["verdict"] for row in rows)
    said = [words.format(counts[it], len(rows)) for it, words in _WORDS.items() if counts[it]]
    checks = {row["check"] for row in rows}
    missing = [check for check in requirement["checks"].get("aws", ()) if check not in checks]
    said.extend(f"The report has no finding of {check}." for check in missing)
    attributes = requirement["attributes"]
    if attributes["AssessmentStatus"] != "Automated":
        said.append("A person has to verify what is by hand.")
    reason = "fail" if counts["FAIL"] or counts["ACCEPTED"] else "other"
    if counts["PASS"] and len(said) == 1:
        reason = "pass"
    return {
        "state": "satisfied" if reason == "pass" else "not-satisfied",
        "reason": reason,
        "remarks": " ".join([*said, attributes["Evidence"]]),
    }
