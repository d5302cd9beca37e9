"""AD-09: the terms as HTML; nothing in the file reaches the page as markup of its own."""

from __future__ import annotations

import pytest

from broker.web.markdown import to_html


def test_headings_lists_and_emphasis() -> None:
    """What terms are written with; a numbered list keeps its first number, and every heading is below the page's own."""
    html = to_html("# Terms\n\nBe **kind**.\n\n- one\n- two\n\n3. three\n4. four\n")
    assert "<h2>Terms</h2>" in html
    assert "<strong>kind</strong>" in html
    assert "<ul>\n<li>one</li>" in html
    assert '<ol start="3">\n<li>three</li>' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <b onclick=x>b</b>",
        "<!-- -->\n\n<iframe src=x></iframe>",
        "![logo](https://a.example/x.png)",
        '![x](data:image/png;base64,AA "t")',
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](http://a.example)",
        "[x](//a.example)",
        "[x](/account)",
        "[x](data:text/html,a)",
        "<javascript:alert(1)>",
        "[x]\n\n[x]: vbscript:x",
    ],
)
def test_nothing_foreign_comes_in(text: str) -> None:
    """No raw HTML, no images, no link but to https and mailto."""
    html = to_html(text)
    for tag in ("<script", "<b", "<iframe", "<!--", "<img"):
        assert tag not in html
    if not text.startswith("!["):
        assert "<a " not in html


def test_links_say_where_they_come_from_to_nobody() -> None:
    """Links carry rel; quotes in them end no attribute."""
    html = to_html('[us](https://a.example/?q="><script>) <mailto:desk@contoso.example>')
    assert '<a href="mailto:desk@contoso.example" rel="noopener noreferrer nofollow">' in html
    assert to_html('[us](https://a.example "a\\"b")').count('rel="noopener noreferrer nofollow"') == 1
    assert "<script" not in html
