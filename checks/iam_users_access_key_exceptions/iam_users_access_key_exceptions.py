"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from ..iam_access_keys.for_checks import (
    ALL,
    ROOT_USER_NAME,
    AccessKeyCheck,
    AccountReading,
    CheckRun,
    ExceptionEntry,
    FindingData,
    Verdict,
    days,
    title,
    unlisted_users,
    unusable_settings,
)


class iam_users_access_key_exceptions(AccessKeyCheck):
    """Exceptions have an owner and an end, and are about something that still fails.

    FAIL for each exception of the account that has ended, may last too long, names no owner or a
    user that is not there, or covers nothing that fails in this run: Prowler runs checks in the
    order of their names, so this one comes after the checks of users. An exception for every
    account counts if it covers something that fails. The others pass together.
    """

    def findings(self, account: AccountReading, run: CheckRun) -> Iterator[Any]:
        register, terms, number = run.exceptions.register, run.exceptions.terms, run.account
        verdict = Verdict("PASS", "The setting access_key_exceptions names no file.")
        if register.problem:
            verdict = Verdict("FAIL", register.problem)
        elif not register.path and account.setting_problems:
            verdict = unusable_settings(number, account.setting_problems)
        if register.problem or not register.path:
            yield self.report_on_account(verdict, run)
            return
        entries = [
            entry
            for entry in register.entries
            if entry.account == number
            or (entry.account == ALL and run.exceptions.covers_failure(entry))
        ]
        names_users = any(entry.user for entry in entries) and not account.is_limited
        users = {user.user.name for user in account.users} if names_users else set()
        gap = account.gap if names_users else None
        wrong = {}
        for entry in entries:
            is_there = not names_users or gap or entry.user in {"", ROOT_USER_NAME, *users}
            if why := _why_wrong(entry, account, run, is_there=bool(is_there)):
                wrong[entry] = why
                yield self._report_on_entry(entry, why, run)
        in_force = [it for it in entries if it not in wrong and not terms.why_not(it)]
        soon = sum(map(terms.ends_soon, in_force))
        notice = days(terms.settings.access_key_exceptions_notice_days)
        exceptions = "1 exception" if len(in_force) == 1 else f"{len(in_force) or 'no'} exceptions"
        end = f", of which {soon} will end within {notice}." if soon else "."
        sentence = f"Account {number} has {exceptions} of access keys in force{end}"
        verdict = unlisted_users(gap, number) if gap else Verdict("PASS", sentence)
        yield self.report_on_account(verdict, run)

    def _report_on_entry(self, entry: ExceptionEntry, why: str, run: CheckRun) -> Any:
        """The report of an exception, which has a name and an ARN of its own: no user's."""
        identity = (entry.account, entry.subject, entry.until, *sorted(entry.checks))
        digest = sha256("\0".join(identity).encode()).hexdigest()[:12]
        data = FindingData(
            f"<exception {digest} for {entry.subject}>",
            f"arn:{run.provider.identity.partition}:iam::{run.account}:exception/{digest}",
            owner=entry.owner,
            exceptions=(run.exceptions.terms.describe(entry),),
        )
        verdict = Verdict("FAIL", f"The exception of {title(entry, with_user=True)} {why}.")
        return self.report(verdict, data, run.provider.get_default_region("iam"), run)


def _why_wrong(
    entry: ExceptionEntry, account: AccountReading, run: CheckRun, *, is_there: bool
) -> str:
    """What is wrong with an exception, and what to do; empty if nothing is known to be."""
    why, state = run.exceptions.terms.why_not(entry), run.exceptions.terms.describe(entry).state
    if state == "ended":
        return f"{why}: remove it, or have it approved again"
    if state in ("too long", "without owner"):
        return f"{why}: correct it, or remove it"
    if not is_there:
        return f"names a user that account {run.account} does not have: remove it"
    if not why and not account.is_limited and run.exceptions.covers_nothing(entry):
        return "covers nothing that fails any more: remove it"
    return ""
