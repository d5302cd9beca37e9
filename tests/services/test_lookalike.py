"""IN-13: which domains look like another, and which are only written in another language."""

from __future__ import annotations

import subprocess
import sys

import idna
import pytest

from broker.services.invitations.lookalike import MIXED, Lookalikes, readable

KNOWN = Lookalikes(["fabrikam.example", "contoso.example", ".northwind.example"])


def ascii_of(domain: str) -> str:
    """The A-labels, as addresses are stored."""
    return ".".join(idna.encode(label).decode() for label in domain.split("."))


@pytest.mark.parametrize(
    ("domain", "like"),
    [
        ("fabrik\u0430m.example", "fabrikam.example"),  # one Cyrillic letter
        ("login.fabrik\u0430m.example", "fabrikam.example"),
        ("\u0441\u043e\u043dtos\u043e.example", MIXED),  # the third letter reads as h, so it is no twin of ours
        ("c\u043ent\u043es\u043e.example", "contoso.example"),
        ("fabr1kam.example", "fabrikam.example"),
        ("fabrikarn.example", "fabrikam.example"),
        ("cont0so.example", "contoso.example"),
        ("n\u00f6rthwind.example", "northwind.example"),  # an accent on a partner's name
        ("p\u0430ypal.example", MIXED),  # nobody we know, but no language is written so
        ("\u03b1bc.example", MIXED),
    ],
)
def test_looks_like_another(domain: str, like: str) -> None:
    """IN-13: confusable with a domain that we know, or mixed as no language is."""
    assert KNOWN.of(ascii_of(domain)) == like


@pytest.mark.parametrize(
    "domain",
    [
        "fabrikam.example", "mail.fabrikam.example", "x.northwind.example", "northwind.example", "müller.example", "straße.example",
        "łódź.example", "пример.example", "παράδειγμα.example", "日本カな.example", "한국abc.example", "例え123.example",
        "فارسی.example", "नमस्ते.example", "ไทย.example", "north-wind.example", "fabrikam.test", "a1b2.example",
    ],
)  # fmt: skip
def test_ordinary_names_are_left_alone(domain: str) -> None:
    """IN-13: no false alarm, in whatever language a company writes its name."""
    assert KNOWN.of(ascii_of(domain)) is None


def test_readable() -> None:
    """A-labels as people read them; what is no Punycode stays as it is."""
    assert readable("xn--mller-kva.example") == "müller.example"
    assert readable("xn--\u00ff.example") == "xn--\u00ff.example"
    assert KNOWN.of("xn--99999999.example") in (None, MIXED)


def test_the_table_is_read_when_an_invitation_is_checked() -> None:
    """Serving and every other command do without the large table."""
    script = "import sys, broker.app, broker.wsgi, broker.services.invitations.lookalike; print('confusable_homoglyphs' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False", done.stderr
