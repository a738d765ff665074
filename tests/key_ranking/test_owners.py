"""Files for owners: each has that owner's keys only, under a name that no tag can steer."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from prowler_access_keys.ranking.outputs.owners import code, plain, write_owners
from prowler_access_keys.ranking.over_time import promise
from prowler_access_keys.ranking.over_time.history import History

from ..csv_files import csv_rows
from .reports import NOW, SHORT, TODAY, finding, key, ranked

HOSTILE = [
    "../../etc/passwd", "/abs", "CON", "a/b", "..", "", "\x00", "x" * 500, "Ä", "*", "payments",
    "Payments", "payments-", "=cmd()", "![](https://x.example/a.png)", "<script>alert(1)</script>",
    "`a`", "@security", "www.example.com", "https://x.example", "[a](javascript:x)", "a\nb", "|",
]  # fmt: skip
ELEMENTS = ("<a ", "<img", "<script", "<em>", "<table", "<h1", "<s>")


@settings(max_examples=25)
@given(tags=st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=8))
def test_each_key_is_in_the_files_of_its_owner_only(
    tmp_path_factory: pytest.TempPathFactory, tags: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("owners")
    entries = ranked(
        folder,
        *(
            finding("unrotated", f"u{number}", access_keys=[key(number, 100)], owner=tag)
            for number, tag in enumerate(tags)
        ),
    )
    directory = folder / "out" / "owners"
    write_owners(entries, {}, promise.DEFAULT, directory, NOW)
    index = csv_rows(directory / "owners.csv")
    names = {path.name for path in directory.iterdir()} - {"owners.csv"}
    assert names == {row[kind] for row in index for kind in ("markdown", "csv")}
    assert len(names) == 2 * len(set(tags))
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == sorted(
        [folder / "prowler-output-1.ocsf.json", *directory.iterdir()]
    )
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.") for name in names)
    owners = {entry.access_key_id: entry.owner for entry in entries}
    for name in names:
        text = (directory / name).read_text("utf-8")
        assert len({owners[key_id] for key_id in owners if key_id in text}) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_other_peoples_words_are_only_text_in_markdown(text: str) -> None:
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for words in (f"- {plain(text)}", f"- {code(text)}"):
        html = markdown.render(words)
        assert not [tag for tag in ELEMENTS if tag in html], html
    # GitHub makes links and mentions of these without brackets.
    assert not any(link in plain(text) for link in ("://", "www.", "@s"))


def test_the_file_says_what_it_is_what_uses_it_what_to_do_by_when_and_how_to_undo_it(
    tmp_path: Path,
) -> None:
    used = {"last_used_date": "2025-10-22T00:43:00+00:00", "last_used_service": "ses"}
    retire = {"action": "deactivate", "retire": key(1, 0)["access_key_id"]}
    entries = ranked(
        tmp_path,
        finding("unused", "a", access_keys=[key(1, 400, **used)], advice=retire, owner="bob"),
        finding("unused", "b", "MANUAL"),
    )
    history = History("1", "a", {SHORT["unused"]: TODAY}, ((TODAY, "fails"),), TODAY)
    histories = {key(1, 0)["access_key_id"]: history}
    write_owners(entries, histories, {**promise.DEFAULT, "medium": 3}, tmp_path / "new", NOW)
    (page,) = (tmp_path / "new").glob("bob-*.md")
    text = page.read_text("utf-8")
    by = datetime.fromtimestamp(TODAY + 3 * 86_400, timezone.utc)
    for words in ("400 days old, last used 2025-10-22 by ses", "--status Inactive`",
                  "To undo it: `aws iam", f"deactivate it. By {by:%Y-%m-%d}."):  # fmt: skip
        assert words in text
    assert len(list((tmp_path / "new").glob("*.md"))) == 1


def test_a_key_without_a_tag_is_its_makers_or_its_accounts(tmp_path: Path) -> None:
    origin = {"creator": "user/carol", "date": "2026-11-01T00:00:00+00:00", "source": "192.0.2.1"}
    entries = ranked(
        tmp_path,
        finding("unused", "a", access_keys=[key(1, 9, origin=origin)]),
        finding("unused", "b", access_keys=[key(2, 9)]),
        finding("unused", "c", access_keys=[key(3, 9)], owner="payments"),
        finding("unused", "a", account="210987654321", access_keys=[key(4, 9, origin=origin)]),
        finding("unused", "b", account="210987654321", access_keys=[key(5, 9)]),
    )
    write_owners(entries, {}, promise.DEFAULT, tmp_path / "new", NOW)
    index = csv_rows(tmp_path / "new" / "owners.csv")
    rows = sorted((row["kind"], row["owner"], row["keys"]) for row in index)
    places = ("payments 123456789012", "payments 210987654321")  # accounts may share a name
    assert rows == [
        *(("account", place, "1") for place in places),
        *(("created by", f"user/carol in {place}", "1") for place in places),
        ("owner", "payments", "1"),
    ]


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("")
    with pytest.raises(FileExistsError):
        write_owners((), {}, promise.DEFAULT, tmp_path, NOW)
