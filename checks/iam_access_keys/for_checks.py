"""All that a check imports of this folder: what it derives from, what it says, and words for it."""

# ruff: noqa: F401
# mypy: implicit-reexport

from __future__ import annotations

from .base_check import AccessKeyCheck, CheckRun, RootUserCheck, UserCheck
from .cloudtrail.questions import Questions
from .exceptions.acceptance import title
from .exceptions.register import ALL, ExceptionEntry
from .facts import (
    MADE_FOR_API_KEY,
    ROOT_USER_NAME,
    AccessKey,
    Keys,
    RootAccessKeys,
    Unreadable,
    if_read,
)
from .finding_data import FindingData
from .findings.administrator import judge_administrator
from .findings.advice import (
    DECOY,
    SENTENCES,
    Action,
    Advice,
    grace_ends,
    in_grace,
    incident,
    word_incident,
    word_root,
)
from .findings.finding import (
    Verdict,
    describe_credentials,
    unlisted_users,
    unreadable_root,
    unusable_settings,
)
from .findings.root_user import fail_root, fail_root_by_report
from .findings.service_specific_credentials import (
    deactivation,
    is_allowed,
    is_lasting,
    replacements,
)
from .findings.tags import owner_of
from .findings.user_case import UserCase, require_last_use
from .findings.wording import (
    aws_command,
    comma_and,
    count_phrase,
    days,
    delete_command,
    ids,
    of_report,
    status_command,
    what_to_do,
    when,
)
from .prowler_workarounds import offer_fixer
from .reading.account import AccountReading
from .reading.user_facts import UnreadableError, attempt, word_unread
from .settings import Settings
