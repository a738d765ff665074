"""Prowler's OCSF reports: find them, and read the findings of our checks, one at a time."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO, cast

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks

from .facts import Facts, facts_of

OCSF = ".ocsf.json"
CHUNK = 1 << 20
"""Characters that are read at a time."""
LONGEST = 1 << 26
"""Characters that a finding may have, so that a file that is not JSON does not fill memory."""
TRUNCATED = "it ends in the middle of a finding, or is damaged: copy it again, or scan again"
DETECTION_FINDING, COMPLIANCE_FINDING = 2004, 2003
"""OCSF's classes of Prowler's findings, and of those in its compliance reports."""
LATEST = 4_102_444_800
"""The year 2100: a later scan has not been."""
_SPACE = re.compile(r"[ \t\r\n]*")

Status = Literal["FAIL", "PASS", "MANUAL"]


class UnusableReportError(Exception):
    """A file that is not a whole report of Prowler's in OCSF; the text says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a finding of one of our checks says."""

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
    facts: Facts
    is_readable: bool
    """Whether its data are as the checks write them; if not, ``facts`` are empty."""

    @property
    def uid(self) -> str:
        """The same for the same finding of another scan.

        Prowler's UID has a region in it, which depends on how the scan was started.
        """
        return f"{self.check} {self.arn} {self.user}"


def find_reports(paths: Iterable[Path]) -> tuple[list[Path], dict[Path, str]]:
    """The files among these, and the OCSF reports of findings in the folders.

    Also what was not looked at, and why: folders that may not be read, and links in folders.
    Compliance reports in folders are left out. Raises OSError for a path that is not there.
    """
    found: list[Path] = []
    problems: dict[Path, str] = {}

    def unreadable(error: OSError) -> None:
        problems[Path(error.filename)] = f"it cannot be read: {error.strerror}"

    for path in paths:
        if not path.is_dir():
            path.open("rb").close()
            found.append(path)
            continue
        for folder, below, files in os.walk(path, onerror=unreadable):
            for name in sorted((*below, *files)):
                one = Path(folder, name)
                is_report = name.endswith(OCSF) and name in files
                if one.is_symlink() and (is_report or name in below):
                    problems[one] = "it is a link, which is not followed"
                elif is_report and not _is_of_compliance(one):
                    found.append(one)
    return list(dict.fromkeys(found)), problems


def _is_of_compliance(report: Path) -> bool:
    first = _first(report)
    return isinstance(first, dict) and first.get("class_uid") == COMPLIANCE_FINDING


def oldest_first(reports: Iterable[Path]) -> list[Path]:
    """The reports by the time of their first finding; unusable ones come first."""
    return sorted(reports, key=lambda report: (_began(report), report))


def _began(report: Path) -> int:
    first = _first(report)
    time = first.get("time") if isinstance(first, dict) else None
    return time if isinstance(time, int) else 0


def _first(report: Path) -> Any:
    try:
        return next(_members(report), None)
    except (UnusableReportError, OSError):
        return None


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
                yield _finding(member)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise UnusableReportError(
                f"finding {number} is not one of Prowler's in OCSF ({type(error).__name__})"
            ) from error
    if empty:
        raise UnusableReportError("it has no findings")


def members(report: Path) -> Iterator[Any]:
    """All findings of a report, of any check, as they are. Raises UnusableReportError, OSError."""
    return _members(report)


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


def _finding(member: Mapping[str, Any]) -> Finding:
    resource, status, time = member["resources"][0], member["status_code"], member["time"]
    if status not in ("FAIL", "PASS", "MANUAL"):
        raise ValueError(status)
    if not isinstance(time, int) or not 0 <= time <= LATEST:
        raise ValueError("time")
    cloud = member["cloud"]
    facts = facts_of(resource["data"]["metadata"])
    return Finding(
        check=sys.intern(member["metadata"]["event_code"]),
        status=cast("Status", status),
        muted=member["status"] == "Suppressed",
        account=_text(cloud["account"]["uid"]),
        account_name=_text(cloud["account"].get("name") or ""),
        unit=_text((cloud.get("org") or {}).get("ou_name") or ""),
        user=_text(resource["name"]),
        arn=_text(resource["uid"]),
        time=time,
        facts=facts or Facts(),
        is_readable=facts is not None,
    )


def _text(value: Any) -> str:
    """Text without half characters, which no file can hold; the same text only once in memory."""
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return sys.intern(value.encode("utf-8", "replace").decode())


def _members(report: Path) -> Iterator[Any]:
    """The members of the JSON list in a file, one after the other."""
    try:
        with report.open(encoding="utf-8-sig") as file:
            yield from _members_of(file)
    except UnicodeDecodeError as error:
        raise UnusableReportError("it is not text in UTF-8") from error
    except RecursionError as error:
        raise UnusableReportError("it is nested too deeply") from error
    except ValueError as error:  # such as a number of 5,000 digits
        raise UnusableReportError("it is damaged") from error


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
