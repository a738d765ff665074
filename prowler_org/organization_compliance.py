"""The accounts' compliance reports: one CSV for each framework, and accounts by requirement."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from key_ranking.page import Framework, Requirement
from key_ranking.whole_file import UnusableFileError, regular_file, whole_file

from .account_result import AccountResult
from .report_files import merge_csv

FOLDER = "compliance"
_REPORT = re.compile(r"compliance/prowler-output-.+-\d{14}_(?P<framework>.+)\.csv$")
_State = Literal["failing", "passing", "not judged"]


@dataclass
class _Requirement:
    """What the accounts' reports say of a requirement."""

    description: str
    accounts: dict[_State, set[str]] = field(
        default_factory=lambda: {"failing": set(), "passing": set(), "not judged": set()}
    )


def merge_compliance(
    results: Sequence[AccountResult], directory: Path, name: str
) -> tuple[tuple[Framework, ...], dict[Path, str]]:
    """Write ``compliance/<name>_<framework>.csv`` for each framework of the run. Raises OSError.

    Returns what the page shows of them, and why reports were left out: those that are not text, or
    not a CSV file. A report that has other columns than Prowler's is merged, and not counted.
    """
    by_framework: dict[str, list[tuple[str, Path]]] = {}
    for result in results:
        for report in result.reports:
            if found := _REPORT.search(report):
                files = by_framework.setdefault(found["framework"], [])
                files.append((result.account, directory / report))
    scanned = sum(result.was_scanned for result in results)
    frameworks, problems = [], {}
    for framework, files in sorted(by_framework.items()):
        requirements: dict[str, _Requirement] = {}
        usable = []
        for account, path in files:
            try:
                states = dict.fromkeys(_states(path))  # in the report's order
            except UnusableFileError as error:
                problems[path] = str(error)
                continue
            usable.append(path)
            for identifier, description, state in states:
                requirement = requirements.setdefault(identifier, _Requirement(description))
                requirement.accounts[state].add(account)
        merged = directory / FOLDER / f"{name}_{framework}.csv"
        merged.parent.mkdir(exist_ok=True)
        with whole_file(merged) as target:
            merge_csv(usable, target)
        counts = tuple(
            _counted(identifier, requirement, scanned)
            for identifier, requirement in requirements.items()
        )
        frameworks.append(Framework(framework, quote(f"{FOLDER}/{merged.name}"), counts))
    return tuple(frameworks), problems


def _states(report: Path) -> Iterator[tuple[str, str, _State]]:
    """The requirements of a report with their descriptions, and the states of their findings."""
    csv.field_size_limit(sys.maxsize)
    with regular_file(report) as file:
        text = io.TextIOWrapper(file, "utf-8", newline="")
        for row in csv.DictReader(text, delimiter=";"):
            status = row.get("STATUS")
            if status and row.get("REQUIREMENTS_ID"):
                fails = status == "FAIL" and row.get("MUTED") != "True"
                state: _State = "failing" if fails else "passing"
                state = "not judged" if status == "MANUAL" else state
                yield row["REQUIREMENTS_ID"], row.get("REQUIREMENTS_DESCRIPTION") or "", state


def _counted(identifier: str, requirement: _Requirement, scanned: int) -> Requirement:
    """How many accounts fail, pass, or could not be judged: an account without a result was not."""
    failing = requirement.accounts["failing"]
    passing = requirement.accounts["passing"] - failing - requirement.accounts["not judged"]
    rest = scanned - len(failing) - len(passing)
    return Requirement(identifier, requirement.description, len(failing), rest, len(passing))
