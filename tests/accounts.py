"""Accounts that hypothesis draws, and the truth about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from embedded_aws.aws import EmbeddedAWS

NAME = st.text("abcXYZ019+=,.@_-", min_size=1, max_size=12)
PATH = st.sampled_from(["/", "/ci/bots/", "/a/", "/division_abc/subdivision-xyz/"])
TAGS = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=6), st.text("xyz 0189=|", max_size=8), max_size=3
)


AGES = st.integers(0, 60) | st.integers(0, 2000)
UNUSED = st.none() | st.integers(0, 60) | st.integers(0, 400)


@dataclass(frozen=True)
class DrawnKey:
    """An access key as drawn; ages are days, ``unused`` is None if the key was never used."""

    active: bool
    age: int
    unused: int | None


@dataclass(frozen=True)
class DrawnUser:
    """An IAM user as drawn."""

    name: str
    path: str
    tags: tuple[tuple[str, str], ...]
    keys: tuple[DrawnKey, ...]
    quarantine: str = ""
    """Whether AWS has quarantined the ``user`` itself or a ``group`` of it."""

    @property
    def active_keys(self) -> int:
        """How many active access keys the user has."""
        return sum(key.active for key in self.keys)

    @property
    def status(self) -> str:
        """The right verdict."""
        return "FAIL" if self.active_keys > 1 else "PASS"

    def put_into(self, aws: EmbeddedAWS) -> None:
        """Make the user, with its keys."""
        now = datetime.now(timezone.utc)
        user = aws.add_user(self.name, self.path, dict(self.tags))
        for key in self.keys:
            used = None if key.unused is None else now - timedelta(days=key.unused, minutes=5)
            created = now - timedelta(days=key.age, minutes=10)
            aws.add_key(user, active=key.active, created=created, last_used=used)
        if self.quarantine:
            in_group = self.quarantine == "group"
            entity = aws.add_group(f"g{self.name}", user) if in_group else user
            aws.attach(entity, "AWSCompromisedKeyQuarantineV2")


users = st.builds(
    DrawnUser,
    name=NAME,
    path=PATH,
    tags=TAGS.map(lambda tags: tuple(tags.items())),
    keys=st.lists(st.builds(DrawnKey, st.booleans(), AGES, UNUSED), max_size=2).map(tuple),
    quarantine=st.sampled_from(["", "", "", "", "user", "group"]),
)
# IAM takes names that differ in case only for the same.
accounts = st.lists(users, max_size=8, unique_by=lambda user: user.name.casefold())
