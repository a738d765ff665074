"""The fixer: Prowler calls ``fixer`` for each FAIL of a run with ``--fixer``."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from prowler.lib.logger import logger
from prowler.providers.common.provider import Provider

from .lib import settings
from .lib.access_keys import User
from .lib.fixable import recall
from .lib.lean_iam import LeanIAM
from .lib.retire import Caller, announce, choose_key, deactivate


def fixer(resource_arn: str) -> bool:
    """Deactivate the user's unused access key, if the finding calls one safe to deactivate.

    Never deletes a key, never touches the root user or a user whose finding is muted or may be,
    refuses what it cannot be sure of. Prints what it is about to do, with the command that undoes
    it, and what came of it, or why it did nothing. Needs ``metadata/permissions/fix.json``
    besides what the scan needs.

    Prowler chooses what to pass by the names in this function: ``resource_arn`` makes it the ARN
    (``run_fixer`` in ``prowler/lib/check/check.py``). Returns whether a key was deactivated.
    """
    try:
        return _fix(Provider.get_global_provider(), resource_arn)
    except Exception as error:
        logger.error(f"{resource_arn} -- {type(error).__name__}: {error}", exc_info=True)
        _say(f"The fixer failed with {type(error).__name__}. Look at {resource_arn} by hand.")
        return False


def _fix(provider: Any, arn: str) -> bool:
    chosen, _ = settings.parse(provider.audit_config)
    now = datetime.now(timezone.utc)
    iam = _iam(provider)
    decision = _unread_mutelist(provider) or choose_key(
        iam, arn, recall(arn), chosen, now, _caller(provider)
    )
    if isinstance(decision, str):
        _say(f"Refused: {decision}")
        return False
    user = User.of_arn(arn)
    _say(announce(user, decision))
    outcome = deactivate(iam, user, decision)
    _say(outcome.sentence)
    return outcome.fixed


def _unread_mutelist(provider: Any) -> str:
    """Why nothing may be done for any user; empty if the mutelist was read.

    Prowler logs a mutelist that it cannot read, and goes on as if nothing were muted
    (``get_mutelist_file_from_local_file`` in ``prowler/lib/mutelist/mutelist.py``).
    """
    mutelist = provider.mutelist
    if mutelist.mutelist_file_path and not mutelist.mutelist:
        return (
            f"the mutelist {mutelist.mutelist_file_path} is empty or could not be read, so whose "
            "findings are muted is not known. Mend it, or leave it out."
        )
    return ""


def _caller(provider: Any) -> Caller:
    """Who runs Prowler; with ``--role``, who assumed that role."""
    sessions = (provider.session.original_session, provider.session.current_session)
    credentials = (session.get_credentials() for session in sessions)
    key_ids = frozenset(one.access_key for one in credentials if one)
    return Caller(provider.identity.identity_arn, key_ids)


def _say(sentence: str) -> None:
    print(f"\t\t{sentence}", flush=True)


@lru_cache(maxsize=1)
def _iam(provider: Any) -> LeanIAM:
    """One client for all findings of a run."""
    return LeanIAM(provider)
