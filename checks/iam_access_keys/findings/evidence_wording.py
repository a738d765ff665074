"""What CloudTrail's event history says of a key, in sentences. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from ..cloudtrail.destinations import SMTP, TABLE
from ..cloudtrail.events import AWS_SERVICE, CONSOLE, ROOT, UNKNOWN_CREATOR
from ..cloudtrail.evidence import (
    HISTORY,
    NOT_YET,
    TIME_LIMIT,
    TOO_MANY_EVENTS,
    TOO_OLD,
    Evidence,
    Origin,
    Sessions,
    Usage,
    UsedBy,
)
from ..cloudtrail.user_agents import UNKNOWN
from ..facts import Unreadable, User
from .wording import comma_and, plural

MOST_PROGRAMS = MOST_SERVICES = MOST_REGIONS = MOST_SESSIONS = 3
MOST_POWERS = 5
"""How many programs, and of each how many services and actions that give power, a sentence names,
and how many Regions; the data have all."""
API_KEY_OF = "an API key of user {}"
ROOT_KEY = "the user name root with an access key"
"""What stands for the ID of the root user's keys if no event shows one."""
NOT_CLAIMED = (AWS_SERVICE, CONSOLE, UNKNOWN)
"""What is said of programs that do not name themselves."""
_POWER = re.compile(
    r"(?:Attach|Delete|Detach|Put)(?:Group|Role|User)(?:PermissionsBoundary|Policy)|"
    r"Create(?:AccessKey|LoginProfile|OpenIDConnectProvider|PolicyVersion|Role|SAMLProvider|"
    r"ServiceSpecificCredential|User)|AddUserToGroup|ResetServiceSpecificCredential|"
    r"SetDefaultPolicyVersion|Update(?:AccessKey|AssumeRolePolicy|LoginProfile)"
)
"""Actions of IAM that give somebody power: sentences name them."""
_RESOURCES = {"i": "instance", "nat": "NAT gateway", "eni": "network interface"}
_DAYS = f"{HISTORY.days} days"
_WHY = {
    TIME_LIMIT: "the time of access_key_usage_max_seconds was over",
    TOO_MANY_EVENTS: "there are too many events of that time",
}


def word_evidence(evidence: Evidence, user: User, *, claimed: bool = False) -> list[str]:
    """All of it, in sentences; ``claimed`` in an incident: see ``word_usage``."""
    alike: dict[Origin, list[str]] = {}  # what is not known, is often not known of both keys
    for key, origin in evidence.origins.items():
        alike.setdefault(origin, []).append(key.access_key_id)
    used = {key.access_key_id: usage for key, usage in evidence.usage.items()}
    if evidence.of_api_keys:
        used[API_KEY_OF.format(user.name)] = evidence.of_api_keys
    moves, deactivations = evidence.destinations.items(), evidence.deactivations.items()
    return [
        *(word_usage(key_id, usage, claimed=claimed) for key_id, usage in used.items()),
        *(word_destination(key.access_key_id, names) for key, names in moves),
        *(
            word_origin(ids, origin, user.arn, user.user_id, claimed=claimed)
            for origin, ids in alike.items()
        ),
        *(word_deactivation(key.access_key_id, origin) for key, origin in deactivations),
    ]


# What uses it


def word_usage(access_key_id: str, usage: Usage, *, claimed: bool = False) -> str:
    """What uses a key, as one sentence and, for what is not known, one each.

    ``claimed``: whether to say that programs name themselves, as an attacker's may lie.
    """
    sentences = []
    if usage.used_by:
        users = _word_users(usage, claimed)
        sentences.append(f"{_span(usage)}, {access_key_id} was used {users}.")
        if usage.failed_events == usage.events:
            sentences.append("That call failed." if usage.events == 1 else "All calls failed.")
    elif usage.regions and not usage.events:
        sentences.append(
            f"CloudTrail's event history has no event of {access_key_id} in "
            f"{_word_regions(usage.regions)}. It has management events of {_DAYS} only: the key "
            "may be in use."
        )
    if usage.malformed_events:
        events = plural(usage.malformed_events, "event")
        sentences.append(f"{events} of {access_key_id} could not be understood.")
    sentences += _word_sessions(access_key_id, usage.sessions, claimed)
    unread: dict[tuple[str, Unreadable], list[str]] = {}
    for part in usage.unread:
        events = "Older events" if part.region in usage.regions else "The events"
        unread.setdefault((events, part.failure), []).append(part.region)
    sentences += [
        f"{events} of {access_key_id} in {_word_regions(regions)} could not be read: "
        f"{_why(failure)}."
        for (events, failure), regions in unread.items()
    ]
    return " ".join(sentences)


def _word_sessions(key_id: str, sessions: Sequence[Sessions], claimed: bool) -> Iterable[str]:
    followed_first = sorted(sessions, key=lambda session: session.usage is None)
    for session in followed_first[:MOST_SESSIONS]:
        last = f", last on {session.last_seen:%Y-%m-%d}" if session.last_seen else ""
        call = f"called {session.action}, whose sessions outlive the key"
        if session.role:
            call = f"assumed role {session.role} of account {session.account}"
        yield f"In these events, {key_id} {call} ({plural(session.events, 'time')}{last})."
        if session.usage:
            yield word_usage(session.access_key_id, session.usage, claimed=claimed)
    if len(sessions) > MOST_SESSIONS:
        more = plural(len(sessions) - MOST_SESSIONS, "other role")
        yield f"These events have sessions of {more} or tokens too."


def _span(usage: Usage) -> str:
    """Which events it is about: the beginning of a sentence."""
    where = f"in {_word_regions(usage.regions)}"
    if usage.all_events:
        events = "the only event" if usage.events == 1 else f"all {usage.events} events"
        return f"In {events} of {_DAYS} {where}"
    newest = usage.events - usage.older_events
    events = "the last event" if newest == 1 else f"the last {newest} events"
    when = f", {'of' if newest == 1 else 'since'} {usage.since:%Y-%m-%d}" if usage.since else ""
    if usage.older_than:
        when += f", and {usage.older_events} from before {usage.older_than:%Y-%m-%d}"
    return f"In {events} {where}{when}"


def _word_regions(regions: Sequence[str]) -> str:
    return comma_and(regions) if len(regions) <= MOST_REGIONS else f"{len(regions)} Regions"


def _word_users(usage: Usage, claimed: bool) -> str:
    dated = claimed or usage.older_than is not None
    users = [_word_user(user, claimed, dated) for user in usage.used_by[:MOST_PROGRAMS]]
    rest = len(usage.used_by) - MOST_PROGRAMS
    return comma_and([*users, f"by {plural(rest, 'other')}"] if rest > 0 else users)


def _word_user(user: UsedBy, claimed: bool, dated: bool) -> str:
    events: Counter[str] = Counter()
    powers = []
    for action in user.actions:
        if action.service == "iam" and _POWER.fullmatch(action.action):
            failed = " (failed)" if action.failed_events == action.events else ""
            powers.append(f"iam:{action.action}{failed}")
        else:
            events[action.service] += action.events
    # AWS's abbreviations are in capitals.
    services = [name.upper() if len(name) <= 3 else name for name, _ in events.most_common()]
    names = _first(powers, MOST_POWERS) + _first(services, MOST_SERVICES)
    places = f" from {user.kept_in.value}" if user.kept_in else ""
    places += f" on {user.runs_on.value}" if user.runs_on else ""
    if user.source != user.program:
        places += f"{',' if places else ''} from {user.source}"
    kind = _RESOURCES.get(user.resource.partition("-")[0])
    places += f", now the address of {kind} {user.resource}" if kind else ""
    seen = _word_dates(user) if dated else ""
    return f"by {_word_program(user.program, claimed)}{places} ({', '.join(names)}{seen})"


def _first(names: list[str], number: int) -> list[str]:
    return names if len(names) <= number else [*names[:number], f"{len(names) - number} more"]


def _word_dates(user: UsedBy) -> str:
    if not (user.first_seen and user.last_seen):
        return ""
    first, last = f"{user.first_seen:%Y-%m-%d}", f"{user.last_seen:%Y-%m-%d}"
    return f"; {last}" if first == last else f"; {first} to {last}"


def _word_program(program: str, claimed: bool) -> str:
    if claimed and program not in NOT_CLAIMED:
        return f"a program that calls itself {_in_quotes(program)}"
    return f"the {program}" if program.startswith("AWS SDK") else program


def _in_quotes(program: str) -> str:
    return program if program.startswith(('"', "a ", "the ")) else f'"{program}"'


# Where it could go


def word_destination(access_key_id: str, names: Sequence[str]) -> str:
    """The first of a key's destinations and why, as a sentence; empty without one.

    What to do about SMTP, the advice says.
    """
    row = next((TABLE[name] for name in names if name in TABLE and name != SMTP), None)
    if row is None:
        return ""
    because = row.because.format(access_key_id)
    return f"{because[0].upper()}{because[1:]}: consider {row.destination} instead."


def list_destinations(names: Sequence[str]) -> str:
    """All destinations of a key with why, confidence, and AWS's page."""
    return "; ".join(
        f"{row.destination} ({row.because.format('it')}; confidence: {row.confidence}; "
        f"https://docs.aws.amazon.com/{row.page})"
        for row in (TABLE[name] for name in names if name in TABLE)
    )


# Who created it


def word_origin(
    access_key_ids: Sequence[str],
    origin: Origin,
    user_arn: str,
    user_id: str = "",
    *,
    claimed: bool = False,
) -> str:
    """Who created keys of a user, all of the same origin, as a sentence.

    ``claimed``: also with which key and program, of which an attacker's may lie.
    """
    names, several = comma_and(access_key_ids), len(access_key_ids) > 1
    if origin.failure:
        return f"Who created {names} could not be read: {_why(origin.failure)}."
    if origin.creator:
        itself = origin.is_by(user_arn, user_id)
        who = "the user itself" if itself else _word_creator(origin.creator)
        when = f" on {origin.date:%Y-%m-%d}" if origin.date else ""
        by = f"{names} {'were' if several else 'was'} created{when} by {who} from {origin.source}"
        if not claimed:
            return f"{by}."
        key = f" with {origin.access_key_id}" if origin.access_key_id else ""
        return f"{by}{key}, by {_word_program(origin.program or UNKNOWN, claimed)}."
    keys = "the keys are" if several else "the key is"
    why = {
        TOO_OLD: f"{keys} older than the {_DAYS} of CloudTrail's event history",
        NOT_YET: "CloudTrail's event history does not have the event yet",
    }.get(origin.unknown, "CloudTrail's event history does not have the event")
    return f"Who created {names} is not known: {why}."


def word_deactivation(access_key_id: str, deactivation: Origin) -> str:
    """Who deactivated a key, and when, in a sentence."""
    if deactivation.failure:
        return (
            f"When {access_key_id} was deactivated could not be read: {_why(deactivation.failure)}."
        )
    if not deactivation.creator:
        return f"CloudTrail has no event of the last {_DAYS} that deactivated {access_key_id}."
    when = f" on {deactivation.date:%Y-%m-%d}" if deactivation.date else ""
    return f"{access_key_id} was deactivated{when} by {_word_creator(deactivation.creator)}."


def _word_creator(creator: str) -> str:
    if creator == ROOT:
        return "the root user"
    if creator == UNKNOWN_CREATOR:
        return "someone the event does not name"
    kind, _, name = creator.partition("/")
    if kind == "assumed-role":
        role, _, session = name.partition("/")
        return f"role {role} (session {session})"
    last = creator.rpartition("/")[2]
    return {"user": f"user {last}", "federated-user": f"federated user {last}"}.get(kind, creator)


def _why(failure: Unreadable) -> str:
    return _WHY.get(failure.error_code, str(failure))
