"""What CloudTrail's event history says of a key, in sentences. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from ..cloudtrail.destinations import TABLE
from ..cloudtrail.events import AWS_SERVICE, CONSOLE, ROOT, UNKNOWN_CREATOR, end_of_arn
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

PROGRAMS_TOLD = 3
"""How many programs with their sources a sentence names; the data have all."""
SERVICES_TOLD = 3
"""How many services a sentence names for each."""
POWERS_TOLD = 5
"""How many actions that give power a sentence names for each."""
REGIONS_NAMED = 3
"""How many Regions a sentence names at most; of more it gives the number."""
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
_CAN = {"high": "can be", "medium": "can probably be", "low": "may be"}
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
    return [
        *(
            word_usage(key.access_key_id, usage, claimed=claimed)
            for key, usage in evidence.usage.items()
        ),
        *(
            word_usage(API_KEY_OF.format(user.name), usage, claimed=claimed)
            for usage in (evidence.of_api_keys,)
            if usage
        ),
        *(
            word_destination(key.access_key_id, names, evidence.usage[key])
            for key, names in evidence.destinations.items()
        ),
        *(word_origin(ids, origin, user.arn, claimed=claimed) for origin, ids in alike.items()),
        *(word_deactivation(key.access_key_id, one) for key, one in evidence.deactivations.items()),
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
    for one in usage.unread:
        events = "Older events" if one.region in usage.regions else "The events"
        unread.setdefault((events, one.failure), []).append(one.region)
    sentences += [
        f"{events} of {access_key_id} in {_word_regions(regions)} could not be read: "
        f"{_why(failure)}."
        for (events, failure), regions in unread.items()
    ]
    if usage.addresses_unread:
        sentences.append(
            f"Which of these addresses the account has could not be read: {usage.addresses_unread}."
        )
    return " ".join(sentences)


def _word_sessions(key_id: str, sessions: Sequence[Sessions], claimed: bool) -> Iterable[str]:
    for made in sessions[:PROGRAMS_TOLD]:
        last = f", last on {made.last_seen:%Y-%m-%d}" if made.last_seen else ""
        what = f"called {made.action}, whose sessions outlive the key"
        if made.role:
            what = f"assumed role {made.role} of account {made.account}"
        yield f"{key_id} {what} ({plural(made.events, 'time')}{last})."
        if made.usage:
            yield word_usage(made.access_key_id, made.usage, claimed=claimed)
    if len(sessions) > PROGRAMS_TOLD:
        yield f"{key_id} assumed {plural(len(sessions) - PROGRAMS_TOLD, 'other role')}."


def _span(usage: Usage) -> str:
    """Which events it is about: the beginning of a sentence."""
    where = f"in {_word_regions(usage.regions)}"
    if usage.all_events:
        events = "the only event" if usage.events == 1 else f"all {usage.events} events"
        return f"In {events} of {_DAYS} {where}"
    one = usage.events == 1
    newest = usage.events - usage.older_events
    events = "the last event" if one else f"the last {newest} events"
    when = f", {'of' if one else 'since'} {usage.since:%Y-%m-%d}" if usage.since else ""
    if usage.older_than:
        when += f", and {usage.older_events} from before {usage.older_than:%Y-%m-%d}"
    return f"In {events} {where}{when}"


def _word_regions(regions: Sequence[str]) -> str:
    return comma_and(regions) if len(regions) <= REGIONS_NAMED else f"{len(regions)} Regions"


def _word_users(usage: Usage, claimed: bool) -> str:
    dated = claimed or usage.older_than is not None
    told = [_word_user(user, claimed, dated) for user in usage.used_by[:PROGRAMS_TOLD]]
    rest = len(usage.used_by) - PROGRAMS_TOLD
    if rest > 0:
        told.append(f"by {rest} {'other' if rest == 1 else 'others'}")
    return comma_and(told)


def _word_user(user: UsedBy, claimed: bool, dated: bool) -> str:
    counted: Counter[str] = Counter()
    powers = []
    for did in user.actions:
        if did.service == "iam" and _POWER.fullmatch(did.action):
            failed = " (failed)" if did.failed_events == did.events else ""
            powers.append(f"iam:{did.action}{failed}")
        else:
            counted[did.service] += did.events
    services = [_service_name(name) for name, _ in counted.most_common()]
    names = _first(powers, POWERS_TOLD) + _first(services, SERVICES_TOLD)
    places = f" from {user.kept_in.value}" if user.kept_in else ""
    places += f" on {user.runs_on.value}" if user.runs_on else ""
    if user.source != user.program:
        places += f"{',' if places else ''} from {user.source}"
    kind = _RESOURCES.get(user.resource.partition("-")[0])
    places += f", {kind} {user.resource}" if kind else ""
    seen = _seen(user) if dated else ""
    return f"by {_word_program(user.program, claimed)}{places} ({', '.join(names)}{seen})"


def _first(names: list[str], number: int) -> list[str]:
    return names if len(names) <= number else [*names[:number], f"{len(names) - number} more"]


def _seen(user: UsedBy) -> str:
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


def _service_name(service: str) -> str:
    return service.upper() if len(service) <= 3 else service


# Where it could go


def word_destination(access_key_id: str, names: Sequence[str], usage: Usage) -> str:
    """The first of a key's destinations and why, as a sentence; empty if no event was read."""
    row = next((TABLE[name] for name in names if name in TABLE), None)
    if row:
        can = f"{access_key_id} {_CAN[row.confidence]} replaced with {row.destination}"
        return f"{can}, because {row.because}."
    return f"What could replace {access_key_id} is not known." if usage.used_by else ""


def list_destinations(names: Sequence[str]) -> str:
    """All destinations of a key with why, confidence, and AWS's page."""
    return "; ".join(
        f"{row.destination} ({row.because}; confidence: {row.confidence}; "
        f"https://docs.aws.amazon.com/{row.page})"
        for row in (TABLE[name] for name in names if name in TABLE)
    )


# Who created it


def word_origin(
    access_key_ids: Sequence[str], origin: Origin, user_arn: str, *, claimed: bool = False
) -> str:
    """Who created keys of a user, all of the same origin, as a sentence.

    ``claimed``: also with which key and program, of which an attacker's may lie.
    """
    names, several = comma_and(access_key_ids), len(access_key_ids) > 1
    if origin.failure:
        return f"Who created {names} could not be read: {_why(origin.failure)}."
    if origin.creator:
        itself = origin.is_own or origin.creator == end_of_arn(user_arn)
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
