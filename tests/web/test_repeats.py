"""A page comes back in another language only to the release that sealed it, and only for an hour."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.domain.errors import BadRequest
from broker.keyring.root import create_root, load_roots
from broker.keyring.seal import Sealer
from broker.web.repeats import RenderedPage, Repeats

PAGE = RenderedPage(template="declined.html", status=200, context={"name": "Payroll"})


@pytest.fixture
def sealer(tmp_path: Path) -> Sealer:
    """Of a new root key."""
    keys = tmp_path / "keys"
    create_root(keys)
    return Sealer(load_roots(keys))


def _templates(folder: Path, words: str) -> Path:
    folder.mkdir()
    (folder / "declined.html").write_text(words, "utf-8")
    return folder


def test_only_the_release_that_sealed_it(sealer: Sealer, tmp_path: Path) -> None:
    """During an upgrade a page of the release before gets a plain error: its template may need other values now."""
    before = Repeats(sealer, lambda: 1000, _templates(tmp_path / "before", "{{ name }}"))
    after = Repeats(sealer, lambda: 1000, _templates(tmp_path / "after", "{{ name }} {{ since }}"))
    sealed = before.kept(PAGE)
    assert before.again(sealed) == PAGE
    with pytest.raises(BadRequest) as refused:
        after.again(sealed)
    assert refused.value.reason == "page_unknown"


@pytest.mark.parametrize(("at", "opens"), [(1000, True), (4599, True), (4600, False), (999, False)])
def test_for_an_hour(sealer: Sealer, at: int, *, opens: bool) -> None:
    """An old page is refused, and one from the future, too."""
    now = [1000]
    repeats = Repeats(sealer, lambda: now[0])
    sealed = repeats.kept(PAGE)
    now[0] = at
    if opens:
        assert repeats.again(sealed) == PAGE
    else:
        with pytest.raises(BadRequest):
            repeats.again(sealed)
