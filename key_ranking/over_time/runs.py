"""What one run saw, in the first line of its JSON file: so years of runs are read in seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from os import SEEK_END
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, TypeVar

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from ..findings.collected import AHEAD
from ..findings.reports import Seconds
from ..whole_file import UnusableFileError, regular_file

FORMAT: Literal[3] = 3
DETAILED = 3
"""The first format that has scans, and the keys of findings."""
END = b"]}\n"
"""How a JSON file ends; a torn one does not, wherever it was torn."""


@dataclass(frozen=True)
class Scan:
    """What checks that looked at an account at the same time found; muted findings are left out."""

    account: str
    time: Seconds
    users: int
    """IAM users that a check judged."""
    active: int | None
    """Their active access keys, as far as the findings say; None if none does."""
    failed: tuple[str, ...]
    """The checks with a FAIL."""
    not_judged: tuple[str, ...]
    """The other checks with a MANUAL, or that did not look at all of the account."""
    passed: tuple[str, ...]


@dataclass(frozen=True)
class Figures:
    """The numbers of the curve: of all accounts, also of those that the run did not look at."""

    active: int
    """Active access keys of IAM users."""
    failing: int
    """Active keys that fail a check, API keys and the root user's included."""
    accepted: int
    """Active keys of which all findings that fail are muted."""
    retired: int
    """Keys that failed, and have been deactivated or deleted since the first run."""


DatedFigures = tuple[datetime, Figures]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run saw itself. Runs before the third format have only their date."""

    version: Literal[1, 2, 3]
    created: Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=timezone.utc))]
    organization: str = ""
    """The organization's ID, if the run was one of an organization; the first format has none."""
    previous: AwareDatetime | None = None
    """When the run was that it compares with."""
    scans: tuple[Scan, ...] = ()
    unseen: tuple[str, ...] = ()
    """The accounts that are known, or were to be scanned, and that it did not look at."""
    figures: Figures | None = None

    def times(self) -> Iterator[int]:
        """When scans began."""
        return (scan.time for scan in self.scans)


AnyRun = TypeVar("AnyRun", bound=Run)
_RUN = TypeAdapter(Run)


def parse_head(file: BinaryIO) -> Run:
    """What the first line says, if the file is whole. Raises ValidationError."""
    head = file.readline()
    file.seek(-min(len(END), file.seek(0, SEEK_END)), SEEK_END)
    if file.read() == END:
        with suppress(ValidationError):  # then another program has written it anew
            return _RUN.validate_json(head.rstrip(b",\n") + b"}")
    file.seek(0)
    return _RUN.validate_json(file.read())


def read_data(
    path: Path, now: datetime, organization: str, parse: Callable[[BinaryIO], AnyRun]
) -> AnyRun:
    """What a run says, from its JSON file; ``now`` is UTC.

    Raises UnusableFileError, also if it is of another organization than this one, of a later
    version, or dated ahead: what it says of that time would outrank what is found now.
    """
    with regular_file(path) as file:
        try:
            run = parse(file)
        except ValidationError as error:
            numbers = [item["input"] for item in error.errors() if item["loc"] == ("version",)]
            if any(isinstance(number, int) and number > FORMAT for number in numbers):
                raise UnusableFileError(
                    "it was written by a later version of this plug-in"
                ) from error
            raise UnusableFileError(
                "it is not the data of an earlier run (its .json file)"
            ) from error
    latest = (now + AHEAD).timestamp()
    if max([run.created.timestamp(), *run.times()]) > latest:
        raise UnusableFileError("it is dated later than now")
    if organization and run.organization not in ("", organization):
        raise UnusableFileError(
            f"it is of the organization {run.organization}, and not of {organization}"
        )
    return run


def read_runs(
    paths: Iterable[Path], now: datetime, problems: dict[Path, str], organization: str = ""
) -> Iterator[tuple[Path, Run]]:
    """What runs of one organization saw: this one or, without any, the first run's.

    Why a file cannot be used is added to ``problems``.
    """
    for path in paths:
        try:
            run = read_data(path, now, organization, parse_head)
        except UnusableFileError as error:
            problems[path] = str(error)
        else:
            organization = organization or run.organization
            yield path, run
