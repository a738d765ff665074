"""Write what ``make test-matrix`` found into the README, as a table with its date."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path

from packaging.version import Version

README = Path(__file__).parents[1] / "README.md"
_PLACE = re.compile(r"(?<=<!-- matrix -->\n).*?(?=<!-- /matrix -->)", re.DOTALL)


def main() -> int:
    """Read the folder of JUnit files that the command line names, and write the table."""
    (folder,) = map(Path, sys.argv[1:])
    text = README.read_text("utf-8")
    README.write_text(_PLACE.sub(table(folder, date.today()), text), "utf-8")
    return 0


def table(folder: Path, day: date) -> str:
    """A row for each Prowler and a column for each Python.

    ``folder`` has JUnit files that are named ``<Prowler>_<Python>.xml``. Raises ValueError if it
    has none.
    """
    counted = {tuple(path.stem.split("_")): _counted(path) for path in folder.glob("*.xml")}
    if not counted:
        raise ValueError("there are no results: no Python that the tests need is on the PATH")
    prowlers, pythons = (sorted(set(names), key=Version) for names in zip(*counted, strict=True))
    lines = [
        f"| {day} | " + " | ".join(f"Python {python}" for python in pythons) + " |",
        "| --- |" + " --- |" * len(pythons),
    ]
    for prowler in prowlers:
        cells = [counted.get((prowler, python), "not run") for python in pythons]
        lines.append(f"| Prowler {prowler} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _counted(path: Path) -> str:
    """What pytest counted, in words."""
    (suite,) = ET.parse(path).getroot().iter("testsuite")  # noqa: S314 - pytest wrote it
    tests, skipped = int(suite.attrib["tests"]), int(suite.attrib["skipped"])
    failed = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
    if failed:
        return f"**{failed} of {tests} failed**"
    return f"{tests - skipped} passed" + (f", {skipped} skipped" if skipped else "")


if __name__ == "__main__":
    sys.exit(main())
