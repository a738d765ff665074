"""The data of a finding in a report, if it is this finding's own and as the checks write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.exceptions.acceptance import QUARANTINED
from prowler_access_keys.services.iam.iam_access_keys.finding_data import (
    NO_DATA,
    FindingData,
    from_json,
)

from .check_names import ADMINISTRATORS, SINGLE_SERVICE

MALFORMED = "its data is not in the format that these checks write"
OTHER_CHECK = "the report has another check's data in its place, as exports of Prowler App do"
_ALWAYS_WRITTEN: Mapping[str, Callable[[FindingData], object]] = {
    ADMINISTRATORS: lambda data: data.administrator,
    QUARANTINED: lambda data: data.quarantine_policies,
    SINGLE_SERVICE: lambda data: data.service_specific_credentials,
}
"""What a finding of a check that fails has, unless something could not be read."""


def data_of(raw: Any, check: str, *, fails: bool) -> tuple[FindingData, str]:
    """The data of a finding of a check, and why it cannot be used; else that is empty.

    Prowler App keeps one set of data for each resource, the last check's, and exports it with every
    finding (prowler#11959). What it says is not what this finding said.
    """
    try:
        data = from_json(raw)
    except ValueError:
        return NO_DATA, MALFORMED
    if data.check:
        is_own = data.check == check
    else:  # written before the data named its check
        written = _ALWAYS_WRITTEN.get(check)
        lacks = written and fails and not data.unreadable and not written(data)
        is_own = not lacks and (check == ADMINISTRATORS or not data.administrator)
    return (data, "") if is_own else (NO_DATA, OTHER_CHECK)
