"""The demo: the real ``prowler`` command against an embedded AWS, and what it found."""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from pathlib import Path

from .embedded_aws import EmbeddedAWS
from .population import populate

CHECK = "iam_user_multiple_active_keys"
PROWLER_FOUND_FAILURES = 3


def main() -> int:
    """Scan the embedded AWS. Returns 0 when the scan ran and found what was put there to find."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--output-directory", type=Path, default=Path("output"), help="where the reports go"
    )
    directory: Path = parser.parse_args().output_directory.resolve()
    before = set(directory.glob("*"))
    with EmbeddedAWS() as aws:
        populate(aws)
        print(f"An embedded AWS with {len(aws.iam().users)} IAM users runs at {aws.endpoint}.\n")
        command = [
            "prowler", "aws", "--checks", CHECK, "--output-formats", "csv", "html", "json-ocsf",
            "--output-directory", str(directory), "--no-banner",
        ]  # fmt: skip
        print(f"$ {' '.join(command)}", flush=True)
        program = Path(sys.executable).with_name("prowler")
        scan = subprocess.run([str(program), *command[1:]], env=aws.environment(), check=False)
    if scan.returncode != PROWLER_FOUND_FAILURES:
        print(f"prowler ended with {scan.returncode}, not with 3: it found nothing to fail.")
        return 1
    _summarize(sorted(path for path in set(directory.glob("*")) - before if path.is_file()))
    return 0


def _summarize(reports: list[Path]) -> None:
    table = next(path for path in reports if path.suffix == ".csv")
    with table.open(encoding="utf-8", newline="") as file:
        findings = list(csv.DictReader(file, delimiter=";"))
    failed = [finding for finding in findings if finding["STATUS"] == "FAIL"]
    print(f"\n{len(failed)} of {len(findings)} findings are failures:\n")
    for finding in failed:
        print(f"  {finding['STATUS_EXTENDED']}")
    print("\nThe reports:")
    for path in reports:
        print(f"  {path}")


if __name__ == "__main__":
    sys.exit(main())
