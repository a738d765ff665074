"""Accounts that hypothesis draws, and the truth about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st
from moto.iam.models import User

from embedded_aws.aws import EmbeddedAWS

from .policy_evaluator import ACCOUNT, Holder, becomes_administrator

NAME = st.text("abcXYZ019+=,.@_-", min_size=1, max_size=12)
PATH = st.sampled_from(["/", "/ci/bots/", "/a/", "/division_abc/subdivision-xyz/"])
TAGS = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=6), st.text("xyz 0189=|", max_size=8), max_size=3
)


OWNER_TAGS = st.dictionaries(
    st.sampled_from(
        ["owner", "Owner Contact", "company:TEAM", "con-tact", "ownership", "CostCenter"]
    ),
    st.sampled_from(["payments", "n/a ", " ", ""]),
    max_size=2,
)
QUARANTINES = ("user", "group", "inline", "inline group")
OLD_QUARANTINE = "AWSExposedCredentialPolicy_DO_NOT_REMOVE"
LIMITS = st.sampled_from([44, 45, 46, 89, 90, 91])
AGES = st.integers(0, 60) | st.integers(0, 2000) | LIMITS
UNUSED = st.none() | st.integers(0, 60) | st.integers(0, 400) | LIMITS
MANY_DAYS = 36_600


def document(**statement: Any) -> dict[str, Any]:
    """A policy with one statement."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}


DENIES_ALL = "nothing"
DOCUMENTS = {
    "everything": document(Action="*", Resource="*"),
    "all of IAM": document(Action=["s3:*", "IAM:*"], Resource=["*"]),
    "all but S3": document(NotAction="s3:*", Resource="*"),
    "all but a bucket": document(Action="*", NotResource="arn:aws:s3:::bucket/*"),
    "all of IAM on users": document(Action="iam:??*", Resource="arn:aws:iam::*:user/*"),
    "all of IAM on itself": document(
        Action="iam:*", Resource="arn:aws:iam::*:user/*${aws:username}"
    ),
    "attaching": document(Action="iam:?ttachUser*", Resource="*"),
    "new versions": document(Action="iam:CreatePolicyV*", Resource="arn:aws:iam::*:policy/*"),
    "its groups": document(Action="iam:PutGroupPolicy", Resource="arn:aws:iam::*:group/p?*"),
    "no boundary": document(Action="iam:Delete*", NotResource="arn:aws:s3:::bucket"),
    "all but IAM": document(NotAction=["iam:*"], Resource="*"),
    "on one bucket": document(Action="*", Resource="arn:aws:s3:::bucket"),
    "all of IAM on another": document(Action="iam:*", Resource="arn:aws:iam::*:user/another"),
    "reading": document(Action=["iam:Get*", "iam:List*"], Resource="*"),
    DENIES_ALL: document(Effect="Deny", Action="*", Resource="*"),
}
ADMINISTRATION = {
    *("everything", "all of IAM", "all but S3", "all but a bucket", "all of IAM on users"),
    *("all of IAM on itself", "attaching"),
}
"""The policies that make an administrator whatever else the user has."""
BY_AWS = {
    "AdministratorAccess": DOCUMENTS["everything"],
    "IAMFullAccess": DOCUMENTS["all of IAM"],
    "AdministratorAccess-Amplify": document(Action="iam:CreatePolicyVersion", Resource="*"),
    "PowerUserAccess": DOCUMENTS["all but IAM"],
    "ReadOnlyAccess": DOCUMENTS["reading"],
}
"""What AWS's own policies come to."""
GRANTS = st.tuples(
    st.sampled_from([*DOCUMENTS, *BY_AWS]),
    st.sampled_from(["managed", "inline"]),
    st.sampled_from(["user", "group"]),
)


@dataclass(frozen=True)
class DrawnKey:
    """An access key as drawn; ages are days, ``unused`` is None if the key was never used."""

    active: bool
    age: int
    unused: int | None

    @property
    def idle(self) -> int:
        """Whole days without a use; one before the creation does not count."""
        return self.age if self.unused is None else min(self.age, self.unused)

    def put_into(self, aws: EmbeddedAWS, user: User) -> None:
        """Make the key."""
        now = datetime.now(timezone.utc)
        used = None if self.unused is None else now - timedelta(days=self.unused, minutes=5)
        created = now - timedelta(days=self.age, minutes=10)
        aws.add_key(user, active=self.active, created=created, last_used=used)


DRAWN_KEYS = st.builds(DrawnKey, st.booleans(), AGES, UNUSED)
USED_KEYS = st.builds(DrawnKey, st.booleans(), AGES, st.integers(0, 46))


@dataclass(frozen=True)
class DrawnCredential:
    """A service-specific credential as drawn."""

    service: str
    active: bool
    days_left: int | None
    """None if it never expires."""


@dataclass(frozen=True)
class DrawnUser:
    """An IAM user as drawn."""

    name: str
    path: str
    tags: tuple[tuple[str, str], ...]
    keys: tuple[DrawnKey, ...]
    quarantine: str = ""
    """Where AWS's policy is: on the ``user``, on a ``group`` of it, or the old one ``inline``."""
    password: bool = False
    grants: tuple[tuple[str, str, str], ...] = ()
    """Policies: one of DOCUMENTS or of BY_AWS, how it is kept, and on what."""
    boundary: str = ""
    """The permissions boundary: one of DOCUMENTS or of BY_AWS."""
    credentials: tuple[DrawnCredential, ...] = ()

    @property
    def active(self) -> list[DrawnKey]:
        """The active access keys."""
        return [key for key in self.keys if key.active]

    @property
    def active_keys(self) -> int:
        """How many active access keys the user has."""
        return len(self.active)

    @property
    def status(self) -> str:
        """The right verdict of the first check."""
        return "FAIL" if self.active_keys > 1 else "PASS"

    def put_into(self, aws: EmbeddedAWS) -> None:
        """Make the user, with all it has."""
        now = datetime.now(timezone.utc)
        user = aws.add_user(self.name, self.path, dict(self.tags))
        for key in self.keys:
            key.put_into(aws, user)
        if self.quarantine:
            in_group = "group" in self.quarantine
            entity = aws.add_group(f"g{self.name}", user) if in_group else user
            if "inline" in self.quarantine:
                aws.add_inline_policy(entity, OLD_QUARANTINE, DOCUMENTS[DENIES_ALL])
            else:
                aws.attach(entity, "AWSCompromisedKeyQuarantineV2")
        if self.password:
            aws.add_password(user)
        for number, (policy, how, where) in enumerate(self.grants):
            name = f"p{number}{self.name}"
            entity = aws.add_group(name, user) if where == "group" else user
            if how == "inline" and policy in DOCUMENTS:
                aws.add_inline_policy(entity, name, DOCUMENTS[policy])
            else:
                aws.attach(entity, self._managed(aws, policy, name))
        if self.boundary:
            managed = self._managed(aws, self.boundary, f"b{self.name}")
            of_aws = f"arn:aws:iam::aws:policy/{managed}"
            aws.set_boundary(user, managed if managed.startswith("arn:") else of_aws)
        for credential in self.credentials:
            left = credential.days_left
            expires = None if left is None else now + timedelta(days=left, minutes=10)
            created = now - timedelta(days=500)
            aws.add_service_specific_credential(
                user, credential.service, created=created, expires=expires, active=credential.active
            )

    def as_holder(self) -> Holder:
        """What decides whether it is an administrator."""
        known = {**DOCUMENTS, **BY_AWS}
        names = [f"p{number}{self.name}" for number in range(len(self.grants))]
        named = list(zip(names, self.grants, strict=True))
        groups = [name for name, (_, _, where) in named if where == "group"]
        groups += [f"g{self.name}"] if self.quarantine == "group" else []
        managed = {
            f"{ACCOUNT}:policy/{name}": DOCUMENTS[policy]
            for name, (policy, how, _) in named
            if how == "managed" and policy in DOCUMENTS
        }
        return Holder(
            self.name,
            self.path,
            tuple(f"/{group}" for group in groups),
            tuple(known[policy] for policy, _, _ in self.grants),
            managed,
            known.get(self.boundary),
            f"{ACCOUNT}:policy/b{self.name}" if self.boundary in DOCUMENTS else "",
        )

    @staticmethod
    def _managed(aws: EmbeddedAWS, policy: str, name: str) -> str:
        """A managed policy, of AWS or made for this: what ``attach`` takes."""
        if policy not in DOCUMENTS:
            return policy
        older = DOCUMENTS["reading" if policy in ADMINISTRATION else "everything"]
        return aws.add_customer_policy(name, DOCUMENTS[policy], older_versions=(older,))


DECOYS = "canary-*"
"""What decoys are called; only the setting ``decoy_users`` makes them decoys."""
MADE_FOR_API_KEY = ("BedrockAPIKey-0g4z", "CloudWatchAPIKey-sikp")


def _usable(user: DrawnUser) -> bool:
    return any(
        credential.active and (credential.days_left is None or credential.days_left >= 0)
        for credential in user.credentials
    )


def _is_decoy(user: DrawnUser) -> bool:
    return user.name.lower().startswith("canary-")


def _plain(tag: str) -> str:
    return tag.rsplit(":", 1)[-1].lower().replace(" ", "").replace("-", "").replace("_", "")


def _owned(user: DrawnUser) -> bool:
    owners = ("owner", "ownercontact", "team", "contact")
    named = ((tag, value.strip()) for tag, value in user.tags)
    return any(value not in ("", "n/a") and _plain(tag) in owners for tag, value in named)


FAILS: dict[str, Callable[[DrawnUser], object]] = {
    "iam_user_multiple_active_keys": lambda u: not _is_decoy(u) and u.active_keys > 1,
    "iam_user_unused_active_keys": lambda u: (
        not _is_decoy(u) and any(key.idle >= 45 for key in u.active)
    ),
    "iam_user_unrotated_active_keys": lambda u: (
        not _is_decoy(u) and any(key.age > 90 for key in u.active)
    ),
    "iam_user_inactive_keys_not_deleted": lambda u: (
        not _is_decoy(u) and any(key.idle > 90 for key in u.keys if not key.active)
    ),
    "iam_user_console_password_and_active_keys": lambda u: (
        not _is_decoy(u) and u.active and u.password
    ),
    "iam_user_administrator_active_keys": lambda u: (
        u.active and becomes_administrator(u.as_holder())
    ),
    "iam_user_quarantined_active_keys": lambda u: (
        u.quarantine and (u.active or u.password or _usable(u))
    ),
    "iam_user_active_keys_without_owner": lambda u: not _is_decoy(u) and u.active and not _owned(u),
    "iam_user_long_term_api_keys": _usable,
    "iam_user_decoy_access_keys_used": lambda u: any(key.unused is not None for key in u.keys),
    "iam_user_made_for_api_key_other_credentials": lambda u: (
        u.keys or u.password or not (_usable(u) or u.quarantine)
    ),
}
"""The truth: which users fail each check of users that concerns them."""
CONCERNS: dict[str, Callable[[DrawnUser], bool]] = {
    "iam_user_decoy_access_keys_used": _is_decoy,
    "iam_user_made_for_api_key_other_credentials": lambda u: u.name in MADE_FOR_API_KEY,
}
"""Which users a check concerns, if that is not all of them."""


def concerns(check: str, user: DrawnUser) -> bool:
    """Whether there is to be a finding of a check about a user."""
    return check not in CONCERNS or CONCERNS[check](user)


users = st.builds(
    DrawnUser,
    name=NAME | st.sampled_from(["canary-1", "Canary-2", *MADE_FOR_API_KEY]),
    path=PATH,
    tags=(TAGS | OWNER_TAGS).map(lambda tags: tuple(tags.items())),
    keys=st.lists(DRAWN_KEYS, max_size=2).map(tuple),
    quarantine=st.just("") | st.sampled_from(QUARANTINES),
    password=st.booleans(),
    grants=st.just(()) | st.lists(GRANTS, max_size=2).map(tuple),
    boundary=st.sampled_from(["", "", "", *DOCUMENTS, *BY_AWS]),
    credentials=st.just(())
    | st.lists(
        st.builds(
            DrawnCredential,
            st.sampled_from(["bedrock.amazonaws.com", "codecommit.amazonaws.com", "new.example"]),
            st.booleans(),
            st.none() | st.sampled_from([-1, 0, 1, MANY_DAYS]),
        ),
        max_size=2,
    ).map(tuple),
)
# IAM takes names that differ in case only for the same.
accounts = st.lists(users, max_size=6, unique_by=lambda user: user.name.casefold())
