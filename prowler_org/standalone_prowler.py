"""The command ``prowler``, ended when the process that started it ends.

    python -m prowler_org.standalone_prowler ARGUMENTS OF PROWLER

Its standard input is a pipe that stays empty. When the other end closes, the process that started
this one has ended. This one then ends too, so that it does not scan beside a resumed run.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def main() -> None:
    """Do what the command ``prowler`` does."""
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
