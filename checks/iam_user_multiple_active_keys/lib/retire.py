"""Deactivating the access key that is safe to retire, and refusing every other case."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from time import sleep

from .access_keys import ActiveKeys, Unreadable, User
from .advice import Action, Advice, advise, in_grace
from .fixable import Found
from .lean_iam import CallFailedError, LeanIAM
from .reader import read_user_live
from .settings import Settings
from .verdict import word

LOOKS = 5
"""How often to look whether a change is seen: IAM is eventually consistent.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""


@dataclass(frozen=True)
class Caller:
    """Who runs Prowler. AWS may show the last use of its key late."""

    arn: str
    key_ids: frozenset[str]
    """The access keys that calls are signed with; with ``--mfa`` or a role, temporary ones."""


@dataclass(frozen=True)
class Outcome:
    """What the fixer did, in a sentence for the person who ran it."""

    fixed: bool
    sentence: str


def choose_key(
    iam: LeanIAM, arn: str, found: Found | None, settings: Settings, now: datetime, caller: Caller
) -> Advice | str:
    """The advice to act upon, if one of a user's active access keys is safe to deactivate now.

    Otherwise a sentence that says why not: the finding, of which ``found`` is what it said, is
    muted or may be; the keys or their last use, which are read again, are not what it said; or
    the ``caller`` uses the key. ``now`` is UTC. Changes nothing, and does not raise for what AWS
    denies or fails to answer.
    """
    if not iam.is_user_arn(arn):
        return (
            f"{arn} is no IAM user of account {iam.audited_account}. The root user's access keys "
            "are deleted by the root user, never by this fixer."
        )
    user = User.of_arn(arn)
    if found and found.muted:
        return f"the finding about user {user.name} is muted."
    if found and found.unread_tags:
        return (
            f"the tags of user {user.name} could not be read ({found.unread_tags}), so a mutelist "
            "may mute the finding."
        )
    decision = _decide(user, read_user_live(iam, user), found, settings, now)
    if isinstance(decision, Advice):
        return _why_in_use(arn, decision, caller) or decision
    return decision


def _why_in_use(arn: str, advice: Advice, caller: Caller) -> str:
    """Why the key is in use whatever AWS shows yet: by this run. Empty if it is not."""
    key_id = advice.retire.access_key_id
    if key_id in caller.key_ids:
        return f"{key_id} is the key that this run of Prowler uses."
    if arn == caller.arn and advice.keep.access_key_id not in caller.key_ids:
        return (
            "this user runs Prowler now, with temporary credentials, and which of the access keys "
            "they come from is not known."
        )
    return ""


def _decide(
    user: User,
    active: ActiveKeys | Unreadable | None,
    found: Found | None,
    settings: Settings,
    now: datetime,
) -> Advice | str:
    """The advice to act upon, or why nothing may be done."""
    if active is None:
        return f"user {user.name} does not exist any more."
    if isinstance(active, Unreadable):
        return f"the access keys of user {user.name} could not be read: {active}."
    if active.count < 2:
        return f"user {user.name} has less than two active access keys by now."
    if in_grace(active, now, settings.multiple_active_keys_grace_days):
        return f"user {user.name} is within the grace period of a rotation."
    advice = advise(active, now, settings.max_unused_access_keys_days)
    if advice.action is not Action.DEACTIVATE:
        return f"no access key of user {user.name} is safe to deactivate. {word(advice, now)}"
    if found is None or _changed(found.active, active, advice):
        return (
            f"the access keys of user {user.name}, or their last use, are not what the finding "
            "says. Scan again."
        )
    return advice


def _changed(found: ActiveKeys, active: ActiveKeys, advice: Advice) -> bool:
    """Whether other keys are active now, or the one to retire was used since.

    That the one to keep was used since is what it is kept for.
    """
    then = {key.access_key_id for key in found.keys}
    now = {key.access_key_id for key in active.keys}
    return then != now or advice.retire not in found.keys


def announce(user: User, advice: Advice) -> str:
    """What is about to be done and how to undo it, to be said before it is done."""
    key_id = advice.retire.access_key_id
    return (
        f"Deactivating {key_id} of user {user.name}. To undo: aws iam update-access-key "
        f"--user-name {shlex.quote(user.name)} --access-key-id {key_id} --status Active"
    )


def deactivate(iam: LeanIAM, user: User, advice: Advice) -> Outcome:
    """Deactivate the key that is to be retired, then look what came of it.

    Does not raise for what AWS denies or fails to answer.
    """
    key_id = advice.retire.access_key_id
    try:
        iam.call("UpdateAccessKey", UserName=user.name, AccessKeyId=key_id, Status="Inactive")
    except CallFailedError as failed:
        if not failed.unreadable.transient:
            denied = failed.unreadable.error_code.startswith("AccessDenied")
            what_to_do = "Allow the call." if denied else "Look at the user."
            return Outcome(False, f"{key_id} was not deactivated: {failed}. {what_to_do}")
        # The answer was lost. The change may have been made all the same.
    left = _active_without(iam, user, key_id)
    if left is None:
        return Outcome(False, f"User {user.name} was deleted meanwhile.")
    if isinstance(left, Unreadable):
        return Outcome(False, f"Whether {key_id} is inactive now could not be verified: {left}.")
    if key_id in left:
        return Outcome(False, f"{key_id} still shows as active. Look at the user.")
    if not left:
        return Outcome(
            False,
            f"Deactivated {key_id}, and no active key is left: another one was deactivated at the "
            "same moment.",
        )
    return Outcome(True, "Done: it is inactive, and another key is still active.")


def _active_without(iam: LeanIAM, user: User, key_id: str) -> set[str] | Unreadable | None:
    """The user's active keys as soon as ``key_id`` is none of them, or after the last look.

    None if there is no such user any more.
    """
    active: set[str] = set()
    for look in range(LOOKS):
        if look:
            sleep(1)
        keys = iam.list_keys(user)
        if not isinstance(keys, list):
            return keys
        active = {key["AccessKeyId"] for key in keys if key["Status"] == "Active"}
        if key_id not in active:
            break
    return active
