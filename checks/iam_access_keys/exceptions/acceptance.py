"""Whether exceptions accept a finding, and what the finding says about them. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from ..facts import ACCOUNT_NAME, MADE_FOR_API_KEY, ROOT_USER_NAME
from ..finding_data import ExceptionData, FindingData
from ..findings.wording import comma_and, days
from ..settings import Settings
from .register import NO_EXCEPTIONS, ExceptionEntry, Register

QUARANTINED = "iam_user_quarantined_active_keys"
FOR_API_KEY = "iam_user_made_for_api_key_other_credentials"


@dataclass(frozen=True)
class Terms:
    """What decides whether an exception is in force, and how that is worded."""

    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    """UTC."""
    settings: Settings = field(default_factory=Settings)

    def why_not(self, entry: ExceptionEntry) -> str:
        """Why an exception is not in force, as the end of a sentence; empty if it is."""
        most = self.settings.access_key_exceptions_max_days
        state = entry.state(self.now, most)
        if state == "too long":
            return f"does not apply: it lasts more than {days(most)}, until {entry.until}"
        if state == "without owner":
            return "does not apply: it names no owner"
        if state == "not begun":
            return f"begins on {entry.begin:%Y-%m-%d}"
        return f"ended on {entry.until}" if state == "ended" else ""

    def ends_soon(self, entry: ExceptionEntry) -> bool:
        """Whether an exception has not ended, and will within the days of notice."""
        notice = timedelta(days=self.settings.access_key_exceptions_notice_days)
        return self.now <= entry.end <= self.now + notice

    def describe(self, entry: ExceptionEntry) -> ExceptionData:
        """An exception as data."""
        state = entry.state(self.now, self.settings.access_key_exceptions_max_days)
        given = entry.model_dump(exclude={"begin", "end"})
        return ExceptionData(**given, until=entry.end, state=state, ends_soon=self.ends_soon(entry))

    def word_in_force(self, entry: ExceptionEntry) -> str:
        """What a finding says that an exception in force accepts, as sentences."""
        left, end = (entry.end - self.now).days, ""
        if self.ends_soon(entry):
            end = f" This exception ends in {days(left) if left else 'less than a day'}."
        reason = entry.reason.rstrip(".")
        return f"Accepted by {title(entry)} until {entry.until}: {reason}.{end}"


@dataclass(frozen=True)
class Acceptance:
    """What the exceptions say about a finding."""

    is_accepted: bool = False
    sentence: str = ""
    entries: tuple[ExceptionEntry, ...] = ()
    """Those that are about what fails, in force or not."""
    data: tuple[ExceptionData, ...] = ()
    """Those that the sentence names."""


def judge(register: Register, account: str, data: FindingData, terms: Terms) -> Acceptance:
    """What the exceptions say about a finding that fails, from its data.

    An exception of a user accepts the finding. Exceptions of keys do so if they name everything
    that fails in it: all keys, and no password. What an incident needs more: see ``_unnamed``.
    """
    failing = failing_ids(data)
    of_user = _covering(register.about(account, user=data.name), data)
    of_keys = {key: _covering(register.about(account, key_id=key), data) for key in failing}
    about = (*of_user, *(entry for entries in of_keys.values() for entry in entries))
    accepting = {
        entry.subject: entry
        for entry in about
        if not terms.why_not(entry) and not _unnamed(entry, data)
    }
    left = [key_id for key_id in failing if key_id not in accepting]
    only_keys = bool(failing) and not (data.console_password or data.unreadable)
    by_user = accepting.get(f"user {data.name}")
    if by_user or (only_keys and not left):
        chosen = [by_user] if by_user else [accepting[key_id] for key_id in dict.fromkeys(failing)]
        sentences = [terms.word_in_force(entry) for entry in chosen]
        return Acceptance(True, " ".join(sentences), about, tuple(map(terms.describe, chosen)))
    # Of each user or key, the one that ends last.
    newest = {entry.subject: entry for entry in sorted(about, key=lambda entry: entry.end)}
    rest = comma_and(left) or "a password, or what could not be read"
    sentences = []
    for entry in newest.values():
        unnamed = _unnamed(entry, data)
        short = f"this: it does not name {unnamed}" if unnamed else rest
        why = terms.why_not(entry) or f"does not cover {short}"
        sentences.append(f"The exception of {title(entry)} {why}.")
    described = tuple(map(terms.describe, newest.values()))
    return Acceptance(False, " ".join(sentences), about, described)


def title(entry: ExceptionEntry, *, with_user: bool = False) -> str:
    """An exception in a sentence: who approved it, for which key, and who owns it."""
    subject = f" for {entry.subject}" if entry.access_key_id or with_user else ""
    details = ", ".join(filter(None, (entry.owner and f"owner {entry.owner}", entry.ticket)))
    return f"{entry.approver}{subject}{details and f' ({details})'}"


def failing_ids(data: FindingData) -> list[str]:
    """The access keys, and the service-specific credentials, that a finding fails for."""
    keys, credentials = data.failing_access_keys, data.failing_service_specific_credentials
    if keys is None:
        keys = tuple(key.access_key_id for key in data.access_keys)
    if credentials is None:
        found = data.service_specific_credentials
        credentials = tuple(credential.service_specific_credential_id for credential in found)
    return [*keys, *credentials]


def _covering(entries: list[ExceptionEntry], data: FindingData) -> list[ExceptionEntry]:
    """The entries that cover the finding's check; ``*`` never covers the root user."""
    is_root = data.name == ROOT_USER_NAME
    return [
        entry
        for entry in entries
        if data.check in (entry.checks if is_root else entry.covered_checks)
    ]


def _unnamed(entry: ExceptionEntry, data: FindingData) -> str:
    """The check that an entry would have to name too to cover a finding; empty if there is none.

    A finding of hygiene is about an incident too if AWS has quarantined the user, or that is not
    known. A user that the console made for an API key has no access keys but an intruder's.
    """
    needed = FOR_API_KEY if MADE_FOR_API_KEY.fullmatch(data.name) else ""
    if data.quarantine_policies or data.quarantine_unreadable:
        needed = QUARANTINED
    return "" if needed in entry.checks else needed


@dataclass(frozen=True)
class RunExceptions:
    """The exceptions of an account in one run of Prowler, and what fails that they are about."""

    register: Register = NO_EXCEPTIONS
    account: str = ""
    terms: Terms = field(default_factory=Terms)
    complete: set[str] = field(default_factory=set)
    """The checks that have run."""
    _failing: dict[str, set[ExceptionEntry]] = field(default_factory=lambda: defaultdict(set))
    """By check, the entries that are about a finding of it that fails."""
    _unjudged: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By check, the users, or the account, that it could not judge."""

    def judge(self, status: str, data: FindingData) -> Acceptance:
        """What the exceptions say about a finding. Only what fails is accepted."""
        if status == "MANUAL":
            self._unjudged[data.check].add(data.name)
        if status != "FAIL" or not self.register.entries:
            return Acceptance()
        acceptance = judge(self.register, self.account, data, self.terms)
        self._failing[data.check].update(acceptance.entries)
        return acceptance

    def covers_failure(self, entry: ExceptionEntry) -> bool:
        """Whether an entry is about a finding that fails, in force or not."""
        return any(entry in self._failing[check] for check in entry.covered_checks)

    def covers_nothing(self, entry: ExceptionEntry) -> bool:
        """Whether all its checks have run, and nothing that it is about fails or was not judged."""
        if self.covers_failure(entry) or not entry.covered_checks <= self.complete:
            return False
        unjudged = set().union(*(self._unjudged[check] for check in entry.covered_checks))
        return not (unjudged & {entry.user, ACCOUNT_NAME} if entry.user else unjudged)
