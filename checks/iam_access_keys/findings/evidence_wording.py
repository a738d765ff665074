"""What CloudTrail's event history says of a key, in sentences. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..cloudtrail.events import AWS_SERVICE, CONSOLE, UNKNOWN_CREATOR
from ..cloudtrail.evidence import (
    HISTORY,
    NOT_YET,
    TIME_LIMIT,
    TOO_MANY_EVENTS,
    TOO_OLD,
    Evidence,
    Origin,
    Usage,
    UsedBy,
)
from ..cloudtrail.user_agents import UNKNOWN
from ..facts import Unreadable
from .wording import comma_and, plural

PROGRAMS_TOLD = 3
"""How many programs with their sources a sentence names; the data have all."""
SERVICES_TOLD = 3
"""How many services a sentence names for each."""
REGIONS_NAMED = 3
"""How many Regions a sentence names at most; of more it gives the number."""
NOT_CLAIMED = (AWS_SERVICE, CONSOLE, UNKNOWN)
"""What is said of programs that do not name themselves."""
_DAYS = f"{HISTORY.days} days"
_WHY = {
    TIME_LIMIT: "the time of access_key_usage_max_seconds was over",
    TOO_MANY_EVENTS: "there are too many events of that time",
}


def word_evidence(evidence: Evidence, user_arn: str, *, claimed: bool = False) -> list[str]:
    """All of it, in sentences; ``claimed`` in an incident: see ``word_usage``."""
    alike: dict[Origin, list[str]] = {}  # what is not known, is often not known of both keys
    for key, origin in evidence.origins.items():
        alike.setdefault(origin, []).append(key.access_key_id)
    return [
        *(
            word_usage(key.access_key_id, usage, claimed=claimed)
            for key, usage in evidence.usage.items()
        ),
        *(word_origin(ids, origin, user_arn) for origin, ids in alike.items()),
        *(word_deactivation(key.access_key_id, one) for key, one in evidence.deactivations.items()),
    ]


# What uses it


def word_usage(access_key_id: str, usage: Usage, *, claimed: bool = False) -> str:
    """What uses a key, as one sentence and, for what is not known, one each.

    ``claimed``: whether to say that programs name themselves, as an attacker's may lie.
    """
    sentences = []
    if usage.used_by:
        users = _word_users(usage.used_by, claimed)
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
    unread: dict[tuple[str, Unreadable], list[str]] = {}
    for one in usage.unread:
        events = "Older events" if one.region in usage.regions else "The events"
        unread.setdefault((events, one.failure), []).append(one.region)
    sentences += [
        f"{events} of {access_key_id} in {_word_regions(regions)} could not be read: "
        f"{_why(failure)}."
        for (events, failure), regions in unread.items()
    ]
    return " ".join(sentences)


def _span(usage: Usage) -> str:
    """Which events it is about: the beginning of a sentence."""
    where = f"in {_word_regions(usage.regions)}"
    if usage.all_events:
        events = "the only event" if usage.events == 1 else f"all {usage.events} events"
        return f"In {events} of {_DAYS} {where}"
    one = usage.events == 1
    events = "the last event" if one else f"the last {usage.events} events"
    when = f", {'of' if one else 'since'} {usage.since:%Y-%m-%d}" if usage.since else ""
    return f"In {events} {where}{when}"


def _word_regions(regions: Sequence[str]) -> str:
    return comma_and(regions) if len(regions) <= REGIONS_NAMED else f"{len(regions)} Regions"


def _word_users(users: Sequence[UsedBy], claimed: bool) -> str:
    told = [_word_user(user, claimed) for user in users[:PROGRAMS_TOLD]]
    rest = len(users) - PROGRAMS_TOLD
    if rest > 0:
        told.append(f"by {rest} {'other' if rest == 1 else 'others'}")
    return comma_and(told)


def _word_user(user: UsedBy, claimed: bool) -> str:
    counted: Counter[str] = Counter()
    for did in user.actions:
        counted[did.service] += did.events
    names = [_service_name(name) for name, _ in counted.most_common()]
    if len(names) > SERVICES_TOLD:
        names = [*names[:SERVICES_TOLD], f"{len(names) - SERVICES_TOLD} more"]
    program = f"the {user.program}" if user.program.startswith("AWS SDK") else user.program
    if claimed and user.program not in NOT_CLAIMED:
        program = f"a program that calls itself {_in_quotes(user.program)}"
    places = f" from {user.kept_in.value}" if user.kept_in else ""
    places += f" on {user.runs_on.value}" if user.runs_on else ""
    if user.source != user.program:
        places += f"{',' if places else ''} from {user.source}"
    return f"by {program}{places} ({', '.join(names)})"


def _in_quotes(program: str) -> str:
    return program if program.startswith(('"', "a ", "the ")) else f'"{program}"'


def _service_name(service: str) -> str:
    return service.upper() if len(service) <= 3 else service


# Who created it


def word_origin(access_key_ids: Sequence[str], origin: Origin, user_arn: str) -> str:
    """Who created keys of a user, all of the same origin, as a sentence."""
    names, several = comma_and(access_key_ids), len(access_key_ids) > 1
    if origin.failure:
        return f"Who created {names} could not be read: {_why(origin.failure)}."
    if origin.creator:
        itself = origin.creator == user_arn.rpartition(":")[2]
        who = "the user itself" if itself else _word_creator(origin.creator)
        when = f" on {origin.date:%Y-%m-%d}" if origin.date else ""
        return (
            f"{names} {'were' if several else 'was'} created{when} by {who} from {origin.source}."
        )
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
    if creator == "root":
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
