"""Write what ``make test-matrix`` found into the README, as a table with its date."""

from __future__ import annotations

import argparse
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from packaging.version import Version

README = Path(__file__).parents[1] / "README.md"
_PLACE = re.compile(r"(?<=<!-- matrix -->\n).*?(?=<!-- /matrix -->)", re.DOTALL)


@dataclass(frozen=True)
class Result:
    """What pytest counted."""

    tests: int
    failed: int
    skipped: int

    def __str__(self) -> str:
        if self.failed:
            return f"**{self.failed} of {self.tests} failed**"
        passed = f"{self.tests - self.skipped} passed"
        return f"{passed}, {self.skipped} skipped" if self.skipped else passed


@dataclass(frozen=True)
class Versions:
    """Of Prowler and of Python."""

    prowler: Version
    python: Version


def main() -> int:
    """Read the JUnit files in a folder, each named ``<Prowler>_<Python>.xml``."""
    parser = argparse.ArgumentParser(prog="python -m scripts.matrix", description=__doc__)
    parser.add_argument("results", type=Path)
    results = read(parser.parse_args().results)
    if not results:
        print("No result was found: none of the interpreters is here?", file=sys.stderr)
        return 1
    text = README.read_text("utf-8")
    README.write_text(_PLACE.sub(lambda _: table(results, date.today()), text), "utf-8")
    return 0


def read(folder: Path) -> dict[Versions, Result]:
    """The results by the versions that the files' names say."""
    results = {}
    for path in folder.glob("*.xml"):
        prowler, _, python = path.stem.partition("_")
        (suite,) = ET.parse(path).getroot().iter("testsuite")  # noqa: S314 - pytest wrote it
        failed = int(suite.attrib["failures"]) + int(suite.attrib["errors"])
        results[Versions(Version(prowler), Version(python))] = Result(
            int(suite.attrib["tests"]), failed, int(suite.attrib["skipped"])
        )
    return results


def table(results: Mapping[Versions, Result], day: date) -> str:
    """A row for each Prowler and a column for each Python."""
    prowlers = sorted({versions.prowler for versions in results})
    pythons = sorted({versions.python for versions in results})
    lines = [
        f"| {day} | " + " | ".join(f"Python {python}" for python in pythons) + " |",
        "| --- |" + " --- |" * len(pythons),
    ]
    for prowler in prowlers:
        cells = (str(results.get(Versions(prowler, python), "not run")) for python in pythons)
        lines.append(f"| Prowler {prowler} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
