"""Virtual environments to start the real ``prowler`` command in, and what a run of it leaves."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.release import copy_sources

from ..csv_files import csv_rows
from ..pages import command

DISTRIBUTION = ("prowler_access_keys", "prowler_org", "__editable__")
"""How the names begin of what belongs to this plug-in in the environment of the tests."""
FRAMEWORK = "cis_6.0_aws.json"
"""The framework that copies of Prowler have."""
PATIENCE = 300.0
"""Seconds that a test waits for what must happen, on the slowest machine."""


@dataclass(frozen=True)
class Run:
    """A ``prowler`` process that has ended, and what it wrote."""

    returncode: int
    output: str
    directory: Path

    def report(self, pattern: str) -> Path:
        """The one report whose name matches."""
        (path,) = self.directory.glob(pattern)
        return path

    def csv(self, pattern: str = "*.csv") -> list[dict[str, str]]:
        """The rows of a CSV report."""
        return csv_rows(self.report(pattern), ";")

    def json(self, pattern: str) -> list[dict[str, Any]]:
        """The findings of an OCSF or ASFF report."""
        findings: list[dict[str, Any]] = json.loads(self.report(pattern).read_text("utf-8"))
        return findings

    def html(self) -> str:
        """The HTML report."""
        return self.report("*.html").read_text("utf-8")

    def statuses(self) -> dict[str, str]:
        """Status by resource name, from the CSV report, which quotes what looks like a formula."""
        return {row["RESOURCE_NAME"].removeprefix("'"): row["STATUS"] for row in self.csv()}


class Environment:
    """A virtual environment with Prowler and what it depends on, and without this plug-in.

    The dependencies are links to those that these tests run with. Prowler itself is a copy, so
    that a test may see what a run does to it: see ``copy_prowler``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        self.python = folder / "bin" / "python"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.packages = folder / "lib" / version / "site-packages"
        for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
            if path.name == "prowler":
                copy_prowler(self.packages)
            elif not path.name.startswith(DISTRIBUTION):
                (self.packages / path.name).symlink_to(path)
        self.prowler = folder / "bin" / "prowler"
        script = Path(sys.executable).with_name("prowler").read_text("utf-8").splitlines()
        self.prowler.write_text("\n".join([f"#!{self.python}", *script[1:], ""]), "utf-8")
        self.prowler.chmod(0o755)

    def pip(self, *arguments: str, directory: Path | None = None) -> str:
        """Run pip on this environment, without a network. Returns what it printed."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), *arguments]
        return subprocess.check_output(
            pip, cwd=directory, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE
        )

    def install_plugin(self, install: Sequence[str] = (), sources: Path | None = None) -> str:
        """``pip install .``, or another command of the README, in a copy of the sources."""
        _, *arguments = install or command("pip install .")
        sources = sources or copy_sources(self.folder / "sources")
        offline = ("--no-index", "--no-deps", "--no-build-isolation")
        return self.pip(*arguments, *offline, directory=sources)

    def installed_files(self) -> set[str]:
        """All files in this environment but Python's caches, to compare before and after."""
        return {
            str(path.relative_to(self.packages))
            for path in self.packages.rglob("*")
            if "__pycache__" not in path.parts
        }

    def run(
        self, words: Sequence[str], *more: str, environment: Mapping[str, str], directory: Path
    ) -> Run:
        """Run a command line with ``more`` arguments, where the first programs are those in here.

        ``directory`` is the working directory; the reports go to ``output`` in it.
        """
        path = f"{self.folder / 'bin'}{os.pathsep}{environment.get('PATH', os.environ['PATH'])}"
        process = subprocess.run(
            [shutil.which(words[0], path=path) or words[0], *words[1:], *more],
            env={**environment, "PATH": path},
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Run(process.returncode, process.stdout, directory / "output")


def copy_prowler(folder: Path) -> None:
    """Copy Prowler to a folder of modules, with one of its compliance frameworks.

    To load all takes three quarters of a start, and ``loaded.py`` runs with all of them.
    """
    prowler = Path(sysconfig.get_paths()["purelib"]) / "prowler"
    shutil.copytree(prowler, folder / "prowler", copy_function=_link, ignore=_frameworks)


def _frameworks(folder: str, names: list[str]) -> list[str]:
    is_theirs = "prowler/compliance" in folder
    return [name for name in names if is_theirs and name.endswith(".json") and name != FRAMEWORK]


def _link(source: str, destination: str) -> None:
    try:
        os.link(source, destination)
    except OSError:  # another file system
        shutil.copy2(source, destination)
