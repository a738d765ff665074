"""The command prowler-org, from its arguments to its exit code."""

from __future__ import annotations

import argparse
import io
import signal
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from .cluster import Cluster
from .options import Options, parse
from .organization import Roster, describe_skipped, read_roster
from .outcome import Outcome
from .page import write_page
from .printing import printable, say
from .processes import Launcher, NoAnswerError
from .progress import describe, progress
from .prowler_arguments import Examination, examine
from .recorder import Recorder
from .refusal import Refused, WrongUsage
from .reports import ACCOUNTS, merge
from .run import Place, PlaceLostError, run_all
from .scan import ScanTask
from .state import Job, State, begin, installed_versions, resume
from .this_machine import ThisMachine
from .whole_files import locked

NOT_STARTED = 1
WRONG_USAGE = 2
SOMETHING_FAILED = 3
NOT_ALL_SCANNED = 4
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run prowler-org with these arguments (default: those of the process).

    Returns the exit code: see ``EPILOG`` in options.py.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Account names are other people's input; a terminal may not have all their letters.
        sys.stdout.reconfigure(errors="replace")
    try:
        return _run(parse(sys.argv[1:] if arguments is None else arguments))
    except Refused as refused:
        _complain(str(refused))
        return WRONG_USAGE if isinstance(refused, WrongUsage) else NOT_STARTED
    except KeyboardInterrupt:
        _complain("Interrupted. If scans had begun, --resume goes on.")
        return INTERRUPTED


def _run(options: Options) -> int:
    roster = read_roster(
        options.selection, _profile(options.prowler_arguments), options.organizations_role
    )
    if options.dry_run:
        say(_describe(roster), sys.stdout)
        return 0
    cluster = Cluster(options.scheduler, installed_versions()) if options.scheduler else None
    launcher = Launcher()
    examination = _examine(launcher, options)
    if cluster:
        cluster.send_files(examination.files)
    elif launcher.problem:
        _warn_of_plain_runs(launcher.problem)
    with locked(options.output_directory):
        state = _state(options, roster, examination)
        return _scan_all(options, roster, examination, state, cluster, launcher)


def _examine(launcher: Launcher, options: Options) -> Examination:
    """What Prowler makes of its arguments. Raises Refused for what it cannot use."""
    try:
        examination = launcher.ask(examine, options.prowler_arguments)
    except NoAnswerError as error:
        raise Refused(f"Prowler did not take its arguments: {error}.") from error
    if examination.problem:
        raise WrongUsage(examination.problem)
    scheduler = options.scheduler
    if examination.has_secrets and scheduler and not scheduler.startswith("tls://"):
        raise WrongUsage(
            "--shodan and --external-id of Prowler have secret values, which would pass through "
            "the scheduler in clear: use a scheduler with tls://."
        )
    return examination


def _scan_all(
    options: Options,
    roster: Roster,
    examination: Examination,
    state: State,
    cluster: Cluster | None,
    launcher: Launcher,
) -> int:
    """Scan what the state says is to be scanned; returns the exit code."""
    place = cluster or ThisMachine(options.jobs, options.output_directory, launcher)
    if roster.skipped and not options.quiet:
        say("\n".join(["Not to be scanned:", *describe_skipped(roster.skipped)]), sys.stdout)
    tasks = _tasks(options, roster, examination, state)
    with progress(len(tasks), options.quiet, sys.stdout) as tell:
        recorder = Recorder(
            state,
            options.output_directory,
            tell,
            lambda problem: _warn_of_plain_runs(f"on a worker, {problem}"),
        )
        interrupted = _scan(place, recorder, tasks)
    return _finish(options, state, recorder, interrupted)


def _state(options: Options, roster: Roster, examination: Examination) -> State:
    """The run's state, new or resumed, which is in the output directory then."""
    directory = options.output_directory
    job = Job(
        roster.organization,
        options.role,
        options.selection,
        examination.redacted,
        installed_versions(),
    )
    if options.resume:
        state = resume(job, roster, directory)
    else:
        state = begin(job, roster, datetime.now(timezone.utc))
    try:
        state.save(directory)
    except OSError as error:
        raise Refused(f"{directory} cannot be written to: {error.strerror or error}.") from error
    return state


def _tasks(
    options: Options, roster: Roster, examination: Examination, state: State
) -> list[ScanTask]:
    return [
        ScanTask(
            account,
            (
                "-R",
                f"arn:{roster.partition}:iam::{account.id}:role/{options.role}",
                *examination.arguments,
            ),
            options.timeout,
            examination.formats,
            examination.always_finds,
        )
        for account in state.to_scan
    ]


def _scan(place: Place, recorder: Recorder, tasks: list[ScanTask]) -> bool:
    """Scan the accounts, have the outcomes recorded. Returns whether it was interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run_all(place, tasks, recorder.take)
    except PlaceLostError as lost:
        recorder.give_up(str(lost))
    except KeyboardInterrupt:
        try:
            # First what is sure to end: a worker that hangs may keep the other waiting.
            recorder.give_up("The run was interrupted.")
        finally:
            place.stop()
        return True
    except BaseException:
        recorder.save()
        place.stop()
        raise
    finally:
        place.close()
    return False


def _finish(options: Options, state: State, recorder: Recorder, interrupted: bool) -> int:
    """Write the organization's reports and say how it went; returns the exit code."""
    outcomes = [outcome for _, outcome in sorted(state.outcomes.items())]
    recorder.save()
    try:
        reports = merge(outcomes, options.output_directory, state.name)
        page = options.output_directory / f"{state.name}.html"
        write_page(state, outcomes, page)
        if recorder.problem:
            raise recorder.problem
    except OSError as error:
        _complain(
            f"The organization's reports could not be written: {error.strerror or error}. Those of "
            f"the accounts are in {options.output_directory / ACCOUNTS}. --resume writes the rest."
        )
        return NOT_STARTED
    if not options.quiet:
        say(_summarize(outcomes, (*reports, page)), sys.stdout)
    return exit_code(outcomes, interrupted)


def exit_code(outcomes: Sequence[Outcome], interrupted: bool) -> int:
    """The exit code of a run: see ``EPILOG`` in options.py."""
    if interrupted:
        return INTERRUPTED
    if any(outcome.status != "scanned" for outcome in outcomes):
        return NOT_ALL_SCANNED
    # Prowler's own exit code: with -z/--ignore-exit-code-3, it is 0 whatever failed.
    return SOMETHING_FAILED if any(outcome.exit_code == 3 for outcome in outcomes) else 0


def _profile(prowler_arguments: Sequence[str]) -> str | None:
    """The profile that Prowler is told to use: the accounts are listed with it too."""
    peek = argparse.ArgumentParser(add_help=False)
    peek.add_argument("--profile", "-p", nargs="?")
    profile: str | None = peek.parse_known_args(list(prowler_arguments))[0].profile
    return profile


def _describe(roster: Roster) -> str:
    number = len(roster.accounts)
    plural = "" if number == 1 else "s"
    lines = [f"{number} account{plural} of {roster.organization} would be scanned:"]
    lines += [printable(f"  {account.id}  {account.name}") for account in roster.accounts]
    if roster.skipped:
        lines += [f"{len(roster.skipped)} would not:", *describe_skipped(roster.skipped)]
    return "\n".join(lines)


def _summarize(outcomes: Sequence[Outcome], reports: Sequence[Path]) -> str:
    missing = [outcome for outcome in outcomes if outcome.status == "not scanned"]
    failing = sum(outcome.counts.failed > 0 for outcome in outcomes)
    lines = [
        f"{len(outcomes) - len(missing)} of {len(outcomes)} accounts scanned, {failing} of them "
        "with something that failed."
    ]
    if missing:
        lines.append(f"{len(missing)} not scanned (--resume tries them again):")
        lines += [f"  {describe(outcome)}" for outcome in missing]
    lines += ["Reports:", *(f"  {report}" for report in reports)]
    return "\n".join(lines)


def _warn_of_plain_runs(problem: str) -> None:
    _complain(
        f"{problem}, so each account is scanned by a plain run of prowler. The results are the "
        "same, but each scan takes about ten seconds of processor time more."
    )


def _complain(sentence: str) -> None:
    say(f"prowler-org: {sentence}", sys.stderr)
