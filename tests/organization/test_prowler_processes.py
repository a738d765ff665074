"""Prowler's processes: forked if possible, standalone if not. None of these scans anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from multiprocessing import forkserver
from pathlib import Path

import pytest

from prowler_org import prowler_processes
from prowler_org.prowler_processes import LOST, ProwlerLauncher, end_fork_server, kill_group

from .commands import wait_until

AS_ON_WINDOWS = """
import multiprocessing, multiprocessing.context
del multiprocessing.context.ForkServerContext
multiprocessing.get_all_start_methods = lambda: ["spawn"]
import prowler_org.cli
print(prowler_org.cli.ProwlerLauncher().problem)
"""


def test_without_fork_there_is_a_reason() -> None:
    told = subprocess.run(
        [sys.executable, "-c", AS_ON_WINDOWS], capture_output=True, text=True, check=True
    )
    assert told.stdout == "this system cannot fork\n"


def test_without_a_fork_server_questions_are_answered_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cannot_fork = ("this system cannot fork", ())
    monkeypatch.setattr(prowler_processes, "loaded_beforehand", lambda: cannot_fork)
    assert ProwlerLauncher().ask(os.getpid) != os.getpid()


def test_a_process_is_killed_if_its_group_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def killpg(*_: object) -> None:
        raise PermissionError  # as on macOS, for a group whose leader has ended

    monkeypatch.setattr("os.killpg", killpg)
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        kill_group(process.pid)
        assert process.wait() == -signal.SIGKILL


def test_a_standalone_prowler_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    starter = (
        "import sys, time; from pathlib import Path; from prowler_org.prowler_processes import *; "
        "process = StandaloneProwler((), Path(sys.argv[1]), Path(sys.argv[1], 'log'), os.environ); "
        "print(process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        prowler = int(process.stdout.readline())
        os.kill(prowler, signal.SIGSTOP)
        process.kill()
    os.kill(prowler, signal.SIGCONT)
    wait_until(lambda: not _runs(prowler), "the end of Prowler")


def test_scans_go_on_after_the_fork_server_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prowler_processes, "FORK_SERVER_IMPORTS", [])  # it starts at once
    for name in ("_forkserver_pid", "_forkserver_address", "_forkserver_alive_fd"):
        # Another server than the one that other tests fork from.
        monkeypatch.setattr(f"multiprocessing.forkserver._forkserver.{name}", None)
    monkeypatch.setattr(prowler_processes, "loaded_beforehand", lambda: (None, ()))
    launcher = ProwlerLauncher()
    assert launcher.ask(os.getpid)
    server: int = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    os.kill(server, signal.SIGKILL)
    codes: list[int | None] = []

    def ran() -> bool:
        codes.append(launcher.run(("--help",), tmp_path, tmp_path / "log", 60))
        return codes[-1] != LOST

    wait_until(ran, "a process that is not lost")
    assert codes[-1] == 0
    end_fork_server()


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
