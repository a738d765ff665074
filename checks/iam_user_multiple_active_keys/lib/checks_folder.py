"""Leaving Prowler's installation as it was after ``prowler aws --checks-folder``."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Sequence
from pathlib import Path

import prowler

_OPTIONS = ("--checks-folder", "-x")


def remove_copy_at_exit(folder: Path, arguments: Sequence[str]) -> None:
    """Remove ``folder``, where this check was imported from, when the process ends.

    With ``--checks-folder``, Prowler copies the check into its own package and removes the copy
    at the end of the run (``remove_custom_checks_module`` in ``prowler/lib/check/check.py``),
    but not when it runs a fixer, nor when it crashes. ``arguments`` are those of the process:
    without that option, a folder inside Prowler's package was put there on purpose and stays.
    Can go when Prowler removes the copy whatever happens.
    """
    copied = any(argument.split("=")[0] in _OPTIONS for argument in arguments)
    if copied and any(Path(path) in folder.parents for path in prowler.__path__):
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
