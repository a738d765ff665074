"""Which access keys a run of Prowler stands on: a fixer must not deactivate those."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session

_KEYLESS = frozenset(
    {"assume-role-with-web-identity", "container-role", "iam-role", "login", "sso"}
)
"""botocore's names for ways to get credentials that have no access key of a user behind them."""
_ASSUMED = "assume-role"
"""botocore's name for a role that a profile names with ``role_arn``."""


@dataclass(frozen=True)
class Caller:
    """Who runs Prowler. AWS may show the last use of its access keys late."""

    arn: str
    """Of the identity that Prowler began with, before it assumed ``--role``."""
    key_ids: frozenset[str]
    """The access keys that calls are signed with, and those that temporary credentials in use
    were got with, as far as this machine's configuration tells."""
    origin_known: bool
    """Whether ``key_ids`` has every access key of an IAM user that the run stands on."""
    role_arn: str = ""
    """The role that Prowler assumed with ``--role``; empty without."""


def caller_of(provider: Any) -> Caller:
    """Who runs Prowler with this provider."""
    credentials = provider.session.current_session.get_credentials()
    key_ids = {credentials.access_key} if credentials else set()
    known = _follow_session(provider.session.original_session._session, key_ids)
    assumed = getattr(provider, "_assumed_role_configuration", None)
    role = assumed.info.role_arn.arn if assumed else ""
    return Caller(provider.identity.identity_arn, frozenset(filter(None, key_ids)), known, role)


def _follow_session(session: Any, key_ids: set[str]) -> bool:
    """Add the keys that a botocore session stands on; returns whether that is all of them."""
    credentials = session.get_credentials()
    if credentials is None:
        return False
    key_ids.add(credentials.access_key)
    if not credentials.token or credentials.method in _KEYLESS:
        return True
    if credentials.method == _ASSUMED:
        profile = session.get_config_variable("profile") or "default"
        return _follow_profile(profile, session.full_config.get("profiles", {}), key_ids, set())
    return False


def _follow_profile(
    name: str, profiles: Mapping[str, Mapping[str, str]], key_ids: set[str], seen: set[str]
) -> bool:
    """The same for a profile of the configuration, down its chain of source profiles.

    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html
    """
    profile = profiles.get(name, {})
    if "role_arn" in profile and name not in seen:
        if "web_identity_token_file" in profile:
            return True
        source = profile.get("source_profile")
        if source:
            return _follow_profile(source, profiles, key_ids, {*seen, name})
        if profile.get("credential_source") == "Environment":
            key_ids.add(os.environ.get("AWS_ACCESS_KEY_ID", ""))
            return "AWS_SESSION_TOKEN" not in os.environ
        return "credential_source" in profile
    if "aws_access_key_id" in profile:
        key_ids.add(profile["aws_access_key_id"])
        return "aws_session_token" not in profile
    if "sso_session" in profile or "sso_start_url" in profile:
        return True
    if "credential_process" in profile:  # the run has started it already, for the same credentials
        return _follow_session(botocore.session.Session(profile=name), key_ids)
    return False
