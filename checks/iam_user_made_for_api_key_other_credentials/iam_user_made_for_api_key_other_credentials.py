"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from ..iam_access_keys.active_keys import listed, look_up
from ..iam_access_keys.advice import Action, Advice, word_incident
from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.evidence_wording import word_evidence
from ..iam_access_keys.facts import Keys, User, quarantine_policies
from ..iam_access_keys.finding import Verdict
from ..iam_access_keys.key_evidence import NO_EVIDENCE
from ..iam_access_keys.service_specific_credentials import is_usable
from ..iam_access_keys.settings import Settings
from ..iam_access_keys.user_facts import UnreadableError, UserFacts
from ..iam_access_keys.wording import aws_command, comma_and, counted

MADE_FOR_API_KEY = re.compile(r"(?:Bedrock|CloudWatch|CloudWatchLogs)APIKey-[a-z0-9]{1,16}")
"""Names of users that the console makes when somebody generates an API key there."""


class iam_user_made_for_api_key_other_credentials(UserCheck):
    """An IAM user that the console made for an API key has that key and nothing else.

    An access key or a console password turns it into a user that can do all that its policies
    allow, and stays when the API key has ended; nobody has a good reason to make one. A user that
    is left over when its API key has ended is a finding of low severity.
    """

    is_hygiene: ClassVar[bool] = False
    nobody: ClassVar[str] = "No IAM user has a name that the console gives for an API key."

    def concerns(self, user: User, settings: Settings) -> bool:
        return MADE_FOR_API_KEY.fullmatch(user.name) is not None

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        name = facts.user.name
        made = f"User {name}, which the console made for an API key,"
        keys, has_password, unread = _credentials(facts)
        if keys or has_password:
            return _failing(facts, keys, has_password, made, settings, now)
        if unread:
            raise unread
        if any(is_usable(one, now) for one in facts.service_specific_credentials()):
            return Verdict("PASS", f"{made} has its API key and nothing else.", 0)
        delete = aws_command("iam", "delete-user", f"--user-name={name}")
        return Verdict(
            "FAIL",
            f"{made} is left over: none of its credentials works. Delete it with its API keys and "
            f"policies; the last command is: {delete}",
            0,
            severity="low",
        )


def _credentials(facts: UserFacts) -> tuple[Keys, bool, UnreadableError | None]:
    """The access keys, whether there is a password, and why something could not be read."""
    keys: Keys = ()
    has_password, unread = False, None
    try:
        keys = facts.with_last_use(facts.all_keys())
    except UnreadableError as error:
        unread = error
    try:
        has_password = facts.has_password()
    except UnreadableError as error:
        unread = error
    return keys, has_password, unread


def _failing(
    facts: UserFacts, keys: Keys, has_password: bool, made: str, settings: Settings, now: datetime
) -> Verdict:
    quarantine = facts.quarantine()
    policies = quarantine_policies(quarantine)
    opening = word_incident(facts.user.name, policies) if policies else ""
    action = Action.INCIDENT if policies else Action.FIND_CREATOR
    found = [counted(len(keys), "")] if keys else []
    found += ["a console password"] if has_password else []
    which = f": {listed(keys, now)}" if keys else ""
    it = "it" if len(keys) + has_password == 1 else "them"
    deactivate = " && ".join(
        aws_command(
            "iam", "update-access-key", f"--user-name={facts.user.name}",
            "--access-key-id", key.access_key_id, "--status", "Inactive",
        )
        for key in keys if key.active
    )  # fmt: skip
    evidence = NO_EVIDENCE
    if settings.access_key_usage_from_cloudtrail:
        evidence = look_up(facts, keys, keys, settings, now, everywhere=True)
    sentences = (
        opening,
        f"{made} has {comma_and(found)}{which}. Nobody has a good reason to create {it}: treat "
        f"{it} as an attacker's until you know who created {it}, and why.",
        f"{deactivate} deactivates the access key." if deactivate else "",
        *word_evidence(evidence, facts.user.arn, claimed=True),
    )
    return Verdict(
        "FAIL",
        " ".join(filter(None, sentences)),
        sum(key.active for key in keys),
        keys,
        Advice(action, creator_of=keys, quarantine=quarantine),
        evidence,
        more={"console_password": True} if has_password else {},
    )
