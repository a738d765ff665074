"""Lines about how far long questions to CloudTrail are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

SECONDS_BETWEEN_LINES = 10.0
"""How long lookups must take, in seconds, for their progress to be printed."""


def lookup_counter(
    lookups: int, seconds: float, report: Callable[[str], None], clock: Callable[[], float]
) -> Callable[[], None]:
    """Returns what counts a lookup, in any thread, and says now and then how many are done.

    ``seconds`` is how long they take at least. ``report`` gets the lines, from any thread.
    """
    done, said_at, lock = 0, clock(), threading.Lock()
    is_long = seconds >= SECONDS_BETWEEN_LINES

    def say(line: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads it any more
            report(line)

    def count() -> None:
        nonlocal done, said_at
        with lock:
            done += 1
            now = clock()
            if is_long and now - said_at >= SECONDS_BETWEEN_LINES:
                said_at = now
                say(f"CloudTrail: {done} of {lookups} lookups of access keys done.")

    if is_long:
        say(
            f"Looking up events of access keys in CloudTrail: {lookups} calls or more, "
            f"about {seconds:.0f} seconds."
        )
    return count
