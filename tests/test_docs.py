"""README.md and docs/ are true: links, options, commands, and what they show of the code."""

from __future__ import annotations

import io
import json
import re
import runpy
import shlex
from contextlib import redirect_stdout
from dataclasses import fields
from datetime import datetime
from pathlib import Path

import pytest
from prowler.lib.check.check import list_fixers
from prowler.lib.cli.parser import ProwlerArgumentParser
from prowler.providers.aws.services import iam

from prowler_access_keys.ranking.cli import main as rank
from prowler_access_keys.services.iam.iam_access_keys import settings
from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks
from prowler_access_keys.services.iam.iam_access_keys.facts import AccessKey, LastUse, User
from prowler_access_keys.services.iam.iam_access_keys.finding_data import (
    FindingData,
    KeyData,
    from_json,
    to_json,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.finding import describe
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings
from prowler_org.cli import main
from scripts import pictures

from . import aws_cli
from .keys import NOW, active
from .known_facts import Known, judged
from .pages import PAGES, REPOSITORY, block, blocks, commands, table
from .permissions import actions
from .scanning import CHECK

OF_OTHER_PROGRAMS = {"--", "--build-arg", "--nthreads", "--read-only"}
"""What the pages name that is not an option of Prowler or prowler-org."""
REPOSITORY_URL = "https://git.example.com/access-keys"
LINK = re.compile(r"\]\(([^)\s]+)\)")
TEXTS = {str(page.relative_to(REPOSITORY)): page.read_text("utf-8") for page in PAGES}


def code(cell: str) -> str:
    """What a table's cell has between its first two backquotes."""
    return cell.split("`")[1]


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


# Links, pictures, options, and commands


@pytest.mark.parametrize("page", sorted({*PAGES, *REPOSITORY.glob("*.md")}), ids=lambda p: p.name)
def test_every_link_leads_to_a_file_or_a_heading(page: Path) -> None:
    for link in LINK.findall(page.read_text("utf-8")):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not link.startswith("https://"):
            assert target.is_relative_to(REPOSITORY), link
            assert target.exists(), link
            assert not anchor or anchor in headings(target), link


def test_on_a_package_index_every_link_of_the_readme_is_absolute() -> None:
    with_absolute_links = runpy.run_path(str(REPOSITORY / "setup.py"))["with_absolute_links"]
    project = f'version = "1.2.3"\nRepository = "{REPOSITORY_URL}"\n'
    text = with_absolute_links(TEXTS["README.md"], project)
    links = LINK.findall(text)
    assert all(link.startswith("https://") for link in links)
    assert f"{REPOSITORY_URL}/blob/v1.2.3/docs/keys.md" in links
    assert f"{REPOSITORY_URL}/raw/v1.2.3/docs/images/which-key-first.png" in links


OWNERS = {
    "actions", "aquasecurity", "aws-actions", "aws-samples", "cloud-custodian", "elastic",
    "nccgroup", "prowler-cloud", "pypa", "turbot",
}  # fmt: skip
"""Who owns what the files name on GitHub. YOUR_ORG is not a name that GitHub allows."""
OF_AN_OWNER = re.compile(r"(?:(?<!docs\.)github(?:usercontent)?\.com[/:]|\buses: )([\w.-]+)/")
INSTALLS = re.compile(r"\b(?:pip|pipx|uv|uvx)\b[^`\n]*")
BY_NAME = re.compile(
    r"(?<![\w./@-])(?<!-from )(?<!uninstall )prowler[-_](?:access[-_]keys|org)(?![\w/-])"
)


def test_no_file_names_what_the_project_does_not_own() -> None:
    # Whoever registered it would run code where users install it: docs/releasing.md.
    folders = (REPOSITORY / name for name in (".github", "checks", "docs", "metadata"))
    files = {*REPOSITORY.glob("*"), *(path for folder in folders for path in folder.rglob("*"))}
    for path in files:
        if path.suffix not in (".md", ".yml", ".yaml", ".json", ".toml", ".sh", ".Dockerfile"):
            continue
        text = path.read_text("utf-8")
        assert set(OF_AN_OWNER.findall(text)) <= OWNERS, path
        assert not [line for line in INSTALLS.findall(text) if BY_NAME.search(line)], path


def test_the_readme_and_all_pages_together_are_short() -> None:
    assert len(TEXTS["README.md"].split()) <= 900
    assert sum(len(text.split()) for text in TEXTS.values()) <= 14_000


def test_every_picture_is_shown_is_small_and_is_of_a_command_on_the_pages() -> None:
    shown = {page.parent / link for page in PAGES for link in LINK.findall(page.read_text("utf-8"))}
    for picture in (REPOSITORY / "docs" / "images").iterdir():
        assert picture in shown, picture.name
        assert picture.stat().st_size < 300_000, picture.name
    scans = (pictures.FIRST_SCAN, pictures.COMPLIANCE_SCAN, pictures.ORGANIZATION_SCAN)
    assert {" ".join(scan) for scan in scans} <= commands()


def test_every_block_says_whether_it_holds_commands_or_output() -> None:
    assert {shown.language for shown in blocks()} <= {"sh", "text", "json", "mermaid"}
    assert sum(text.count("```") for text in TEXTS.values()) == 2 * len(blocks())


def options() -> dict[str, set[str]]:
    """The options that each program has."""
    with redirect_stdout(io.StringIO()) as told, pytest.raises(SystemExit):
        main(["--help"])
    prowler = ProwlerArgumentParser().subparsers.choices["aws"]._option_string_actions
    with redirect_stdout(io.StringIO()) as ranking, pytest.raises(SystemExit):
        rank(["--help"])
    own = {"prowler-org": told, "prowler-access-keys": ranking}
    known = {name: set(re.findall(r"--[\w-]+", text.getvalue())) for name, text in own.items()}
    return {"prowler": {*prowler}, **known}


def test_every_option_on_a_page_is_an_option_of_its_program() -> None:
    known = options()
    for text in TEXTS.values():
        named = {words.split()[0] for words in re.findall(r"`(-[^`]+)`", text)}
        assert named <= set().union(OF_OTHER_PROGRAMS, *known.values())
    for line in commands():
        program, _, rest = line.partition(" ")
        own, _, prowlers = rest.partition(" -- ")
        if program in known:
            assert {word for word in own.split() if word[0] == "-"} <= known[program], line
            assert {word for word in prowlers.split() if word[0] == "-"} <= known["prowler"], line


@pytest.mark.parametrize("text", sorted(line for line in commands() if line.startswith("aws ")))
def test_a_command_of_the_aws_cli_is_valid(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(REPOSITORY / "metadata")  # as prowler-access-keys --write-examples leaves it
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    credentials = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    aws_cli.run(shlex.split(text), aws_cli.OFFLINE | nowhere | credentials)
    assert "Could not connect to the endpoint" in capsys.readouterr().err


# What the pages show of the code


def shown_facts(data: FindingData) -> Known:
    """The user of the OCSF data that is shown, as AWS would list it."""
    keys = data.access_keys
    for key in keys:
        assert not key.usage or key.usage.events == sum(by.events for by in key.usage.used_by)
    return Known(
        User(data.name, data.arn),
        listed=active(*map(shown_key, keys)),
        uses={key.access_key_id: key.usage for key in keys if key.usage},
    )


def shown_key(data: KeyData) -> AccessKey:
    used = datetime.fromisoformat(data.last_used_date)
    last_use = LastUse(used, data.last_used_service, data.last_used_region)
    return AccessKey(
        data.access_key_id, datetime.fromisoformat(data.create_date), last_use=last_use
    )


def test_the_finding_and_data_on_the_pages_are_what_the_code_gives() -> None:
    shown_data = json.loads(block('"access_keys": ['))
    facts = shown_facts(from_json(shown_data))
    verdict = judged(CHECK, facts, Settings(access_key_usage_from_cloudtrail=True))
    shown = " ".join(block("FAIL  User backup-nightly").split())
    assert shown == f"{verdict.status} {verdict.sentence}"
    assert shown_data == to_json(describe(facts.user.name, facts.user.arn, verdict, NOW))


def test_the_checks_in_the_readme_are_those_of_this_plug_in_and_of_prowler() -> None:
    ours = our_checks()
    prowlers = {path.name for path in Path(iam.__path__[0]).iterdir()}
    named = set(re.findall(r"\biam_(?:users?|root)_\w+", TEXTS["README.md"]))
    assert ours <= named <= ours | prowlers


def test_all_settings_are_listed_with_default_and_range() -> None:
    listed = {code(name): (default, text) for name, default, text in table("| setting |")}
    assert listed.keys() == {setting.name for setting in fields(Settings)}
    for setting in fields(Settings):
        default, text = listed[setting.name]
        days = settings.ALLOWED.get(setting.name)
        if isinstance(setting.default, tuple):
            assert default == (", ".join(setting.default) or "none")
            assert "(a list of names)" in text
        else:
            assert default == (str(setting.default).lower() or "none")
            kind = "(the name of a file)" if isinstance(setting.default, str) else "(true or false)"
            assert (f"({days[0]} to {days[-1]})" if days else kind) in text


def test_the_actions_of_the_policies_are_those_that_the_pages_name() -> None:
    missing = [code(action) for action, _ in table("| missing |")]
    assert sorted(missing) == sorted(actions("scan.json"))
    assert actions("scan-cloudtrail.json") == ["cloudtrail:LookupEvents"]
    assert set(actions("fix.json")) - set(actions("scan.json")) == {"iam:UpdateAccessKey"}
    assert "`iam:UpdateAccessKey` is the one action" in TEXTS["README.md"]


def test_the_versions_that_are_named_are_those_that_can_be_installed() -> None:
    project = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    for said, written in (
        ("Prowler 5.37.1 or later", '"prowler>=5.37.1,<6"'),
        ("Python 3.10 to 3.13", 'requires-python = ">=3.10,<3.14"'),
    ):
        assert said in TEXTS["README.md"]
        assert written in project


def test_prowler_does_not_list_the_fixers_of_plug_ins() -> None:
    # Take the limit off the README once Prowler does.
    assert CHECK not in list_fixers("aws")
