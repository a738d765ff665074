"""A run that is told to end leaves nothing behind, whatever it is doing."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization

from ..end_to_end.environments import PATIENCE
from .commands import processes_with, results_in, start_program, wait_until


def lists_accounts(aws: EmbeddedAWS, temporary: Path) -> bool:
    return aws.calls["organizations:ListAccounts"] > 0


def loads_prowler(aws: EmbeddedAWS, temporary: Path) -> bool:
    processes = (psutil.Process(number) for number in processes_with(f"TMPDIR={temporary}"))
    return any("forkserver" in " ".join(process.cmdline()) for process in processes)


def scans(aws: EmbeddedAWS, temporary: Path) -> bool:
    return bool(aws.assumed)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files, whose path is short enough for the name of a socket."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("number", "while_it"),
    [
        (signal.SIGHUP, lists_accounts),
        (signal.SIGTERM, loads_prowler),
        (signal.SIGTERM, scans),
    ],
)
def test_a_signal_ends_a_run_and_leaves_nothing_behind(
    number: signal.Signals,
    while_it: Callable[[EmbeddedAWS, Path], bool],
    organization: EmbeddedOrganization,
    aws: EmbeddedAWS,
    tmp_path: Path,
    temporary: Path,
    starts_quickly: dict[str, str],
) -> None:
    account = organization.add_account("account")
    aws.behavior.seconds_to_assume = {account: 600.0}
    if while_it is lists_accounts:
        aws.behavior.latency = 2.0
    process = start_program(
        environment=aws.environment(TMPDIR=str(temporary), **starts_quickly),
        directory=tmp_path / "output",
    )
    wait_until(lambda: while_it(aws, temporary), while_it.__name__)
    process.send_signal(number)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, output
    assert output.startswith("Listing the accounts.")
    assert "Traceback" not in output
    assert "BrokenPipe" not in output
    wait_until(lambda: not processes_with(f"TMPDIR={temporary}"), "the end of all processes")
    assert list(temporary.iterdir()) == []
    assert not any(result.was_scanned for result in results_in(tmp_path / "output").values())
