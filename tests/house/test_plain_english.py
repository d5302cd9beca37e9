"""The words that docs/glossary.md asks to avoid are in no document, command help, page, e-mail, English text, docstring or comment."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click
import pytest

from broker.cli import broker
from tests.house.source import BROKER, ROOT, committed, modules, relative, text_of

GLOSSARY = ROOT / "docs" / "glossary.md"
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")] + [
    path for path in committed() if path.suffix == ".md" and path.is_relative_to(ROOT / "docs") and path != GLOSSARY
]
TEMPLATES = [path for path in committed() if path.is_relative_to(BROKER / "web" / "templates")]
CATALOGUE = BROKER / "web" / "translations" / "en" / "LC_MESSAGES" / "messages.po"


def avoided() -> list[str]:
    """The words of the table."""
    table = GLOSSARY.read_text().split("## Words to avoid", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `([^`]+)` \| [^|]+ \|$", table, re.MULTILINE)


ALTERNATIVES = "|".join(r"\s+".join(re.escape(part) for part in word.split()) for word in avoided())
WORDS = re.compile(rf"\b(?:{ALTERNATIVES})\b", re.IGNORECASE)


def prose(text: str) -> str:
    """A text without code, names in backquotes, links' targets and markup."""
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`]*`|\]\([^)]*\)|https?://\S+|\{[%#].*?[%#]\}|<[^<>]*>", " ", text, flags=re.DOTALL)
    return re.sub(r"^    .*$", "", text, flags=re.MULTILINE)


def found(text: str) -> list[str]:
    """Each avoided word with what stands around it."""
    return [text[max(0, hit.start() - 30) : hit.end() + 30].replace("\n", " ") for hit in WORDS.finditer(text)]


def helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """(name, help) of a command, its options, and all below it."""
    yield name, command.help or ""
    yield from ((f"{name} {option.name}", option.help or "") for option in command.params if isinstance(option, click.Option))
    if isinstance(command, click.Group):
        context = click.Context(command)
        for sub in command.list_commands(context):
            below = command.get_command(context, sub)
            assert below is not None
            yield from helps(below, f"{name} {sub}")


def test_the_table_names_words():
    """The list is read, and its check finds a word over a line's end."""
    assert {"anew", "told", "whoever", "of now", "slip of the pen"} <= set(avoided())
    assert found("the policies of\nnow")
    assert not found("a plain sentence")


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_documents_are_in_plain_english(path: Path):
    """No avoided word in a document."""
    assert found(prose(path.read_text())) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=relative)
def test_pages_and_mails_are_in_plain_english(path: Path):
    """No avoided word in a template of a page or an e-mail."""
    assert found(prose(text_of(path))) == []


def test_english_texts_are_in_plain_english():
    """The catalogue's English texts, those of error pages among them."""
    texts = re.sub(r'"\n"', "", "\n".join(line for line in CATALOGUE.read_text().splitlines() if not line.startswith("#")))
    assert found(texts) == []


def test_help_of_commands_is_in_plain_english():
    """What `--help` prints of every command and option."""
    assert {name: words for name, text in helps(broker, "broker") if (words := found(text))} == {}


def remarks(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of every docstring and comment of a file, without the names of parameters that a docstring describes."""
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and token.string.startswith('"""')):
                yield token.start[0], re.sub(r"^\w+: ", "", cleandoc(token.string), flags=re.MULTILINE)


def test_docstrings_and_comments_are_in_plain_english():
    """No avoided word in what a reader of the code reads."""
    wrong = {
        f"{relative(path)}:{line}": words for path in modules() for line, text in remarks(path) if (words := found(prose(text)))
    }
    assert wrong == {}
