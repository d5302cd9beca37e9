"""A file that is not in config/ yet is judged as if it were there, and what a form gives is read back unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.settings import yaml_tree
from broker.settings.draft import Draft, judge, written
from broker.settings.load import read

BROKER = "issuer: https://login.contoso.example\norganization: {name: Contoso}\n"
GOOD = "name: Travel\nredirect_uris: [https://travel.contoso.example/callback]\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one application."""
    (tmp_path / "config" / "applications").mkdir(parents=True)
    (tmp_path / "config" / "broker.yaml").write_text(BROKER, "utf-8")
    (tmp_path / "config" / "applications" / "payroll.yaml").write_text(GOOD, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "nam: Travel\n",
        "name: Travel\nredirect_uris: [http://travel.contoso.example/callback]\n",
        "name: Travel\nclient_secret: ${env:TRAVEL_SECRET}\n",
        "name: Travel\naudiences: [nobody]\n",
        "name: Travel\nname: Twice\n",
        "name: [\n",
        "",
        "name: Travel\njwks_uri: http://travel.contoso.example/keys\n",
    ],
)
def test_a_draft_is_judged_as_the_file_would_be(home: Path, text: str) -> None:
    """The same lines as `broker check` writes when the file is there; nothing is written meanwhile."""
    told = judge(home, {}, Draft(kind="application", id="travel", text=text)).errors
    place = home / "config" / "applications" / "travel.yaml"
    assert not place.exists()
    place.write_text(text, "utf-8")
    assert list(told) == [error for error in read(home, {}).errors if error.file == "config/applications/travel.yaml"]


@pytest.mark.parametrize("name", ["../payroll", "Travel", "", ".hidden", "a/b", "x" * 101, "travel\n"])
def test_a_name_that_is_no_id(home: Path, name: str) -> None:
    """The name is judged as that of a file."""
    told = judge(home, {}, Draft(kind="application", id=name, text=GOOD)).errors
    assert [(error.key, "its name is no application id" in error.message) for error in told] == [("file", True)]


def test_a_reserved_name_and_the_errors_of_others(home: Path) -> None:
    """A name that stands for something else; errors of other files are not the draft's."""
    told = judge(home, {}, Draft(kind="partner", id="email", text="name: Email\n")).errors
    assert [error.key for error in told] == ["file"]
    (home / "config" / "applications" / "payroll.yaml").write_text("nam: x\n", "utf-8")
    assert judge(home, {}, Draft(kind="application", id="travel", text=GOOD)).errors == ()


def test_the_next_version_of_a_file_stands_in_its_place(home: Path) -> None:
    """A draft of a file that is there replaces it for the check."""
    told = judge(home, {}, Draft(kind="application", id="payroll", text="nam: Payroll\n")).errors
    assert {error.key for error in told} == {"nam", "name"}


def test_what_is_written_is_read_back() -> None:
    """Words that look like something else stay texts; lists stand on one line."""
    values = {
        "name": "Größe: 1 # no comment", "yes": "no", "on": "2026-01-01", "n": "017", "t": "1:30", "x": "'\"", "z": "null", "e": "",
        "flag": True, "list": ["a", "b: c", "[x]", "* y"], "own": {"request": True}, "long": "word " * 100,
    }  # fmt: skip
    text = written(values)
    assert yaml_tree.read(text.encode(), "x").data == values
    assert "list: [a, 'b: c', '[x]', '* y']\n" in text
