"""Which checks are this plug-in's own, and of which version."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PLUG_IN = "prowler-access-keys"
SHARED_FOLDER = Path(__file__).parent


@cache
def our_checks() -> frozenset[str]:
    """The names of our checks, from the folders beside this one.

    With ``--checks-folder``, Prowler copies these folders among its own checks. Ours are known by
    what they import: this folder.
    """
    return frozenset(
        folder.name
        for folder in SHARED_FOLDER.parent.glob("iam_*")
        if (module := folder / f"{folder.name}.py").is_file()
        and SHARED_FOLDER.name in module.read_text("utf-8")
    )


@cache
def own_version() -> str:
    """The version of this plug-in; empty if it runs from a folder, without being installed."""
    try:
        return version(PLUG_IN)
    except PackageNotFoundError:
        return ""
