"""What CloudTrail says of a key, in the ranking: from the data of findings, on page and CSV."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from key_ranking.files import write_csv
from key_ranking.page import Page, render

from .reports import finding, key, ranked

ACTIONS = [{"service": "ec2", "action": "RunInstances", "events": 2}]
TERRAFORM = {"program": "Terraform", "source": "198.51.100.20", "events": 2, "actions": ACTIONS}
DENIED = {"region": "us-east-1", "call": "cloudtrail:LookupEvents", "error_code": "AccessDenied"}
ORIGIN = {"creator": "user/mallory", "date": "2026-11-20T10:00:00+00:00", "source": "198.51.100.9"}


def entry(tmp_path: Path, **facts: Any) -> Any:
    (one,) = ranked(tmp_path, finding("unrotated", "alice", access_keys=[key(1, 300, **facts)]))
    return one


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        ({"events": 2, "used_by": [TERRAFORM]}, "Terraform from 198.51.100.20 (EC2)"),
        ({"events": 0, "used_by": []}, "unknown (no event in CloudTrail's event history)"),
        (
            {"events": 0, "used_by": [], "unreadable": [DENIED]},
            "unknown (cloudtrail:LookupEvents failed with AccessDenied)",
        ),
        (None, ""),
    ],
)
def test_what_uses_a_key_is_told(tmp_path: Path, usage: Any, told: str) -> None:
    assert entry(tmp_path, usage=usage).used_by == told


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        (ORIGIN, "user mallory on 2026-11-20 from 198.51.100.9"),
        ({"unknown": "too-old"}, ""),
        ({"unreadable": DENIED}, ""),
        (None, ""),
    ],
)
def test_who_created_a_key_is_told_if_it_is_known(tmp_path: Path, origin: Any, told: str) -> None:
    assert entry(tmp_path, origin=origin).created_by == told


def test_it_does_not_change_the_place_or_the_advice(tmp_path: Path) -> None:
    none = entry(tmp_path, usage={"events": 0, "used_by": []})
    without = entry(tmp_path)
    assert (none.group, none.action, none.advice) == (without.group, without.action, without.advice)


def test_page_and_csv_have_it_and_a_program_with_a_hostile_name_does_nothing(
    tmp_path: Path,
) -> None:
    hostile = {**TERRAFORM, "program": "=<script>\x1b[31m"}
    one = entry(tmp_path, usage={"events": 2, "used_by": [hostile]}, origin=ORIGIN)
    page = render(
        Page(
            title="", subtitle="", entries=[one], csv="", links={}, not_looked_at=(),
            what_is_not_looked_at="reports", columns=(), accounts=(),
        )
    )  # fmt: skip
    assert "Used by: <bdi>=&lt;script&gt;?[31m from 198.51.100.20 (EC2)</bdi>" in page
    assert "Created by: <bdi>user mallory on 2026-11-20 from 198.51.100.9</bdi>" in page
    write_csv([one], tmp_path / "keys.csv")
    with (tmp_path / "keys.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["used_by"] == "'=<script>?[31m from 198.51.100.20 (EC2)"
    assert row["created_by"].startswith("user mallory")
