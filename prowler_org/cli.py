"""The command prowler-org, from its arguments to its exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TextIO

from prowler_access_keys.ranking.findings.accepted import word_accepted
from prowler_access_keys.ranking.outputs.printing import has_color, printable, say
from prowler_access_keys.ranking.outputs.terminal import describe_first, describe_new
from prowler_access_keys.ranking.over_time.snapshot import (
    Snapshot,
    read_snapshot,
    require_common_account,
)
from prowler_access_keys.ranking.versions import installed_versions
from prowler_access_keys.ranking.whole_file import UnusableFileError
from prowler_access_keys.services.iam.iam_access_keys.exceptions.register import load

from . import interrupts
from .accounts.account_list import AccountList, list_accounts
from .accounts.root_audit import RootAudits
from .accounts.sign_in import find_profile, sign_in
from .directory_lock import lock
from .errors import INTERRUPTED, RunError, StartError, UsageError
from .options import Options, parse
from .output_directory import prepare
from .reporting.delivery import upload
from .reporting.finished_run import FinishedRun
from .reporting.organization_reports import OrganizationReports, write_reports
from .reporting.progress import progress
from .reporting.summary import (
    describe_accounts,
    describe_exceptions,
    describe_listed,
    describe_problems,
    describe_resumed,
    describe_unseen,
    describe_unused,
    summarize,
)
from .results.report_files import ACCOUNTS
from .results.state import Job, start_or_resume
from .running_prowler.arguments import check_prowler_arguments
from .running_prowler.processes import ProwlerLauncher, end_fork_server
from .scanning.backends.dask_cluster import DaskCluster, check_scheduler
from .scanning.backends.this_machine import ThisMachine
from .scanning.organization_scan import make_tasks, scan_organization
from .scanning.recorder import Recorder

NOT_STARTED = 1
WRONG_USAGE = 2
SOMETHING_FAILED = 3
NOT_ALL_SCANNED = 4
KEYS_PRINTED = 3
"""At the end of a run."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run prowler-org with these arguments (default: those of the process).

    Returns the exit code: see ``EPILOG`` in options.py.
    """
    try:
        return run(parse(sys.argv[1:] if arguments is None else arguments))
    except RunError as error:
        _complain(str(error))
        return WRONG_USAGE if isinstance(error, UsageError) else NOT_STARTED
    except KeyboardInterrupt:
        interrupts.acknowledge_interrupt()
        end_fork_server()
        _complain("Interrupted. If scans had started, --resume goes on with them.")
        return INTERRUPTED


def run(options: Options) -> int:
    """The steps of a run, in their order, as docs/design.md has them.

    Returns the exit code. Raises RunError.
    """
    with ExitStack() as stack:
        output = stack.enter_context(Path(os.devnull).open("w")) if options.quiet else sys.stdout
        # Accounts
        if not options.dry_run:
            say("Listing the accounts.", output)
        profile = find_profile(options.prowler_arguments)
        if options.scheduler:
            check_scheduler(options.scheduler, options.without_tls, profile)
        signed_in = sign_in(profile)
        accounts = list_accounts(options.selection, signed_in.session, options.organizations_role)
        previous = read_previous(options.previous, accounts) if options.previous else None
        if options.dry_run:
            say(describe_accounts(accounts), sys.stdout)
            return 0
        say(f"{describe_listed(accounts)}\nLoading Prowler. This takes several seconds.", output)

        # Prowler
        directory, versions, cluster = options.output_directory, installed_versions(), None
        stack.enter_context(lock(directory))  # before Prowler is loaded, which takes seconds
        prepare(directory)
        if options.scheduler:
            cluster = DaskCluster(options.scheduler, versions, profile)
            stack.enter_context(closing(cluster))
        launcher = ProwlerLauncher(signed_in.for_scans)
        for warning in (cluster or launcher).warnings:
            _complain(warning)
        parsed = check_prowler_arguments(
            options.prowler_arguments, signed_in, launcher, options.scheduler,
            options.access_key_exceptions,
        )  # fmt: skip
        for sentence in describe_exceptions(load(parsed.exceptions), accounts.members):
            _complain(sentence)
        if cluster:
            cluster.send_files(parsed.files)

        # The state
        job = Job(
            accounts.organization, options.role, options.selection, parsed.redacted, versions,
            parsed.hashes,
        )  # fmt: skip
        state = start_or_resume(
            job, accounts, directory, parsed.expected,
            resumed=options.resume, now=datetime.now(timezone.utc),
        )  # fmt: skip
        accounts = accounts.without_scanned(state.results)
        for sentence in describe_resumed(state):
            _complain(sentence)
        if accounts.skipped:
            say("\n".join(["Skipped:", *map(str, accounts.skipped)]), output)

        # Scans
        tasks = make_tasks(state, accounts.partition, parsed, options.timeout)
        backend = cluster or ThisMachine(options.jobs, directory, launcher)
        audits = None
        if options.audit_root:
            ids = [task.account.id for task in tasks]
            audits = RootAudits(signed_in.session, options.organizations_role, accounts, ids)
            stack.enter_context(closing(audits))
            if audits.problem:
                _complain(audits.problem)
        with progress(len(tasks), output) as show:
            recorder = Recorder(state, directory, show, _complain)
            interrupted = scan_organization(backend, recorder, tasks, audits.of if audits else None)

        problem = audits.problem if audits else ""
        finished = FinishedRun(state, accounts, directory, previous, interrupted, problem)
        reports = _write_reports(finished, recorder)
        bucket = "" if interrupted else options.output_bucket or parsed.bucket
        return _conclude(options, finished, reports, bucket, signed_in.session, output)


def _conclude(
    options: Options,
    finished: FinishedRun,
    reports: OrganizationReports,
    bucket: str,
    session: Any,
    output: TextIO,
) -> int:
    """Deliver the reports, and say what is in them and what is missing.

    They go to ``bucket`` with this boto3 session; if its name is empty, they stay where they are.
    Returns the exit code.
    """
    ranking, fail_on = reports.ranking, options.fail_on
    missing = describe_unused(ranking.collected)
    if options.strict:
        missing += describe_unseen(finished, ranking.collected)
    if bucket:
        files = (*reports.files, *reports.compliance)
        missing += upload(files, finished.directory, bucket, session)
    accepted = word_accepted(ranking.accepted, ranking.owners)
    if fail_on == "new" and ranking.collected.accounts:
        new = describe_new(ranking.news, len(ranking.entries), ranking.since)
        say("\n".join([*new, ""]), output)
    elif ranking.entries or accepted:
        lines = describe_first(ranking.entries, KEYS_PRINTED, accepted, color=has_color(output))
        say("\n".join([*lines, ""]), output)
    say(summarize(finished.state, reports.files), output)
    for sentence in (*missing, *(describe_problems(finished.state) if options.quiet else ())):
        _complain(sentence)
    decides = fail_on == "never" or (fail_on != "any" and ranking.collected.accounts)
    red = ranking.news.is_red(fail_on) if decides else None
    return exit_code(finished, incomplete=bool(missing), red=red)


def read_previous(previous: Path, accounts: AccountList) -> Snapshot:
    """The data of --previous. Raises StartError if it is not of this organization."""
    try:
        before = read_snapshot(previous, datetime.now(timezone.utc), accounts.organization)
        if not before.organization:
            require_common_account(before, previous, accounts.members or ())
    except UnusableFileError as error:
        raise StartError(f"{error}.") from error
    return before


def _write_reports(finished: FinishedRun, recorder: Recorder) -> OrganizationReports:
    recorder.save()
    try:
        reports = write_reports(finished)
        if recorder.problem:
            raise recorder.problem
    except OSError as error:
        raise RunError(
            f"Cannot write the organization's reports: {error.strerror or error}. The accounts' "
            f"reports are in {finished.directory / ACCOUNTS}. --resume writes the rest."
        ) from error
    return reports


def exit_code(finished: FinishedRun, *, incomplete: bool, red: bool | None = None) -> int:
    """The exit code of a run: see ``EPILOG`` in options.py.

    ``incomplete`` is whether something is missing that the results do not show, and ``red`` whether
    what was found makes the run fail; if it is None, Prowler's own exit codes say so.
    """
    if finished.interrupted:
        return INTERRUPTED
    results = finished.state.sorted_results
    scanned = all(result.was_scanned and not result.problems for result in results)
    if incomplete or finished.state.to_scan or not scanned:
        return NOT_ALL_SCANNED
    if red is None:  # with -z/--ignore-exit-code-3, it is 0 even if something failed
        red = any(result.exit_code == 3 for result in results)
    return SOMETHING_FAILED if red else 0


def _complain(sentence: str) -> None:
    lines = map(printable, sentence.splitlines())
    say("prowler-org: " + "\n".join(lines), sys.stderr)
