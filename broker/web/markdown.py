"""Markdown of the company's own files as HTML of ours: no raw HTML, no images, links to https and mailto only (AD-09)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_LINKS = ("https://", "mailto:")
_REL = "noopener noreferrer nofollow"


class _Reader(MarkdownIt):
    """CommonMark without the parts that could bring foreign content into a page."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False})
        self.disable(["image", "html_block", "html_inline"])

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        """Whether a link is one; other ones stay text."""
        return url.lower().startswith(_LINKS)


@cache
def _reader() -> _Reader:
    return _Reader()


def to_html(text: str) -> Markup:
    """The text as HTML: every heading is an h2, since the page has its own h1."""
    reader = _reader()
    tokens = reader.parse(text)
    _adapt(tokens)
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704 - the library escapes all text


def _adapt(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = "h2"
        elif token.type == "link_open":
            token.attrSet("rel", _REL)
        _adapt(token.children or ())
