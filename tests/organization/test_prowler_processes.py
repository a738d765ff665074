"""Prowler's processes, forked from one that may have loaded it. None of these scans anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from multiprocessing import forkserver
from pathlib import Path

import pytest

from prowler_org.running_prowler import processes
from prowler_org.running_prowler.processes import LOST, ProwlerLauncher, end_fork_server, kill_group

from ..end_to_end.environments import PATIENCE
from .commands import processes_with, wait_until, with_default_signals


def test_a_process_is_killed_if_its_group_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def killpg(*_: object) -> None:
        raise PermissionError  # as on macOS, for a group whose leader has ended

    monkeypatch.setattr("os.killpg", killpg)
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        kill_group(process.pid)
        assert process.wait(PATIENCE) == -signal.SIGKILL


def test_without_a_preloaded_prowler_each_run_starts_it_and_ends_with_its_parent(
    tmp_path: Path,
) -> None:
    (tmp_path / "broken.py").write_text(
        "from prowler_org.running_prowler import preload\npreload.problem = 'x'"
    )
    starter = """if True:
        import os, sys
        from pathlib import Path
        from prowler_org.running_prowler import processes
        processes.FORK_SERVER_IMPORTS[:] = ["broken"]
        launcher = processes.ProwlerLauncher()
        print(launcher.problem, launcher.ask(os.getppid) != os.getpid(), flush=True)
        folder = Path(sys.argv[1])
        print(launcher.run(("--list-services",), folder, folder / "log", 120), flush=True)
        arguments = "--checks", "iam_user_multiple_active_keys", "--verbose"
        print(launcher.run(arguments, folder, folder / "log", 120), flush=True)
        """
    with subprocess.Popen(
        [sys.executable, "-c", starter, str(tmp_path)],
        stdout=subprocess.PIPE, text=True, cwd=tmp_path, preexec_fn=with_default_signals,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(tmp_path)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "x True\n"
        assert process.stdout.readline() == "0\n"
        assert "iam" in (tmp_path / "log").read_text("utf-8")
        process.kill()
    wait_until(lambda: not processes_with(f"TMPDIR={tmp_path}"), "the end of all processes")


def test_scans_go_on_after_the_fork_server_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "FORK_SERVER_IMPORTS", [])  # it starts at once
    for name in ("_forkserver_pid", "_forkserver_address", "_forkserver_alive_fd"):
        # Another server than the one that other tests fork from.
        monkeypatch.setattr(f"multiprocessing.forkserver._forkserver.{name}", None)
    monkeypatch.setattr(processes, "load_beforehand", lambda: (None, ()))
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
