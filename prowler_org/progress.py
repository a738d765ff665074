"""How far a run is, for who watches it: a bar on a terminal, a line for each account elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from alive_progress import alive_bar

from .outcome import Counts, Outcome
from .printing import printable, say

Tell = Callable[[Outcome], None]


@contextmanager
def progress(total: int, quiet: bool, stream: TextIO) -> Iterator[Tell]:
    """Gives a function to be told each outcome, of ``total``, as it comes."""
    if quiet:
        yield lambda outcome: None
    elif stream.isatty():
        with _bar(total, stream) as tell:
            yield tell
    else:
        yield _lines(total, stream)


@contextmanager
def _bar(total: int, stream: TextIO) -> Iterator[Tell]:
    failing = not_scanned = 0
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
        stats="(eta {eta})",
        stats_end=False,
        receipt_text=True,
    ) as bar:

        def tell(outcome: Outcome) -> None:
            nonlocal failing, not_scanned
            failing += outcome.counts.failed > 0
            not_scanned += outcome.status == "not scanned"
            bar.text = f"{failing} failing, {not_scanned} not scanned"
            bar()

        yield tell


def _lines(total: int, stream: TextIO) -> Tell:
    done = 0

    def tell(outcome: Outcome) -> None:
        nonlocal done
        done += 1
        say(f"[{done:{len(str(total))}}/{total}] {describe(outcome)}", stream)

    return tell


def describe(outcome: Outcome) -> str:
    """An account's outcome in a line. What others named is made safe to print."""
    who = printable(f"{outcome.account} {outcome.name}".strip())
    if outcome.status == "not scanned":
        return f"{who}: not scanned. {printable(outcome.reason)}"
    crashed = f", without {', '.join(outcome.crashed)}: did not complete" if outcome.crashed else ""
    return f"{who}: {describe_counts(outcome.counts)}{crashed}"


def describe_counts(counts: Counts) -> str:
    """The findings in words, those that count first."""
    words = [f"{counts.failed} failed", f"{counts.passed} passed"]
    words += [f"{counts.manual} to look at"] if counts.manual else []
    words += [f"{counts.muted} muted"] if counts.muted else []
    return ", ".join(words)
