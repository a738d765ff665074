"""A plain run of Prowler that ends with the process that started it.

    python -m prowler_org.plain ARGUMENTS OF PROWLER

Its standard input is a pipe that nobody writes to. When the other end is gone, so is who would
take the reports: the run ends, lest it go on beside one that resumes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def main() -> None:
    """What the command ``prowler`` does."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = ["prowler", *sys.argv[1:]]
    from prowler.__main__ import prowler

    prowler()


def _end_with_parent() -> None:
    os.read(0, 1)
    if sys.platform == "win32":
        os._exit(1)
    else:
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
