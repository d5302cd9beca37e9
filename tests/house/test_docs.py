"""The documents say what the code does."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests import configuration
from tests.house.source import ROOT, committed, relative, text_of

DOCUMENTS = [path for path in committed() if path.suffix == ".md" and "node_modules" not in path.parts]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_configuration_key_is_documented():
    """docs/configuration.md is what `.venv/bin/python -m tests.configuration` writes."""
    assert configuration.PAGE.read_text() == configuration.page()


def test_every_direct_dependency_has_a_reason():
    """docs/dependencies.md has a row for each one of pyproject.toml, and for no other."""
    groups = PROJECT["dependency-groups"].values()
    wanted = {re.split(r"[\[<>=~! ]", entry)[0] for entries in (PROJECT["project"]["dependencies"], *groups) for entry in entries}
    rows = re.findall(r"^\| `([^`]+)` \| (.+?) \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    assert {name for name, _ in rows} == wanted
    assert all(len(reason) > 8 for _, reason in rows)


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_links_lead_somewhere(path):
    """A relative link of a document names a file that exists."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text_of(path))
    assert [
        link for link in links if "://" not in link and not link.startswith("mailto:") and not (path.parent / link).exists()
    ] == []


def test_make_targets_are_documented():
    """The README's table of targets is the Makefile's."""
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    readme = (ROOT / "README.md").read_text()
    assert {target for target in targets if f"`make {target}" not in readme} == set()


def test_decisions_are_numbered_and_shaped():
    """docs/decisions: numbered without a gap; each has a context, a decision and consequences."""
    records = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text()
        assert all(f"\n**{part}.** " in text for part in ("Context", "Decision", "Consequence")), path.name
