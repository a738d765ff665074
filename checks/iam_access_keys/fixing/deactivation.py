"""Deactivating the access key that is safe to retire, and refusing every other case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from time import sleep

from ..aws_failures import CallFailedError
from ..facts import AccessKey, Keys, Unreadable, User
from ..findings.advice import Action, advise, word, word_incident
from ..reading.iam import IAM
from ..reading.user_facts import Answers, UnreadableError, UserFacts
from ..run_state import Found
from ..settings import Settings
from .run_credentials import Caller

LOOKS = 5
"""How often to look whether a change is seen: IAM is eventually consistent.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""


@dataclass(frozen=True)
class Outcome:
    """What the fixer did, in a sentence for the person who ran it."""

    fixed: bool
    sentence: str


def choose_key(
    iam: IAM, arn: str, found: Found | None, settings: Settings, now: datetime, caller: Caller
) -> AccessKey | str:
    """The access key to deactivate, if one of the user's is safe to deactivate now.

    Otherwise a sentence that says why not: the finding, as ``found`` has it, is muted or may be;
    what is read again now differs from it; or the ``caller`` may use the key. ``now`` is UTC.
    Changes nothing, and does not raise for what AWS denies or fails to answer.
    """
    if not iam.is_user_arn(arn):
        return (
            f"{arn} is not an IAM user of account {iam.audited_account}. This fixer acts on IAM "
            "users only."
        )
    user = User.of_arn(arn)
    if found and found.report.muted:
        return f"the finding about user {user.name} is muted."
    if settings.is_decoy(user.name):
        return f"user {user.name} is a decoy, by your setting decoy_users."
    if found and isinstance(found.user.tags, Unreadable):
        return (
            f"the tags of user {user.name} could not be read ({found.user.tags}), so a mutelist "
            "may mute the finding."
        )
    answers = Answers(iam, None, whole_account=False)
    live = UserFacts(user, answers)
    decision = answers.settle((live,), lambda facts: _decide(facts, found, settings, now))[live]
    if isinstance(decision, str):
        return decision
    retire, keep = decision
    return _why_in_use(arn, retire, keep, caller) or retire


def _decide(
    facts: UserFacts, found: Found | None, settings: Settings, now: datetime
) -> tuple[AccessKey, AccessKey | None] | str:
    """The key that can go and the one that stays, or why nothing may be done."""
    name = facts.user.name
    try:
        active = facts.active_keys()
    except UnreadableError as error:
        if error.failure.gone:
            return f"user {name} does not exist any more."
        return f"the access keys of user {name} could not be read: {error.failure}."
    if not active:
        return f"user {name} now has no active access keys."
    if found and len(active) < len(found.keys):
        return f"user {name} now has fewer active access keys than the finding says."
    active = facts.with_last_use(active)
    advice = advise(active, facts.quarantine(), now, settings.max_unused_access_keys_days)
    if advice.action is not Action.DEACTIVATE or advice.retire is None:
        why = word_incident(name, advice.quarantine) or word(advice, now)
        return f"no access key of user {name} is safe to deactivate. {why}"
    if found is None or found.retire is None:
        return f"no finding of this run says that a key of user {name} can be deactivated now."
    if _has_changed(found, active, advice.retire):
        return (
            f"the access keys of user {name}, or their last use, are not what the finding says. "
            "Scan again."
        )
    return advice.retire, advice.keep


def _has_changed(found: Found, active: Keys, retire: AccessKey) -> bool:
    """Whether the finding announced something else.

    That is so if other keys are active now, if it named another key to retire, or if that key was
    used since. It does not matter whether the key to keep was used since.
    """
    then = {key.access_key_id for key in found.keys}
    now = {key.access_key_id for key in active}
    return then != now or found.retire != retire


def _why_in_use(arn: str, retire: AccessKey, keep: AccessKey | None, caller: Caller) -> str:
    """Why this run may use the key to retire, whatever AWS shows yet; empty if it does not."""
    if retire.access_key_id in caller.key_ids:
        return f"{retire.access_key_id} is a key that this run of Prowler uses."
    if keep and keep.access_key_id in caller.key_ids:
        return ""
    if arn == caller.arn:
        return (
            "this user runs Prowler now, with temporary credentials, and which of its access keys "
            "they come from is not known."
        )
    if not caller.origin_known and ":user/" not in caller.arn:
        return (
            "this run uses temporary credentials of a role, and which access key they come from is "
            "not known: it may be this one. Run Prowler with a profile that has role_arn and "
            "source_profile, or with --role."
        )
    return ""


def deactivate(iam: IAM, user: User, key: AccessKey, *, is_last: bool) -> Outcome:
    """Deactivate a key, then look at the result. ``is_last``: whether it is the only active one.

    Does not raise for what AWS denies or fails to answer.
    """
    key_id = key.access_key_id
    try:
        iam.call("UpdateAccessKey", UserName=user.name, AccessKeyId=key_id, Status="Inactive")
    except CallFailedError as failed:
        if not failed.unreadable.transient:
            advice = "Grant the permission." if failed.unreadable.denied else "Check the user."
            return Outcome(False, f"{key_id} was not deactivated: {failed}. {advice}")
        # The answer was lost. AWS may have made the change all the same.
    left = _active_without(iam, user, key_id)
    if isinstance(left, Unreadable) and left.gone:
        return Outcome(False, f"User {user.name} was deleted in the meantime.")
    if isinstance(left, Unreadable):
        return Outcome(False, f"It could not be verified that {key_id} is inactive now: {left}.")
    if key_id in left:
        return Outcome(False, f"{key_id} still shows as active. Check the user.")
    if not left and is_last:
        return Outcome(True, "Done: it is inactive. The user has no active access key now.")
    if not left:
        return Outcome(
            False,
            f"Deactivated {key_id}, and no active key is left: another one was deactivated at the "
            "same moment.",
        )
    return Outcome(True, "Done: it is inactive, and another key is still active.")


def _active_without(iam: IAM, user: User, key_id: str) -> set[str] | Unreadable:
    """The user's active keys as soon as ``key_id`` is not among them, or after the last look."""
    active: set[str] = set()
    for look in range(LOOKS):
        if look:
            sleep(1)
        keys = iam.list_keys(user)
        if isinstance(keys, Unreadable):
            return keys
        active = {key.access_key_id for key in keys if key.active}
        if key_id not in active:
            break
    return active
