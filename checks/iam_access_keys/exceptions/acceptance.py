"""Whether exceptions accept a finding, and what the finding says about them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..facts import ROOT_USER_NAME
from ..finding_data import ExceptionData, FindingData
from ..findings.wording import comma_and, days
from .register import ExceptionEntry, Register

QUARANTINED = "iam_user_quarantined_active_keys"
FOR_API_KEY = "iam_user_made_for_api_key_other_credentials"
MADE_FOR_API_KEY = re.compile(r"(?:Bedrock|CloudWatch|CloudWatchLogs)APIKey-[a-z0-9]{1,16}")


@dataclass(frozen=True)
class Limits:
    """The settings about exceptions."""

    most_days: int
    """How many days an exception may last."""
    notice_days: int
    """How many days before its end a finding says so."""


LIMITS = Limits(365, 14)
"""The defaults."""


@dataclass(frozen=True)
class Acceptance:
    """What the exceptions say about a finding."""

    is_accepted: bool = False
    sentence: str = ""
    entries: tuple[ExceptionEntry, ...] = ()
    """Those that are about what fails, in force or not."""
    data: tuple[ExceptionData, ...] = ()
    """Those that accept the finding or, if it is not accepted, would without what is said."""


def judge(
    register: Register, account: str, data: FindingData, now: datetime, limits: Limits
) -> Acceptance:
    """What the exceptions say about a finding that fails, from its data; ``now`` is UTC.

    An exception of a user accepts the finding. Exceptions of keys do so if they name everything
    that fails in it: all keys, and no password. An incident, and a user that the console made for
    an API key, must be accepted by name too: see ``_unnamed``.
    """
    of_user = _covering(register.about_user(account, data.name), data)
    failing = _failing_ids(data)
    of_keys = {key_id: _covering(register.about_key(account, key_id), data) for key_id in failing}
    related = (*of_user, *(entry for entries in of_keys.values() for entry in entries))

    def accepting(entries: list[ExceptionEntry]) -> ExceptionEntry | None:
        return next(
            (
                entry
                for entry in entries
                if entry.state(now, limits.most_days) == "in force" and not _unnamed(entry, data)
            ),
            None,
        )

    by_key = {key_id: entry for key_id in failing if (entry := accepting(of_keys[key_id]))}
    left = [key_id for key_id in failing if key_id not in by_key]
    if entry := accepting(of_user):
        chosen, accepted = [entry], True
    else:
        accepted = bool(failing) and not left and not _has_more_than_keys(data)
        chosen = list(by_key.values()) if accepted else _newest(related)
    sentences = [
        _in_force(entry, now, limits) if accepted else _why_not(entry, data, left, now, limits)
        for entry in chosen
    ]
    described = (describe(entry, now, limits) for entry in chosen)
    return Acceptance(accepted, " ".join(sentences), related, tuple(described))


def describe(entry: ExceptionEntry, now: datetime, limits: Limits) -> ExceptionData:
    """An exception as data."""
    return ExceptionData(
        entry.account,
        entry.user,
        entry.access_key_id,
        entry.checks,
        entry.reason,
        entry.approver,
        entry.owner,
        entry.ticket,
        entry.end.isoformat(),
        entry.state(now, limits.most_days),
        ends_soon(entry, now, limits),
    )


def ends_soon(entry: ExceptionEntry, now: datetime, limits: Limits) -> bool:
    """Whether an exception that has not ended will end within the days of notice."""
    return now <= entry.end <= now + timedelta(days=limits.notice_days)


def title(entry: ExceptionEntry, *, with_user: bool = False) -> str:
    """An exception in a sentence: who approved it, for which key, and who owns it."""
    whom = f" for {entry.subject}" if entry.access_key_id or with_user else ""
    details = ", ".join(filter(None, (entry.owner and f"owner {entry.owner}", entry.ticket)))
    return f"{entry.approver}{whom}{details and f' ({details})'}"


def word_state(entry: ExceptionEntry, now: datetime, limits: Limits) -> str:
    """Why an exception is not in force, as the end of a sentence; empty if it is."""
    return {
        "in force": "",
        "ended": f"ended on {entry.until}",
        "not begun": f"begins on {entry.begin:%Y-%m-%d}" if entry.begin else "",
        "too long": f"does not apply: it may last for {days(limits.most_days)}, and has its end "
        f"on {entry.until}",
        "without owner": "does not apply: it names no owner",
    }[entry.state(now, limits.most_days)]


def _covering(entries: list[ExceptionEntry], data: FindingData) -> list[ExceptionEntry]:
    """The entries that cover the finding's check; ``*`` never covers the root user."""
    by_name_only = data.name == ROOT_USER_NAME
    return [
        entry
        for entry in entries
        if data.check in (entry.checks if by_name_only else entry.covered_checks)
    ]


def _unnamed(entry: ExceptionEntry, data: FindingData) -> str:
    """The check that an entry would have to name too to cover a finding; empty if there is none.

    A finding of hygiene is about an incident too if AWS has quarantined the user, or that is not
    known.
    """
    if data.quarantine_policies or data.quarantine_unreadable:
        needed = QUARANTINED
    elif MADE_FOR_API_KEY.fullmatch(data.name):
        needed = FOR_API_KEY
    else:
        return ""
    return "" if needed in entry.checks else needed


def _failing_ids(data: FindingData) -> list[str]:
    """The access keys, and the service-specific credentials, that the finding fails for."""
    keys = data.failing_access_keys
    credentials = data.failing_service_specific_credentials
    if keys is None:
        keys = tuple(key.access_key_id for key in data.access_keys)
    if credentials is None:
        found = data.service_specific_credentials
        credentials = tuple(one.service_specific_credential_id for one in found)
    return [*keys, *credentials]


def _has_more_than_keys(data: FindingData) -> bool:
    """Whether the finding fails, or may fail, for something that has no ID."""
    return data.console_password or data.unreadable is not None


def _newest(entries: tuple[ExceptionEntry, ...]) -> list[ExceptionEntry]:
    """Of each user or key, the entry that ends last."""
    newest = {entry.subject: entry for entry in sorted(entries, key=lambda entry: entry.end)}
    return list(newest.values())


def _in_force(entry: ExceptionEntry, now: datetime, limits: Limits) -> str:
    sentence = f"Accepted by {title(entry)} until {entry.until}: {entry.reason.rstrip('.')}."
    if ends_soon(entry, now, limits):
        left = (entry.end - now).days
        sentence += f" This exception ends in {days(left) if left else 'less than a day'}."
    return sentence


def _why_not(
    entry: ExceptionEntry, data: FindingData, left: list[str], now: datetime, limits: Limits
) -> str:
    why = word_state(entry, now, limits)
    if not why:
        unnamed = _unnamed(entry, data)
        rest = comma_and(left) or "a password, or what could not be read"
        why = f"does not cover {f'this: it does not name {unnamed}' if unnamed else rest}"
    return f"The exception of {title(entry)} {why}."
