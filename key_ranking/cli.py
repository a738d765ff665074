"""The command prowler-access-keys: which key first, from reports that are there already."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .athena import print_query
from .changes import (
    UnusableSnapshotError,
    newest_snapshot,
    read_snapshot,
    require_common_account,
)
from .examples import EXAMPLES, INSTALLED, write_examples
from .live_option import ChooseLiveFrameworks
from .oscal import write_oscal
from .page import AccountRow, NotCovered, Page, write_page
from .printing import printable, say
from .ranked import Ranked, ranked, write_files
from .ranking import Entry, Group
from .reports import OCSF, find_reports, oldest_first
from .terminal import first
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
  3  there is a key to act on, or something that could not be read
  1  a report could not be used, or has findings dated later than now, or none has a finding of
     these checks; the page has the rest
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
            return print_query(options.reports)
        if options.oscal:
            write_oscal(options.reports, options.oscal)
            say(f"Written:\n  {options.oscal}", sys.stdout)
            return NOTHING_TO_DO
        return _run(options.reports, options.output_directory, options.previous)
    except UnusableFileError as error:
        _complain(f"{error}. Nothing was written.")
        return REFUSED
    except (OSError, UnusableSnapshotError) as error:
        problem = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else error
        _complain(str(problem))
        return REFUSED
    except KeyboardInterrupt:
        _complain("Interrupted: nothing was written.")
        return 130


class WriteExamples(argparse.Action):
    """Does as ``--version`` does: writes, and ends the program."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, directory: Any, option: Any = None
    ) -> None:
        try:
            written = write_examples(directory)
        except OSError as error:
            _complain(f"{error.filename}: {error.strerror}. Nothing was overwritten.")
            parser.exit(REFUSED)
        say("\n".join(["Written:", *(f"  {path}" for path in written)]), sys.stdout)
        parser.exit()


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
        "--write-examples", action=WriteExamples, type=Path, metavar="DIR",
        help="write policies, the role of organizations, and examples of files for Prowler to the "
        "folder DIR, and exit",
    )  # fmt: skip
    parser.add_argument(
        "--live-frameworks", action=ChooseLiveFrameworks, nargs="*", metavar="FRAMEWORK",
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


def _run(paths: Sequence[Path], directory: Path, previous: Path | None) -> int:
    found, problems = find_reports(paths)
    reports = oldest_first(found)
    if not reports and not problems:
        _complain(f"There is no report that ends in {OCSF} in {', '.join(map(str, paths))}.")
        return REFUSED
    now = datetime.now(timezone.utc)
    name = f"{NAME}{now:%Y%m%d-%H%M%S}"
    before = read_snapshot(previous, now) if previous else None
    if before is None:
        before, unusable = newest_snapshot(directory, f"{NAME}*.json", name, now)
        for why in unusable:
            _complain(f"{why}.")
    ranking = ranked(reports, now, before, problems=problems)
    for report, problem in ranking.collected.problems.items():
        _complain(f"{report}: {problem}.")
    if not ranking.collected.accounts:
        files = "this report" if len(reports) == 1 else f"any of these {len(reports)} reports"
        _complain(f"There is no usable finding of these checks in {files}. Nothing was written.")
        return REFUSED
    if previous and before:
        require_common_account(before, previous, ranking.collected.accounts)
    directory.mkdir(parents=True, exist_ok=True)
    page = directory / f"{name}.html"
    written = write_files(ranking, directory, name)
    write_page(_page(ranking, directory, written[0].name, now), page)
    say(_summary(ranking, [page, *written]), sys.stdout)
    if ranking.collected.problems:
        return REFUSED
    return KEYS_TO_ACT_ON if ranking.entries else NOTHING_TO_DO


def _page(ranking: Ranked, directory: Path, csv: str, now: datetime) -> Page:
    accounts = ranking.collected.accounts.values()
    links = {
        account.account: _link(account.report, directory) for account in accounts if account.report
    }
    counts = Counter((entry.account, _column(entry)) for entry in ranking.entries)
    rows = [
        AccountRow(
            account.account,
            account.name,
            tuple(counts[account.account, column] for column in range(3)),
            links.get(account.account, ""),
        )
        for account in accounts
    ]
    rows.sort(key=lambda row: (-row.cells[0], -row.cells[1], -row.cells[2], row.account))
    number = len(ranking.collected.accounts)
    ours = "none of its findings are of these checks"
    return Page(
        title=f"Which access key first: {number} account{'' if number == 1 else 's'}",
        subtitle=f"From Prowler's scans {_scanned(ranking)}. Written on {now:%Y-%m-%d %H:%M} UTC "
        f"by {PLUG_IN} {version(PLUG_IN)}.",
        entries=ranking.entries,
        csv=quote(csv),
        links=links,
        not_covered=[
            *(NotCovered("", str(path), why) for path, why in ranking.collected.problems.items()),
            *(NotCovered("", str(path), ours) for path in ranking.collected.without_ours),
        ],
        what_is_not_covered="reports unread",
        columns=("deactivate now", "migrate or investigate", "not judged"),
        accounts=rows,
        muted=ranking.collected.muted,
        changes=ranking.changes,
        since=ranking.since,
    )


def _scanned(ranking: Ranked) -> str:
    """When the scans were whose results the page has."""
    times = [max(account.checks.values()) for account in ranking.collected.accounts.values()]
    first, last = (
        f"{datetime.fromtimestamp(moment, timezone.utc):%Y-%m-%d}"
        for moment in (min(times), max(times))
    )
    return f"of {first}" if first == last else f"of {first} to {last}"


def _column(entry: Entry) -> int:
    if entry.can_go_now:
        return 0
    return 2 if entry.group is Group.NOT_KNOWN else 1


def _link(report: Path, directory: Path) -> str:
    """The HTML report beside an OCSF report, or else that one, relative to the page."""
    html = report.with_name(report.name.removesuffix(OCSF) + ".html")
    return quote(os.fsencode(os.path.relpath(html if html.exists() else report, directory)))


def _summary(ranking: Ranked, files: Sequence[Path]) -> str:
    """What is printed: the first keys, how many there are, and where the files are."""
    lines = first(ranking.entries)
    if ranking.since:
        counts = Counter(change.kind for change in ranking.changes)
        kinds = ", ".join(f"{counts[kind]} {kind}" for kind in counts) or "none"
        lines += ["", f"Changes since {ranking.since}: {kinds}."]
    return "\n".join([*lines, "", "Written:", *(f"  {path}" for path in files)])


def _complain(sentence: str) -> None:
    say(f"prowler-access-keys: {printable(sentence)}", sys.stderr)
