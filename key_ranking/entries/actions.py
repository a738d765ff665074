"""What to do about a key, in words and as a command. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from prowler_access_keys.services.iam.iam_access_keys.findings.advice import SMTP_REPLACEMENT
from prowler_access_keys.services.iam.iam_access_keys.findings.advice import Action as AdviceAction
from prowler_access_keys.services.iam.iam_access_keys.findings.service_specific_credentials import (
    credential_status_command,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.wording import (
    delete_command,
    status_command,
)


class KeyAction(str, Enum):
    """What to do about one key, beside the actions of the findings' own advice."""

    KEEP_EVIDENCE = "keep-evidence"
    DELETE_ROOT_KEY = "delete-root-key"
    DELETE_INACTIVE_ROOT_KEY = "delete-inactive-root-key"
    LEAVE_DECOY = "leave-decoy"
    POSSIBLE_DECOY = "possible-decoy"
    CHECK_FIRST = "check-first"
    WAIT_FOR_CREATOR = "wait-for-creator"
    LOOK_AGAIN = "look-again"
    ASK = "ask"
    CHECK_NEED = "check-need"
    REPLACE_SMTP = "replace-smtp"
    REPLACE_API_KEY = "replace-api-key"
    DELETE = "delete"
    READ_AGAIN = "read-again"
    SEE_REPORT = "see-report"


Action: TypeAlias = AdviceAction | KeyAction
ADVICE: dict[Action, str] = {
    AdviceAction.INCIDENT: "Incident: AWS suspects that a credential of this user is compromised "
    "or public. Deactivate all of its active keys now; do not delete them. Then find out what they "
    "did.",
    AdviceAction.DECOY_USED: "Somebody used this decoy: find out who can read the place where it "
    "is, and what else is kept there. Leave it as it is while you look.",
    KeyAction.DELETE_ROOT_KEY: "Find out what uses it, move that to an IAM role, deactivate the "
    "key, and then delete it; do not rotate it. With centralized root access, the management "
    "account can delete the root user's credentials instead.",
    KeyAction.DELETE_INACTIVE_ROOT_KEY: "Delete it: signing in as the root user is enough to "
    "reactivate it.",
    AdviceAction.FIND_CREATOR: "Find out who created it, and why, before you rely on it. "
    "Deactivate it if it is not needed.",
    KeyAction.WAIT_FOR_CREATOR: "Find out who created {creator_of} first. If it is to stay, move "
    "what uses this key to it, then deactivate this one.",
    AdviceAction.FIND_OUT: "Find out if it is in use before you deactivate it.",
    KeyAction.LEAVE_DECOY: "A decoy, by your setting decoy_users: leave it as it is.",
    KeyAction.POSSIBLE_DECOY: "It may be a decoy, because the user's policies deny every action: "
    "find out who planted it before you deactivate it.",
    KeyAction.CHECK_FIRST: "{unused}: deactivate it once you know that AWS has not quarantined the "
    "user, and that it is not a decoy. The finding says what could not be read.",
    AdviceAction.DEACTIVATE: "{unused}: deactivate it.",
    KeyAction.LOOK_AGAIN: "Unused as of {seen}: check its last use again, then deactivate it.",
    KeyAction.ASK: "Unused, but a finding about this user is muted: ask why before you deactivate "
    "it.",
    AdviceAction.FINISH_ROTATION: "Finish the rotation: put {keep} to use, then deactivate "
    "{retire}. If nobody is rotating this user's key, find out who created {keep}.",
    AdviceAction.REPLACE: "Move what uses it to temporary credentials, then deactivate it.",
    KeyAction.REPLACE_SMTP: f"{SMTP_REPLACEMENT.format(new='create a new key')}. Then deactivate "
    "it.",
    AdviceAction.MOVE: "Move what uses it to {keep}, then deactivate it.",
    KeyAction.CHECK_NEED: "Idle too: deactivate it if the user needs no key at all.",
    KeyAction.REPLACE_API_KEY: "Use {instead} instead, then deactivate it.",
    KeyAction.DELETE: "Wait until every job that might use it has run, then delete it. That cannot "
    "be undone.",
}
"""By action, the more urgent first where a finding's own advice has it."""
EVIDENCE = {
    True: "AWS has quarantined this user: keep the key, it is evidence.",
    None: "Whether AWS has quarantined this user could not be determined: do not delete the key "
    "until you know.",
}
"""The advice for an inactive key that must stay, by whether the user is quarantined."""
OF_A_FINDING = {
    action.value: action
    for action in ADVICE
    if isinstance(action, AdviceAction) and action is not AdviceAction.INCIDENT
}
"""The actions of a finding's advice that say what to do with a key, the most urgent first. Any
other is to be found out, also that of a newer version."""
BY_REASON = {
    "decoy": KeyAction.LEAVE_DECOY,
    "possible-decoy": KeyAction.POSSIBLE_DECOY,
    "quarantine-unread": KeyAction.CHECK_FIRST,
    "policies-unread": KeyAction.CHECK_FIRST,
}
"""What ``find-out`` comes to, by the reason that the advice has; else the last use is not known."""
_WITHOUT_COMMAND = frozenset(
    {
        AdviceAction.DECOY_USED, AdviceAction.FIND_OUT, KeyAction.DELETE_ROOT_KEY,
        KeyAction.DELETE_INACTIVE_ROOT_KEY, KeyAction.KEEP_EVIDENCE, KeyAction.LEAVE_DECOY,
        KeyAction.POSSIBLE_DECOY,
    }
)  # fmt: skip


def urgency(action: str) -> int:
    """The place of a finding's advice among others for the same key: the lower one counts."""
    order = [*OF_A_FINDING]
    return order.index(action if action in order else AdviceAction.FIND_OUT.value)


def commands(
    user: str, key_id: str, action: Action, *, active: bool, of_service: bool
) -> tuple[str, str]:
    """The command that ends with a key, and the one that undoes it; empty if there is none."""
    if action in _WITHOUT_COMMAND or (not active and action is not KeyAction.DELETE):
        return "", ""
    if action is KeyAction.DELETE:
        return delete_command(user, key_id), ""
    command = credential_status_command if of_service else status_command
    return command(user, key_id, "Inactive"), command(user, key_id, "Active")
