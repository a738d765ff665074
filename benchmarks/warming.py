"""What each function of ``warm_libraries`` saves: forked scans without one of them.

    python -m benchmarks.warming LEFT_OUT ROLE …

prints the processor time of a forked scan in seconds, the median of scans with these roles. It is
run by ``figures``, in processes of their own, as what is warmed cannot be undone.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization
from prowler_org.running_prowler import preload, warm_libraries

from .programs import SOMETHING_FAILED
from .tables import table

CHECK = "iam_user_multiple_active_keys"
SCANS = 9
NOTHING, ALL = "nothing", "all"


def figures() -> str:
    """Measure. Returns Markdown."""
    names = [warm.__name__ for warm in warm_libraries.WARMED]
    rows = []
    with EmbeddedAWS() as plain:
        times = _times(plain, names)
    with EmbeddedAWS(tls=True) as tls:
        times_tls = _times(tls, names)
    for name in (NOTHING, *names, ALL):
        rows.append((f"`{name}`" if name in names else name, times[name], times_tls[name]))
    return f"""\
What a forked scan of a small account takes of processor time, the median of {SCANS}, if one thing
is not done beforehand (`prowler_org/running_prowler/warm_libraries.py`):

{table(("left out", "processor time", "through TLS"), rows)}
"""


def _times(aws: EmbeddedAWS, names: list[str]) -> dict[str, str]:
    organization = EmbeddedOrganization(aws)
    account = organization.add_account("account")
    organization.add_keys(account, "user", 2)
    return {name: _time(aws, name, account) for name in (NOTHING, *names, ALL)}


def _time(aws: EmbeddedAWS, left_out: str, account: str) -> str:
    role = f"arn:aws:iam::{account}:role/ProwlerScan"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.warming", left_out, role],
        env=aws.environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    print(left_out, done.stdout.strip(), file=sys.stderr)
    return f"{float(done.stdout):.2f} s"


def _measure(left_out: str, role: str) -> None:
    every = warm_libraries.WARMED
    kept = () if left_out == ALL else tuple(one for one in every if one.__name__ != left_out)
    warm_libraries.WARMED = kept
    preload.load()
    if preload.problem or preload.slower:
        sys.exit(f"not as expected: {preload.problem} {preload.slower}")
    times = []
    for _ in range(SCANS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        child = os.fork()
        if child == 0:
            _scan(role)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code != SOMETHING_FAILED:
            sys.exit(f"prowler ended with {code}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    print(statistics.median(times))


def _scan(role: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = os.open(Path(folder, "log"), os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 1)
        preload.renew(Path(folder, "output"))
        sys.argv = ["prowler", "aws", "-R", role, "--checks", CHECK]
        from prowler.__main__ import prowler

        try:
            prowler()
        except SystemExit as ended:
            os._exit(int(ended.code or 0))


if __name__ == "__main__":
    _measure(*sys.argv[1:])
