"""Measure the figures of docs/figures.md, and write them to a file.

Takes about an hour on two cores.
"""

from __future__ import annotations

import argparse
import os
import platform
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import evidence, iam_reading, organization, period

FIGURES = Path(__file__).parents[1] / "docs" / "figures.md"
HEAD = """\
# Figures

`make bench` writes this page: do not edit it.

- Measured on {date:%Y-%m-%d}
- Prowler {prowler}, Python {python}
- {cores} processor cores, with a load average of {load:.1f} before the start
"""


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    number: dict[str, Any] = {"type": int, "metavar": "N"}
    without = "sizes to measure with all checks together only"
    parser.add_argument("--users", nargs="*", default=[50, 500], **number)
    parser.add_argument("--many-users", nargs="*", default=[5000], help=without, **number)
    parser.add_argument("--accounts", default=24, **number)
    parser.add_argument("--more-accounts", default=200, help="more than --accounts", **number)
    parser.add_argument("--output", type=Path, default=FIGURES, metavar="FILE")
    given = parser.parse_args()
    head = HEAD.format(
        date=datetime.now(),
        load=os.getloadavg()[0],
        prowler=version("prowler"),
        python=platform.python_version(),
        cores=os.cpu_count(),
    )
    given.output.touch()  # an error about this file must not wait for the end
    account = iam_reading.figures(given.users, given.many_users)
    cloudtrail = evidence.figures()
    accounts = organization.figures(given.accounts, given.more_accounts)
    given.output.write_text(
        "\n".join((head, account, cloudtrail, accounts, period.figures())), "utf-8"
    )


if __name__ == "__main__":
    main()
