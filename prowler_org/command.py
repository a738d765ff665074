"""The command prowler-org: signals end it in order from here on, whatever it is doing."""

from __future__ import annotations

import signal
import sys

INTERRUPTED = 130


def main() -> int:
    """Handle signals, then load and run prowler-org. Returns the exit code.

    SIGTERM and SIGHUP interrupt it as Ctrl-C does. One that is ignored, as with nohup, stays so.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        from .cli import main as run

        return run()
    except KeyboardInterrupt:
        print("prowler-org: Interrupted.", file=sys.stderr)
        return INTERRUPTED
