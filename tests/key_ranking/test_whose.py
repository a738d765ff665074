"""From a key ID in any text to its user; nothing else of the text is kept."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prowler_access_keys.ranking import whose
from prowler_access_keys.ranking.cli import main
from prowler_access_keys.ranking.whose import account_of, ids_in

from .reports import ACCOUNT, finding, key, write

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105 - from the documentation of AWS
ID = "AKIAIOSFODNN7EXAMPLE"
TRUFFLEHOG = {"DetectorName": "AWS", "Raw": ID, "RawV2": f"{ID}:{SECRET}", "Verified": True}
GITLEAKS = [{"RuleID": "aws-access-token", "Secret": ID, "Match": f"id={ID}\nkey={SECRET}"}]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        (f"aws_access_key_id={ID}\n{SECRET}", 1),
        (json.dumps(TRUFFLEHOG), 2),
        (json.dumps(GITLEAKS), 2),
        (f"\\n{ID}\\n", 1),
        (f"X-Amz-Credential%3D{ID}%2F2026", 1),
        (f"{ID},{ID} '{ID}'", 3),
        (f"X{ID}", 0),
        (f"{ID}7", 0),
        (ID[:-1], 0),
        ("", 0),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_ids_are_found_in_the_output_of_scanners_and_in_logs(
    text: str, times: int, encoding: str
) -> None:
    assert ids_in(io.BytesIO(text.encode(encoding))) == ({ID: times} if times else {})


@given(
    chunk=st.integers(1, 60), before=st.integers(0, 70), number=st.integers(0, 4),
    between=st.sampled_from([" ", "\n", "%3D", "\\n"]),
)  # fmt: skip
def test_an_id_is_found_once_wherever_the_pieces_of_a_file_end(
    chunk: int, before: int, number: int, between: str
) -> None:
    text = "x" * before + between + between.join([ID] * number) + " " * 30
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whose, "CHUNK", chunk)
        assert ids_in(io.BytesIO(text.encode()))[ID] == number


@pytest.mark.parametrize(
    ("key_id", "account"),
    [
        ("ASIAQNZGKIQY56JQ7WML", "029608264753"),
        ("AKIARZPUZDIKPNBYQFL5", "123456789012"),
        (ID, ""),  # older than the numbers in IDs
        ("AKIA0000000000000001", ""),  # no base 32
        ("AKIA7777777777777777", ""),  # no account has such a number
    ],
)
def test_the_account_is_computed_from_the_id_if_that_holds_it(key_id: str, account: str) -> None:
    assert account_of(key_id) == account


def test_the_most_dangerous_key_comes_first_and_no_secret_is_printed_or_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = int(time.time()) - 60
    ids = [key(number, 0)["access_key_id"] for number in range(5)]
    retire = {"action": "deactivate", "retire": ids[0]}
    write(
        tmp_path / "a.ocsf.json",
        [
            finding("inactive", "c", time=now, access_keys=[key(2, 300, active=False)]),
            finding("unused", "a", time=now, access_keys=[key(0, 300)], advice=retire, owner="x"),
            finding(
                "administrator", "b", time=now, access_keys=[key(1, 9)], administrator=["P"],
                active_access_keys=1,
            ),
        ],
    )  # fmt: skip
    log = tmp_path / "leak.log"
    temporary, unknown = "ASIAQNZGKIQY56JQ7WML", "AKIARZPUZDIKPNBYQFL5"
    log.write_text(" ".join([*ids[:3], temporary, unknown, SECRET, "\x1b[31m"]))
    before = sorted(tmp_path.rglob("*"))
    code = main([str(tmp_path), "--whose", str(log), "--output-directory", str(tmp_path / "none")])
    told = capsys.readouterr().out
    assert code == 3
    order = [line.split()[0] for line in told.splitlines() if line.startswith(("AKIA", "ASIA"))]
    assert order == [ids[1], ids[0], unknown, temporary, ids[2]]
    assert "an administrator" in told
    assert f"User a in account payments ({ACCOUNT}); active as of " in told
    assert "Account 029608264753, computed from the ID." in told
    assert "deactivated as of" in told
    assert SECRET not in told
    assert "\x1b" not in told
    assert sorted(tmp_path.rglob("*")) == before


def test_standard_input_is_read_and_a_text_without_ids_is_fine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.ocsf.json", [finding("unused", "a", "PASS", time=int(time.time()) - 60)])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"nothing")))
    assert main([str(tmp_path), "--whose", "-"]) == 0
    assert "0 access key IDs found" in capsys.readouterr().out
