"""The documents say what the code does."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path

import pytest

from tests import configuration, gates
from tests.house.source import ROOT, committed, relative, text_of

DOCUMENTS = [path for path in committed() if path.suffix == ".md" and "node_modules" not in path.parts]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_configuration_key_is_documented():
    """docs/configuration.md is what `.venv/bin/python -m tests.configuration` writes."""
    assert configuration.PAGE.read_text() == configuration.page()


def test_every_gate_is_documented():
    """The table in docs/architecture.md is what `.venv/bin/python -m tests.gates` writes."""
    assert gates.PAGE.read_text() == gates.page()


def test_every_direct_dependency_has_a_reason():
    """docs/dependencies.md has a row for each one of pyproject.toml, and for no other."""
    groups = (*PROJECT["dependency-groups"].values(), *PROJECT["project"]["optional-dependencies"].values())
    wanted = {re.split(r"[\[<>=~! ]", entry)[0] for entries in (PROJECT["project"]["dependencies"], *groups) for entry in entries}
    rows = re.findall(r"^\| `([^`]+)` \| (.+?) \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    assert {name for name, _ in rows} == wanted
    assert all(len(reason) > 8 for _, reason in rows)


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub and the docs site write them."""
    found: dict[str, int] = {}
    text = re.sub(r"^ *```.*?^ *```", "", text_of(path), flags=re.MULTILINE | re.DOTALL)
    names = set()
    for title in re.findall(r"^#{1,6} +(.+?) *$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if name in found else name)
        found[name] = found.get(name, 0) + 1
    return names | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def test_examples_import_what_is_there():
    """Each `from broker...` of an example in Python names a module and what it holds, so that a reader can copy it."""
    found = re.compile(r"^from (broker[\w.]*) import ([\w, ]+)", re.MULTILINE)
    named = {(module, name) for path in DOCUMENTS for module, names in found.findall(text_of(path)) for name in names.split(", ")}
    assert named
    assert {pair for pair in named if not hasattr(importlib.import_module(pair[0]), pair[1].strip())} == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_links_lead_somewhere(path: Path):
    """A relative link of a document names a file that exists, and a heading of it."""
    broken = []
    for link, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", text_of(path)):
        if "://" in link or link.startswith("mailto:"):
            continue
        target = path.parent / link if link else path
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(f"{link}#{anchor}")
    assert broken == []


def test_every_document_is_in_the_index():
    """docs/README.md links to each document below docs/."""
    index = ROOT / "docs/README.md"
    linked = {(index.parent / link).resolve() for link in re.findall(r"\]\(([^)#\s]+)", index.read_text())}
    assert [relative(path) for path in DOCUMENTS if path.is_relative_to(index.parent) and path not in {*linked, index}] == []


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


@pytest.mark.parametrize("name", ["adding.md", "architecture.md", "pyop.md"])
def test_paths_of_the_guides_exist(name: str):
    """Every file or folder that a guide for developers names is there."""
    named = re.findall(
        r"`((?:broker|tests|docs|scripts|config|bench|services|storage)/[\w./-]+)`", (ROOT / "docs" / name).read_text()
    )
    assert len(named) > 10
    assert [path for path in named if not (ROOT / path).exists() and not (ROOT / "broker" / path).exists()] == []


def test_every_document_is_in_the_sites_navigation():
    """mkdocs.yml lists each document below docs/ (`make docs` refuses one that it does not list)."""
    listed = set(re.findall(r"(docs/\S+\.md)", (ROOT / "mkdocs.yml").read_text()))
    assert listed == {relative(path) for path in DOCUMENTS if path.is_relative_to(ROOT / "docs")}
