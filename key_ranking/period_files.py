"""The evidence for a period as a page, CSV files, and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from .files import write_rows
from .page import environment
from .period import Period, Table
from .whole_file import whole_file


def write_period(
    period: Period,
    tables: Sequence[Table],
    problems: Mapping[Path, str],
    directory: Path,
    now: datetime,
) -> list[Path]:
    """Write the files, whose names begin with the period. Raises OSError; ``now`` is UTC."""
    directory.mkdir(parents=True, exist_ok=True)
    name = f"access-key-period-{period.first}-{period.last}"
    title = f"Access keys from {period.first} to {period.last}"
    words = f"Written on {now:%Y-%m-%d %H:%M} UTC by prowler-access-keys "
    page = environment().get_template("period.html.j2").render(
        title=title,
        subtitle=f"{words}{version('prowler-access-keys')}. Days are UTC.",
        tables=tables,
        problems=problems,
    )  # fmt: skip
    data = {
        "from": f"{period.first}",
        "to": f"{period.last}",
        "created": now.isoformat(),
        "left_out": {str(path): why for path, why in problems.items()},
        **{
            table.title: [dict(zip(table.columns, row, strict=True)) for row in table.rows]
            for table in tables
        },
    }
    written = [directory / f"{name}.html", directory / f"{name}.json"]
    for path, text in zip(written, (page, json.dumps(data, indent=1)), strict=True):
        with whole_file(path) as file:
            file.write(text.encode("utf-8", "replace"))
    for table in tables:
        path = directory / f"{name}-{table.title.lower().replace(' ', '-')}.csv"
        write_rows(table.columns, table.rows, path)
        written.append(path)
    return written
