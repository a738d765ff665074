"""Sign in to AWS once, here, if every scan would have to sign in anew.

Prowler reads the AWS configuration in every scan. A profile that asks for an MFA code, runs a
program (``credential_process``), or uses single sign-on would then ask, run, or look up once for
each account. Such credentials are had here, and handed to the processes that scan on this machine
through a pipe or their environment: not as arguments, and not in files.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from ..errors import StartError, UsageError

FAILURES = (BotoCoreError, ClientError, OSError, ValueError)
"""What signing in can fail with. A program may be missing, or print what is no JSON."""
OF_A_SIGN_IN = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
)  # fmt: skip
"""The variables that say who signs in."""
LONGEST_CHAIN = 20
DEFAULT_REGION = "us-east-1"
LONGEST_CHAINED_SESSION = 3600
"""Seconds for which a role may be assumed with the credentials of another role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
"""


class SignInError(Exception):
    """There are no credentials any more. The text is a sentence."""


@dataclass(frozen=True)
class SignIn:
    """A session of this machine, and what scans get of it."""

    session: Any
    """The boto3 session."""
    profile: str | None = None
    is_handed_over: bool = False
    """Whether scans get these credentials, and not the profile."""
    for_scans: Callable[[], Mapping[str, str]] = dict
    """The environment variables that a scan gets. Empty if scans sign in themselves.

    Renews the credentials if that needs nobody. Raises SignInError.
    """


def sign_in(profile: str | None) -> SignIn:
    """Sign in with a profile, or as the environment says. May ask for an MFA code.

    Raises StartError.
    """
    try:
        own = botocore.session.Session(profile=profile)
        session = boto3.Session(botocore_session=own)
        credentials = session.get_credentials()
        if credentials is None or not _is_to_be_had_once(credentials.method, own):
            return SignIn(session, profile)
        asks = _asks_for_code(own)
        frozen = credentials.get_frozen_credentials()
    except EOFError as error:
        raise StartError(
            "The profile asks for an MFA code, and there is no terminal to ask on. Sign in first, "
            "and give the credentials as environment variables."
        ) from error
    except FAILURES as error:
        raise StartError(f"prowler-org could not sign in: {error}") from error
    name = profile or own.profile

    def for_scans() -> Mapping[str, str]:
        try:
            current = frozen if asks else credentials.get_frozen_credentials()
        except FAILURES as error:
            raise SignInError(f"prowler-org could not sign in again: {error}") from error
        variables = {
            "AWS_ACCESS_KEY_ID": current.access_key,
            "AWS_SECRET_ACCESS_KEY": current.secret_key,
            "AWS_SESSION_TOKEN": current.token or "",
            # The other settings of the profile still count: as a variable, the profile does not
            # outrank the credentials.
            "AWS_PROFILE": name or "",
        }
        return {variable: value for variable, value in variables.items() if value}

    return SignIn(session, profile, True, for_scans)


def asks_for_code(profile: str | None) -> bool:
    """Whether signing in with a profile asks for an MFA code. Asks for none. Raises StartError."""
    try:
        return _asks_for_code(botocore.session.Session(profile=profile))
    except FAILURES as error:
        raise StartError(f"prowler-org could not sign in: {error}") from error


def is_of_a_role(session: Any) -> bool:
    """Whether a boto3 session has the credentials of a role. Raises StartError."""
    try:
        region = session.region_name or DEFAULT_REGION
        answer = session.client("sts", region_name=region).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise StartError(f"prowler-org could not sign in: {error}") from error
    return ":assumed-role/" in answer["Arn"]


def find_profile(arguments: Sequence[str]) -> str | None:
    """The AWS profile among Prowler's arguments. prowler-org lists the accounts with it too.

    Prowler's own parser, which takes seconds to load, says later whether this is right. Raises
    UsageError.
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--profile", "-p", nargs="?", const="")
    for flag in "bzlSi":  # the options without a value that may be joined with it, as in -bpNAME
        parser.add_argument(f"-{flag}", action="store_true")
    profile: str | None = parser.parse_known_args(list(arguments))[0].profile
    if profile is not None and not profile.strip():
        raise UsageError("Give -p/--profile of Prowler a value, or leave it out.")
    return profile


def environment_with(
    environment: Mapping[str, str], variables: Mapping[str, str]
) -> dict[str, str]:
    """The environment with the variables of a sign-in, and nothing of another sign-in."""
    names = OF_A_SIGN_IN if variables else ()
    kept = {name: value for name, value in environment.items() if name not in names}
    return kept | dict(variables)


def _is_to_be_had_once(method: str, session: Any) -> bool:
    """Whether scans should not sign in themselves; ``method`` is botocore's name for how they do.

    They should if they can: then they renew their credentials.
    """
    if method in ("custom-process", "login", "sso"):
        return True
    programs = {"credential_process", "login_session", "sso_session", "sso_start_url"}
    behind = any(programs & profile.keys() for profile in _chain(session))
    return method == "assume-role" and (behind or _asks_for_code(session))


def _asks_for_code(session: Any) -> bool:
    """Whether a role that a profile assumes, on its way, asks for an MFA code."""
    return any({"mfa_serial", "role_arn"} <= profile.keys() for profile in _chain(session))


def _chain(session: Any) -> Iterator[Mapping[str, Any]]:
    """The profile of a botocore session, and those that it assumes its role from."""
    profiles, name = session.full_config.get("profiles", {}), session.profile or "default"
    for _ in range(LONGEST_CHAIN):
        profile = profiles.get(name or "", {})
        yield profile
        source = profile.get("source_profile")
        if source is None or source == name:
            return
        name = source
