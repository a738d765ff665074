"""The accounts' compliance reports: one CSV for each framework, and accounts by requirement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from key_ranking.page import Framework, Requirement
from key_ranking.whole_file import whole_file

from .account_result import AccountResult
from .report_files import csv_rows, merge_csv

FOLDER = "compliance"
_REPORT = re.compile(r"compliance/prowler-output-.+-\d{14}_(?P<framework>.+)\.csv$")


@dataclass
class _Told:
    """What an account's report says of a requirement."""

    description: str = ""
    failing: set[str] = field(default_factory=set)
    """The accounts that fail."""
    passing: set[str] = field(default_factory=set)
    unjudged: set[str] = field(default_factory=set)


def merge_compliance(
    results: Sequence[AccountResult], directory: Path, name: str
) -> tuple[Framework, ...]:
    """Write ``compliance/<name>_<framework>.csv`` for each framework of the run. Raises OSError.

    Returns what the page shows of them. A report that has other columns than Prowler's is merged,
    and not counted.
    """
    by_framework: dict[str, list[tuple[str, Path]]] = {}
    for result in results:
        for report in result.reports:
            found = _REPORT.search(report)
            if found:
                files = by_framework.setdefault(found["framework"], [])
                files.append((result.account, directory / report))
    scanned = sum(result.was_scanned for result in results)
    frameworks = []
    for framework, files in sorted(by_framework.items()):
        merged = directory / FOLDER / f"{name}_{framework}.csv"
        merged.parent.mkdir(exist_ok=True)
        with whole_file(merged) as target:
            merge_csv([path for _, path in files], target)
        link = quote(f"{FOLDER}/{merged.name}")
        frameworks.append(Framework(framework, link, tuple(_requirements(files, scanned))))
    return tuple(frameworks)


def _requirements(files: Iterable[tuple[str, Path]], scanned: int) -> Iterator[Requirement]:
    """How many accounts fail, pass, or could not be judged, for each requirement.

    An account without a result for a requirement was not judged.
    """
    told: dict[str, _Told] = {}
    for account, path in files:
        for row in csv_rows(path):
            if row.get("REQUIREMENTS_ID") and row.get("STATUS"):
                _add(told, account, row)
    for identifier, one in told.items():
        passing = one.passing - one.failing - one.unjudged
        rest = scanned - len(one.failing) - len(passing)
        yield Requirement(identifier, one.description, len(one.failing), rest, len(passing))


def _add(told: dict[str, _Told], account: str, row: Mapping[str, str]) -> None:
    one = told.setdefault(row["REQUIREMENTS_ID"], _Told(row.get("REQUIREMENTS_DESCRIPTION", "")))
    if row["STATUS"] == "MANUAL":
        one.unjudged.add(account)
    elif row["STATUS"] == "FAIL" and row.get("MUTED") != "True":
        one.failing.add(account)
    else:
        one.passing.add(account)
