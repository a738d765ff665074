"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ..iam_access_keys.for_checks import (
    MADE_FOR_API_KEY,
    Action,
    Advice,
    FindingData,
    Keys,
    Questions,
    Settings,
    UnreadableError,
    UserCase,
    UserCheck,
    Verdict,
    attempt,
    aws_command,
    comma_and,
    count_phrase,
    ids,
    status_command,
    word_incident,
    word_unread,
)


class iam_user_made_for_api_key_other_credentials(UserCheck):
    """An IAM user that the console made for an API key has that key and nothing else.

    An access key or a console password turns it into a user that can do all that its policies
    allow, and stays when the API key has ended; nobody has a good reason to make one. A user that
    is left over when its API key has ended is a finding of low severity.
    """

    is_hygiene: ClassVar[bool] = False

    def concerns(self, user: UserCase) -> bool:
        return MADE_FOR_API_KEY.fullmatch(user.name) is not None

    def word_nobody(self, settings: Settings) -> str:
        return "No IAM user of the account has a name that the console gives for an API key."

    def judge(self, user: UserCase) -> Verdict:
        name = user.name
        unread: list[UnreadableError] = []
        keys = attempt(lambda: user.with_last_use(user.all_keys()), unread) or ()
        has_password = bool(attempt(user.has_password, unread))
        if keys or has_password:
            return _failing(user, keys, has_password, unread)
        if unread:
            raise unread[0]
        neither = (
            f"User {name}, which the console made for an API key, has neither an access key nor a "
            "console password"
        )
        if user.usable_credentials():
            return Verdict("PASS", f"{neither}.", 0)
        quarantine = user.known_quarantine()
        if quarantine:
            return Verdict(
                "PASS",
                f"{neither}. It is under AWS's quarantine ({comma_and(quarantine)}): keep it, as "
                "evidence, until AWS has closed the case.",
                0,
                quarantine=quarantine,
            )
        delete = aws_command("iam", "delete-user", f"--user-name={name}")
        return Verdict(
            "FAIL",
            f"If nothing else needs user {name}, delete it with its credentials and policies: the "
            "console made it for an API key, and it has neither an access key, a console password, "
            f"nor an active service-specific credential. The last command is: {delete}",
            0,
            severity="low",
        )


def _failing(
    user: UserCase,
    keys: Keys,
    has_password: bool,
    unread: Sequence[UnreadableError],
) -> Verdict:
    quarantine = user.quarantine()
    opening = word_incident(user.name, quarantine)
    action = Action.INCIDENT if opening else Action.FIND_CREATOR
    found = [f"the {count_phrase(len(keys), '').removeprefix('1 ')}"] if keys else []
    found += ["the console password"] if has_password else []
    it = "it" if len(keys) + has_password == 1 else "them"
    active = [key for key in keys if key.active]
    deactivate = " && ".join(
        status_command(user.name, key.access_key_id, "Inactive") for key in active
    )
    sentences = (
        opening,
        f"Treat {comma_and(found)} of user {user.name} as an attacker's until you know who created "
        f"{it}, and why: the console made the user for an API key, and nobody has a good reason to "
        f"create {it}.",
        f"{deactivate} deactivates {ids(active)}." if active else "",
        *word_unread(unread),
        user.list_keys(keys) if keys else "",
    )
    return Verdict(
        "FAIL",
        " ".join(filter(None, sentences)),
        sum(key.active for key in keys),
        keys,
        Advice(action, creator_of=keys, quarantine=quarantine),
        Questions(keys, keys, is_incident=True),
        unreadable=unread[0].failure if unread else None,
        more=FindingData(console_password=has_password),
    )
