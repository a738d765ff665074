"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from ..iam_access_keys.for_checks import (
    ALL,
    AccessKeyCheck,
    AccountReading,
    CheckRun,
    ExceptionEntry,
    FindingData,
    Verdict,
    days,
    describe,
    ends_soon,
    title,
    unlisted_users,
    unusable_settings,
    word_state,
)


class iam_users_access_key_exceptions(AccessKeyCheck):
    """Exceptions have an owner and an end, and are about something that still fails.

    FAIL for each exception of the account that has ended, may last too long, names no owner or a
    user that is not there, or covers nothing that fails in this run: Prowler runs checks in the
    order of their names, so this one comes after the checks of users. An exception for every
    account counts here if it covers something that fails here. The others pass together.
    """

    def findings(self, account: AccountReading, run: CheckRun) -> Iterator[Any]:
        exceptions, number = run.exceptions, run.account
        if exceptions.register.problem:
            yield self.report_on_account(Verdict("FAIL", exceptions.register.problem), run)
            return
        if not exceptions.register.path:
            verdict = Verdict("PASS", "The setting access_key_exceptions names no file.")
            if account.setting_problems:
                verdict = unusable_settings(number, account.setting_problems)
            yield self.report_on_account(verdict, run)
            return
        entries = [
            entry
            for entry in exceptions.register.entries
            if entry.account == number
            or (entry.account == ALL and exceptions.covers_failure(entry))
        ]
        users = _listed_users(account) if any(entry.user for entry in entries) else set()
        in_force = []
        for entry in entries:
            why = _why_not(entry, run, account, users)
            if why:
                yield self._report_on_entry(entry, why, run)
            elif word_state(entry, exceptions.now, exceptions.limits) == "":
                in_force.append(entry)
        if users is None and account.gap:
            yield self.report_on_account(unlisted_users(account.gap, number), run)
            return
        soon = sum(ends_soon(entry, exceptions.now, exceptions.limits) for entry in in_force)
        notice = days(exceptions.limits.notice_days)
        sentence = f"Account {number} has {_counted(len(in_force))} of access keys in force"
        sentence += f", of which {soon} will end within {notice}." if soon else "."
        yield self.report_on_account(Verdict("PASS", sentence), run)

    def _report_on_entry(self, entry: ExceptionEntry, why: str, run: CheckRun) -> Any:
        """The report of an exception, which has a name and an ARN of its own: no user's."""
        identity = (entry.account, entry.subject, entry.until, *sorted(entry.checks))
        digest = sha256("\0".join(identity).encode()).hexdigest()[:12]
        arn = f"arn:{run.provider.identity.partition}:iam::{run.account}:exception/{digest}"
        data = FindingData(
            f"<exception {digest} for {entry.subject}>",
            arn,
            owner=entry.owner,
            exceptions=(describe(entry, run.exceptions.now, run.exceptions.limits),),
        )
        verdict = Verdict("FAIL", f"The exception of {title(entry, with_user=True)} {why}.")
        return self.report(verdict, data, run.provider.get_default_region("iam"), run)


def _why_not(
    entry: ExceptionEntry, run: CheckRun, account: AccountReading, users: set[str] | None
) -> str:
    """What is wrong with an exception, and what to do; empty if nothing is known to be."""
    exceptions = run.exceptions
    state = entry.state(exceptions.now, exceptions.limits.most_days)
    word = word_state(entry, exceptions.now, exceptions.limits)
    if state == "ended":
        return f"{word}: remove it, or have it approved again"
    if state in ("too long", "without owner"):
        return f"{word}: correct it, or remove it"
    if entry.user and users is not None and entry.user not in users:
        return f"names a user that account {run.account} does not have: remove it"
    if state == "in force" and not account.is_limited and exceptions.covers_nothing(entry):
        return "covers nothing that fails any more: remove it"
    return ""


def _listed_users(account: AccountReading) -> set[str] | None:
    """The names of all users, the root user's among them; None if there may be more."""
    if account.is_limited:
        return None
    names = {facts.user.name for facts in account.users}
    return None if account.gap else {*names, "<root_account>"}


def _counted(number: int) -> str:
    return f"{number or 'no'} exception{'' if number == 1 else 's'}"
