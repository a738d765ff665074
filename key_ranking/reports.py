"""Prowler's OCSF reports: find them, and read the findings of our checks, one at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO, cast

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks

OCSF = ".ocsf.json"
CHUNK = 1 << 20
"""Characters that are read at a time."""
LONGEST = 1 << 26
"""Characters that a finding may have, so that a file that is not JSON does not fill memory."""
TRUNCATED = "it ends in the middle of a finding, or is damaged: copy it again, or scan again"
DETECTION_FINDING = 2004
"""OCSF's class of Prowler's findings. Those of its compliance reports have another one."""
_SPACE = re.compile(r"[ \t\r\n]*")

Status = Literal["FAIL", "PASS", "MANUAL"]


class UnusableReportError(Exception):
    """A file that is not a whole report of Prowler's in OCSF; the text says why."""


@dataclass(frozen=True)
class Finding:
    """What a finding of one of our checks says."""

    uid: str
    check: str
    status: Status
    muted: bool
    account: str
    account_name: str
    unit: str
    """The organizational unit of the account; empty if Prowler was not told to look it up."""
    user: str
    """The name of the resource: a user, the root user, or the account itself."""
    arn: str
    time: int
    """When the scan began: seconds since 1970, UTC."""
    facts: Mapping[str, Any]
    """The resource's data: ``finding.describe`` of the checks made it."""
    report: Path


def find_reports(paths: Iterable[Path]) -> list[Path]:
    """The files among these, and the OCSF reports of findings in the folders. Raises OSError.

    Compliance reports are left out, and links in folders are not followed.
    """
    found = []
    for path in paths:
        if path.is_dir():
            below = sorted(path.rglob(f"*{OCSF}"))
            found += [one for one in below if one.is_file() and not one.is_symlink()]
        else:
            path.open("rb").close()
            found.append(path)
    return [path for path in dict.fromkeys(found) if path.parent.name != "compliance"]


def oldest_first(reports: Iterable[Path]) -> list[Path]:
    """The reports by the time of their first finding; unusable ones come first."""
    return sorted(reports, key=lambda report: (_began(report), report))


def _began(report: Path) -> int:
    try:
        return next((int(one.get("time", 0)) for one in _members(report)), 0)
    except (UnusableReportError, TypeError, ValueError, AttributeError):
        return 0


def findings_in(report: Path) -> Iterator[Finding]:
    """The findings of our checks in a report; keeps one finding in memory.

    Raises UnusableReportError if this is not a whole report, and OSError. Findings before the
    place where it is broken were given then.
    """
    ours = our_checks()
    empty = True
    for number, member in enumerate(_members(report), start=1):
        empty = False
        try:
            _refuse_other_formats(member)
            if member["metadata"]["event_code"] in ours:
                yield _finding(member, report)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise UnusableReportError(
                f"finding {number} is not one of Prowler's in OCSF ({type(error).__name__})"
            ) from error
    if empty:
        raise UnusableReportError("it has no findings")


def count_members(report: Path) -> int:
    """How many findings a report has, of any check. Raises UnusableReportError and OSError."""
    return sum(1 for _ in _members(report))


def _refuse_other_formats(member: Any) -> None:
    if not isinstance(member, dict) or "class_uid" not in member:
        raise UnusableReportError(
            "it is not an OCSF report of Prowler's, which has a name that ends in .ocsf.json"
        )
    if member["class_uid"] != DETECTION_FINDING:
        raise UnusableReportError(
            "it has other events of OCSF than findings; Prowler's compliance reports are in a "
            "folder of their own, and those of findings beside it"
        )


def _finding(member: Mapping[str, Any], report: Path) -> Finding:
    resource = member["resources"][0]
    status = member["status_code"]
    if status not in ("FAIL", "PASS", "MANUAL"):
        raise ValueError(status)
    cloud = member["cloud"]
    facts = resource["data"]["metadata"]
    return Finding(
        uid=str(member["finding_info"]["uid"]),
        check=member["metadata"]["event_code"],
        status=cast("Status", status),
        muted=member["status"] == "Suppressed",
        account=str(cloud["account"]["uid"]),
        account_name=str(cloud["account"].get("name") or ""),
        unit=str((cloud.get("org") or {}).get("ou_name") or ""),
        user=str(resource["name"]),
        arn=str(resource["uid"]),
        time=int(member["time"]),
        facts=facts if isinstance(facts, dict) else {},
        report=report,
    )


def _members(report: Path) -> Iterator[Any]:
    """The members of the JSON list in a file, one after the other."""
    try:
        with report.open(encoding="utf-8-sig") as file:
            yield from _members_of(file)
    except UnicodeDecodeError as error:
        raise UnusableReportError("it is not text in UTF-8") from error
    except RecursionError as error:
        raise UnusableReportError("it is nested too deeply") from error


def _members_of(file: TextIO) -> Iterator[Any]:
    decode = json.JSONDecoder().raw_decode
    buffer, at, expected = "", 0, "["
    while True:
        at = cast("re.Match[str]", _SPACE.match(buffer, at)).end()
        if at == len(buffer):
            buffer, at = file.read(CHUNK), 0
            if not buffer:
                raise UnusableReportError("it is empty" if expected == "[" else TRUNCATED)
        elif buffer[at] not in expected:
            raise UnusableReportError("it is not a list of findings, or is damaged")
        elif buffer[at] == "]":
            break
        elif buffer[at] == "{":
            try:
                member, at = decode(buffer, at)
            except json.JSONDecodeError as error:
                longer = file.read(max(CHUNK, len(buffer) - at))
                if not longer or len(buffer) - at > LONGEST:
                    raise UnusableReportError(TRUNCATED) from error
                buffer, at = buffer[at:] + longer, 0
                continue
            yield member
            expected = ",]"
        else:
            at, expected = at + 1, "{]" if buffer[at] == "[" else "{"
    if (buffer[at + 1 :] + file.read(CHUNK)).strip():
        raise UnusableReportError("something follows the end of its list")
