"""README.md and what it links to: every command is run by a test, every link leads somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from prowler.lib.cli.parser import ProwlerArgumentParser

from prowler_org.cli import main

from .pages import (
    OUTPUTS,
    PAGES,
    REPOSITORY,
    SHELL,
    Command,
    blocks,
    blocks_of,
    command,
    commands,
    commands_of,
    find,
)

RUN_ELSEWHERE = {
    "pipx inject --include-apps prowler .": "needs Prowler installed by pipx",
    "make bench": "takes long",
    "make test-matrix": "takes an hour; it is run when the table on the page is made",
    "make dist": "builds and downloads for minutes; it is run when a release is made",
    "prowler-org --jobs 1": "names a row of the figures that make bench makes",
    "prowler-org --jobs 2": "names a row of the figures that make bench makes",
}
"""The commands that no test runs, and why."""
NOT_PROWLERS = {
    "--nthreads": "dask worker",
}
"""Options on the pages that are neither Prowler's nor prowler-org's."""
LINK = re.compile(r"\]\(([^)\s]+)\)")


def taken(modules: Iterable[str]) -> set[str]:
    """What test modules take from the pages: the texts that they give to command and block."""
    found = set()
    for module in modules:
        for node in ast.walk(ast.parse(module)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                argument = node.args[0] if node.args else None
                if node.func.id in ("command", "block") and isinstance(argument, ast.Constant):
                    found.add((node.func.id, str(argument.value)))
    return {text for name, part in found for text in _covered(name, part)}


def _covered(name: str, part: str) -> list[str]:
    if name == "command":
        return [find(part)]
    return [one.text for one in commands() if one.block and part in one.block.text]


def complaints(given: Iterable[Command], covered: set[str]) -> list[str]:
    """A sentence for each command that is neither covered nor run elsewhere."""
    return [
        f"{one.page}:{one.line}: no test runs `{one.text}`. Let one take it with "
        "pages.command or pages.block, or say in RUN_ELSEWHERE why not."
        for one in given
        if one.text not in covered and one.text not in RUN_ELSEWHERE
    ]


def sources() -> Iterator[str]:
    """The sources of the tests that run something: all but this file."""
    for path in (REPOSITORY / "tests").rglob("*.py"):
        if path not in (Path(__file__), Path(__file__).with_name("pages.py")):
            yield path.read_text("utf-8")


def test_every_command_is_run_by_a_test() -> None:
    assert complaints(commands(), taken(sources())) == []


def test_a_command_that_no_test_runs_is_named_in_a_sentence() -> None:
    page = "# Title\n\n```sh\nprowler aws \\\n    --no-such\n```\nor `pip install nonsense`.\n"
    assert [line.split(" Let")[0] for line in complaints(commands_of(page, "x.md"), set())] == [
        "x.md:4: no test runs `prowler aws --no-such`.",
        "x.md:7: no test runs `pip install nonsense`.",
    ]


def test_taking_a_command_covers_it_and_taking_a_block_all_that_is_in_it() -> None:
    assert taken(["x = command('make demo')"]) == {"make demo"}
    assert taken(["def test():\n    run(block('--checks-file'))"]) == {
        """echo '{"aws": ["iam_user_multiple_active_keys"]}' > checks.json""",
        "prowler aws --checks-file checks.json --checks-folder s3://my-bucket/shared/checks/",
    }


def test_a_command_that_is_gone_is_named() -> None:
    with pytest.raises(LookupError, match=r"0 places .* have '--no-such', not one"):
        command("--no-such")


def test_what_is_run_elsewhere_is_on_a_page() -> None:
    assert {one.text for one in commands()} >= RUN_ELSEWHERE.keys()


def test_comments_and_outputs_are_no_commands() -> None:
    page = "```sh\n# a comment\nmake x  # another\n```\n```text\nmake y\n```\n`prowler aws -R …`\n"
    assert [one.text for one in commands_of(page, "x.md")] == ["make x"]


def test_a_loop_is_one_command() -> None:
    page = "```sh\nfor who in A B; do\n    export ${who}=1\ndone\n```\n"
    assert [one.text for one in commands_of(page, "x.md")] == [
        "for who in A B; do export ${who}=1; done"
    ]


def test_every_fenced_block_says_whether_it_holds_commands_or_output() -> None:
    assert {one.language for one in blocks()} <= {SHELL, *OUTPUTS}
    assert [one.language for one in blocks_of("```\nx\n```\n", "x.md")] == [""]
    fences = sum(page.read_text("utf-8").count("```") for page in PAGES)
    assert fences == 2 * len(blocks()), "a fence that does not begin its line is not understood"


# Links and options


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_and_to_a_heading_leads_there(page: Path) -> None:
    for link in LINK.findall(page.read_text("utf-8")):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.is_relative_to(REPOSITORY), link
        assert target.exists(), f"{page.name} links to {link}, and there is no such file"
        assert not anchor or anchor in headings(target), f"{link}: there is no such heading"


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_picture_is_shown() -> None:
    links = {page.parent / link for page in PAGES for link in LINK.findall(page.read_text("utf-8"))}
    assert set(REPOSITORY.glob("docs/images/*")) <= links


def test_a_picture_is_small_enough_to_be_looked_at_on_the_way() -> None:
    for picture in (REPOSITORY / "docs" / "images").iterdir():
        assert picture.stat().st_size < 300_000, picture.name


def test_every_option_that_is_named_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    scan = ProwlerArgumentParser().subparsers.choices["aws"]
    with pytest.raises(SystemExit):
        main(["--help"])
    known = {*scan._option_string_actions, *re.findall(r"--[\w-]+", capsys.readouterr().out)}
    for page in PAGES:
        for code in re.findall(r"`(-[^`]+)`", page.read_text("utf-8")):
            option = code.split()[0]
            assert option in known | NOT_PROWLERS.keys() | {"--"}, f"{page.name}: {code}"
