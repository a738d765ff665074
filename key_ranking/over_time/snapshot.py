"""What a run says to later ones, as the JSON file that they read."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO

from pydantic import TypeAdapter

from ..findings.remembered import Remembered
from ..findings.reports import Seconds
from ..whole_file import UnusableFileError
from .history import History
from .runs import FORMAT, DatedFigures, Run, read_data, read_runs

RUNS = 400
"""The newest runs whose figures are drawn."""


@dataclass(frozen=True, kw_only=True)
class Snapshot(Run):
    """What a run and those before it say to later runs.

    Accounts, checks, findings, and keys that a run did not look at are carried on with their dates.
    """

    accounts: Mapping[str, Mapping[str, Seconds]]
    """By account, when each check looked at it last."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The accounts' names."""
    findings: Mapping[str, Remembered] = field(default_factory=dict)
    """By UID, what failed, was muted, or was MANUAL and has not failed or been muted before."""
    active: Mapping[str, int] = field(default_factory=dict)
    """The accounts' active access keys, as far as a scan counted them."""
    histories: Mapping[str, History] = field(default_factory=dict)
    """By key ID, all keys that have failed."""

    def times(self) -> Iterator[int]:
        """When scans began, and checks looked."""
        yield from super().times()
        for checks in self.accounts.values():
            yield from checks.values()


NO_RUN = Snapshot(version=FORMAT, created=datetime.min.replace(tzinfo=timezone.utc), accounts={})
"""What the first run compares with."""
_SNAPSHOT = TypeAdapter(Snapshot)


def read_snapshot(path: Path, now: datetime, organization: str = "") -> Snapshot:
    """The same as ``read_data``, of the whole file. An error names the file."""
    try:
        return read_data(path, now, organization, parse_whole)
    except UnusableFileError as error:
        raise UnusableFileError(f"{path}: {error}") from error


def parse_whole(file: BinaryIO) -> Snapshot:
    """All data in a file. Raises ValidationError."""
    return _SNAPSHOT.validate_json(file.read())


def as_json(data: Snapshot) -> bytes:
    """The snapshot as a JSON object, whose first line has the members of ``Run``."""
    rest = _SNAPSHOT.dump_python(data, mode="json")
    head = {member.name: rest.pop(member.name) for member in fields(Run)}
    texts = (json.dumps(part, separators=(",", ":"))[1:-1] for part in (head, rest))
    return ("{" + ",\n".join(texts) + "}").encode()


def earlier_runs(
    directory: Path, pattern: str, before: str, now: datetime, organization: str = ""
) -> tuple[Snapshot | None, list[DatedFigures], dict[Path, str]]:
    """The newest usable run there that saw an account, and the figures of the newest runs.

    Names of data files begin with the time, and are below ``before``. The third value says why
    files cannot be used.
    """
    problems: dict[Path, str] = {}
    older = sorted((path for path in directory.glob(pattern) if path.name < before), reverse=True)
    runs = read_runs(older[:RUNS], now, problems, organization)
    figures = [(run.created, run.figures) for _, run in runs if run.figures]
    for path in older:
        try:
            found = read_data(path, now, organization, parse_whole)
        except UnusableFileError as error:
            problems[path] = str(error)
        else:
            if found.accounts:
                return found, figures, problems
    return None, figures, problems


def require_common_account(before: Snapshot, path: Path, accounts: Collection[str]) -> None:
    """Raise UnusableFileError if the run to compare with saw none of these accounts.

    Reports name no organization. Their accounts say as much: with none in common, nothing can be
    compared, and the file is most likely another one than the user meant.
    """
    if not before.accounts.keys() & set(accounts):
        raise UnusableFileError(f"{path}: it is of other accounts, and has none of these")
