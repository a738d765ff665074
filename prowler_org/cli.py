"""The command prowler-org, from its arguments to its exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from prowler_access_keys.ranking.changes import (
    Snapshot,
    UnusableSnapshotError,
    read_snapshot,
    require_common_account,
)
from prowler_access_keys.ranking.printing import printable, say
from prowler_access_keys.ranking.terminal import first
from prowler_access_keys.ranking.versions import installed_versions

from . import interrupts
from .accounts.account_list import AccountList, list_accounts
from .accounts.sign_in import (
    LONGEST_CHAINED_SESSION,
    SignIn,
    asks_for_code,
    find_profile,
    is_of_a_role,
    sign_in,
)
from .directory_lock import locked
from .errors import INTERRUPTED, StartError, UsageError
from .options import Options, parse
from .output_directory import prepare
from .reporting.delivery import upload
from .reporting.organization_reports import OrganizationReports, write_reports
from .reporting.progress import progress
from .reporting.summary import (
    describe_accounts,
    describe_missing,
    describe_result,
    describe_untried,
    summarize,
)
from .results.account_result import AccountResult
from .results.report_files import ACCOUNTS
from .results.state import Job, State, start_or_resume
from .running_prowler.arguments import ENCRYPTED, check_prowler_arguments
from .running_prowler.processes import ProwlerLauncher, end_fork_server
from .scanning.backends.dask_cluster import DaskCluster, is_on_this_machine
from .scanning.backends.this_machine import ThisMachine
from .scanning.organization_scan import make_tasks, scan_organization
from .scanning.recorder import Recorder

NOT_STARTED = 1
WRONG_USAGE = 2
SOMETHING_FAILED = 3
NOT_ALL_SCANNED = 4
FIRST = 3
"""How many keys are printed at the end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run prowler-org with these arguments (default: those of the process).

    Returns the exit code: see ``EPILOG`` in options.py.
    """
    try:
        return _run(parse(sys.argv[1:] if arguments is None else arguments))
    except StartError as error:
        _complain(str(error))
        return WRONG_USAGE if isinstance(error, UsageError) else NOT_STARTED
    except KeyboardInterrupt:
        interrupts.caught()
        end_fork_server()
        _complain("Interrupted. If scans had started, --resume goes on with them.")
        return INTERRUPTED


def _run(options: Options) -> int:
    if not options.quiet and not options.dry_run:
        say("Listing the accounts and loading Prowler. This takes several seconds.", sys.stdout)
    profile = find_profile(options.prowler_arguments)
    if options.scheduler:
        _check_cluster(options.scheduler, options.without_tls, profile)
    signed_in = sign_in(profile)
    listed = list_accounts(options.selection, signed_in.session, options.organizations_role)
    previous = read_previous(options.previous, listed) if options.previous else None
    if options.dry_run:
        say(describe_accounts(listed), sys.stdout)
        return 0
    # Before Prowler is loaded, which takes seconds.
    with locked(options.output_directory):
        prepare(options.output_directory)
        return _scan(options, signed_in, listed, previous)


def _scan(
    options: Options, signed_in: SignIn, listed: AccountList, previous: Snapshot | None
) -> int:
    if not options.scheduler:
        return _scan_on(None, options, signed_in, listed, previous)
    cluster = DaskCluster(options.scheduler, installed_versions(), signed_in.profile)
    with closing(cluster):
        for warning in cluster.warnings:
            _complain(warning)
        return _scan_on(cluster, options, signed_in, listed, previous)


def _scan_on(
    cluster: DaskCluster | None,
    options: Options,
    signed_in: SignIn,
    listed: AccountList,
    previous: Snapshot | None,
) -> int:
    launcher = ProwlerLauncher(signed_in.for_scans)
    parsed = check_prowler_arguments(options.prowler_arguments, options.scheduler, launcher)
    if parsed.profile != signed_in.profile:
        raise UsageError("Give the profile of Prowler by itself, as in --profile NAME.")
    if cluster:
        cluster.send_files(parsed.files)
    else:
        _check_duration(parsed.session_duration, signed_in)
        for warning in launcher.warnings:
            _complain(warning)
    job = Job(
        listed.organization,
        options.role,
        options.selection,
        parsed.redacted,
        installed_versions(),
        parsed.hashes,
    )
    directory, now = options.output_directory, datetime.now(timezone.utc)
    state = start_or_resume(
        job, listed, directory, parsed.expected, resumed=options.resume, now=now
    )
    listed = listed.given(state.results)
    for identifier, why in state.distrusted.items():
        _complain(f"Account {identifier} is scanned again: {why}.")
    for account in state.left.values():
        _complain(printable(f"Account {account.id} {account.name} has left the organization."))
    if listed.skipped and not options.quiet:
        say("\n".join(["Skipped:", *map(str, listed.skipped)]), sys.stdout)
    if signed_in.is_handed_over and not cluster:
        # Of two profiles, Prowler uses the last one, and none if that has no name.
        parsed = replace(parsed, arguments=(*parsed.arguments, "--profile"))
    tasks = make_tasks(state, listed.partition, parsed, options.timeout)
    backend = cluster or ThisMachine(options.jobs, directory, launcher)
    with progress(len(tasks), options.quiet, sys.stdout) as show:
        recorder = Recorder(state, directory, show, _complain)
        interrupted = scan_organization(backend, recorder, tasks)
    bucket = "" if interrupted else options.output_bucket or parsed.bucket
    deliver = partial(upload, bucket=bucket, session=signed_in.session) if bucket else None
    return _finish(options, state, listed, recorder, interrupted, previous, deliver)


def _check_cluster(scheduler: str, without_tls: bool, profile: str | None) -> None:
    encrypted = scheduler.startswith(ENCRYPTED)
    if not encrypted and not without_tls and not is_on_this_machine(scheduler):
        raise UsageError(
            f"The connection to {scheduler} is not encrypted, and whoever gets between can run "
            "code here: use a scheduler with tls://, or add --without-tls if you trust the network."
        )
    if profile and asks_for_code(profile):
        raise UsageError(
            f"The profile {profile} asks for an MFA code, which workers cannot be given: "
            "leave out --profile, and let workers use credentials of their own."
        )


def _check_duration(seconds: int, signed_in: SignIn) -> None:
    if seconds > LONGEST_CHAINED_SESSION and is_of_a_role(signed_in.session):
        raise UsageError(
            f"-T/--session-duration {seconds} of Prowler: with the credentials of a role, another "
            f"role can be assumed for {LONGEST_CHAINED_SESSION} seconds at most."
        )


def read_previous(previous: Path, listed: AccountList) -> Snapshot:
    """The data of --previous. Raises StartError if it is not of this organization."""
    try:
        before = read_snapshot(previous, datetime.now(timezone.utc), listed.organization)
        if not before.organization:
            require_common_account(before, previous, listed.members or ())
    except UnusableSnapshotError as error:
        raise StartError(f"{error}.") from error
    return before


def _finish(
    options: Options,
    state: State,
    listed: AccountList,
    recorder: Recorder,
    interrupted: bool,
    previous: Snapshot | None,
    deliver: Callable[[Sequence[Path], Path], str] | None,
) -> int:
    """Write and deliver the organization's reports, and print the summary. Returns the exit code.

    ``deliver`` gets the reports and the output directory, and returns what went wrong.
    """
    results = [result for _, result in sorted(state.results.items())]
    recorder.save()
    try:
        reports = write_reports(state, results, listed, options.output_directory, previous)
        if recorder.problem:
            raise recorder.problem
    except OSError as error:
        _complain(
            f"Cannot write the organization's reports: {error.strerror or error}. The accounts' "
            f"reports are in {options.output_directory / ACCOUNTS}. --resume writes the rest."
        )
        return NOT_STARTED
    unseen = unused_reports(reports)
    unseen += unseen_by(results, listed, reports) if options.strict else []
    if deliver and (undelivered := deliver(reports.delivered, options.output_directory)):
        unseen.append(undelivered)
    if not options.quiet:
        if reports.ranked.entries:
            say("\n".join([*first(reports.ranked.entries, FIRST), ""]), sys.stdout)
        say(summarize(state, reports.files), sys.stdout)
    for sentence in unseen:
        _complain(sentence)
    if options.quiet:
        for line in describe_missing([result for result in results if not result.was_scanned]):
            _complain(line)
        for result in results:
            if result.was_scanned and result.problems:
                _complain(describe_result(result))
        if state.to_scan:
            _complain(describe_untried(state))
    return exit_code(results, interrupted, incomplete=bool(unseen or state.to_scan))


def unused_reports(reports: OrganizationReports) -> list[str]:
    """A sentence about the reports that could not be used whole, if there are some."""
    names = [path.name for path in reports.ranked.collected.problems]
    return [f"These reports could not be used: {', '.join(names)}."] if names else []


def unseen_by(
    results: Sequence[AccountResult], listed: AccountList, reports: OrganizationReports
) -> list[str]:
    """What --strict refuses, as sentences: what was not looked at, but for --exclude."""
    collected = reports.ranked.collected
    unread = {one.account for one in collected.open.values() if one.status == "MANUAL"}
    if not collected.accounts:  # there is no OCSF to tell unreadable from manual by
        unread = {one.account for one in results if one.counts.manual}
    what = {
        "Not everything could be read in": sorted(unread),
        "No finding of these checks in": [
            one.account
            for one in results
            if collected.accounts and one.was_scanned and one.account not in collected.accounts
        ],
        "Checks crashed in": [one.account for one in results if one.crashed],
        "Left out, and not named by --exclude:": [
            one.account.id for one in listed.skipped if not one.by_name
        ],
    }
    return [f"--strict: {words} {', '.join(those)}." for words, those in what.items() if those]


def exit_code(
    results: Sequence[AccountResult], interrupted: bool, *, incomplete: bool = False
) -> int:
    """The exit code of a run: see ``EPILOG`` in options.py.

    ``incomplete`` is whether something is missing that the results do not tell of.
    """
    if interrupted:
        return INTERRUPTED
    if incomplete or not all(one.was_scanned and not one.problems for one in results):
        return NOT_ALL_SCANNED
    # Prowler's exit code. With -z/--ignore-exit-code-3, it is 0 even if something failed.
    return SOMETHING_FAILED if any(result.exit_code == 3 for result in results) else 0


def _complain(sentence: str) -> None:
    lines = map(printable, sentence.splitlines())
    say("prowler-org: " + "\n".join(lines), sys.stderr)
