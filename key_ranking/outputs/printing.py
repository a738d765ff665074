"""Print what a terminal can show safely, even if its reader is gone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

BOLD, RED = "1", "1;31"
"""Styles, as SGR parameters of ECMA-48."""


def say(text: str, stream: TextIO) -> None:
    """Print to ``stream``. If its reader is gone, as after ``| head``, do nothing."""
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # Python flushes the stream again when it ends: let that go nowhere too.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def printable(text: str) -> str:
    """The text, with a ``?`` for each character that would control a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def has_color(stream: TextIO) -> bool:
    """Whether it is a terminal with colors and a cursor, and NO_COLOR (no-color.org) is not set."""
    can = stream.isatty() and os.environ.get("TERM") != "dumb"
    return can and not os.environ.get("NO_COLOR")


def style(text: str, code: str) -> str:
    """A printable text in the style of a code, such as BOLD."""
    return f"\x1b[{code}m{text}\x1b[0m"


def list_files(title: str, files: Sequence[Path]) -> list[str]:
    """Files as lines; the last one, the page, at the end and by itself, to click or copy."""
    paths = list(map(str, files))
    return [title, *(f"  {path}" for path in paths[:-1]), "", *paths[-1:]]
