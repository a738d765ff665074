"""Print what a terminal can show safely, even if its reader is gone."""

from __future__ import annotations

import os
from typing import TextIO


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
