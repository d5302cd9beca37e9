"""The language of pages: negotiated, chosen, asked for by an application."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from broker.settings.load import Settings, load
from broker.web.pages import Pages, isolate
from tests.browser.gallery import create_gallery
from tests.web.markup import read


def test_direction_of_names_stays_inside() -> None:
    """AZ-19: an override inside a name is dropped, a name in another script is set apart."""
    assert isolate("Payroll") == "Payroll"
    assert isolate("Pay\u202elor") == "Paylor"
    assert isolate("Österreich") == "\u2068Österreich\u2069"


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "nl-BE,nl;q=0.9,en;q=0.8", "nl"),
        ("", "pt, de;q=0.4, fr;q=0.5", "fr"),
        ("", "xx", "en"),
        ("", "nl;q=0, de", "de"),
        ("", "\xff\xfe;;q=9", "en"),
        ("?lang=de", "nl", "de"),
        ("?lang=xx", "nl", "nl"),
        ("?lang=../../etc", "nl", "nl"),
    ],
)
def test_language_is_negotiated(client: FlaskClient, query: str, header: str, language: str) -> None:
    """Chosen now, else the browser's wish by its weights, else the company's first."""
    answer = client.get(f"/home{query}", headers={"Accept-Language": header})
    assert answer.headers["Content-Language"] == language
    assert read(answer.text).one("html")["lang"] == language


def test_choice_is_remembered(client: FlaskClient) -> None:
    """HW-3: the choice is a cookie as closed as the others, and beats the browser's wish."""
    answer = client.get("/home?lang=nl")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert re.fullmatch(
        r"__Host-[0-9a-f]{8}-l=nl; Expires=[^;]+; Max-Age=31536000; Secure; HttpOnly; Path=/; SameSite=Lax", cookie
    )
    name = cookie.partition("=")[0]
    for value, language in [("nl", "nl"), ("xx", "de"), ("../x", "de"), ("", "de")]:
        headers = {"Accept-Language": "de", "Cookie": f"{name}={value}"}
        other = client.application.test_client(use_cookies=False)
        assert other.get("/home", headers=headers).headers["Content-Language"] == language


def test_application_asks_for_a_language(settings: Settings) -> None:
    """ui_locales comes before the browser's wish, after the person's choice (Core 3.1.2.1)."""
    pages = Pages(lambda: settings)
    with Flask("t").test_request_context("/", headers={"Accept-Language": "de"}):
        assert pages.translator(("xx", "fr-CA")).language == "fr"
    with Flask("t").test_request_context("/?lang=nl", headers={"Accept-Language": "de"}):
        assert pages.translator(("fr",)).language == "nl"


def test_language_links(client: FlaskClient, settings: Settings, tmp_path: Path) -> None:
    """Links keep the path and what the handler names, never the rest; a page that answers a POST has none."""
    page = read(client.get("/home?secret=1").text)
    assert [(link["href"], link["hreflang"], link.text) for link in page.all("a") if link["hreflang"]] == [
        ("?lang=en", "en", "English"),
        ("?lang=nl", "nl", "Nederlands"),
        ("?lang=de", "de", "Deutsch"),
        ("?lang=fr", "fr", "Français"),
    ]
    assert "hreflang" not in client.post("/home").text
    assert "hreflang" not in client.get("/error/not_invited").text
    one = tmp_path / "config/broker.yaml"
    one.write_text(one.read_text() + "languages: [nl]\n")
    only = load(tmp_path, {})
    client = create_gallery(only).test_client()
    answer = client.get("/home")
    assert answer.headers["Content-Language"] == "nl"
    assert "hreflang" not in answer.text
