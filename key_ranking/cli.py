"""The command prowler-access-keys: which key first, from reports that are there already."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from prowler_access_keys.compliance.live_frameworks import choose

from . import whose
from .entries.entry import word_account
from .examples import EXAMPLES, INSTALLED, write_examples
from .exception_files import check_exceptions, draft_exceptions
from .findings.accepted import word_accepted
from .findings.reports import OCSF, find_reports, moment_of, oldest_first
from .outputs.athena import write_query
from .outputs.evidence import make_tables, write_evidence
from .outputs.figures import FIGURES, figure_of, word_figures
from .outputs.oscal import write_oscal
from .outputs.owners import write_owners
from .outputs.page import AccountRow, NotCovered, Page, write_page
from .outputs.printing import has_color, list_files, printable, say
from .outputs.terminal import describe_first, describe_new
from .over_time import promise
from .over_time.news import FAIL_ON, FailOn
from .over_time.period import read_period
from .over_time.runs import DatedFigures
from .over_time.snapshot import Snapshot, earlier_runs, read_snapshot, require_common_account
from .ranked_reports import RankedReports, rank_reports, write_files
from .versions import PLUG_IN, Show, describe_versions
from .whole_file import UnusableFileError

NOTHING_TO_DO = 0
REFUSED = 1
KEYS_TO_ACT_ON = 3
NAME = "access-keys-"
DESCRIPTION = """\
Which access key first? Reads the OCSF reports of Prowler runs that had the checks of this plug-in,
of one account or many, and writes one ranked page, with a CSV and a JSON file.
"""
EPILOG = """\
examples:
  prowler-access-keys output
        rank the keys in all reports of this folder and of the folders in it
  prowler-access-keys output --previous last-month/access-keys-20261026-081500.json
        also say what has changed since a run of last month

exit codes:
  0  there is nothing to do
  3  there is a key to act on, or something that could not be read; --fail-on limits this
  1  a report, or the JSON file of an earlier run, could not be used or is dated later than now, or
     no report has a finding of these checks; the page has the rest
  2  the command line is wrong
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run prowler-access-keys (default: with the arguments of the process). Returns its exit code.

    See ``EPILOG`` for the exit codes.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may not have every letter of a name
    options = _parser().parse_args(arguments)
    try:
        if options.athena_query:
            return _print_query(options)
        if options.oscal:
            write_oscal(options.reports, options.oscal)
            say(f"Written:\n  {options.oscal}", sys.stdout)
            return NOTHING_TO_DO
        if options.period:
            return _period(options)
        if options.whose:
            return _whose(options)
        return _rank(options)
    except UnusableFileError as error:
        _complain(f"{error}. Nothing was written.")
        return REFUSED
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}")
        return REFUSED
    except KeyboardInterrupt:
        _complain("Interrupted: nothing was written.")
        return 130


class Instead(argparse.Action):
    """Does as ``--version`` does: calls ``const`` with the value, and ends with what it returns."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, value: Any, option: Any = None
    ) -> None:
        try:
            parser.exit(self.const(value))
        except OSError as error:
            _complain(f"{value}: {error.strerror}")
            parser.exit(REFUSED)


def _write_examples(directory: Path) -> int:
    try:
        written = write_examples(directory)
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}. Nothing was overwritten.")
        return REFUSED
    say("\n".join(["Written:", *(f"  {path}" for path in written)]), sys.stdout)
    return NOTHING_TO_DO


def _choose_live_frameworks(names: Sequence[str]) -> int:
    twins, problems = choose(names)
    for twin in twins:
        say(f"Prowler now offers {twin}: prowler aws --compliance {twin}", sys.stdout)
    if not names and not problems:
        say("Prowler now offers no live framework.", sys.stdout)
    for problem in problems:
        _complain(problem)
    return REFUSED if problems else NOTHING_TO_DO


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prowler-access-keys",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "reports", nargs="+", type=Path, metavar="FILE_OR_FOLDER",
        help=f"a report of Prowler that ends in {OCSF}, or a folder with such reports",
    )  # fmt: skip
    parser.add_argument(
        "--write-examples", action=Instead, const=_write_examples, type=Path, metavar="DIR",
        help="write policies, the role of organizations, and examples of files for Prowler to the "
        "folder DIR, and exit",
    )  # fmt: skip
    parser.add_argument(
        "--check-exceptions", action=Instead, const=check_exceptions, metavar="FILE",
        help="say whether this file of exceptions can be used, and which of them are not in force, "
        "and exit: 0 if all are, 3 if one is not, 1 if the file cannot be used",
    )  # fmt: skip
    parser.add_argument(
        "--exceptions-from-mutelist", action=Instead, const=draft_exceptions, metavar="FILE",
        help="print a draft of exceptions from this mutelist of Prowler, and exit; it cannot be "
        "used until what is in <> is filled in",
    )  # fmt: skip
    parser.add_argument(
        "--live-frameworks", action=Instead, const=_choose_live_frameworks, nargs="*",
        metavar="FRAMEWORK",
        help="have Prowler offer these frameworks of its own, such as cis_6.0_aws, with the "
        "requirements about access keys measured by these checks, no others, and exit",
    )  # fmt: skip
    parser.add_argument(
        "--output-directory", type=Path, default=Path("access-keys"), metavar="DIR",
        help="write there (default: access-keys)",
    )  # fmt: skip
    parser.add_argument(
        "--oscal", type=Path, metavar="FILE",
        help="only write the results of the framework access_key_hygiene_1.0_aws to FILE, as "
        "OSCAL assessment results; exit with 0",
    )  # fmt: skip
    parser.add_argument(
        "--previous", type=Path, metavar="FILE",
        help="the JSON file of an earlier run to compare with (default: the newest in DIR)",
    )  # fmt: skip
    parser.add_argument(
        "--fail-on", choices=FAIL_ON, default="any",
        help="when to exit with 3. new: for an incident, a key that did not fail in the last run "
        "that looked at its account, and an account that this run did not look at. incident: for "
        "incidents and such accounts only (default: any)",
    )  # fmt: skip
    parser.add_argument(
        "--owners", type=Path, metavar="DIR",
        help="also write a Markdown and a CSV file for each owner to the new folder DIR",
    )  # fmt: skip
    parser.add_argument(
        "--promise", type=promise.parse, default=promise.DEFAULT, metavar="SEVERITY=DAYS,...",
        help="within how many days you deal with a key, from the first run that saw it fail "
        "(default: critical=7,high=30,medium=90,low=180)",
    )  # fmt: skip
    parser.add_argument(
        "--whose", type=Path, metavar="FILE",
        help="say whose the access key IDs in this text are, such as a log or the output of a "
        "scanner for secrets, and write nothing; - is the standard input",
    )  # fmt: skip
    parser.add_argument(
        "--period", nargs=2, type=date.fromisoformat, metavar=("FROM", "TO"),
        help="write evidence for these days instead, such as 2026-07-01 2026-12-31, from the JSON "
        "files of runs in the folders; from OCSF reports if there is none",
    )  # fmt: skip
    parser.add_argument(
        "--athena-query", action="store_true",
        help="print a query for Athena about the keys in the reports, and write no file",
    )  # fmt: skip
    parser.add_argument(
        "--examples", action=Show, text=lambda _: str(INSTALLED / EXAMPLES),
        help="print the installed folder of the examples of files for Prowler, and exit",
    )  # fmt: skip
    parser.add_argument(
        "--version", action=Show, text=describe_versions, help="print both versions, and exit"
    )
    return parser


def _rank(options: argparse.Namespace) -> int:
    paths, directory, previous = options.reports, options.output_directory, options.previous
    found, problems = find_reports(paths)
    reports = oldest_first(found)
    if not reports and not problems:
        _complain(f"There is no report that ends in {OCSF} in {', '.join(map(str, paths))}.")
        return REFUSED
    now = datetime.now(timezone.utc)
    name = f"{NAME}{now:%Y%m%d-%H%M%S}"
    before, runs, unusable = earlier_runs(directory, f"{NAME}*.json", name, now)
    if previous:
        before = read_snapshot(previous, now)
    ranking = rank_reports(reports, now, before, problems=problems)
    _name_unusable(ranking.collected.problems, unusable)
    if not ranking.collected.accounts:
        files = "this report" if len(reports) == 1 else f"any of these {len(reports)} reports"
        _complain(f"There is no usable finding of these checks in {files}. Nothing was written.")
        return REFUSED
    if previous and before:
        require_common_account(before, previous, ranking.collected.accounts)
    directory.mkdir(parents=True, exist_ok=True)
    page = directory / f"{name}.html"
    written = write_files(ranking, directory, name)
    write_page(_page(ranking, directory, written[0].name, now, runs), page)
    paths = [*written]
    if options.owners:
        histories = ranking.snapshot.histories
        owners = write_owners(ranking.entries, histories, options.promise, options.owners, now)
        paths.append(owners)
    say(_summary(ranking, options.fail_on, [*paths, page]), sys.stdout)
    if ranking.collected.problems or unusable:
        return REFUSED
    return KEYS_TO_ACT_ON if ranking.news.is_red(options.fail_on) else NOTHING_TO_DO


def _rank_all(options: argparse.Namespace, now: datetime, before: Snapshot | None) -> RankedReports:
    """The ranking of all reports; those that cannot be used are named."""
    found, problems = find_reports(options.reports)
    ranking = rank_reports(oldest_first(found), now, before, problems=problems)
    _name_unusable(ranking.collected.problems)
    return ranking


def _print_query(options: argparse.Namespace) -> int:
    ranking = _rank_all(options, datetime.now(timezone.utc), None)
    query, lack = write_query(ranking.entries)
    if lack:
        _complain(lack)
    if query:
        say(query, sys.stdout)
    return REFUSED if lack or ranking.collected.problems else NOTHING_TO_DO


def _whose(options: argparse.Namespace) -> int:
    if str(options.whose) == "-":
        ids = whose.ids_in(sys.stdin.buffer)
    else:
        with options.whose.open("rb") as file:
            ids = whose.ids_in(file)
    now = datetime.now(timezone.utc)
    before, _, unusable = earlier_runs(options.output_directory, f"{NAME}*.json", "b", now)
    ranking = _rank_all(options, now, before)
    _name_unusable(unusable)
    data = ranking.snapshot
    keys = whose.look_up(ids, ranking.entries, data.histories, data.names)
    say("\n".join(whose.describe(keys)), sys.stdout)
    if ranking.collected.problems or unusable:
        return REFUSED
    return KEYS_TO_ACT_ON if any(not key.is_retired for key in keys) else NOTHING_TO_DO


def _period(options: argparse.Namespace) -> int:
    now = datetime.now(timezone.utc)
    first, last = options.period
    found, problems = read_period(options.reports, first, last, now)
    _name_unusable(problems)
    if not found.days:
        _complain("No scan is on these days. Nothing was written.")
        return REFUSED
    tables = make_tables(found, options.promise)
    written = write_evidence(found, tables, problems, options.output_directory, now)
    lines = [f"{table.title}: {len(table.rows)}. {table.note}".rstrip() for table in tables]
    say("\n".join([*lines, "", "Written:", *(f"  {path}" for path in written)]), sys.stdout)
    return REFUSED if problems else NOTHING_TO_DO


def _page(
    ranking: RankedReports, directory: Path, csv: str, now: datetime, runs: Sequence[DatedFigures]
) -> Page:
    accounts = ranking.collected.accounts.values()
    links = {
        account.account: _link(account.report, directory) for account in accounts if account.report
    }
    counts = Counter((entry.account, figure_of(entry)) for entry in ranking.entries)
    rows = [
        AccountRow(
            account.account,
            account.name,
            tuple(counts[account.account, figure] for figure in FIGURES),
            links.get(account.account, ""),
        )
        for account in accounts
    ]
    rows.sort(key=lambda row: ([-number for number in row.cells], row.account))
    ours = "none of its findings are of these checks"
    return Page(
        title=f"Which access key first: {_title(ranking)}",
        subtitle=f"From Prowler's scans {_dates(ranking)}. Written on {now:%Y-%m-%d %H:%M} UTC "
        f"by {PLUG_IN} {version(PLUG_IN)}.",
        entries=ranking.entries,
        csv=quote(csv),
        links=links,
        not_covered=[
            *(NotCovered("", str(path), why) for path, why in ranking.collected.problems.items()),
            *(
                NotCovered("", str(path), ours, is_left_out=True)
                for path in ranking.collected.without_ours
            ),
        ],
        columns=FIGURES,
        accounts=rows,
        muted=ranking.collected.muted,
        accepted=ranking.accepted,
        owners=ranking.owners,
        changes=ranking.changes,
        since=ranking.since,
        runs=ranking.with_earlier(runs),
    )


def _title(ranking: RankedReports) -> str:
    """The account, or the number of accounts and their figures."""
    first, *others = ranking.collected.accounts.values()
    if not others:
        return word_account(first.account, first.name)
    return f"{len(others) + 1} accounts, {word_figures(ranking.entries) or 'nothing to do'}"


def _dates(ranking: RankedReports) -> str:
    """When the scans were whose results the page has."""
    times = [max(account.checks.values()) for account in ranking.collected.accounts.values()]
    first, last = (f"{moment_of(time):%Y-%m-%d}" for time in (min(times), max(times)))
    return f"of {first}" if first == last else f"of {first} to {last}"


def _link(report: Path, directory: Path) -> str:
    """The HTML report beside an OCSF report, or else that one, relative to the page."""
    html = report.with_name(report.name.removesuffix(OCSF) + ".html")
    return quote(os.fsencode(os.path.relpath(html if html.exists() else report, directory)))


def _summary(ranking: RankedReports, fail_on: FailOn, files: Sequence[Path]) -> str:
    """What is printed: the first keys, how many there are, and where the files are."""
    accepted = word_accepted(ranking.accepted, ranking.owners)
    lines = describe_first(ranking.entries, accepted=accepted, color=has_color(sys.stdout))
    if fail_on == "new":
        lines = describe_new(ranking.news, len(ranking.entries), ranking.since)
    if ranking.since:
        counts = Counter(change.kind for change in ranking.changes)
        kinds = ", ".join(f"{counts[kind]} {kind}" for kind in counts) or "none"
        lines += ["", f"Changes since {ranking.since}: {kinds}."]
    return "\n".join([*lines, "", *list_files("Written:", files)])


def _name_unusable(*problems: Mapping[Path, str]) -> None:
    for path, why in (item for each in problems for item in each.items()):
        _complain(f"{path}: {why}.")


def _complain(sentence: str) -> None:
    say(f"prowler-access-keys: {printable(sentence)}", sys.stderr)
