"""CSV files, as Prowler and this plug-in write them."""

from __future__ import annotations

import csv
from pathlib import Path


def csv_rows(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows of a file; Prowler's files have semicolons."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))
