"""What all fixers have in common: from Prowler's call to a deactivated key, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from prowler.lib.logger import logger
from prowler.lib.outputs.finding import Finding
from prowler.providers.common.provider import Provider

from .. import run_state
from ..command_line import settings_of
from ..exceptions.acceptance import title
from ..exceptions.register import load
from ..facts import AccessKey, User
from ..findings.wording import status_command
from ..reading.iam import IAM
from ..run_state import Found
from . import fixer_log, mutelist
from .deactivation import choose_key, deactivate
from .run_credentials import Caller, caller_of


def deactivating_fixer(check_id: str) -> Callable[[str], bool]:
    """The fixer of a check: it deactivates the key that a finding of the check says can go.

    It never deletes a key, never touches the root user, a quarantined user, or a user whose
    finding is muted or may be, and refuses what it cannot be sure of. It prints what it is about
    to do, with the command that undoes it, and the result, or why it did nothing. What it does is
    also in a file, written before and after, or it does nothing. It needs
    ``metadata/permissions/fix.json`` in addition to what the scan needs.
    """

    # Prowler chooses what to pass by the names in this function (run_fixer in
    # prowler/lib/check/check.py): resource_arn makes it the ARN. No variable may be named region.
    def fixer(resource_arn: str) -> bool:
        """Fix one finding. Returns whether a key was deactivated."""
        try:
            return _fix(Provider.get_global_provider(), check_id, resource_arn)
        except Exception as error:
            logger.error(f"{resource_arn} -- {type(error).__name__}: {error}", exc_info=True)
            _say(f"The fixer crashed with {type(error).__name__}. Check {resource_arn} yourself.")
            return False

    return fixer


def _fix(provider: Any, check_id: str, arn: str) -> bool:
    settings, problems = settings_of(provider)
    found = run_state.of(provider).recall(check_id, arn)
    if problems:
        refusal = f"the settings may not be those of your config file. {' '.join(problems)}"
    else:
        user = found.user if found else User.of_arn(arn)
        refusal = _why_protected(provider, check_id, user, found, settings.access_key_exceptions)
    caller, now = caller_of(provider), datetime.now(timezone.utc)
    decision = refusal or choose_key(_iam(provider), arn, found, settings, now, caller)
    if isinstance(decision, str) or found is None:
        _say(f"Refused: {decision}")
        return False
    return _deactivate_and_log(provider, found, decision, caller, settings.access_key_fixer_log)


def _why_protected(
    provider: Any, check_id: str, user: User, found: Found | None, exceptions: str
) -> str:
    """Why the mutelist, or the file of this name, may mean that nothing is done; else empty."""
    account, register = str(provider.identity.account), load(exceptions)
    unusable = register.problem or mutelist.why_unusable(provider.mutelist)
    if unusable:
        return unusable
    key_ids = [key.access_key_id for key in found.keys] if found else []
    for entry in register.protecting(account, user.name, key_ids):
        return (
            f"{entry.subject} has an exception, whether it is in force or not: that of "
            f"{title(entry)} until {entry.until}."
        )
    if found and found.report.muted:
        return ""  # choose_key refuses
    return mutelist.protection(provider.mutelist, account, user, check_id)


def _deactivate_and_log(
    provider: Any, found: Found, key: AccessKey, caller: Caller, log: str
) -> bool:
    """Deactivate a key, with a line in the log before and after. Returns whether it is done."""
    user, account = found.user, str(provider.identity.account)
    undo = status_command(user.name, key.access_key_id, "Active")
    record = {
        "account": account,
        "caller_arn": caller.arn,
        "role_arn": caller.role_arn,
        "user": user.name,
        "user_arn": user.arn,
        "access_key_id": key.access_key_id,
        "finding_uid": Finding.generate_output(provider, found.report, None).uid,
        "finding": found.report.status_extended,
        "undo": undo,
    }
    try:
        fixer_log.append(log, {"step": "intention", **record})
    except OSError as error:
        _say(f"Refused: {log}, where every change is written first, {_unwritable(error)}")
        return False
    through = f", with {caller.role_arn}" if caller.role_arn else ""
    _say(
        f"Deactivating {key.access_key_id} of user {user.name} in account {account} (logged "
        f"in {log}). To undo{through}: {undo}"
    )
    outcome = deactivate(_iam(provider), user, key, is_last=len(found.keys) == 1)
    _say(outcome.sentence)
    result = {"fixed": outcome.fixed, "outcome": outcome.sentence}
    try:
        fixer_log.append(log, {"step": "outcome", **record, **result})
    except OSError as error:
        _say(f"The outcome is not in {log}, which {_unwritable(error)}")
    return outcome.fixed


def _unwritable(error: OSError) -> str:
    return f"cannot be written: {error.strerror}. The setting access_key_fixer_log names the file."


def _say(sentence: str) -> None:
    print(f"\t\t{sentence}", flush=True)


@lru_cache(maxsize=1)
def _iam(provider: Any) -> IAM:
    """One client for all findings of a run."""
    return IAM(provider)
