"""The credential report of the embedded AWS.

``GenerateCredentialReport`` answers ``STARTED``, then ``INPROGRESS``, then ``COMPLETE``. A report
less than four hours old is handed out again as it was, and its first row is the root user's.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from moto.iam.exceptions import IAMException
from moto.iam.models import AccessKeyLastUsed, IAMBackend
from moto.iam.responses import IamResponse

from .behavior import Behavior

REPORT_LIFETIME = timedelta(hours=4)

REPORT_COLUMNS = (
    "user", "arn", "user_creation_time", "password_enabled", "password_last_used",
    "password_last_changed", "password_next_rotation", "mfa_active",
    *(
        f"access_key_{number}_{what}"
        for number in (1, 2)
        for what in (
            "active", "last_rotated", "last_used_date", "last_used_region", "last_used_service"
        )
    ),
    "cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated",
)  # fmt: skip


@dataclass(frozen=True)
class _Report:
    text: str
    generated: datetime
    polls_left: int = 0


class CredentialReports:
    """The account's credential report, if there is one."""

    def __init__(self, behavior: Behavior) -> None:
        self._behavior = behavior
        self._report: _Report | None = None
        self._lock = threading.Lock()

    def hold(self, iam: IAMBackend, age: timedelta, polls_left: int) -> None:
        """Make a report of the present state, as old as ``age``, that is to be polled so often."""
        self._report = _Report(self._text(iam), _now() - age, polls_left)

    def drop(self) -> None:
        """Let the account have no report."""
        self._report = None

    def generate(self, response: IamResponse) -> dict[str, Any]:
        """Answer ``GenerateCredentialReport``."""
        with self._lock:
            report = self._report
            if report is None or _now() - report.generated > REPORT_LIFETIME:
                text = self._text(response.backend)
                self._report = _Report(text, _now(), self._behavior.report_polls)
                return {"State": "STARTED", "Description": "No report exists."}
            if report.polls_left > 0:
                self._report = _Report(report.text, report.generated, report.polls_left - 1)
            state = "INPROGRESS" if report.polls_left > 1 else "COMPLETE"
            return {"State": state}

    def get(self, _: IamResponse) -> dict[str, Any]:
        """Answer ``GetCredentialReport``."""
        report = self._report
        if report is None or report.polls_left > 0:
            code = "ReportNotPresent" if report is None else "ReportInProgress"
            raise IAMException(code, "There is no complete credential report.")
        return {
            "Content": self._behavior.rewrite_report(report.text),
            "ReportFormat": "text/csv",
            "GeneratedTime": report.generated,
        }

    def _text(self, iam: IAMBackend) -> str:
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(REPORT_COLUMNS)
        used = self._behavior.root_key_last_used
        last_use = AccessKeyLastUsed(used, "s3", "us-east-1") if used else None
        root_keys = [(active, None, last_use) for active in self._behavior.root_keys_active]
        root = f"arn:{iam.partition}:iam::{iam.account_id}:root"
        rows.writerow(_report_row("<root_account>", root, _now(), "not_supported", root_keys))
        for user in iam.users.values():
            keys = [(k.status == "Active", k.create_date, k.last_used) for k in user.access_keys]
            console = "true" if user.password else "false"
            rows.writerow(_report_row(user.name, user.arn, user.create_date, console, keys))
        return text.getvalue()


def _report_row(
    name: str,
    arn: str,
    created: datetime,
    console: str,
    keys: Sequence[tuple[bool, datetime | None, AccessKeyLastUsed | None]],
) -> list[str]:
    row = [name, arn, _iso(created), console, "N/A", "N/A", "N/A", "false"]
    for active, key_created, last_used in [*keys, (False, None, None), (False, None, None)][:2]:
        row += [
            str(active).lower(),
            _iso(key_created),
            _iso(last_used.timestamp if last_used else None),
            last_used.region if last_used else "N/A",
            last_used.service if last_used else "N/A",
        ]
    return [*row, "false", "N/A", "false", "N/A"]


def _iso(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00") if moment else "N/A"


def _now() -> datetime:
    return datetime.now(timezone.utc)
