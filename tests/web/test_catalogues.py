"""Every text of the pages has its translation, and no translation is left over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from broker.settings.broker_file import LANGUAGES
from broker.web.catalogues import compile_all, load
from scripts import catalogues


def test_languages_are_the_same_everywhere() -> None:
    """What the config takes is what the pages speak."""
    assert LANGUAGES == catalogues.LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_is_complete(language: str) -> None:
    """Nothing missing, fuzzy or stale; `python scripts/catalogues.py` adds what is new."""
    assert catalogues.problems(language) == []


def test_a_compiled_file_is_never_stale(tmp_path: Path) -> None:
    """A changed source is read as it is now; compiling again removes what was made of the old one."""
    source = tmp_path / "nl" / "LC_MESSAGES" / "messages.po"
    source.parent.mkdir(parents=True)
    for number, text in enumerate(("Eerst", "Daarna")):
        source.write_text(f'msgid "First"\nmsgstr "{text}"\n', "utf-8")
        assert len(list(source.parent.glob("*.mo"))) == number  # of the source before
        assert load(source).gettext("First") == text
        (made,) = compile_all(tmp_path)
        assert list(source.parent.glob("*.mo")) == [made]
        assert load(source).gettext("First") == text
    made.write_bytes(made.read_bytes().replace(b"Daarna", b"Straks"))
    assert load(source).gettext("First") == "Straks"  # the compiled file is what is read


def test_french_marks_do_not_stand_alone() -> None:
    """A mark of two parts never begins a line: the space before it does not break."""
    for message in catalogues.read("fr"):
        assert not re.search(r" [?!:;»]|« ", str(message.string)), message.string


def test_texts_have_no_stray_percent() -> None:
    """Values are filled in with %: a lone one would break the page."""
    for message in catalogues.extracted():
        if message.id:
            text = message.id if isinstance(message.id, str) else message.id[0]
            assert "%" not in text.replace("%(", ""), text


def test_fd_12_one_word_for_an_address() -> None:
    """Pages and mails say "e-mail address", and "e-mail" for the message."""
    other = re.compile(r"(?<![\w-])(mail|mailbox|email) address|\bemail\b", re.IGNORECASE)
    texts = [str(message.id if isinstance(message.id, str) else message.id[0]) for message in catalogues.read("en") if message.id]
    names = re.compile(r"%\(\w+\)s")  # placeholders are no words of the page
    assert [text for text in texts if other.search(names.sub("", text))] == []
