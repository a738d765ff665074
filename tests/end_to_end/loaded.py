"""The ``prowler`` command without its start: each run is a fork of a process that has loaded it.

A fork leaves nothing behind for the next run. ``tests/organization`` holds that its reports are
those of a plain run, byte for byte.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from prowler_org import preload

from ..pages import REPOSITORY
from .environments import Run


class LoadedProwler:
    """Prowler in the environment of the tests, which has this plug-in: ``pip install -e .``."""

    def __init__(self) -> None:
        serve = [sys.executable, "-m", __name__]
        pipe = subprocess.PIPE
        self._server = subprocess.Popen(serve, cwd=REPOSITORY, stdin=pipe, stdout=pipe, text=True)

    def run(
        self, words: Sequence[str], *more: str, environment: Mapping[str, str], directory: Path
    ) -> Run:
        """Run a command line of ``prowler`` with ``more`` arguments: see ``Environment.run``."""
        request = json.dumps([[*words, *more], dict(environment), str(directory)])
        print(request, file=self._server.stdin, flush=True)
        exit_code = self._server.stdout.readline() if self._server.stdout else ""
        output = (directory / "prowler.log").read_text("utf-8")
        return Run(int(exit_code), output, directory / "output")

    def stop(self) -> None:
        """End the process that has loaded Prowler."""
        self._server.communicate()


def _serve() -> None:
    """Make a run for each line that comes in, and print its exit code."""
    preload.load()
    if preload.problem:
        sys.exit(preload.problem)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(*json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(words: list[str], environment: dict[str, str], directory: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    log = os.open("prowler.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    sys.argv = words
    preload.renew(Path.cwd() / "output")
    from prowler.__main__ import prowler

    sys.exit(prowler())


if __name__ == "__main__":
    _serve()
