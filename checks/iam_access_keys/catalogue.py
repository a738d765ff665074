"""Which checks are this plug-in's own."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

SHARED_FOLDER = Path(__file__).parent


@lru_cache(maxsize=1)
def our_checks() -> frozenset[str]:
    """The names of our checks, from the folders beside this one.

    With ``--checks-folder``, Prowler copies these folders among its own checks. Ours are known by
    what they import: this folder.
    """
    return frozenset(
        folder.name
        for folder in SHARED_FOLDER.parent.glob("iam_*")
        if _is_ours(folder / f"{folder.name}.py")
    )


def _is_ours(module: Path) -> bool:
    return module.is_file() and SHARED_FOLDER.name in module.read_text("utf-8")
