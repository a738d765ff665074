"""The state of a run, which ``--resume`` reads: a JSON file that people can read too."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, TypeAdapter, ValidationError

from prowler_access_keys.ranking.whole_file import whole_file

from ..accounts.account_list import Account, AccountList
from ..errors import StartError
from ..options import STRICT, Selection, ShortText
from ..running_prowler.expected_reports import ANY_REPORTS, ExpectedReports
from .account_result import AccountResult
from .report_check import UntrustworthyReportsError, verify_reports
from .report_files import ACCOUNTS

FILE_NAME = "prowler-org-state.json"


@dataclass(frozen=True)
class Job:
    """What a run does. ``--resume`` works only for the same job."""

    __pydantic_config__ = STRICT

    organization: ShortText
    role: ShortText
    selection: Selection
    prowler_arguments: tuple[str, ...]
    """The arguments of ``prowler aws``, without secret values."""
    versions: dict[ShortText, ShortText]
    files: dict[ShortText, ShortText] = field(default_factory=dict)
    """The SHA-256 of the files that these arguments name, by option."""

    def differences(self, other: Job) -> tuple[str, ...]:
        """What differs between the two jobs, in words."""
        names = {
            "organization": "the organization",
            "role": "--role",
            "selection": "the choice of accounts",
            "prowler_arguments": "the options of prowler aws",
            "versions": "the version of Prowler or of this plug-in",
            "files": "what is in a file that these options name",
        }
        return tuple(
            words for name, words in names.items() if getattr(self, name) != getattr(other, name)
        )


def _each_account_once(results: tuple[AccountResult, ...]) -> tuple[AccountResult, ...]:
    if len({result.account for result in results}) < len(results):
        raise ValueError("an account is there twice")
    return results


@dataclass(frozen=True)
class SavedState:
    """The state file. What a run reads back is checked: anybody may have written it."""

    __pydantic_config__ = STRICT

    format: Literal[2]
    started: AwareDatetime
    job: Job
    accounts: Annotated[tuple[AccountResult, ...], AfterValidator(_each_account_once)]


STATE_FILE = TypeAdapter(SavedState)


@dataclass
class State:
    """A run. Changes while accounts are scanned."""

    job: Job
    started: datetime
    accounts: dict[str, Account]
    """All accounts to scan, by ID."""
    results: dict[str, AccountResult] = field(default_factory=dict)
    """The results of the accounts that are done, by ID."""
    left: dict[str, Account] = field(default_factory=dict)
    """The accounts that have left the organization since the run that is resumed, by ID."""
    distrusted: dict[str, str] = field(default_factory=dict)
    """Why accounts are scanned again that the run which is resumed has scanned, by ID."""
    repeated: set[str] = field(default_factory=set)
    """The accounts that are scanned again though their result counts until then, by ID."""
    ended: str = ""
    """Why the accounts without a result were not tried. Empty if all were."""
    expected: ExpectedReports = ANY_REPORTS
    """What the reports of an account must be."""

    @property
    def to_scan(self) -> tuple[Account, ...]:
        """The accounts without a result, and those that are scanned again, by ID."""
        return tuple(
            account
            for identifier, account in sorted(self.accounts.items())
            if identifier not in self.results or identifier in self.repeated
        )

    @property
    def sorted_results(self) -> list[AccountResult]:
        """The results so far, by account."""
        return [result for _, result in sorted(self.results.items())]

    @property
    def name(self) -> str:
        """The beginning of the names of the run's merged reports."""
        return f"prowler-org-{self.job.organization}-{self.started:%Y%m%d%H%M%S}"

    def save(self, directory: Path) -> None:
        """Write the state file. Raises OSError."""
        entries = (
            self.results.get(identifier) or AccountResult(identifier, account.name, "waiting")
            for identifier, account in sorted(self.accounts.items())
        )
        saved = SavedState(2, self.started, self.job, tuple(entries))
        with whole_file(directory / FILE_NAME) as file:
            file.write(STATE_FILE.dump_json(saved, indent=1, exclude_defaults=True) + b"\n")


def start_or_resume(
    job: Job,
    account_list: AccountList,
    directory: Path,
    expected: ExpectedReports = ANY_REPORTS,
    *,
    resumed: bool,
    now: datetime,
) -> State:
    """The state of a new run, or of the run to resume, saved in this directory.

    Raises StartError if it cannot be resumed or saved.
    """
    state = (
        resume(job, account_list, directory, expected) if resumed else begin(job, account_list, now)
    )
    state.expected = expected
    while not resumed and any(directory.glob(f"{state.name}*")):
        state.started += timedelta(seconds=1)  # two runs never share a name
    try:
        state.save(directory)
    except OSError as error:
        raise StartError(f"Cannot write to {directory}: {error.strerror or error}.") from error
    return state


def begin(job: Job, account_list: AccountList, started: datetime) -> State:
    """The state of a run that has scanned nothing yet."""
    return State(job, started, {account.id: account for account in account_list.accounts})


def resume(
    job: Job, account_list: AccountList, directory: Path, expected: ExpectedReports = ANY_REPORTS
) -> State:
    """The state in this directory, without results for the accounts that are missing.

    Missing accounts were not scanned, have reports that cannot be trusted, or have joined the
    organization since. Counts and exit codes are those of the reports. Raises StartError if
    nothing was saved there, or if another job saved it.
    """
    saved = load(directory / FILE_NAME)
    differences = saved.job.differences(job)
    if differences:
        raise StartError(
            f"Cannot resume the run in {directory}. It had another value for: "
            f"{', '.join(differences)}. Give the same options as for that run, or leave out "
            "--resume to start anew."
        )
    named = {result.account: Account(result.account, result.name) for result in saved.accounts}
    members = account_list.members
    gone = set() if members is None else named.keys() - members
    left = {identifier: named[identifier] for identifier in sorted(gone)}
    state = State(job, saved.started, {}, left=left)
    for result in saved.accounts:
        if not result.was_scanned or result.account in left:
            continue
        folder = f"{ACCOUNTS}/{result.account}"
        try:
            state.results[result.account] = verify_reports(
                result, directory / folder, expected, f"{folder}/"
            )
        except UntrustworthyReportsError as error:
            state.distrusted[result.account] = str(error)
    state.repeated = {
        account.id
        for account in account_list.accounts
        if account.id in state.results and state.results[account.id].problems
    }
    state.accounts = {identifier: named[identifier] for identifier in state.results}
    state.accounts |= {account.id: account for account in account_list.accounts}
    return state


def load(path: Path) -> SavedState:
    """The state file at this path. Raises StartError."""
    try:
        return STATE_FILE.validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise StartError(
            f"There is no run to resume in {path.parent}: leave out --resume."
        ) from error
    except (OSError, ValidationError) as error:
        raise StartError(
            f"{path} is not the state of a run that this version can resume "
            f"({_describe_fault(error)}): leave out --resume to start anew."
        ) from error


def _describe_fault(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    where = ".".join(map(str, error.errors()[0]["loc"]))
    return f"{where or 'it'} is not as it was written"
