"""Record results: move an account's reports to their place, and save the state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic

from pydantic import TypeAdapter, ValidationError

from ..reporting.progress import ShowResult
from ..results.account_result import AccountResult, not_scanned
from ..results.report_check import UntrustworthyReportsError, verify_reports
from ..results.report_files import move_to_account, scan_folder, unpack
from ..results.state import State
from .account_scan import DISK_IS_FULL, describe_error, is_full_disk
from .backends import THIS_MACHINE, BackendLostError, FinishedScan

SAVE_PAUSE_FACTOR = 20
"""How long to wait before saving the state again: this many times as long as saving it took.

With 10,000 accounts, saving takes a quarter of a second. After a run is killed, ``--resume`` scans
again what was not saved.
"""


RESULT = TypeAdapter(AccountResult)


class Recorder:
    """Records the scans of a run as they finish."""

    def __init__(
        self,
        state: State,
        directory: Path,
        show: ShowResult,
        warn: Callable[[str], None],
    ) -> None:
        """``show`` gets each result, ``warn`` each warning."""
        self._state = state
        self._directory = directory
        self._show = show
        self._warn = warn
        self._warned: set[str] = set()
        self._unsaved = False
        self._next_save = 0.0
        self.problem: OSError | None = None
        """Why the last attempt to save the state failed. None if it did not."""

    def record(self, finished: Sequence[FinishedScan]) -> None:
        """Record finished scans. Raises BackendLostError if the disk is full."""
        results = [self._move(scan) for scan in finished]
        self._state.results.update((result.account, result) for result in results)
        self._state.repeated.difference_update(result.account for result in results)
        self._unsaved = self._unsaved or bool(results)
        if self._unsaved and monotonic() >= self._next_save:
            self.save()
        for result in results:
            self._show_or_go_on(result)
        for warning in sorted({text for scan in finished for text in scan.warnings}):
            self.warn(f"On a worker: {warning}")

    def warn(self, warning: str) -> None:
        """Show a warning, once."""
        if warning not in self._warned:
            self._warned.add(warning)
            with suppress(OSError, ValueError):  # as in _show_or_go_on
                self._warn(warning)

    def end(self, reason: str) -> None:
        """Record why the remaining accounts were not tried."""
        self._state.ended = reason
        self.save()

    def give_up(self, reason: str) -> None:
        """Record that the remaining accounts are not scanned."""
        for account in self._state.to_scan:
            self._state.results.setdefault(account.id, not_scanned(account, reason))
        self.save()

    def save(self) -> None:
        """Save the state. If that fails, keep the problem: the next attempt may succeed."""
        began = monotonic()
        try:
            self._state.save(self._directory)
        except OSError as error:
            self.problem = error
        else:
            self.problem, self._unsaved = None, False
            self._next_save = monotonic() + SAVE_PAUSE_FACTOR * (monotonic() - began)

    def _show_or_go_on(self, result: AccountResult) -> None:
        """Show a result. If the terminal is gone, show no more and go on scanning."""
        try:
            self._show(result)
        except (OSError, ValueError):
            self._show = lambda result: None

    def _move(self, finished: FinishedScan) -> AccountResult:
        """The result with its reports in their place. Whatever goes wrong becomes its reason."""
        result = finished.result
        folder = scan_folder(self._directory, result.account)
        try:
            RESULT.validate_python(result)
            if finished.machine != THIS_MACHINE:
                result = self._unpack(finished, folder)
            return move_to_account(result, folder, self._directory)
        except UntrustworthyReportsError as error:
            return _as_failed(result, f"The reports of a worker cannot be used: {error}.")
        except ValidationError:
            reason = "A worker sent a result with values that cannot be."
            return AccountResult(result.account, result.name, "not scanned", reason)
        except Exception as error:
            if is_full_disk(error):
                raise BackendLostError(DISK_IS_FULL) from error
            return _as_failed(
                result, f"prowler-org could not store the reports: {describe_error(error)}."
            )

    def _unpack(self, finished: FinishedScan, folder: Path) -> AccountResult:
        """What a worker has sent, checked as nothing that it says of it is believed."""
        result = finished.result
        if finished.archive is None:
            if result.was_scanned:
                raise UntrustworthyReportsError("There are none")
            return result
        unpack(finished.archive, folder)
        if result.was_scanned:
            return verify_reports(result, folder, self._state.expected)
        return replace(result, reports=())


def _as_failed(result: AccountResult, reason: str) -> AccountResult:
    return AccountResult(
        result.account, result.name, "not scanned", reason,
        attempts=result.attempts, seconds=result.seconds,
    )  # fmt: skip
