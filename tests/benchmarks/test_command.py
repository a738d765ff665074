"""``python -m benchmarks`` on the smallest sizes: that it measures and writes, not what."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ..test_figures import FIGURES, REPOSITORY, tables


def test_every_table_of_figures_is_measured(tmp_path: Path) -> None:
    output = tmp_path / "figures.md"
    sizes = ("--users", "1", "--many-users", "--accounts", "1", "--more-accounts", "2")
    subprocess.run(
        [sys.executable, "-m", "benchmarks", *sizes, "--starts", "1", "--output", str(output)],
        cwd=REPOSITORY,
        check=True,
    )
    written = output.read_text("utf-8")
    measured = tables(written)
    assert tables(FIGURES.read_text("utf-8")).keys() <= measured.keys()
    assert all(measured.values())
    assert "--starts 1" in written
