"""What README.md and the pages in ``docs/`` show, for the tests that run it or compare it."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
README = REPOSITORY / "README.md"
RECIPES = REPOSITORY / "docs" / "recipes"
EXAMPLES = REPOSITORY / "metadata" / "examples"
ASK_FOR_EXAMPLES = "$(prowler-access-keys --examples)"
"""How commands on pages name that folder, wherever it is installed."""
PAGES = (README, *sorted((REPOSITORY / "docs").rglob("*.md")))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:aws|dask|make|pip|prowler|prowler-org|python) [^`…]+)`")
_COMMENT = re.compile(r"(?:^|\s)#.*$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block; the lines of one in the language ``sh`` are commands."""

    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Its commands, each in one line and without comments."""
        joined = _COMMENT.sub("", self.text).replace("\\\n", "")
        return [line.strip() for line in joined.splitlines() if line.strip()]


def blocks() -> list[Block]:
    """The fenced blocks of all pages."""
    return [Block(*found.groups()) for page in PAGES for found in _FENCE.finditer(_text(page))]


def commands() -> set[str]:
    """The commands of all pages, in blocks and in sentences."""
    in_blocks = {line for block in blocks() if block.language == "sh" for line in block.commands}
    inline = {text for page in PAGES for text in _INLINE.findall(_FENCE.sub("", _text(page)))}
    return in_blocks | {" ".join(text.split()) for text in inline}


def command(part: str) -> list[str]:
    """The words of the one command that is, or else that contains, this text."""
    known = commands()
    return shlex.split(part if part in known else _only(part, known))


def program(name: str) -> str:
    """Where a program of the environment of the tests is."""
    return str(Path(sys.executable).with_name(name))


def block(part: str) -> str:
    """The text of the one fenced block that contains this text."""
    return _only(part, {block.text for block in blocks()})


def table(heading: str) -> list[list[str]]:
    """The rows of the one table whose head begins with these cells, without the head."""
    pattern = rf"^{re.escape(heading)}.*\n\|[-| :]+\n((?:\|.*\n)+)"
    found = {rows for page in PAGES for rows in re.findall(pattern, _text(page), re.MULTILINE)}
    rows = _only("", found).splitlines()
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def _text(page: Path) -> str:
    return page.read_text("utf-8").replace(ASK_FOR_EXAMPLES, str(EXAMPLES))


def _only(part: str, texts: set[str]) -> str:
    found = [text for text in texts if part in text]
    if len(found) != 1:
        raise LookupError(f"{len(found)} places in README.md and docs/ have {part!r}, not one.")
    return found[0]
