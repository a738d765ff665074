"""Leaving Prowler's installation as it was after ``prowler aws --checks-folder``."""

from __future__ import annotations

import argparse
import atexit
import shutil
from collections.abc import Sequence
from pathlib import Path

import prowler


def remove_copy_at_exit(folder: Path, arguments: Sequence[str]) -> None:
    """Remove ``folder``, where this check was imported from, when the process ends.

    With ``--checks-folder``, Prowler copies the check into its own package and removes the copy
    at the end of the run (``remove_custom_checks_module`` in ``prowler/lib/check/check.py``),
    but not when it runs a fixer, nor when it crashes. ``arguments`` are those of the process: a
    check that is in Prowler's package for another reason stays there. Can go when Prowler
    removes the copy whatever happens.
    """
    inside_prowler = any(Path(path) in folder.parents for path in prowler.__path__)
    if inside_prowler and _copied_from(arguments, folder.name):
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _copied_from(arguments: Sequence[str], check: str) -> bool:
    """Whether ``--checks-folder`` names a folder with this check, or one in S3."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-x", "--checks-folder", nargs="?")
    given = parser.parse_known_args(list(arguments))[0].checks_folder
    return given is not None and (given.startswith("s3://") or Path(given, check).is_dir())
