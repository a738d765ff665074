"""Measure all figures that README.md and docs/ quote, and write them to a file.

Takes about half an hour on two cores. With Prowler's own check on 5,000 users as well, it is over
an hour more: ``--users 50 500 5000 --many-users``.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from . import iam_reading, organization, start

FIGURES = Path(__file__).parents[1] / "docs" / "figures.md"
HEAD = """\
# Figures

`make bench` writes this page: do not edit it. `make tables` copies its tables to other pages.

- Measured on {date:%Y-%m-%d}
- Prowler {prowler}, Python {python}
- {cores} processor cores, with a load average of {load:.1f} before the start
- Command: `{command}`
"""


def main() -> int:
    """Measure and write."""
    parser = _parser()
    given = parser.parse_args()
    if not given.output.absolute().parent.is_dir():
        parser.error(f"there is no folder to write {given.output} to")
    if given.more_accounts <= given.accounts:
        parser.error("--more-accounts must be more than --accounts")
    head = _head(sys.argv[1:])
    parts = [
        start.figures(given.starts),
        iam_reading.figures(given.users, given.many_users, given.latency),
        organization.figures(given.accounts, given.more_accounts, given.latency),
    ]
    text = "\n".join([head, *parts])
    print(text)
    given.output.write_text(text, "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--users", type=int, nargs="*", default=[50, 500], metavar="N")
    parser.add_argument(
        "--many-users", type=int, nargs="*", default=[5000], metavar="N",
        help="sizes to measure without Prowler's own check",
    )  # fmt: skip
    parser.add_argument("--latency", type=float, default=0.04, help="seconds for each call")
    parser.add_argument("--accounts", type=int, default=24, metavar="N")
    parser.add_argument(
        "--more-accounts", type=int, default=200, metavar="N", help="more than --accounts"
    )
    parser.add_argument(
        "--starts", type=int, default=3, metavar="N", help="runs to take a median of"
    )
    parser.add_argument("--output", type=Path, default=FIGURES, metavar="FILE")
    return parser


def _head(arguments: Sequence[str]) -> str:
    return HEAD.format(
        date=datetime.now(),
        load=os.getloadavg()[0],
        prowler=version("prowler"),
        python=platform.python_version(),
        cores=os.cpu_count(),
        command=shlex.join(["python", "-m", "benchmarks", *arguments]),
    )


if __name__ == "__main__":
    sys.exit(main())
