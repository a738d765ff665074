"""Signals that end a run, even if Python loses the exception.

The handler of a signal raises KeyboardInterrupt wherever the main thread is. In a finalizer, such
as that of a Dask future, Python prints the exception and goes on. So it is raised again every few
seconds until it is caught: whatever the run waits for, no interrupt is lost.
"""

from __future__ import annotations

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SECONDS_UNTIL_AGAIN = 5.0


def handle_signals() -> None:
    """Have signals interrupt this process. One that is ignored, as with nohup, stays so."""
    signal.signal(signal.SIGALRM, _interrupt)
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def acknowledge_interrupt() -> None:
    """Say that the interrupt has arrived: call this where KeyboardInterrupt is caught."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def _interrupt(number: int, frame: FrameType | None) -> None:
    signal.setitimer(signal.ITIMER_REAL, SECONDS_UNTIL_AGAIN)
    raise KeyboardInterrupt
