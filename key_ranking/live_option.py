"""The option --live-frameworks."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from prowler_access_keys.compliance.live_frameworks import choose

from .outputs.printing import printable, say


class ChooseLiveFrameworks(argparse.Action):
    """Does as ``--version`` does: has the frameworks made, and ends the program."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: object, names: Any, option: Any = None
    ) -> None:
        twins, problems = choose(names)
        for twin in twins:
            say(f"Prowler now offers {twin}: prowler aws --compliance {twin}", sys.stdout)
        if not names and not problems:
            say("Prowler now offers no live framework.", sys.stdout)
        for problem in problems:
            say(f"{parser.prog}: {printable(problem)}", sys.stderr)
        parser.exit(1 if problems else 0)
