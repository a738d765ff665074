"""Within how many days an organization promises to deal with a key, by severity."""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta, timezone
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
def severity_of(check: str) -> str:
    """The severity in a check's metadata; ``medium`` for one that is not known here."""
    if check not in our_checks():
        return "medium"
    path = SHARED_FOLDER.parent / check / f"{check}.metadata.json"
    severity = str(json.loads(path.read_text("utf-8"))["Severity"])
    return severity if severity in SEVERITIES else "low"


def worst(checks: Collection[str]) -> str:
    """The highest severity among checks."""
    return min(map(severity_of, checks), key=SEVERITIES.index, default="medium")


def due(first: int, checks: Collection[str], promise: Promise) -> tuple[str, str]:
    """When a key was first seen failing (seconds since 1970), and when to have dealt with it."""
    seen = datetime.fromtimestamp(first, timezone.utc)
    return f"{seen:%Y-%m-%d}", f"{seen + timedelta(days=promise[worst(checks)]):%Y-%m-%d}"
