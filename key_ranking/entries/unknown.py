"""The entries of users and accounts of which something could not be read. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from prowler_access_keys.services.iam.iam_access_keys.exceptions.acceptance import FOR_API_KEY
from prowler_access_keys.services.iam.iam_access_keys.exceptions.register import OWN_CHECK
from prowler_access_keys.services.iam.iam_access_keys.facts import ACCOUNT_NAME
from prowler_access_keys.services.iam.iam_access_keys.findings.advice import Action as AdviceAction

from ..findings.collected import Collected
from ..findings.failing_keys import names_a_key
from ..findings.reports import Finding, moment_of
from .actions import ADVICE, KeyAction
from .as_of import as_of
from .entry import Entry, Group, entry_of

UNEXPECTED = (
    "The user was made for an API key, and has a console password: find out who created it, and "
    "why, and delete it."
)


def unknown_entries(collected: Collected, now: datetime) -> Iterable[Entry]:
    """An entry for each user or account of which something could not be read."""
    entries: dict[tuple[str, str, str, str], Entry] = {}
    for finding in collected.open.values():
        if names_a_key(finding) and not collected.is_stale(finding):
            continue
        why = _why_not_known(finding, collected)
        data = finding.data
        has_password = finding.check == FOR_API_KEY and data.console_password
        incident = (data.quarantine_policies or has_password) and not collected.is_stale(finding)
        if incident:
            what = ADVICE[AdviceAction.INCIDENT] if data.quarantine_policies else UNEXPECTED
            why = as_of(finding, f"{what} {why}", now)
        group = Group.INCIDENT if incident else Group.NOT_KNOWN
        action = KeyAction.READ_AGAIN if finding.status == "MANUAL" else KeyAction.SEE_REPORT
        entry = replace(
            entry_of(finding, collected.accounts[finding.account], group, action, why),
            # The findings of this check are about the account's exceptions.
            user=ACCOUNT_NAME if finding.check == OWN_CHECK else finding.user,
            owner=data.owner,
            quarantined=bool(data.quarantine_policies) or None,
        )
        about = finding.account, finding.arn, finding.user, why
        known = entries.get(about, entry)
        entries[about] = replace(known, checks=tuple(sorted({*known.checks, finding.check})))
    return entries.values()


def _why_not_known(finding: Finding, collected: Collected) -> str:
    """Why the finding names no key to act on."""
    fails = finding.status == "FAIL"
    if collected.is_stale(finding):
        looked = moment_of(collected.accounts[finding.account].checks[finding.check])
        verdict, seen = "failed" if fails else "could not be judged", moment_of(finding.time)
        return (
            f"It {verdict} on {seen:%Y-%m-%d}. "
            f"The scan of {looked:%Y-%m-%d} has no such finding: the user is gone, or the scan "
            "left it out."
        )
    if fails and finding.check == OWN_CHECK:
        return "An exception has ended, or something else is wrong with it: see the report."
    failed = finding.data.unreadable
    if failed and not fails:
        return f"{failed}. Grant the permission, or scan again."
    why = str(failed) if failed else finding.unusable or "see the report"
    if fails:
        return f"The check fails, but its finding names no key: {why}."
    return f"The check gave no verdict: {why}."
