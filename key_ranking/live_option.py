"""The option --live-frameworks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from prowler_access_keys.compliance.live_frameworks import choose

from .printing import printable, say


class ChooseLiveFrameworks(argparse.Action):
    """Does as ``--version`` does: has the frameworks made, and ends the program."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, names: Any, option: Any = None
    ) -> None:
        try:
            twins, problems = choose(names)
        except OSError as error:
            problems = [f"{error.filename}: {error.strerror}. No live framework was made."]
        except RuntimeError as error:  # there is no home directory
            problems = [f"{error} Set XDG_CACHE_HOME."]
        else:
            say(_offer(twins, names), sys.stdout)
        for problem in problems:
            say(f"{parser.prog}: {printable(problem)}", sys.stderr)
        parser.exit(1 if problems else 0)


def _offer(twins: Sequence[str], names: Sequence[str]) -> str:
    if not twins:
        return "No live framework was made." if names else "Prowler offers no live framework."
    return "\n".join(
        ["Prowler now offers:", *(f"  prowler aws --compliance {twin}" for twin in twins)]
    )
