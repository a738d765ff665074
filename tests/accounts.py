"""Accounts that hypothesis draws, and the truth about them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from demo.embedded_aws import EmbeddedAWS

NAME = st.text("abcXYZ019+=,.@_-", min_size=1, max_size=12)
PATH = st.sampled_from(["/", "/ci/bots/", "/a/", "/division_abc/subdivision-xyz/"])
TAGS = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=6), st.text("xyz 0189=|", max_size=8), max_size=3
)


@dataclass(frozen=True)
class DrawnUser:
    """An IAM user as drawn; ``keys`` says of each access key whether it is active."""

    name: str
    path: str
    tags: tuple[tuple[str, str], ...]
    keys: tuple[bool, ...]

    @property
    def status(self) -> str:
        """The right verdict."""
        return "FAIL" if sum(self.keys) > 1 else "PASS"

    def put_into(self, aws: EmbeddedAWS) -> None:
        """Make the user, with its keys."""
        user = aws.add_user(self.name, self.path, dict(self.tags))
        for active in self.keys:
            aws.add_key(user, active=active)


users = st.builds(
    DrawnUser,
    name=NAME,
    path=PATH,
    tags=TAGS.map(lambda tags: tuple(tags.items())),
    keys=st.lists(st.booleans(), max_size=2).map(tuple),
)
# IAM takes names that differ in case only for the same.
accounts = st.lists(users, max_size=8, unique_by=lambda user: user.name.casefold())
