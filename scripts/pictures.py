"""Take the pictures in ``docs/images``: what real scans print and write.

The scans are of the demo's users and of its organization. The picture of the page needs Chromium.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.text import Text

from demo import organization
from demo.population import populate
from embedded_aws.aws import EmbeddedAWS

from .compliance_framework import UNIVERSAL

IMAGES = Path(__file__).parents[1] / "docs" / "images"
MUTELIST = Path(__file__).parents[1] / "metadata" / "examples" / "mutelist.yaml"
CHECK = "iam_user_multiple_active_keys"
FIRST_SCAN = ("prowler", "aws", "--checks", CHECK, "--verbose")
"""The command whose output is shown."""
COMPLIANCE_SCAN = ("prowler", "aws", "--compliance", UNIVERSAL.stem)
ORGANIZATION_SCAN = ("prowler-org", "--role", "ProwlerScan")
SOME_USERS = ("backup-nightly", "bob.martins", "etl-loader", "legacy-ftp-sync", "terraform-apply")
"""As many of the demo's users as a picture can hold; their findings differ."""
UNREADABLE_USER = "legacy-ftp-sync"


def main() -> None:
    """Scan, then write all pictures; without Chromium, those of a terminal."""
    parser = argparse.ArgumentParser(prog="python -m scripts.pictures", description=__doc__)
    parser.add_argument("--chromium", help="the program, to take the picture of the page too")
    chromium = parser.parse_args().chromium
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first_scan(folder)
        compliance_scan(folder)
        if chromium:
            page = organization_scan(folder)
            take_picture(chromium, page, IMAGES / "which-key-first.png", (1160, 1030))


def first_scan(folder: Path) -> None:
    """Draw what a scan of a few users prints."""
    with EmbeddedAWS() as aws:
        populate(aws)
        users = aws.iam().users
        for name in set(users) - set(SOME_USERS):
            del users[name]
        deny(aws, UNREADABLE_USER)
        output = run(aws, folder, *FIRST_SCAN, "--no-banner")
    findings = part(output, "Check ID: ", "Detailed results are in")
    draw_terminal(FIRST_SCAN, findings, IMAGES / "finding.svg", 112)


def compliance_scan(folder: Path) -> None:
    """Draw what a scan of all users of the demo prints about the framework."""
    with EmbeddedAWS() as aws:
        populate(aws)
        deny(aws, UNREADABLE_USER)
        options = ("--region", aws.region, "--mutelist-file", str(MUTELIST))
        output = run(aws, folder, *COMPLIANCE_SCAN, *options, "--no-banner")
    table = part(output, "Compliance Status of", "Detailed results of")
    draw_terminal(COMPLIANCE_SCAN, table, IMAGES / "compliance-table.svg", 92)


def organization_scan(folder: Path) -> Path:
    """Scan the demo's organization twice. Returns the page of the second scan."""
    with EmbeddedAWS() as aws:
        accounts = organization.populate(aws)
        command = ("--exclude", accounts[organization.EXCLUDED], *organization.OPTIONS)
        scan = (*ORGANIZATION_SCAN, "--output-directory", "organization", *command)
        run(aws, folder, *scan)
        organization.rotate(aws, accounts)
        run(aws, folder, *scan)
    return max(folder.glob("organization/prowler-org-*.html"))


def deny(aws: EmbeddedAWS, user: str) -> None:
    """Deny all calls about a user; and let AWS hold a report, as a new one would tell its keys."""
    aws.hold_report(timedelta(hours=1))
    aws.behavior.denied_users = frozenset({user})


def part(output: str, first: str, after: str) -> str:
    """What a program prints from the text ``first`` up to the text ``after``."""
    start = output.index(first)
    return output[start : output.index(after, start)].strip()


def run(aws: EmbeddedAWS, folder: Path, program: str, *arguments: str) -> str:
    """Run a program of this environment in ``folder``. Returns what it printed."""
    return aws.run(program, *arguments, cwd=folder, stdout=subprocess.PIPE).stdout


def draw_terminal(command: Sequence[str], output: str, picture: Path, columns: int) -> None:
    """Draw a terminal, so many columns wide, with a command and what it printed."""
    console = Console(record=True, width=columns, file=io.StringIO(), tab_size=4)
    console.print(f"$ {' '.join(command)}\n", style="bold", highlight=False)
    console.print(Text.from_ansi(output.expandtabs(4)))
    picture.write_text(console.export_svg(title="", unique_id=picture.stem), "utf-8")


def take_picture(chromium: str, page: Path, picture: Path, size: tuple[int, int]) -> None:
    """Take a picture of a page in a window of this size."""
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--force-device-scale-factor=1.5", "--virtual-time-budget=20000",
        f"--window-size={size[0]},{size[1]}", f"--screenshot={picture}", page.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()
