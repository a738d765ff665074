"""How keys, dates and days are worded, the same in every sentence. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from ..facts import AccessKey, RootAccessKeys, Unreadable

TRACKING_BEGAN = datetime(2015, 4, 22, tzinfo=timezone.utc)
"""Since when AWS records the last use of access keys.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""


_CLOCKS_DIFFER = timedelta(hours=1)
"""How far ahead of now a date may be without being worth a word."""
_NOT_AVAILABLE = "N/A"
"""What IAM writes for a service or a Region that it does not know."""


def describe_key(key: AccessKey, now: datetime) -> str:
    """A key with its age and its last use; ``now`` is UTC."""
    created = f"created {when(key.create_date, now)}"
    last_use = key.last_use
    if isinstance(last_use, Unreadable):
        return f"{key.access_key_id} ({created}; last use could not be read: {last_use})"
    if last_use is None:
        since = f" since {TRACKING_BEGAN:%Y-%m-%d}" if key.create_date < TRACKING_BEGAN else ""
        return f"{key.access_key_id} ({created}; no use recorded{since})"
    by = "" if last_use.service == _NOT_AVAILABLE else f", by {last_use.service}"
    where = "" if last_use.region == _NOT_AVAILABLE else f" in {last_use.region}"
    return f"{key.access_key_id} ({created}; last used {when(last_use.date, now)}{by}{where})"


def ids(keys: Iterable[AccessKey], last: str = "and") -> str:
    """The IDs of keys; ``last`` stands before the last one."""
    return comma_and((key.access_key_id for key in keys), last)


def comma_and(words: Iterable[str], last: str = "and") -> str:
    """Words as a list in a sentence: A, A and B, or A, B, and C."""
    words = list(words)
    if len(words) > 2:
        return f"{', '.join(words[:-1])}, {last} {words[-1]}"
    return f" {last} ".join(words)


def count_phrase(number: int, state: str = "active") -> str:
    """How many access keys there are in a state."""
    return plural(number, f"{state} access key".lstrip(), none="no")


def when(date: datetime, now: datetime) -> str:
    """A date with its age; ``now`` is UTC."""
    return f"{date:%Y-%m-%d}, {ago(date, now)}"


def ago(date: datetime, now: datetime) -> str:
    """The age of a date in days of 24 hours; a date in the future has none."""
    if date - now > _CLOCKS_DIFFER:
        return "in the future"
    number = (now - date).days
    return f"{days(number) if number > 0 else 'less than a day'} ago"


def days(number: int) -> str:
    """A number of days."""
    return plural(number, "day")


def plural(number: int, noun: str, none: str = "0") -> str:
    """A number of things: ``1 user``, ``2 users``; ``none`` stands for 0."""
    return f"{number or none} {noun}{'' if number == 1 else 's'}"


def age(duration: timedelta) -> str:
    """The age of a credential report, in whole hours or, below one, minutes."""
    minutes = max(0, int(duration.total_seconds() // 60))
    number, unit = (minutes // 60, "hour") if minutes >= 60 else (minutes, "minute")
    return plural(number, unit)


def of_report(root: RootAccessKeys) -> str:
    """Which credential report says so; empty if none had to."""
    if root.report_date is None:
        return ""
    return (
        f", according to the credential report of {root.report_date:%Y-%m-%d %H:%M} UTC "
        f"({age(root.report_age)} old)"
    )


def aws_command(*words: str) -> str:
    """A command of the AWS CLI, to paste into a shell.

    An option and its value are one word, with "=": a name may begin with a dash.
    """
    return shlex.join(["aws", *words])


def status_command(user: str, access_key_id: str, status: str) -> str:
    """The command that makes a user's access key ``Active`` or ``Inactive``."""
    return aws_command(
        "iam", "update-access-key", f"--user-name={user}",
        "--access-key-id", access_key_id, "--status", status,
    )  # fmt: skip


def delete_command(user: str, access_key_id: str) -> str:
    """The command that deletes a user's access key."""
    name = f"--user-name={user}"
    return aws_command("iam", "delete-access-key", name, "--access-key-id", access_key_id)


def what_to_do(failure: Unreadable) -> str:
    """What helps against a failed call about a user."""
    if failure.error_code == "InvalidClientTokenId":
        return (
            "IAM accepts no GetSessionToken session without MFA: use a session with MFA, a role, "
            "or the access key itself."
        )
    allow = "Grant the permission and scan" if failure.denied else "Scan"
    return f"{allow} again, or check the user in the IAM console."
