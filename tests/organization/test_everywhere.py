"""Scans in the partitions of China and GovCloud, of accounts with awkward names."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization

from .commands import run

NAMES = ("<script>alert(1)</script>", "two\nlines", "\u202egnp.exe", "\x1b[31mred", "=1+1")
"""HTML, a line break, a right-to-left mark, an escape sequence, a formula."""


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_an_organization_of_another_partition_is_scanned(
    region: str, partition: str, tmp_path: Path
) -> None:
    with EmbeddedAWS(region) as aws:
        organization = EmbeddedOrganization(aws)
        accounts = [organization.add_account(name) for name in NAMES]
        organization.add_keys(accounts[0], "alice", 2)
        done = run(
            "--role", "security/ProwlerScan", "--accounts", *accounts,
            environment=aws.environment(), directory=tmp_path / "output",
        )  # fmt: skip
    assert done.returncode == 3, done.output
    findings = json.loads(done.merged(".ocsf.json").read_text("utf-8"))
    assert {finding["cloud"]["account"]["uid"] for finding in findings} == set(accounts)
    for finding in findings:
        resource = finding["resources"][0]
        assert resource["region"] == region
        assert resource["cloud_partition"] == partition
        assert resource["uid"].startswith(f"arn:{partition}:iam::")
    _names_are_harmless(done.output, done.merged(".html"), tmp_path / "output" / "keys")


def _names_are_harmless(printed: str, page: Path, keys: Path) -> None:
    """No name does anything on the terminal, on the page, or in a spreadsheet."""
    html = page.read_text("utf-8")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert not any(mark in text for mark in ("\u202e", "\x1b") for text in (printed, html))
    assert "\nlines" not in printed
    (table,) = (path for path in keys.glob("*.csv") if "changes" not in path.name)
    for row in csv.reader(table.open(encoding="utf-8", newline="")):
        assert not any(cell.startswith(("=", "+", "@", "\x1b")) for cell in row)
