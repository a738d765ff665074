"""Real ``prowler-org`` processes, and what they leave behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS
from prowler_org.interrupts import SIGNALS
from prowler_org.results.account_result import AccountResult
from prowler_org.results.state import load

from .. import loaded
from ..end_to_end.environments import PATIENCE

PROGRAM = Path(sys.executable).with_name("prowler-org")


@dataclass(frozen=True)
class OrgRun:
    """A ``prowler-org`` process that has ended, and its output directory."""

    returncode: int
    output: str
    directory: Path

    @property
    def results(self) -> dict[str, AccountResult]:
        """The results in the state file, by account."""
        return results_in(self.directory)

    def merged(self, suffix: str) -> Path:
        """The organization's one report whose name ends with ``suffix``."""
        (path,) = self.directory.glob(f"prowler-org-o-*{suffix}")
        return path


def results_in(directory: Path) -> dict[str, AccountResult]:
    """The results in the state file of an output directory, by account. Empty without a file."""
    if not (directory / "prowler-org-state.json").exists():
        return {}
    saved = load(directory / "prowler-org-state.json")
    return {result.account: result for result in saved.accounts if result.status != "waiting"}


def arguments_of(words: Sequence[str]) -> list[str]:
    """The arguments of a command line of the pages, which must be one of prowler-org."""
    program, *rest = words
    assert program == "prowler-org"
    return rest


def at_address(address: str, words: Sequence[str]) -> list[str]:
    """A command line of the pages, with the address of a real scheduler."""
    return [re.sub(r"\w+://scheduler:8786", address, word) for word in words]


def start(
    *arguments: str,
    environment: Mapping[str, str],
    directory: Path,
    given: str | None = None,
    largest_file: int | None = None,
    prepare: Callable[[], object] | None = None,
) -> loaded.Running:
    """Start ``prowler-org --role ProwlerScan``, forked: see ``loaded.start``."""
    return loaded.start(
        ["prowler-org", *_options(directory), *arguments],
        environment=environment,
        directory=directory.parent,
        log=directory.with_suffix(".log"),
        given=given,
        largest_file=largest_file,
        prepare=prepare,
    )


def run(
    *arguments: str, environment: Mapping[str, str], directory: Path, given: str | None = None
) -> OrgRun:
    """Run ``prowler-org --role ProwlerScan`` to its end, forked."""
    running = start(*arguments, environment=environment, directory=directory, given=given)
    output, _ = running.communicate()
    return OrgRun(running.returncode, output, directory)


def start_program(
    *arguments: str, environment: Mapping[str, str], directory: Path
) -> subprocess.Popen[str]:
    """Start ``prowler-org --role ProwlerScan`` as a user does."""
    return subprocess.Popen(
        [str(PROGRAM), *_options(directory), *arguments],
        env=dict(environment),
        cwd=directory.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=with_default_signals,
    )


def with_default_signals() -> None:
    """Have a new process take signals as usual: nohup and "&" let the tests ignore some."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def _options(directory: Path) -> tuple[str, ...]:
    return "--role", "ProwlerScan", "--output-directory", str(directory)


def scans_of(directory: Path, account: str) -> list[int]:
    """The IDs of the processes that scan an account on this machine."""
    log = directory / ".prowler-org-scans" / account / "prowler.log"
    return _processes(lambda process: (process / "fd" / "1").readlink() == log)


def scans_on_workers(aws: EmbeddedAWS) -> list[int]:
    """The IDs of the processes that scan an embedded AWS on a cluster's workers."""
    return _processes(
        lambda process: (
            (process / "fd" / "1").readlink().match("prowler-org-*/scan/prowler.log")
            and aws.endpoint.encode() in (process / "environ").read_bytes()
        )
    )


def processes_with(variable: str) -> list[int]:
    """The IDs of the processes that have a variable, ``NAME=value``, in their environment."""
    return _processes(
        lambda process: variable.encode() in (process / "environ").read_bytes().split(b"\0")
    )


def _processes(matches: Callable[[Path], bool]) -> list[int]:
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and matches(process):
                found.append(int(process.name))
        except OSError:  # it has ended, or belongs to another user
            continue
    return found


def wait_until(happened: Callable[[], object], what: str) -> None:
    """Wait for something that must happen."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"not seen: {what}"
        time.sleep(0.05)
