"""A policy's draft: the errors of its file, and no secret of ours (PO-01, CF-09)."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.settings import policy_draft
from broker.settings.draft import written
from broker.settings.load import Settings, read
from tests.core import SECRET, make_settings

GOOD = "name: P\nusers: {include: {guests: all}}\ngrant: {block: true}\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Contoso's files."""
    return make_settings(tmp_path, "sqlite:///var/x.db", {})


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("block: true", "blok: true"),
        GOOD.replace("guests: all", "partners: [fabrikam, nobody]"),
        GOOD + "applications: {include: [payrol]}\n",
        GOOD + "conditions: {networks: {include: [everywhere]}}\n",
        GOOD + "x: &a [*a, *a]\n",
        "- a list",
        "",
        "name: [",
    ],
)
def test_a_draft_has_the_errors_of_its_file(settings: Settings, text: str) -> None:
    """File, line, key and message, as `broker check` prints them once the text is in config/policies."""
    found = policy_draft.check(settings, "p", text)
    path = settings.path("config/policies/p.yaml")
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    assert [str(error) for error in found.errors] == [str(error) for error in read(settings.home, {"SECRET": SECRET}).errors]
    assert (found.model is None) == (text != GOOD)


@pytest.mark.parametrize("reference", ["${env:SECRET}", "${file:keys/root}", "${", "# ${env:HOME}"])
def test_a_draft_reads_no_secret(settings: Settings, reference: str) -> None:
    """CF-09: what a reference stands for is not looked up, so neither a value nor an error about it tells anything."""
    found = policy_draft.check(settings, "p", GOOD + f"x:\n  {reference}\n")
    assert [str(error) for error in found.errors] == [
        "config/policies/p.yaml:5: file: a draft contains no ${...}; write the value itself"
    ]


@pytest.mark.parametrize("name", ["", "../broker", "P", "a b", "new", "replay", "what-if", "a" * 101, "a\nb"])
def test_a_draft_has_the_name_of_a_file(settings: Settings, name: str) -> None:
    """The name becomes a path and a header, so it is one that a file of config/policies may have; a wrong one is not repeated."""
    found = policy_draft.check(settings, name, GOOD)
    assert found.model is None
    assert [error.file for error in found.errors] == ["config/policies/?.yaml"]


def test_a_draft_is_bounded(settings: Settings) -> None:
    """Nothing of a text that is too long is parsed."""
    found = policy_draft.check(settings, "p", GOOD + "# " + "x" * policy_draft.LIMIT)
    assert [error.message for error in found.errors] == ["is longer than 16,384 characters; shorten it"]


def test_what_is_written_reads_as_it_was_meant(settings: Settings) -> None:
    """Texts that YAML would read as something else are quoted, and nothing breaks out of its place."""
    for name in ("yes", "no: grant", "1", "null", "- a", "# b", 'c" }', "d\ne", "é ü", "{x}", "2026-11-23"):
        data = {"name": name, "users": {"include": {"groups": [name]}}, "grant": {"block": True}}
        found = policy_draft.check(settings, "p", written(data))
        if found.model is None:
            assert "\n" in name, (name, found.errors)
        else:
            assert (found.model.name, found.model.users.include.groups) == (name, (name,))
