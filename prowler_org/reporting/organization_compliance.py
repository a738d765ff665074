"""The accounts' compliance reports: one CSV for each framework, and accounts by requirement."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import quote

from prowler_access_keys.ranking.outputs.page import Framework, Requirement
from prowler_access_keys.ranking.whole_file import UnusableFileError, whole_file

from ..results.account_result import AccountResult
from ..results.report_files import csv_rows, write_csv

FOLDER = "compliance"
_REPORT = re.compile(r"compliance/prowler-output-.+-\d{14}_(?P<framework>.+)\.csv$")
_State = Literal["passing", "accepted", "not judged", "failing"]
"""A requirement is accepted if what fails is muted."""
_Key = tuple[str, str]
"""A requirement and its description."""
_WORST: tuple[_State, ...] = ("failing", "not judged", "accepted", "passing")


def merge_compliance(
    results: Sequence[AccountResult], directory: Path, name: str
) -> tuple[tuple[Framework, ...], dict[Path, str]]:
    """Write ``compliance/<name>_<framework>.csv`` for each framework of the run. Raises OSError.

    Returns what the page shows of them, and why reports were left out: those that are not text, or
    not a CSV file. A report that has other columns than Prowler's is merged, and not counted.
    """
    by_framework: dict[str, dict[Path, str]] = {}
    for result in results:
        for report in result.reports:
            if match := _REPORT.search(report):
                files = by_framework.setdefault(match["framework"], {})
                files[directory / report] = result.account
    scanned = sum(result.was_scanned for result in results)
    frameworks = []
    problems: dict[Path, str] = {}
    for framework, files in sorted(by_framework.items()):
        counts, unusable = _count(files)
        problems.update(unusable)
        merged = directory / FOLDER / f"{name}_{framework}.csv"
        merged.parent.mkdir(exist_ok=True)
        with whole_file(merged) as target:
            _merge({path: files[path] for path in files if path not in unusable}, target)
        requirements = tuple(
            # An account without a result for a requirement was not judged.
            Requirement(*key, fail, scanned - fail - accepted - passed, accepted, passed)
            for key, count in sorted(counts.items(), key=lambda item: _by_number(item[0][0]))
            for fail, accepted, passed in [(count["failing"], count["accepted"], count["passing"])]
        )
        link = quote(f"{FOLDER}/{merged.name}")
        frameworks.append(Framework(framework, link, requirements))
    return tuple(frameworks), problems


def _count(reports: Iterable[Path]) -> tuple[dict[_Key, Counter[_State]], dict[Path, str]]:
    """The number of accounts in each state, by requirement, and why reports are not usable."""
    counts: dict[_Key, Counter[_State]] = {}
    unusable: dict[Path, str] = {}
    for path in reports:
        try:
            states = _states(path)
        except UnusableFileError as error:
            unusable[path] = str(error)
            continue
        for requirement, state in states.items():
            counts.setdefault(requirement, Counter())[state] += 1
    return counts, unusable


def _states(report: Path) -> dict[_Key, _State]:
    """The state of an account, by requirement and its description. Raises UnusableFileError."""
    states: dict[_Key, _State] = {}
    for row in csv_rows(report):
        status, key = row.get("STATUS"), row.get("REQUIREMENTS_ID")
        if status and key:
            failing: _State = "accepted" if row.get("MUTED") == "True" else "failing"
            by_status: dict[str, _State] = {"FAIL": failing, "PASS": "passing"}
            state = by_status.get(status, "not judged")
            requirement = (key, row.get("REQUIREMENTS_DESCRIPTION", ""))
            before = states.get(requirement, "passing")
            states[requirement] = min(state, before, key=_WORST.index)
    return states


def _by_number(requirement: str) -> list[tuple[int, str]]:
    """A key that sorts 1.9 before 1.10."""
    parts = re.findall(r"\d+|\D+", requirement)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _merge(files: Mapping[Path, str], target: BinaryIO) -> None:
    """Merge reports, by file the account: Prowler leaves it out of rows that no check measured."""
    rows = (
        {**row, **({"ACCOUNTID": account} if row.get("ACCOUNTID") == "" else {})}
        for path, account in files.items()
        for row in csv_rows(path)
    )
    write_csv(rows, target)
