"""How many processors this process may use: a container may have fewer than the machine."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def usable_processors(cgroups: Path = CGROUPS) -> int:
    """The number of processors, at least 1.

    That is what the process may run on, or the container's limit if that is less: a quota of
    processor time in a period, as cgroups have it
    (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files).
    """
    if hasattr(os, "sched_getaffinity"):  # only Linux has it
        number = len(os.sched_getaffinity(0))
    else:
        number = os.cpu_count() or 1
    return max(1, min(number, math.ceil(_limit(cgroups))))


def _limit(cgroups: Path) -> float:
    """The limit in processors; without one, more than any machine has."""
    try:
        if (cgroups / "cpu.max").exists():
            quota, period = (cgroups / "cpu.max").read_text("ascii").split()
        else:  # the first version of cgroups
            quota = (cgroups / "cpu" / "cpu.cfs_quota_us").read_text("ascii")
            period = (cgroups / "cpu" / "cpu.cfs_period_us").read_text("ascii")
        limit = int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # "max", or no cgroups
        return 10**6
    return limit if limit > 0 else 10**6
