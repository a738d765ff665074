"""A fixer leaves alone each user that a mutelist means, as Prowler or a person reads the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from prowler.config.config import get_default_mute_file_path
from prowler.lib.outputs.utils import unroll_dict, unroll_tags
from prowler.providers.aws.lib.mutelist.mutelist import AWSMutelist

from prowler_access_keys.services.iam.iam_access_keys.facts import Tag, User
from prowler_access_keys.services.iam.iam_access_keys.fixing.mutelist import (
    protection,
    why_unusable,
)

from .scanning import ACCOUNT, CHECK, FAMILY

ELSEWHERE = "999999999999"
UNROTATED = "iam_user_unrotated_active_keys"
TAGS = (Tag(Key="team", Value="ops"), Tag(Key="purpose", Value="break-glass"))
EC2 = "ec2_instance_public_ip"
EVERYONE = '{Regions: ["*"], Resources: ["*"]}'


def user(name: str = "alice", tags: tuple[Tag, ...] = TAGS) -> User:
    return User(name, f"arn:aws:iam::{ACCOUNT}:user/people/{name}", tags)


def refusal(path: str, audited: User | None = None) -> str:
    muting = AWSMutelist(mutelist_path=path)
    return why_unusable(muting) or protection(muting, ACCOUNT, audited or user(), CHECK)


def written(folder: Path, text: str) -> str:
    path = folder / "mutelist.yaml"
    path.write_text(text, "utf-8")
    return str(path)


def entry(more: str, check: str = EC2, account: str = "*", resources: str = '"*"') -> str:
    return (
        f'Mutelist: {{Accounts: {{"{account}": {{Checks: {{"{check}": {{Regions: ["*"], '
        f"Resources: [{resources}]{more}}}}}}}}}}}"
    )


def checks(*entries: str) -> str:
    return f'Mutelist: {{Accounts: {{"*": {{Checks: {{{", ".join(entries)}}}}}}}}}'


MEANT = {
    "tag": entry(', Tags: ["purpose=break-glass"]'),
    "tag of all checks": entry(', Tags: ["purpose=break-glass"]', check="*"),
    "tag in another account": entry(', Tags: ["purpose=break-glass"]', account=ELSEWHERE),
    "tag of other resources": entry(', Tags: ["purpose=break-glass"]', resources='"x"'),
    "one of two tags": entry(', Tags: ["env=dev", "purpose=break-glass"]'),
    "one or the other": entry(', Tags: ["env=dev|purpose=break-glass"]'),
    "one or the other, with blanks": entry(', Tags: ["env=dev | team=ops"]'),
    "blanks": entry(', Tags: [" purpose = break-glass "]'),
    "colon": entry(', Tags: ["purpose: break-glass"]'),
    "case": entry(', Tags: ["Purpose=Break-Glass"]'),
    "anchored": entry(', Tags: ["^team=ops$"]'),
    "any value": entry(', Tags: ["purpose=*"]'),
    "key alone": entry(', Tags: ["purpose"]'),
    "excepted tag": entry(', Exceptions: {Tags: ["purpose=break-glass"]}'),
    "excepted name": entry(', Exceptions: {Resources: ["alice"]}'),
    "our check, for everyone": entry("", check=UNROTATED),
    "our check, in one region": checks(f'{UNROTATED}: {{Regions: ["^eu-"], Resources: ["."]}}'),
    "our check, with an exception for a region": entry(
        ', Exceptions: {Regions: ["eu-west-1"]}', check="iam_user_*"
    ),
    "not everyone": entry("", resources='"^(al.*)?$"'),
    "ARN": entry("", resources=f'"arn:aws:iam::{ACCOUNT}:user/people/alice"'),
    "end of an ARN": entry("", resources='"^user/alice$"'),
    "capitals": entry("", resources='"ALICE"'),
    "name in another account": entry("", account=ELSEWHERE, resources='"alice"'),
    "begin of a name, mistyped check": entry("", check=CHECK[:-1], resources='"^ali"'),
    "check named twice": checks(f'{EC2}: {{Regions: ["*"], Resources: ["alice"]}}',
                                f'{EC2}: {{Regions: ["*"], Resources: ["bob"]}}'),
    "resources named twice": checks(
        f'{EC2}: {{Regions: ["*"], Resources: ["^alice$"], Resources: ["bob"]}}'),
    "tags named twice": checks(
        f'{EC2}: {{Regions: ["*"], Resources: ["*"], Tags: ["team=ops"], Tags: ["a=b"]}}'),
    "accounts named twice": (
        f'Mutelist: {{Accounts: {{"*": {{Checks: {{x: {{Resources: [alice]}}}}}}}}, '
        f'Accounts: {{"*": {{Checks: {{{EC2}: {EVERYONE}}}}}}}}}'),
    "mutelist named twice": f"Mutelist: {{Accounts: {{Resources: alice}}}}\n{entry('')}",
    "replaced, and not as Prowler wants it": checks(f"{EC2}: {{resource: {{alice: x}}}}",
                                                    f"{EC2}: {EVERYONE}"),
    "replaced, and not a regular expression": checks(f"{EC2}: {{Resources: ['alice (', '(']}}",
                                                     f"{EC2}: {EVERYONE}"),
    "alias": "x: &who [alice]\n" + checks(f"{EC2}: {{Resources: *who}}", f"{EC2}: {EVERYONE}"),
}  # fmt: skip
NOT_MEANT = {
    "everyone, of another check": entry(""),
    "another tag": entry(', Tags: ["purpose=breakfast", "env=dev|x=y"]'),
    "no tag": entry(', Tags: ["*", ""]'),
    "another name": entry("", resources='"malice", "alice-2", "^bob"'),
    "our check, in another account": entry("", check=UNROTATED, account=ELSEWHERE),
    "our check, but not in this account": entry(
        f', Exceptions: {{Accounts: ["{ACCOUNT}"]}}', check="*"
    ),
    "words elsewhere": entry(', Description: "ask alice"'),
}


@pytest.mark.parametrize("form", MEANT)
def test_a_muted_user_is_left_alone(tmp_path: Path, form: str) -> None:
    said = refusal(written(tmp_path, MEANT[form]))
    assert said
    assert ("deactivate the key yourself, or leave it" in said) == form.startswith("excepted")
    assert ("To mute this finding too" in said) != form.startswith("excepted")


@pytest.mark.parametrize("form", NOT_MEANT)
def test_a_user_that_no_mutelist_covers_is_fixed(tmp_path: Path, form: str) -> None:
    assert refusal(written(tmp_path, NOT_MEANT[form])) == ""


def test_prowlers_default_mutelist_covers_no_user() -> None:
    path = get_default_mute_file_path("aws")
    assert path
    assert refusal(path) == ""


@pytest.mark.parametrize("name", ["alice", "a.b+c@d=e,f-g_h", "-x"])
def test_the_advice_on_muting_works(tmp_path: Path, name: str) -> None:
    said = refusal(written(tmp_path, entry(', Tags: ["team=ops"]')), user(name))
    (pattern,) = re.findall(r"write ('.*') under Resources of (?:\w+)\.", said)
    advised = AWSMutelist(yaml.safe_load(entry("", CHECK, resources=pattern))["Mutelist"])
    assert advised.is_muted(ACCOUNT, CHECK, "us-east-1", name, "")
    assert not advised.is_muted(ACCOUNT, CHECK, "us-east-1", f"{name}2", "")


def test_a_mutelist_with_itself_inside_ends(tmp_path: Path) -> None:
    text = "x: &x {Resources: [*x]}\n" + entry("", resources='"bob"')
    assert refusal(written(tmp_path, text)) == ""


@pytest.mark.parametrize(
    "path",
    [f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/muted", "s3://bucket/mutelist.yaml", "/dev/null"],
)
def test_a_mutelist_that_loses_text_when_read_is_not_used(path: str) -> None:
    muting = AWSMutelist({"Accounts": {}})
    muting._mutelist_file_path = path
    assert "is not a regular file" in why_unusable(muting)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty or could not be read"),
        ("Mutelist: [", "is empty or could not be read"),
        ("Mutelist: {Accounts: 7}", "is empty or could not be read"),
        (entry("", resources='"["'), "has a pattern that is not a valid regular expression, '['"),
        (entry("", check="("), "has a pattern that is not a valid regular expression, '('"),
    ],
)
def test_a_mutelist_that_prowler_cannot_use_whole_is_not_used(
    tmp_path: Path, text: str, why: str
) -> None:
    path = written(tmp_path, text)
    assert refusal(path, user("bob")).startswith(f"the mutelist {path} {why}")


# Drawn mutelists, of which Prowler's own reader is the judge

NAMES = st.sampled_from(
    ["*", ".", "alice", "^alice$", "ALICE", "^al", "a|", "^(al.*)?$", "(?i)ALI", "bob", "x", "[^x]"]
)
PATTERNS = st.lists(NAMES, max_size=2)
TAG_PATTERNS = st.lists(
    st.sampled_from(
        ["*", "team=ops", "team=ops|x=y", "^team", "=break", "purpose", "x=y", "a|", "s | p", ""]
    ),
    max_size=2,
)
REGIONS = st.lists(st.sampled_from(["*", "eu-*", "^us-east-1$", "eu-west-1"]), max_size=2)
ACCOUNTS = st.sampled_from(["*", ACCOUNT, ELSEWHERE])
CHECKS = st.sampled_from(["*", CHECK, UNROTATED, "iam_user_*", "^iam_(user|root)_un", EC2, "iam_x"])
EXCEPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "Accounts": st.lists(ACCOUNTS, max_size=1),
        "Regions": REGIONS,
        "Resources": PATTERNS,
        "Tags": TAG_PATTERNS,
    },
)
MUTELISTS = st.dictionaries(
    ACCOUNTS,
    st.fixed_dictionaries(
        {
            "Checks": st.dictionaries(
                CHECKS,
                st.fixed_dictionaries(
                    {"Regions": REGIONS, "Resources": PATTERNS},
                    optional={"Tags": TAG_PATTERNS, "Exceptions": EXCEPTIONS},
                ),
                max_size=3,
            )
        }
    ),
    max_size=2,
)


@given(MUTELISTS)
@example({"*": {"Checks": {EC2: {"Regions": ["*"], "Resources": ["*"], "Tags": ["s | p"]}}}})
def test_a_user_that_prowler_would_mute_is_left_alone(
    tmp_path_factory: pytest.TempPathFactory, accounts: dict[str, Any]
) -> None:
    text = yaml.safe_dump({"Mutelist": {"Accounts": accounts}})
    path = written(tmp_path_factory.mktemp("drawn"), text)
    muting = AWSMutelist(mutelist_path=path)
    tags = unroll_dict(unroll_tags(list(TAGS)))
    for check in (*FAMILY, EC2, "iam_x"):
        for region in ("us-east-1", "eu-west-1", "ap-south-1"):
            muted = muting.is_muted(ACCOUNT, check, region, "alice", tags)
            # What holds for any user at all is about a user only if the check is ours.
            if muted and (check in FAMILY or not muting.is_muted(ACCOUNT, check, region, "\0", "")):
                assert refusal(path), (check, region)
