"""The state of a run, which ``--resume`` reads: a JSON file that people can read too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from key_ranking.whole_file import whole_file

from .account_result import AccountResult
from .accounts import Account, AccountList
from .errors import StartError
from .options import Selection

FILE_NAME = "prowler-org-state.json"
FORMAT = 1
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

    @property
    def to_scan(self) -> tuple[Account, ...]:
        """The accounts without a result, by ID."""
        return tuple(
            account
            for identifier, account in sorted(self.accounts.items())
            if identifier not in self.results
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

    Missing accounts were not scanned, lost their reports, or have joined the organization since.
    Raises StartError if there is no state, or if it is the state of another job.
    """
    earlier = _load(directory / FILE_NAME)
    differences = earlier.job.differences(job)
    if differences:
        raise StartError(
            f"Cannot resume the run in {directory}. It had another value for: "
            f"{', '.join(differences)}. Give the same options as for that run, or leave out "
            "--resume to start anew."
        )
    scanned = {
        identifier: result
        for identifier, result in earlier.results.items()
        if result.was_scanned and _has_reports(result, directory)
    }
    accounts = {identifier: earlier.accounts[identifier] for identifier in scanned}
    accounts |= {account.id: account for account in listed.accounts}
    return State(job, earlier.started, accounts, scanned)


def _has_reports(result: AccountResult, directory: Path) -> bool:
    return all((directory / report).is_file() for report in result.reports)


def _load(path: Path) -> State:
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["format"] != FORMAT:
            raise ValueError(data["format"])
        return _from_json(data)
    except FileNotFoundError as error:
        raise StartError(
            f"There is no run to resume in {path.parent}: leave out --resume."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StartError(
            f"{path} is not the state of a run that this version can resume "
            f"({type(error).__name__}): leave out --resume to start anew."
        ) from error


def _from_json(data: Mapping[str, Any]) -> State:
    job = dict(data["job"])
    selection = job.pop("selection")
    lists = {name: tuple(selection[name]) for name in ("accounts", "units", "exclude")}
    return State(
        job=Job(
            selection=Selection(**lists, include_management=selection["include_management"]),
            prowler_arguments=tuple(job.pop("prowler_arguments")),
            **job,
        ),
        started=datetime.fromisoformat(data["started"]),
        accounts={
            entry["account"]: Account(entry["account"], entry["name"]) for entry in data["accounts"]
        },
        results={
            entry["account"]: AccountResult.from_json(entry)
            for entry in data["accounts"]
            if entry["status"] != "waiting"
        },
    )
