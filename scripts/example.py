"""Write ``docs/example``: reports and the ranked page of the demo's users, to open without a scan.

Findings that pass are left out: they would be most of it.
"""

from __future__ import annotations

import csv
import re
import shutil
import sys
import tempfile
from pathlib import Path

from demo.__main__ import CHECKS, CONFIG
from demo.population import populate
from embedded_aws.aws import EmbeddedAWS

EXAMPLE = Path(__file__).parents[1] / "docs" / "example"
REPORT, PAGE = "report", "which-key-first"
STATUSES = ("FAIL", "MANUAL")
SCAN = (
    "prowler", "aws", "--checks", *CHECKS, "--status", *STATUSES, "--config-file", CONFIG.name,
    "--output-formats", "csv", "html", "json-ocsf", "--output-directory", ".",
    "--output-filename", REPORT, "--no-banner",
)  # fmt: skip
RANK = ("prowler-access-keys", ".", "--output-directory", ".")
FOUND_FAILURES = 3
OF_A_DAY = re.compile(r"\bA(KIA|CCA)\w+|\d+")
"""IDs of keys, dates, and numbers, which differ from run to run."""


def main() -> None:
    """Scan, rank, and write the files anew."""
    with tempfile.TemporaryDirectory() as name, EmbeddedAWS() as aws:
        folder = Path(name)
        shutil.copy(CONFIG, folder)
        populate(aws)
        for program, *arguments in (SCAN, RANK):
            exit_code = aws.run(program, *arguments, cwd=folder).returncode
            if exit_code != FOUND_FAILURES:
                sys.exit(f"{program} ended with {exit_code}, not with {FOUND_FAILURES}.")
        collect(folder, EXAMPLE)


def collect(folder: Path, example: Path) -> None:
    """Copy the reports and the page of a folder, under names without a time."""
    shutil.rmtree(example, ignore_errors=True)
    example.mkdir()
    for path in folder.glob(f"{REPORT}.*"):
        shutil.copy(path, example)
    (page,) = folder.glob("access-keys-*.html")
    html = page.read_text("utf-8").replace(page.stem, PAGE)
    (example / f"{PAGE}.html").write_text(html, "utf-8")
    shutil.copy(page.with_suffix(".csv"), example / f"{PAGE}.csv")


def sentences(report: Path) -> set[tuple[str, str]]:
    """What a CSV report says, by check, without what differs from run to run and what passes."""
    with report.open(encoding="utf-8", newline="") as file:
        return {
            (row["CHECK_ID"], OF_A_DAY.sub("…", row["STATUS_EXTENDED"]))
            for row in csv.DictReader(file, delimiter=";")
            if row["STATUS"] in STATUSES
        }


if __name__ == "__main__":
    main()
