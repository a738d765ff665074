"""Starting Prowler: forked where that can be, plain where it cannot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from prowler_org.processes import LOST, Launcher, _kill

from .commands import wait_until

DEADLY = """
import os, sys
if any("multiprocessing.forkserver" in word for word in sys.orig_argv):
    os._exit(1)
"""
"""What Python runs at its start, so that a fork server dies at once."""
AS_ON_WINDOWS = """
import multiprocessing, multiprocessing.context
del multiprocessing.context.ForkServerContext
multiprocessing.get_all_start_methods = lambda: ["spawn"]
import prowler_org.cli
from prowler_org.processes import why_not_forked
print(why_not_forked())
"""


def test_where_nothing_can_fork_there_is_a_reason_and_no_error() -> None:
    told = subprocess.run(
        [sys.executable, "-c", AS_ON_WINDOWS], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "this system cannot fork"


def test_a_fork_server_that_dies_at_its_start_means_plain_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(DEADLY, "utf-8")
    told = subprocess.run(
        [sys.executable, "-c", "from prowler_org import processes as p; print(p.why_not_forked())"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.startswith("the process that loads Prowler did not start: ")


def test_a_process_is_killed_where_its_group_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def killpg(*_: object) -> None:
        raise PermissionError  # as on macOS, for a group whose leader has ended

    monkeypatch.setattr("os.killpg", killpg)
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        _kill(process.pid)
        assert process.wait() == -signal.SIGKILL


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no PYTHONSAFEPATH")
def test_nothing_is_imported_from_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "prowler.py").write_text("raise SystemExit('not this one')", "utf-8")
    script = tmp_path / "bin" / "script.py"
    script.parent.mkdir()
    script.write_text(
        "from prowler_org.processes import Launcher, PlainRun; from pathlib import Path\n"
        "if __name__ == '__main__':\n"
        "    print(Launcher().problem)\n"
        "    print(PlainRun(('--help',), Path('out'), Path('log')).wait(60))\n",
        "utf-8",
    )
    told = subprocess.run(
        [sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["None", "0"], (tmp_path / "log").read_text("utf-8")


def test_a_plain_run_ends_with_who_started_it(tmp_path: Path) -> None:
    starter = (
        "import sys, time; from pathlib import Path; from prowler_org.processes import PlainRun; "
        "run = PlainRun(('--list-checks',), Path(sys.argv[1]), Path(sys.argv[1], 'log')); "
        "print(run._process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        plain = int(process.stdout.readline())
        os.kill(plain, signal.SIGSTOP)
        process.kill()
    os.kill(plain, signal.SIGCONT)
    wait_until(lambda: not _runs(plain), "the end of the plain run")


def test_a_scan_is_started_again_after_the_fork_server_has_ended(tmp_path: Path) -> None:
    from multiprocessing import forkserver

    launcher = Launcher()
    assert launcher.problem is None
    server: int = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    os.kill(server, signal.SIGKILL)
    codes: list[int | None] = []

    def ran() -> bool:
        codes.append(launcher.run(("--list-services",), tmp_path, tmp_path / "log", 60))
        return codes[-1] != LOST

    wait_until(ran, "a run that is not lost")
    assert codes[-1] == 0


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
