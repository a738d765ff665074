"""The reports of a whole run: merged findings, the ranking of keys, compliance, and the page."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from prowler_access_keys.ranking.findings.reports import OCSF, members
from prowler_access_keys.ranking.outputs.page import write_page
from prowler_access_keys.ranking.over_time.snapshot import earlier_runs
from prowler_access_keys.ranking.ranked_reports import RankedReports, rank_reports, write_files
from prowler_access_keys.ranking.whole_file import UnusableFileError

from ..results.report_files import holds_findings, merge
from .finished_run import FinishedRun
from .organization_compliance import FOLDER as COMPLIANCE
from .organization_compliance import merge_compliance
from .page import KEYS, organization_page


@dataclass(frozen=True)
class OrganizationReports:
    """The organization's own files, and what is known of its keys."""

    files: tuple[Path, ...]
    ranking: RankedReports
    compliance: tuple[Path, ...] = ()
    """The merged reports of compliance, which the summary does not list."""


def write_reports(finished: FinishedRun) -> OrganizationReports:
    """Write all reports of the organization. Raises OSError."""
    state, directory = finished.state, finished.directory
    results, organization = state.sorted_results, state.job.organization
    merged = merge(results, directory, state.name)
    frameworks, problems = merge_compliance(results, directory, state.name)
    problems.update(find_unreadable(merged))
    findings = [
        directory / report
        for result in results
        for report in result.reports
        if holds_findings(report, OCSF)
    ]
    keys, now = directory / KEYS, datetime.now(timezone.utc)
    keys.mkdir(exist_ok=True)
    pattern = f"prowler-org-{organization}-*.json"
    newest, runs, unusable = earlier_runs(keys, pattern, state.name, now, organization)
    problems.update(unusable)
    ranking = rank_reports(
        findings,
        now,
        finished.previous or newest,
        {result.account: result.name for result in results},
        finished.accounts.members,
        problems,
        organization,
    )
    files = write_files(ranking, keys, state.name)
    page = directory / f"{state.name}.html"
    shown = organization_page(finished, ranking, frameworks)
    write_page(replace(shown, runs=ranking.with_earlier(runs)), page)
    compliance = tuple(sorted((directory / COMPLIANCE).glob(f"{state.name}_*.csv")))
    return OrganizationReports((*merged, *files, page), ranking, compliance)


def find_unreadable(merged: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """What was written is read back once: why a merged report is not what it should be."""
    for path in merged:
        try:
            if path.name.endswith(OCSF):
                deque(members(path), maxlen=0)
        except UnusableFileError as error:
            yield path, str(error)
