"""What all fixers have in common: from Prowler's call to a deactivated key, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from prowler.lib.logger import logger
from prowler.providers.common.provider import Provider

from . import mutelist
from .command_line import settings_of
from .deactivation import announce, choose_key, deactivate
from .facts import User
from .iam import IAM
from .remembered import recall
from .run_credentials import caller_of


def deactivating_fixer(check_id: str) -> Callable[[str], bool]:
    """The fixer of a check: it deactivates the key that a finding of the check says can go.

    It never deletes a key, never touches the root user, a quarantined user, or a user whose
    finding is muted or may be, and refuses what it cannot be sure of. It prints what it is about
    to do, with the command that undoes it, and the result, or why it did nothing. It needs
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
    user = User.of_arn(arn)
    found = recall(check_id, arn)
    muting = provider.mutelist
    refusal = _not_meant(problems) or mutelist.unusable(muting.mutelist, muting.mutelist_file_path)
    if not refusal and not (found and found.muted):
        refusal = _named(mutelist.names_user(muting.mutelist, user), user)
    iam = _iam(provider)
    now = datetime.now(timezone.utc)
    decision = refusal or choose_key(iam, arn, found, settings, now, caller_of(provider))
    if isinstance(decision, str):
        _say(f"Refused: {decision}")
        return False
    _say(announce(user, decision))
    outcome = deactivate(iam, user, decision, is_last=len(found.keys) == 1 if found else False)
    _say(outcome.sentence)
    return outcome.fixed


def _not_meant(problems: tuple[str, ...]) -> str:
    """Why nothing may be done by settings that differ from what the user wrote."""
    if not problems:
        return ""
    return f"the settings are not those of your config file. {' '.join(problems)} Correct the file."


def _named(text: str, user: User) -> str:
    """Why nothing may be done about a user that a mutelist names and does not mute."""
    if not text:
        return ""
    return (
        f"the mutelist names user {user.name} with {text!r}, but does not mute this finding. To "
        f'mute it, write "^{user.name}$" under Resources of the check. To have it fixed, remove '
        "the name."
    )


def _say(sentence: str) -> None:
    print(f"\t\t{sentence}", flush=True)


@lru_cache(maxsize=1)
def _iam(provider: Any) -> IAM:
    """One client for all findings of a run."""
    return IAM(provider)
