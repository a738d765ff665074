"""The state of a run, which ``--resume`` reads: a JSON file that people can read too."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from key_ranking.whole_file import whole_file

from .account_result import AccountResult
from .accounts import Account, AccountList
from .errors import StartError
from .options import Selection
from .report_check import UntrustworthyReportsError, checked
from .saved_state import FORMAT, SavedState

FILE_NAME = "prowler-org-state.json"
DISTRIBUTIONS = ("prowler", "prowler-access-keys")


def installed_versions() -> dict[str, str]:
    """The versions of Prowler and of this plug-in, by the distribution's name."""
    return {name: version(name) for name in DISTRIBUTIONS}


@dataclass(frozen=True)
class Job:
    """What a run does. ``--resume`` works only for the same job."""

    organization: str
    role: str
    selection: Selection
    prowler_arguments: tuple[str, ...]
    """The arguments of ``prowler aws``, without secret values."""
    versions: dict[str, str]

    def differences(self, other: Job) -> tuple[str, ...]:
        """What differs between the two jobs, in words."""
        names = {
            "organization": "the organization",
            "role": "--role",
            "selection": "the choice of accounts",
            "prowler_arguments": "the options of prowler aws",
            "versions": "the version of Prowler or of this plug-in",
        }
        mine, theirs = asdict(self), asdict(other)
        return tuple(words for name, words in names.items() if mine[name] != theirs[name])


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

    @property
    def to_scan(self) -> tuple[Account, ...]:
        """The accounts without a result, and those that are scanned again, by ID."""
        return tuple(
            account
            for identifier, account in sorted(self.accounts.items())
            if identifier not in self.results or identifier in self.repeated
        )

    @property
    def name(self) -> str:
        """The beginning of the names of the run's merged reports."""
        return f"prowler-org-{self.job.organization}-{self.started:%Y%m%d%H%M%S}"

    def save(self, directory: Path) -> None:
        """Write the state file. Raises OSError."""
        data = {
            "format": FORMAT,
            "started": self.started.isoformat(),
            "job": asdict(self.job),
            "accounts": [
                self.results[identifier].to_json()
                if identifier in self.results
                else {"account": identifier, "name": account.name, "status": "waiting"}
                for identifier, account in sorted(self.accounts.items())
            ],
        }
        with whole_file(directory / FILE_NAME) as file:
            file.write(json.dumps(data, indent=1, ensure_ascii=False).encode() + b"\n")


def start_or_resume(
    job: Job, listed: AccountList, directory: Path, *, resumed: bool, now: datetime
) -> State:
    """The state of a new run, or of the run to resume, saved in this directory.

    Raises StartError if it cannot be resumed or saved.
    """
    state = resume(job, listed, directory) if resumed else begin(job, listed, now)
    while not resumed and any(directory.glob(f"{state.name}*")):
        state.started += timedelta(seconds=1)  # two runs never share a name
    try:
        state.save(directory)
    except OSError as error:
        raise StartError(f"Cannot write to {directory}: {error.strerror or error}.") from error
    return state


def begin(job: Job, listed: AccountList, started: datetime) -> State:
    """The state of a run that has scanned nothing yet."""
    return State(job, started, {account.id: account for account in listed.accounts})


def resume(job: Job, listed: AccountList, directory: Path) -> State:
    """The state in this directory, without results for the accounts that are missing.

    Missing accounts were not scanned, have reports that cannot be trusted, or have joined the
    organization since. Counts and exit codes are those of the reports. Raises StartError if
    nothing was saved there, or if another job saved it.
    """
    saved = _load(directory / FILE_NAME)
    earlier = Job(
        saved.job.organization,
        saved.job.role,
        saved.job.chosen(),
        saved.job.prowler_arguments,
        saved.job.versions,
    )
    differences = earlier.differences(job)
    if differences:
        raise StartError(
            f"Cannot resume the run in {directory}. It had another value for: "
            f"{', '.join(differences)}. Give the same options as for that run, or leave out "
            "--resume to start anew."
        )
    named, members = saved.named(), listed.members
    left = {} if members is None else {one: named[one] for one in named if one not in members}
    state = State(job, saved.started, {}, left=left)
    for result in saved.results():
        if not result.was_scanned or result.account in left:
            continue
        try:
            state.results[result.account] = checked(result, directory, job.prowler_arguments)
        except (UntrustworthyReportsError, OSError) as error:
            state.distrusted[result.account] = str(error)
    state.repeated = {
        account.id
        for account in listed.accounts
        if account.id in state.results and state.results[account.id].undelivered
    }
    state.accounts = {identifier: named[identifier] for identifier in state.results}
    state.accounts |= {account.id: account for account in listed.accounts}
    return state


def _load(path: Path) -> SavedState:
    try:
        return SavedState.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise StartError(
            f"There is no run to resume in {path.parent}: leave out --resume."
        ) from error
    except (OSError, ValidationError) as error:
        raise StartError(
            f"{path} is not the state of a run that this version can resume "
            f"({_what(error)}): leave out --resume to start anew."
        ) from error


def _what(error: OSError | ValidationError) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    where = ".".join(map(str, error.errors()[0]["loc"]))
    return f"{where or 'it'} is not as it was written"
