"""Printing for people: whatever others named, and whether or not anybody still reads."""

from __future__ import annotations

import os
from typing import TextIO


def say(text: str, stream: TextIO) -> None:
    """Print to ``stream``. Where its reader is gone, as after ``| head``, nothing happens."""
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # What is still to be written, at Python's end too, goes nowhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def printable(text: str) -> str:
    """The text without characters that would do something to a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
