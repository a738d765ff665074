"""What README.md and the pages that it links to tell a reader to type, for the tests that run it.

A test that runs a command takes it from the page, with ``command`` or ``block``, so that the page
and the test cannot drift apart. ``test_pages.py`` fails for a command that no test takes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
README = REPOSITORY / "README.md"
_LINKED = re.findall(r"\]\((docs/[^)#\s]+\.md)", README.read_text("utf-8"))
_WRITTEN = "docs/figures.md"  # by make bench, which puts its own command line there
PAGES = (README, *(REPOSITORY / page for page in sorted({*_LINKED} - {_WRITTEN})))
"""The README, and what it links to in docs/."""

SHELL = "sh"
"""The language of a fenced block whose lines are commands."""
OUTPUTS = ("text", "json", "mermaid")
"""The languages of fenced blocks that show what a program writes, or a drawing."""
PROGRAMS = ("aws", "bash", "dask", "docker", "export", "git", "make", "pip", "pipx", "prowler",
            "prowler-org", "python", "python3", "sh")  # fmt: skip
"""Inline code that begins with one of these, and goes on, is a command."""
NAMES = ("prowler aws",)
"""Inline code that only names a program's part."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`]+)`")
_COMMENT = re.compile(r"(?:^|\s)#.*$")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """One command of a page: a line of a block, continued ones joined, or inline code."""

    page: str
    line: int
    text: str
    block: Block | None = None


def blocks_of(text: str, page: str) -> list[Block]:
    """The fenced blocks of a page."""
    return [
        Block(page, text.count("\n", 0, found.start()) + 2, found[1], found[2])
        for found in _FENCE.finditer(text)
    ]


def commands_of(text: str, page: str) -> list[Command]:
    """The commands of a page."""
    blocks = blocks_of(text, page)
    found = [command for block in blocks if block.language == SHELL for command in _lines(block)]
    prose = _FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), text)
    for inline in _INLINE.finditer(prose):
        code = " ".join(inline[1].split())
        if code.split()[0] in PROGRAMS and " " in code and code not in NAMES and "…" not in code:
            found.append(Command(page, prose.count("\n", 0, inline.start()) + 1, code))
    return found


@cache
def blocks() -> tuple[Block, ...]:
    """The fenced blocks of all pages."""
    return tuple(block for name, text in _texts() for block in blocks_of(text, name))


@cache
def commands() -> tuple[Command, ...]:
    """The commands of all pages."""
    return tuple(command for name, text in _texts() for command in commands_of(text, name))


def command(part: str) -> list[str]:
    """The words of the one command that is, or else that contains, this text."""
    return shlex.split(find(part))


def block(part: str) -> str:
    """The text of the one fenced block that contains this text: a shell block to be run."""
    return _only(part, {one.text for one in blocks() if part in one.text})


def find(part: str) -> str:
    """The one command that is, or else that contains, this text."""
    texts = {one.text for one in commands()}
    return part if part in texts else _only(part, {text for text in texts if part in text})


def table(heading: str) -> list[list[str]]:
    """The rows of the one table whose head begins with these cells, without the head."""
    starts = [
        text[found.end() :]
        for _, text in _texts()
        for found in re.finditer(rf"^{re.escape(heading)}.*\n\|[-| :]+\n", text, re.MULTILINE)
    ]
    rows = _only(heading, set(starts)).split("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.splitlines()]


def like_a_clone(folder: Path) -> Path:
    """Make a folder with links to what the repository holds, to run commands in. Returns it."""
    folder.mkdir(exist_ok=True)
    for path in REPOSITORY.iterdir():
        if not path.name.startswith(".") and path.name not in ("build", "output"):
            (folder / path.name).symlink_to(path)
    return folder


def _texts() -> Iterator[tuple[str, str]]:
    for path in PAGES:
        yield str(path.relative_to(REPOSITORY)), path.read_text("utf-8")


def _lines(block: Block) -> Iterator[Command]:
    """The commands of a shell block; a loop is one."""
    pending, start = "", 0
    for number, line in enumerate(block.text.splitlines(), block.line):
        bare = _COMMENT.sub("", line).strip()
        start = start if pending else number
        pending += bare.removesuffix("\\")
        if bare.endswith("\\") or not pending:
            continue
        if pending.startswith("for ") and not pending.endswith("done"):
            pending += " " if pending.endswith(" do") else "; "
            continue
        yield Command(block.page, start, pending, block)
        pending = ""


def _only(part: str, texts: set[str]) -> str:
    if len(texts) != 1:
        raise LookupError(f"{len(texts)} places in README.md and docs/ have {part!r}, not one.")
    return next(iter(texts))
