"""The fixer: Prowler calls ``fixer`` for each FAIL of a run with ``--fixer``."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from prowler.lib.logger import logger
from prowler.providers.common.provider import Provider

from .lib import settings
from .lib.fixable import recall
from .lib.lean_iam import LeanIAM
from .lib.retire import retire_unused_key


def fixer(resource_arn: str) -> bool:
    """Deactivate the user's unused access key, if the finding calls one safe to deactivate.

    Never deletes a key, never touches the root user or a user whose finding is muted, refuses
    what it cannot be sure of. Prints what it did or why it did nothing, with the command that
    undoes it. Needs ``metadata/permissions/fix.json`` besides what the scan needs.

    Prowler chooses what to pass by the names in this function: ``resource_arn`` makes it the ARN
    (``run_fixer`` in ``prowler/lib/check/check.py``). Returns whether a key was deactivated.
    """
    provider = Provider.get_global_provider()
    chosen, _ = settings.parse(provider.audit_config)
    now = datetime.now(timezone.utc)
    try:
        outcome = retire_unused_key(_iam(provider), resource_arn, recall(resource_arn), chosen, now)
    except Exception as error:
        logger.error(f"{resource_arn} -- {type(error).__name__}: {error}", exc_info=True)
        print(f"\t\tThe fixer failed with {type(error).__name__}. Look at {resource_arn} by hand.")
        return False
    print(f"\t\t{outcome.sentence}")
    return outcome.fixed


@lru_cache(maxsize=1)
def _iam(provider: Any) -> LeanIAM:
    """One client for all findings of a run."""
    return LeanIAM(provider)
