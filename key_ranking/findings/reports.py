"""Prowler's OCSF reports: find them, and read the findings of our checks, one at a time."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any, TextIO, cast

from pydantic import Field

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks
from prowler_access_keys.services.iam.iam_access_keys.finding_data import FindingData
from prowler_access_keys.services.iam.iam_access_keys.findings.finding import Status

from ..whole_file import UnusableFileError, regular_file
from .usable_data import data_of

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
Seconds = Annotated[int, Field(ge=0, le=LATEST)]
"""Since 1970, UTC."""
_SPACE = re.compile(r"[ \t\r\n]*")


def moment_of(time: int) -> datetime:
    """The time of a finding, which is in seconds since 1970, in UTC."""
    return datetime.fromtimestamp(time, timezone.utc)


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
    data: FindingData
    unusable: str = ""
    """Why ``data`` is empty although the report has some: see ``data_of``."""
    known_as: str = ""
    """The ``person`` that an earlier finding had, if the user has another name now."""

    @property
    def person(self) -> str:
        """Whom it is about: the same for the same user of another scan."""
        return self.known_as or f"{self.arn} {self.user}"

    @property
    def uid(self) -> str:
        """The same for the same finding of another scan.

        Prowler's UID has a region in it, which depends on how the scan was started.
        """
        return f"{self.check} {self.person}"


def person_of(uid: str) -> str:
    """The ``person`` of the findings that have this UID."""
    return uid.partition(" ")[2]


def find_reports(paths: Collection[Path]) -> tuple[list[Path], dict[Path, str]]:
    """The files among these, and the OCSF reports of findings in the folders.

    Compliance reports in folders are left out. For the rest, see ``find_files``.
    """
    given = set(paths)
    found, problems = find_files(paths, lambda name: name.endswith(OCSF))
    return [path for path in found if path in given or not _is_of_compliance(path)], problems


def find_files(
    paths: Iterable[Path], is_wanted: Callable[[str], object]
) -> tuple[list[Path], dict[Path, str]]:
    """The files among these, and those in the folders whose names are wanted.

    Also what was not looked at, and why: folders that may not be read, and links in folders.
    Raises OSError for a path that is not there.
    """
    found: list[Path] = []
    problems: dict[Path, str] = {}

    def unreadable(error: OSError) -> None:
        problems[Path(error.filename)] = f"it cannot be read: {error.strerror}"

    for path in paths:
        if not path.is_dir():
            path.stat()
            found.append(path)
            continue
        for folder, below, files in os.walk(path, onerror=unreadable):
            below.sort()
            for name in sorted((*below, *files)):
                file = Path(folder, name)
                is_file = name in files and is_wanted(name)
                if file.is_symlink() and (is_file or name in below):
                    problems[file] = "it is a link, which is not followed"
                elif is_file:
                    found.append(file)
    return list(dict.fromkeys(found)), problems


def _is_of_compliance(report: Path) -> bool:
    """Whether all its findings are of the class of compliance; one that is not may be a failure."""
    are_of_it = (member.get("class_uid") == COMPLIANCE_FINDING for member in members(report))
    try:
        return next(are_of_it, False) and all(are_of_it)
    except UnusableFileError:
        return False


def oldest_first(reports: Iterable[Path]) -> list[Path]:
    """The reports by the time of their first finding; unusable ones come first."""
    return sorted(reports, key=lambda report: (_start_of(report), report))


def _start_of(report: Path) -> int:
    try:
        time = next(members(report), {}).get("time")
    except UnusableFileError:
        return 0
    return time if isinstance(time, int) else 0


def findings_in(report: Path) -> Iterator[Finding]:
    """The findings of our checks in a report; keeps one finding in memory.

    Raises UnusableFileError if this is not a whole report, or if it has something else than
    findings too. Findings before the damage, and all of a mixture, were given then.
    """
    ours = our_checks()
    total = others = 0
    for total, (member, _) in enumerate(_members(report), start=1):
        if "class_uid" not in member:
            raise UnusableFileError(
                "it is not an OCSF report of Prowler's, which has a name that ends in .ocsf.json"
            )
        try:
            if member["class_uid"] != DETECTION_FINDING:
                others += 1
            elif member["metadata"]["event_code"] in ours:
                yield _finding(member)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise UnusableFileError(
                f"finding {total} is not one of Prowler's in OCSF ({type(error).__name__})"
            ) from error
    if not total:
        raise UnusableFileError("it has no findings")
    if others:
        raise UnusableFileError(
            f"{others} of its {total} OCSF events are not findings; compliance reports of Prowler "
            "have a folder of their own, and those of findings are beside it"
        )


def members(report: Path) -> Iterator[dict[str, Any]]:
    """All findings of a report, of any check, as they are. Raises UnusableFileError."""
    return (member for member, _ in _members(report))


def member_texts(report: Path) -> Iterator[str]:
    """The same as text."""
    return (text for _, text in _members(report))


def _finding(member: Mapping[str, Any]) -> Finding:
    resource, status, time = member["resources"][0], member["status_code"], member["time"]
    if status not in ("FAIL", "PASS", "MANUAL"):
        raise ValueError(status)
    if not isinstance(time, int) or not 0 <= time <= LATEST:
        raise ValueError("time")
    cloud, check = member["cloud"], sys.intern(member["metadata"]["event_code"])
    data, unusable = data_of(resource["data"]["metadata"], check, fails=status == "FAIL")
    return Finding(
        check=check,
        status=cast("Status", status),
        muted=member["status"] == "Suppressed",
        account=_text(cloud["account"]["uid"]),
        account_name=_text(cloud["account"].get("name") or ""),
        unit=_text((cloud.get("org") or {}).get("ou_name") or ""),
        user=_text(resource["name"]),
        arn=_text(resource["uid"]),
        time=time,
        data=data,
        unusable=unusable,
    )


def _text(value: Any) -> str:
    """Text without half characters, which no file can hold; the same text only once in memory."""
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return sys.intern(value.encode("utf-8", "replace").decode())


def _members(report: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects of the JSON list in a file, one after the other, each with its text."""
    with regular_file(report) as file:
        yield from _members_of(io.TextIOWrapper(file, "utf-8-sig"))


def _members_of(file: TextIO) -> Iterator[tuple[dict[str, Any], str]]:
    decode = json.JSONDecoder().raw_decode
    buffer, at, expected = "", 0, "["
    while True:
        at = cast("re.Match[str]", _SPACE.match(buffer, at)).end()
        if at == len(buffer):
            buffer, at = file.read(CHUNK), 0
            if not buffer:
                raise UnusableFileError("it is empty" if expected == "[" else TRUNCATED)
        elif buffer[at] not in expected:
            raise UnusableFileError("it is not a list of findings, or is damaged")
        elif buffer[at] == "]":
            break
        elif buffer[at] == "{":
            try:
                member, end = decode(buffer, at)
            except json.JSONDecodeError as error:
                longer = file.read(max(CHUNK, len(buffer) - at))
                if not longer or len(buffer) - at > LONGEST:
                    raise UnusableFileError(TRUNCATED) from error
                buffer, at = buffer[at:] + longer, 0
                continue
            yield member, buffer[at:end]
            at, expected = end, ",]"
        else:
            at, expected = at + 1, "{]" if buffer[at] == "[" else "{"
    if (buffer[at + 1 :] + file.read(CHUNK)).strip():
        raise UnusableFileError("something follows the end of its list")
