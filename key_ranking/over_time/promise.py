"""Within how many days an organization promises to deal with a key, by severity."""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from functools import cache
from typing import TypeAlias

from prowler_access_keys.services.iam.iam_access_keys.catalogue import SHARED_FOLDER, our_checks

Promise: TypeAlias = Mapping[str, int]
"""Days by severity."""
DEFAULT: Promise = {"critical": 7, "high": 30, "medium": 90, "low": 180}
SEVERITIES = tuple(DEFAULT)
"""The most severe first."""


def parse(text: str) -> Promise:
    """A type for argparse: ``critical=7,medium=60``. What is left out keeps its default."""
    promise = dict(DEFAULT)
    for part in text.split(","):
        severity, _, days = part.strip().partition("=")
        if severity not in promise or not days.isdecimal() or len(days) > 4:
            raise argparse.ArgumentTypeError(
                f"{part!r} is not a severity and its days, such as critical=7"
            )
        promise[severity] = int(days)
    return promise


@cache
def _severity_of(check: str) -> str:
    if check not in our_checks():
        return "medium"
    path = SHARED_FOLDER.parent / check / f"{check}.metadata.json"
    severity = str(json.loads(path.read_text("utf-8"))["Severity"])
    return severity if severity in SEVERITIES else "low"


def worst(checks: Collection[str]) -> str:
    """The highest severity in the metadata of checks; ``medium`` for an unknown check."""
    return min(map(_severity_of, checks), key=SEVERITIES.index, default="medium")


def due(first_seen: date, checks: Collection[str], promise: Promise) -> date:
    """The last day to deal with a key that was first seen failing on that day."""
    return first_seen + timedelta(days=promise[worst(checks)])
