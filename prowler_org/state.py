"""What a run was asked to do and how far it came: a JSON file that a person can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .options import Selection
from .organization import Account, Roster
from .outcome import Outcome
from .refusal import Refused
from .whole_files import whole_file

FILE_NAME = "prowler-org-state.json"
FORMAT = 1
DISTRIBUTIONS = ("prowler", "prowler-access-keys")


def installed_versions() -> dict[str, str]:
    """The versions of Prowler and of this plug-in, by the distribution's name."""
    return {name: version(name) for name in DISTRIBUTIONS}


@dataclass(frozen=True)
class Job:
    """What a run was asked to do. A run can be resumed only as the same job."""

    organization: str
    role: str
    selection: Selection
    prowler_arguments: tuple[str, ...]
    """Those of ``prowler aws``, without secret values."""
    versions: dict[str, str]

    def differences(self, other: Job) -> tuple[str, ...]:
        """What of the two is not the same, in a person's words."""
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
    """A run. Changes as accounts are scanned."""

    job: Job
    started: datetime
    accounts: dict[str, Account]
    """All accounts to scan, by ID."""
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """What became of those that are done, by the account's ID."""

    @property
    def to_scan(self) -> tuple[Account, ...]:
        """The accounts that are still to be scanned, by ID."""
        return tuple(
            account
            for identifier, account in sorted(self.accounts.items())
            if identifier not in self.outcomes
        )

    @property
    def name(self) -> str:
        """What the names of the run's merged reports begin with."""
        return f"prowler-org-{self.job.organization}-{self.started:%Y%m%d%H%M%S}"

    def save(self, directory: Path) -> None:
        """Write the state file. Raises OSError."""
        data = {
            "format": FORMAT,
            "started": self.started.isoformat(),
            "job": asdict(self.job),
            "accounts": [
                self.outcomes[identifier].to_json()
                if identifier in self.outcomes
                else {"account": identifier, "name": account.name, "status": "waiting"}
                for identifier, account in sorted(self.accounts.items())
            ],
        }
        with whole_file(directory / FILE_NAME) as file:
            file.write(json.dumps(data, indent=1, ensure_ascii=False).encode() + b"\n")


def begin(job: Job, roster: Roster, started: datetime) -> State:
    """A run that has scanned nothing yet."""
    return State(job, started, {account.id: account for account in roster.accounts})


def resume(job: Job, roster: Roster, directory: Path) -> State:
    """The run whose state is in this directory, with what is missing still to be scanned.

    Missing is what could not be scanned, and what has joined the organization since. Raises
    Refused where there is no state, or it is another job's.
    """
    earlier = _load(directory / FILE_NAME)
    differences = earlier.job.differences(job)
    if differences:
        raise Refused(
            f"The run in {directory} cannot be resumed: {' and '.join(differences)} differ. "
            "Give the same options as for that run, or leave out --resume to start anew."
        )
    scanned = {
        identifier: outcome
        for identifier, outcome in earlier.outcomes.items()
        if outcome.status == "scanned" and _has_reports(outcome, directory)
    }
    accounts = {identifier: earlier.accounts[identifier] for identifier in scanned}
    accounts |= {account.id: account for account in roster.accounts}
    return State(job, earlier.started, accounts, scanned)


def _has_reports(outcome: Outcome, directory: Path) -> bool:
    return all((directory / report).is_file() for report in outcome.reports)


def _load(path: Path) -> State:
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["format"] != FORMAT:
            raise ValueError(data["format"])
        return _from_json(data)
    except FileNotFoundError as error:
        raise Refused(f"There is no run to resume in {path.parent}: leave out --resume.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"{path} is no state of a run that this version can resume "
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
        outcomes={
            entry["account"]: Outcome.from_json(entry)
            for entry in data["accounts"]
            if entry["status"] != "waiting"
        },
    )
