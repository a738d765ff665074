"""The demo: the real ``prowler`` command against an embedded AWS, and which key comes first."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks

from .command import output_directory, run
from .population import populate

CONFIG = Path(__file__).with_name("config.yaml")
CHECKS = tuple(sorted(our_checks()))
SEVERITIES = ("critical", "high", "medium", "low")
PROWLER_FOUND_FAILURES = 3
THERE_ARE_KEYS = 3


def main() -> int:
    """Scan the embedded AWS. Returns 0 when the scan ran and found what was put there to find."""
    directory = output_directory("demo", __doc__)
    before = set(directory.glob("*"))
    with EmbeddedAWS() as aws:
        populate(aws)
        print(f"An embedded AWS with {len(aws.iam().users)} IAM users runs at {aws.endpoint}.\n")
        exit_code = run(
            aws, "prowler", "aws", "--checks", *CHECKS, "--output-formats", "csv", "html",
            "json-ocsf", "--output-directory", str(directory), "--config-file", str(CONFIG),
            "--no-banner",
        )  # fmt: skip
        if exit_code != PROWLER_FOUND_FAILURES:
            print(f"prowler ended with {exit_code}, not with 3: it found nothing to fail.")
            return 1
        reports = sorted(path for path in set(directory.glob("*")) - before if path.is_file())
        _summarize(reports)
        (ocsf,) = (path for path in reports if path.name.endswith(".ocsf.json"))
        keys = str(directory / "access-keys")
        ranked = run(aws, "prowler-access-keys", str(ocsf), "--output-directory", keys)
    if ranked != THERE_ARE_KEYS:
        print(f"prowler-access-keys ended with {ranked}, not with 3: it found no key.")
        return 1
    return 0


def _summarize(reports: list[Path]) -> None:
    """Print the first failure of each check, and where the reports are."""
    table = next(path for path in reports if path.suffix == ".csv")
    with table.open(encoding="utf-8", newline="") as file:
        findings = list(csv.DictReader(file, delimiter=";"))
    failed = [finding for finding in findings if finding["STATUS"] == "FAIL"]
    print(f"\n{len(failed)} of {len(findings)} findings of {len(CHECKS)} checks are failures:")
    for severity in SEVERITIES:
        for check in CHECKS:
            sentences = [
                finding["STATUS_EXTENDED"]
                for finding in failed
                if (finding["CHECK_ID"], finding["SEVERITY"]) == (check, severity)
            ]
            if sentences:
                print(f"\n{severity}: {check}, {len(sentences)}\n  {sentences[0]}")
            if len(sentences) > 1:
                print(f"  … and {len(sentences) - 1} more: see the reports")
    print("\nThe reports:")
    for path in reports:
        print(f"  {path}")
    print()


if __name__ == "__main__":
    sys.exit(main())
