"""The command prowler-org: signals end it in order from here on, whatever it is doing."""

from __future__ import annotations

import sys

from . import interrupts
from .errors import INTERRUPTED
from .output_streams import robust_streams


def main() -> int:
    """Handle signals, then load and run prowler-org. Returns the exit code."""
    interrupts.handle_signals()
    with robust_streams():
        try:
            from .cli import main as run

            return run()
        except KeyboardInterrupt:
            print("prowler-org: Interrupted.", file=sys.stderr)
            return INTERRUPTED
        finally:
            interrupts.acknowledge_interrupt()
