"""Show how far a run is: a bar on a terminal that can show one, elsewhere a line an account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TextIO

from alive_progress import alive_bar

from prowler_access_keys.ranking.outputs.printing import has_color, say

from ..results.account_result import AccountResult
from .summary import describe_briefly

ShowResult = Callable[[AccountResult], None]


@contextmanager
def progress(total: int, stream: TextIO) -> Iterator[ShowResult]:
    """Gives a function that shows each result, of ``total``, as it comes."""
    if has_color(stream):
        with _bar(total, stream) as show:
            yield show
    else:
        yield _lines(total, stream)


@contextmanager
def _bar(total: int, stream: TextIO) -> Iterator[ShowResult]:
    done = failing = missing = 0
    began = monotonic()
    # Short enough for a terminal of 80 columns.
    with alive_bar(
        total,
        title="accounts",
        file=stream,
        force_tty=True,
        enrich_print=False,
        length=20,
        spinner=None,
        monitor="{count}/{total}",
        stats=False,  # its estimate before the first account is 0 seconds
        receipt_text=True,
    ) as bar:

        def show(result: AccountResult) -> None:
            nonlocal done, failing, missing
            done += 1
            failing += result.counts.failed > 0
            missing += not result.was_scanned
            minutes = (monotonic() - began) / done * (total - done) / 60
            left = f", about {minutes:.0f} min left" if minutes >= 1 else ""
            bar.text = f"{failing} failing, {missing} not scanned{left}"
            bar()

        yield show


def _lines(total: int, stream: TextIO) -> ShowResult:
    done = 0

    def show(result: AccountResult) -> None:
        nonlocal done
        done += 1
        say(f"[{done:{len(str(total))}}/{total}] {describe_briefly(result)}", stream)

    return show
