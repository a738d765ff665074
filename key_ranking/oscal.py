"""The result of this plug-in's compliance framework as OSCAL assessment results.

From Prowler's OCSF report of the framework: unlike the report of findings, it says if a setting is
too loose. https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/assessment-results/ is the model.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from prowler_access_keys import compliance

from .reports import COMPLIANCE_FINDING, LATEST, OCSF, members
from .whole_file import UnusableFileError, whole_file

FRAMEWORK = Path(compliance.__path__[0], "access_key_hygiene_1.0_aws.json")
NAMESPACE = "urn:prowler-access-keys"
"""Of the names of our properties."""
_UUIDS = UUID("5f0f5a4e-6a0b-4d51-9a3c-1c5f1d6b7e20")
_STATUSES = (
    ("FAIL", "not-satisfied", "fail", "{} of {} findings fail."),
    ("MANUAL", "not-satisfied", "other", "{} of {} findings could not be judged: see them."),
    ("ACCEPTED", "not-satisfied", "fail", "{} of {} findings fail and are muted: see the risks."),
    ("PASS", "satisfied", "pass", "{} of {} findings pass."),
)
"""A requirement has the first that one of its findings has: verdict, state, reason, and remark."""
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
    scans: dict[tuple[str, str], dict[str, _Row]] = {}
    for row in (row for path in paths for each in _reports(path) for row in _rows(each, framework)):
        scans.setdefault((row["account"], row["time"]), {})[uuid_of(*row.values())] = row
    if not scans:
        raise UnusableFileError(
            f"There is no finding of the framework {FRAMEWORK.stem}. A scan with --compliance "
            f"{FRAMEWORK.stem} writes them to the folder compliance, as OCSF"
        )
    plan = uuid_of("assessment plan")
    document = {
        "uuid": uuid_of(*sorted(key for rows in scans.values() for key in rows)),
        "metadata": metadata(framework["name"], max(start for _, start in scans)),
        "import-ap": {"href": f"#{plan}"},
        "results": [_result(framework, *scan, rows) for scan, rows in sorted(scans.items())],
        "back-matter": {"resources": [{"uuid": plan, "title": "No assessment plan is in OSCAL"}]},
    }
    with whole_file(target) as file:
        file.write(json.dumps({"assessment-results": document}, indent=1).encode("ascii"))


def _reports(path: Path) -> Iterator[Path]:
    """The file, or the framework's OCSF reports in the folder. A link is not followed."""

    def unreadable(error: OSError) -> None:
        raise error

    if not path.is_dir():
        yield path
        return
    for folder, _, names in os.walk(path, onerror=unreadable):
        for report in (Path(folder, name) for name in sorted(names)):
            if report.name.endswith(f"_{FRAMEWORK.stem}{OCSF}"):
                if report.is_symlink():
                    raise UnusableFileError(f"{report}: it is a link, which is not followed")
                yield report


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
    is_muted = event["status"] == "Suppressed"
    texts = {
        "account": event["unmapped"]["cloud"]["account"]["uid"],
        "time": datetime.fromtimestamp(event["time"], timezone.utc).isoformat(),
        "uid": event["finding_info"]["uid"],
        "requirement": event["compliance"]["requirements"][0],
        "check": event["metadata"]["event_code"],
        "verdict": "ACCEPTED" if is_muted and status == "FAIL" else status,
        "message": event["message"],
        "name": resource["name"],
        "arn": resource["uid"],
    }
    # Titles and properties may not be empty or have a line break.
    return {name: " ".join(text.split()) or "-" for name, text in texts.items()}


def _result(
    framework: Mapping[str, Any], account: str, start: str, rows: Mapping[str, _Row]
) -> dict[str, Any]:
    items = {uuid_of(account, start, row["arn"], row["name"]): row for row in rows.values()}
    risks = [_risk(key, row) for key, row in rows.items() if row["verdict"] == "ACCEPTED"]
    return {
        "uuid": uuid_of(account, start),
        "title": f"{framework['name']}, account {account}",
        "description": "Findings of Prowler with the checks of prowler-access-keys.",
        "start": start,
        "local-definitions": {"inventory-items": [_item(*item) for item in items.items()]},
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
        "observations": [_observation(key, row) for key, row in rows.items()],
        **({"risks": risks} if risks else {}),
        "findings": [_finding(each, account, start, rows) for each in framework["requirements"]],
    }


def _item(key: str, row: _Row) -> dict[str, Any]:
    props = [{"name": "asset-id", "value": row["arn"]}]
    return {"uuid": key, "description": row["name"], "props": props}


def _observation(key: str, row: _Row) -> dict[str, Any]:
    item = uuid_of(row["account"], row["time"], row["arn"], row["name"])
    props = [{"name": name, "ns": NAMESPACE, "value": row[name]} for name in ("check", "verdict")]
    return {
        "uuid": key,
        "description": row["message"],
        "props": props,
        "methods": ["TEST"],
        "subjects": [{"subject-uuid": item, "type": "inventory-item"}],
        "collected": row["time"],
    }


def _risk(observation: str, row: _Row) -> dict[str, Any]:
    return {
        "uuid": uuid_of("risk", observation),
        "title": f"{row['check']}: {row['name']}",
        "description": row["message"],
        "statement": "A mutelist covers this failure. The report does not say who accepted it.",
        "status": "deviation-approved",
        **_related(observation=[observation]),
    }


def _finding(
    requirement: Mapping[str, Any], account: str, start: str, all_rows: Mapping[str, _Row]
) -> dict[str, Any]:
    number = requirement["id"]
    rows = {key: row for key, row in all_rows.items() if row["requirement"] == number}
    risks = [uuid_of("risk", key) for key, row in rows.items() if row["verdict"] == "ACCEPTED"]
    counts = Counter(row["verdict"] for row in rows.values())
    state, reason, why = "not-satisfied", "other", "A person has to verify this requirement."
    if rows:
        verdict, state, reason, words = next(each for each in _STATUSES if counts[each[0]])
        why = words.format(counts[verdict], len(rows))
    elif requirement["checks"]:
        why = "The report has no finding about this requirement."
    remarks = f"{why} {requirement['attributes']['Evidence']}"
    status = {"state": state, "reason": reason, "remarks": remarks}
    objective = f"{control_id(number)}_obj"
    return {
        "uuid": uuid_of(account, start, number),
        "title": f"{number} {requirement['name']}",
        "description": requirement["description"],
        "target": {"type": "objective-id", "target-id": objective, "status": status},
        **_related(observation=[*rows], risk=risks),
    }


def _related(**keys: list[str]) -> dict[str, list[dict[str, str]]]:
    """References to what has these UUIDs, by its kind; OSCAL has no empty lists."""
    return {
        f"related-{kind}s": [{f"{kind}-uuid": key} for key in found]
        for kind, found in keys.items()
        if found
    }
