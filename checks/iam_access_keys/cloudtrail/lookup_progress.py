"""Lines about how far long questions to CloudTrail are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

LONG = 10.0
"""Seconds after which somebody who waits wonders; lines come as far apart as that."""


class LookupProgress:
    """The progress of a number of lookups, which several threads make. Short ones say nothing."""

    def __init__(
        self, lookups: int, seconds: float, tell: Callable[[str], None], clock: Callable[[], float]
    ) -> None:
        """``seconds`` is how long they take at least. ``tell`` gets the lines, from any thread."""
        self._whole, self._done = lookups, 0
        self._is_long = seconds >= LONG
        self._tell, self._clock, self._said_at = tell, clock, clock()
        self._lock = threading.Lock()
        if self._is_long:
            self._say(
                f"Looking up events of access keys in CloudTrail: {lookups} calls or more, "
                f"about {seconds:.0f} seconds."
            )

    def one_more(self) -> None:
        """Count a lookup, and tell now and then."""
        with self._lock:
            self._done += 1
            now = self._clock()
            if self._is_long and now - self._said_at >= LONG:
                self._said_at = now
                self._say(f"CloudTrail: {self._done} of {self._whole} lookups of access keys done.")

    def _say(self, line: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads it any more
            self._tell(line)
