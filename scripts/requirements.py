"""The framework "Access Key Hygiene": what it requires and why. Written by hand, and only here.

The requirements follow "Account has multiple active access keys" (September 17, 2016). Its
"Details" say why several keys are a risk, its "Suggested Action" says what to do: reduce the
number of keys, replace them with temporary credentials, rotate those that must stay.

``python -m scripts.compliance_framework`` makes the files for Prowler from this.
"""

from __future__ import annotations

from dataclasses import dataclass

FRAMEWORK = "Access-Key-Hygiene"
VERSION = "1.0"
NAME = "Access Key Hygiene 1.0"
DESCRIPTION = (
    "Reduce, replace and rotate: what to do about long-term AWS access keys, after "
    '"Account has multiple active access keys" (September 17, 2016).'
)

REDUCE = "1. Reduce the number of access keys"
REPLACE = "2. Replace access keys with temporary credentials"
ROTATE = "3. Rotate the access keys that must stay"
SECTIONS = (REDUCE, REPLACE, ROTATE)

CREDENTIALS = "Details, paragraph 1"
SEVERAL_KEYS = "Details, paragraph 2"
REDUCE_OR_ELIMINATE = "Suggested Action, paragraph 1"
ROTATE_REGULARLY = "Suggested Action, paragraph 2"


@dataclass(frozen=True)
class ConfigLimit:
    """The highest value of an option in Prowler's configuration with which a check still counts."""

    check: str
    config_key: str
    highest: int


@dataclass(frozen=True)
class Requirement:
    """One requirement; without ``checks`` it is for a person to verify."""

    id: str
    section: str
    name: str
    description: str
    source: str
    """The part of the source document that it comes from."""
    audit_procedure: str
    """What its checks leave open, or what to look at where Prowler has no check."""
    checks: tuple[str, ...] = ()
    counterparts: tuple[str, ...] = ()
    """Checks of Prowler that look at the same thing: their cross-references hold here too."""
    config_limits: tuple[ConfigLimit, ...] = ()


REQUIREMENTS = (
    Requirement(
        id="1.1",
        section=REDUCE,
        name="One active access key for each user",
        description="Each IAM user, and the root user, has at most one active access key.",
        source=SEVERAL_KEYS,
        audit_procedure=(
            "A finding with status MANUAL names a user whose keys could not be read: look at "
            "that user in the IAM console, under Security credentials."
        ),
        checks=("iam_user_multiple_active_keys",),
        counterparts=("iam_user_two_active_access_key",),
    ),
    Requirement(
        id="1.2",
        section=REDUCE,
        name="No unused access keys",
        description="An access key that has not been used for more than 45 days is not active.",
        source=REDUCE_OR_ELIMINATE,
        audit_procedure=(
            "The check passes over keys that were never used: in the credential report, look "
            "for active keys whose last use is N/A."
        ),
        checks=("iam_user_accesskey_unused",),
        config_limits=(
            ConfigLimit("iam_user_accesskey_unused", "max_unused_access_keys_days", 45),
        ),
    ),
    Requirement(
        id="1.3",
        section=REDUCE,
        name="No access key that came with the user",
        description=(
            "A person who signs in to the console gets an access key on request, not because "
            "the user was created with one."
        ),
        source=REDUCE_OR_ELIMINATE,
        audit_procedure=(
            "The check fails users with a console password and an active key that was never "
            "used. Ask whether anybody asked for the keys that are in use."
        ),
        checks=("iam_user_no_setup_initial_access_key",),
    ),
    Requirement(
        id="1.4",
        section=REDUCE,
        name="No access key of the root user",
        description="The root user has no access key, active or inactive.",
        source=REDUCE_OR_ELIMINATE,
        audit_procedure=(
            "The check sees active keys only, and has nothing to say of a root user without any "
            "credentials. Look for inactive keys in the credential report."
        ),
        checks=("iam_no_root_access_key",),
    ),
    Requirement(
        id="1.5",
        section=REDUCE,
        name="Every access key has an owner and a purpose",
        description=(
            "For each access key it is written down who answers for it, what uses it, and where "
            "its secret is kept."
        ),
        source=SEVERAL_KEYS,
        audit_procedure=(
            "Take the active keys of the credential report. For each, ask for the record of its "
            "owner, its use and its secret store, and compare the use with the key's last use."
        ),
    ),
    Requirement(
        id="2.1",
        section=REPLACE,
        name="Temporary credentials for access to services",
        description=(
            "An IAM user's access keys serve only to get temporary credentials: they are used "
            "with IAM and STS and with no other service."
        ),
        source=REDUCE_OR_ELIMINATE,
        audit_procedure=(
            "The check judges by the services that a user accessed lately. For each user that "
            "fails, ask which role could take the place of the key."
        ),
        checks=("iam_user_with_temporary_credentials",),
    ),
    Requirement(
        id="2.2",
        section=REPLACE,
        name="EC2 instances use a role",
        description="An EC2 instance gets its credentials from an instance profile.",
        source=REDUCE_OR_ELIMINATE,
        audit_procedure=(
            "An instance that calls no AWS API needs no role: accept it with a reason, in a "
            "mutelist."
        ),
        checks=("ec2_instance_profile_attached",),
    ),
    Requirement(
        id="2.3",
        section=REPLACE,
        name="People come in through an identity provider",
        description=(
            "The account trusts an identity provider, so that people get temporary credentials "
            "when they sign in."
        ),
        source=REDUCE_OR_ELIMINATE,
        audit_procedure=(
            "The check sees that a SAML provider exists, not who uses it. Ask which people "
            "still have access keys, and why."
        ),
        checks=("iam_check_saml_providers_sts",),
    ),
    Requirement(
        id="2.4",
        section=REPLACE,
        name="Workloads outside of AWS use a role",
        description=(
            "Build servers, other clouds and data centers get temporary credentials by web "
            "identity federation or IAM Roles Anywhere."
        ),
        source=REDUCE_OR_ELIMINATE,
        audit_procedure=(
            "List the IAM users that machines outside of AWS use (requirement 1.5). For each, "
            "ask why an OpenID Connect provider or IAM Roles Anywhere cannot take its place."
        ),
    ),
    Requirement(
        id="3.1",
        section=ROTATE,
        name="Access keys are rotated every 90 days",
        description="No active access key is older than 90 days.",
        source=ROTATE_REGULARLY,
        audit_procedure=(
            "The check judges by a credential report that may be four hours old. A key that was "
            "rotated since shows its former age."
        ),
        checks=("iam_rotate_access_key_90_days",),
    ),
    Requirement(
        id="3.2",
        section=ROTATE,
        name="A rotation ends with the deletion of the old key",
        description=(
            "An access key that was replaced is deactivated, and deleted once nothing misses it."
        ),
        source=CREDENTIALS,
        audit_procedure=(
            "In the IAM console or with aws iam list-access-keys, look for inactive keys. Ask "
            "why each of them is still there."
        ),
    ),
)
