"""The account that all tools of the comparison look at, and the truth about it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import Enum

from moto.iam.models import User

from embedded_aws.aws import EmbeddedAWS

SEED = 2026
USERS = 500
LIST_ACCESS_KEYS = "iam:ListAccessKeys"
CREDENTIAL_REPORT = frozenset({"iam:GenerateCredentialReport", "iam:GetCredentialReport"})

# For each kind of user: whether each of its keys is active, and how many of 100 are of this kind.
KINDS: dict[str, tuple[tuple[bool, ...], int]] = {
    "no keys": ((), 20),
    "one active": ((True,), 35),
    "one inactive": ((False,), 8),
    "two active": ((True, True), 15),
    "active and inactive": ((True, False), 15),
    "two inactive": ((False, False), 7),
}
WORDS = (
    "alice", "app", "backup", "build", "ci", "data_loader", "deploy", "dev", "etl", "ftp",
    "jenkins", "mail", "metrics", "ops", "partner", "report_bot", "smtp", "sync", "test", "web",
)  # fmt: skip
PATHS = ("/",) * 6 + ("/ci/bots/", "/people/", "/division_abc/subdivision-xyz/", "/a/")
# IAM allows these in a name, beside letters, digits and "-":
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
UNUSUAL = "+=,.@_"
ONE_UNUSUAL_IN = 20


class Trait(Enum):
    """What is special about a user, as the tables name it."""

    SECOND_KEY_SINCE = "second key made after the report"
    DEACTIVATED_SINCE = "one of two keys deactivated after the report"
    MADE_SINCE = "user made after the report"
    DELETED_SINCE = "user deleted after the report"
    DENIED = "ListAccessKeys denied"
    OUT_OF_REACH = "every call about the user denied"
    COMMA = "comma in the name"
    PATH = "path other than /"
    BEGINS_ANOTHER = "name begins another user's name"
    ONLY_INACTIVE = "inactive keys only"


@dataclass(frozen=True)
class Facts:
    """The truth about a user when the tool looks."""

    fails: bool | None
    """Whether two keys are active; None: the user was deleted."""
    traits: frozenset[Trait]


@dataclass(frozen=True)
class Situation:
    """A state of the account. ``prepare`` brings it about and returns the traits given, by ARN."""

    name: str
    prepare: Callable[[EmbeddedAWS], dict[str, Trait]]


@dataclass
class _Drawing:
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311

    def name(self, number: int) -> str:
        name = f"{WORDS[number % len(WORDS)]}-{number // len(WORDS) + 1}"
        if self.chance.randrange(ONE_UNUSUAL_IN) == 0:
            name = name.replace("-", self.chance.choice(UNUSUAL))
        return name

    def kind(self) -> str:
        return self.chance.choices(list(KINDS), [weight for _, weight in KINDS.values()])[0]

    def tags(self) -> dict[str, str]:
        teams = ("payments", "platform", "=data", "a | b")
        return {"team": self.chance.choice(teams)} if self.chance.random() < 0.5 else {}


def fill(aws: EmbeddedAWS, users: int = USERS) -> None:
    """Empty the embedded AWS and put that many drawn users into it, the same ones every time."""
    aws.clear()
    # The tools poll for a report in different ways; here it is complete once it was asked for.
    aws.behaviour.report_polls = 0
    drawing = _Drawing()
    for number in range(users):
        user = aws.add_user(drawing.name(number), drawing.chance.choice(PATHS), tags=drawing.tags())
        for active in KINDS[drawing.kind()][0]:
            add_key(aws, user, active, drawing.chance.randint(1, 1500))


def add_key(aws: EmbeddedAWS, user: User, active: bool = True, age: int = 100) -> None:
    """A key made ``age`` days ago, last used at some time in between."""
    now = datetime.now(timezone.utc)
    created = now - timedelta(days=age, minutes=10)
    aws.add_key(user, active=active, created=created, last_used=now - timedelta(days=age // 2))


def _users(aws: EmbeddedAWS, *keys: bool) -> Iterator[User]:
    """The users with these keys, active or not, in the order they were drawn."""
    for user in list(aws.iam().users.values()):
        if _states(user) == keys:
            yield user


def _states(user: User) -> tuple[bool, ...]:
    return tuple(key.status == "Active" for key in user.access_keys)


def fresh(aws: EmbeddedAWS) -> dict[str, Trait]:
    """No credential report yet."""
    aws.drop_report()
    return {}


def changed_since_the_report(aws: EmbeddedAWS) -> dict[str, Trait]:
    """A report three hours old, and 70 users changed, made or deleted since."""
    aws.hold_report(timedelta(hours=3))
    single, double = list(_users(aws, True)), list(_users(aws, True, True))
    traits = {}
    for user in single[:25]:
        add_key(aws, user, age=0)
        traits[user.arn] = Trait.SECOND_KEY_SINCE
    for user in double[:25]:
        user.access_keys[0].status = "Inactive"
        traits[user.arn] = Trait.DEACTIVATED_SINCE
    for number in range(10):
        user = aws.add_user(f"newcomer-{number}")
        add_key(aws, user, age=0)
        add_key(aws, user, age=0)
        traits[user.arn] = Trait.MADE_SINCE
    for user in [*single[25:30], *double[25:30]]:
        del aws.iam().users[user.name]
        traits[user.arn] = Trait.DELETED_SINCE
    return traits


def denied_with_fresh_report(aws: EmbeddedAWS) -> dict[str, Trait]:
    """No report yet, and ListAccessKeys denied for 30 users of three kinds."""
    aws.drop_report()
    chosen = [u for keys in ((True, True), (True,), ()) for u in list(_users(aws, *keys))[:10]]
    aws.behaviour.denied_calls = frozenset((LIST_ACCESS_KEYS, user.name) for user in chosen)
    return {user.arn: Trait.DENIED for user in chosen}


def denied_with_cached_report(aws: EmbeddedAWS) -> dict[str, Trait]:
    """The same with a report an hour old, which happens to be right."""
    traits = denied_with_fresh_report(aws)
    aws.hold_report(timedelta(hours=1))
    return traits


def one_out_of_reach(aws: EmbeddedAWS) -> dict[str, Trait]:
    """No report yet, and every call about one user denied, who has two active keys."""
    aws.drop_report()
    user = next(_users(aws, True, True))
    aws.behaviour.denied_users = frozenset({user.name})
    return {user.arn: Trait.OUT_OF_REACH}


def without_reports(aws: EmbeddedAWS) -> dict[str, Trait]:
    """Both calls for the credential report denied."""
    aws.drop_report()
    aws.behaviour.denied = CREDENTIAL_REPORT
    return {}


def small(aws: EmbeddedAWS) -> dict[str, Trait]:
    """One user, and the root user: two active keys each."""
    fill(aws, users=0)
    user = aws.add_user("only-user")
    add_key(aws, user)
    add_key(aws, user)
    aws.behaviour.root_keys_active = (True, True)
    return {}


def small_without_last_newline(aws: EmbeddedAWS) -> dict[str, Trait]:
    """The same, and the report's last line does not end with a newline."""
    traits = small(aws)
    aws.behaviour.rewrite_report = lambda report: report.rstrip("\n")
    return traits


SITUATIONS = (
    Situation("a. A fresh account: no credential report yet", fresh),
    Situation("b. A report three hours old, and 70 users changed since", changed_since_the_report),
    Situation(
        "c. ListAccessKeys denied for 30 users, no report yet",
        denied_with_fresh_report,
    ),
    Situation(
        "d. The same, with a report one hour old that is still right",
        denied_with_cached_report,
    ),
    Situation("e. No permission for the credential report", without_reports),
    Situation("f. One user and the root user, two active keys each", small),
    Situation(
        "g. The same, the report without a newline at its end",
        small_without_last_newline,
    ),
    Situation("h. Every call about one user denied, no report yet", one_out_of_reach),
)


def facts(aws: EmbeddedAWS, given: dict[str, Trait]) -> dict[str, Facts]:
    """The truth about each IAM user, by ARN, as moto holds it now."""
    users = list(aws.iam().users.values())
    names = [user.name for user in users]
    known = {
        user.arn: Facts(
            sum(_states(user)) > 1,
            frozenset(_traits(user, names)) | ({given[user.arn]} if user.arn in given else set()),
        )
        for user in users
    }
    gone = {arn: Facts(None, frozenset({trait})) for arn, trait in given.items()}
    return {**gone, **known}


def root_fails(aws: EmbeddedAWS) -> bool:
    """Whether the root user has two active keys."""
    return sum(aws.behaviour.root_keys_active) > 1


def _traits(user: User, names: Sequence[str]) -> Iterator[Trait]:
    if "," in user.name:
        yield Trait.COMMA
    if user.path != "/":
        yield Trait.PATH
    elif any(name != user.name and name.startswith(user.name) for name in names):
        yield Trait.BEGINS_ANOTHER
    states = _states(user)
    if states and not any(states):
        yield Trait.ONLY_INACTIVE
