"""HW-7: what every page carries, whatever its template; the contract's hooks; escaping; languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import broker.web.pages as module
from broker.domain.errors import PAGE_ERRORS
from broker.settings.load import Settings, load
from broker.web.pages import Pages
from tests.browser.gallery import NAMES, OWN_TEMPLATES, create_gallery, make_home, samples
from tests.browser.gallery_own import PIECES
from tests.browser.gallery_sign_up import WITHOUT_PRIMARY
from tests.browser.sample import Sample
from tests.web.conftest import ISSUER
from tests.web.markup import read

EVERY = [*NAMES, *(f"error/{code}" for code in PAGE_ERRORS)]

EVIL = '"><script>alert(1)</script>{{ 7331*7 }}\u202e'  # 51317, if a template is made of it

NO_PRIMARY = {
    "choose",
    "choose-none",
    "declined",
    "fresh-link",
    *WITHOUT_PRIMARY,
    "partner-setup-accepted",
    "admin-setup-links",
    "admin-setup-links-none",
    "admin-setup-link-made",
    "admin-setup-link",
    "admin-applications",
    "admin-applications-none",
    "admin-applications-empty",
    "admin-application-read",
    "admin-jobs",
    "admin-jobs-empty",
    "admin-job-done",
    "apps",
    "apps-empty",
    "apps-none-found",
    "apps-offers",
    "apps-owner",
    "question-answered",
    "methods",
    "methods-none",
    "account",
    "account-member",
    "account-asked",
    "account-left",
    "admin-home",
    "admin-home-quiet",
    "admin-partners",
    "admin-partner",
    "admin-policies",
    "admin-policies-none",
    "admin-policy",
    "admin-roles",
    "admin-roles-few",
    "admin-requests",
    "admin-requests-empty",
    "admin-request-approved",
    "admin-reviews-empty",
    "admin-review-closed",
    "admin-group-in-use",
    "admin-guest",
    "admin-guest-owner",
    "admin-sign-ins",
    "admin-sign-ins-none",
    "admin-sign-in",
    "admin-audit",
    "admin-audit-verify",
}  # samples of pages that ask for nothing


def test_every_template_is_in_the_gallery(settings: Settings) -> None:
    """A template that nobody looks at does not exist."""
    shown = samples(Pages(lambda: settings))
    assert sorted(shown) == sorted([*NAMES, *PIECES])
    templates = {path.name for path in Path(module.__file__).parent.joinpath("templates").glob("[!_]*.html")}
    own = {path.name for path in OWN_TEMPLATES.iterdir()}
    assert templates - {"base.html", "error.html"} == {sample.template for sample in shown.values()} - own


@pytest.mark.parametrize("name", EVERY)
def test_headers(looking: FlaskClient, name: str) -> None:
    """HW-7, AZ-18, AZ-23, SC-12: the same closed headers on every page, error pages too."""
    headers = looking.get(f"/{name}").headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    nonce = policy.pop("script-src")
    assert re.fullmatch(r"'nonce-[A-Za-z0-9_-]{24}'", nonce)
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Set-Cookie" not in headers
    assert "Strict-Transport-Security" not in headers


def test_nonce_is_of_one_response(client: FlaskClient) -> None:
    """HW-7: two answers never share a nonce, and the page's script carries it."""
    first, second = client.get("/home"), client.get("/home")
    assert first.headers["Content-Security-Policy"] != second.headers["Content-Security-Policy"]
    script = read(first.text).one("script")
    assert f"'nonce-{script['nonce']}'" in first.headers["Content-Security-Policy"]


def test_https_issuer_is_kept_to(tmp_path: Path) -> None:
    """HW-7: over https browsers remember to come by https."""
    client = create_gallery(make_home(tmp_path, "https://login.contoso.example")).test_client()
    answer = client.get("/home", base_url="https://login.contoso.example")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_addresses_keep_the_issuers_path(tmp_path: Path) -> None:
    """An issuer below a path: what pages link to is below it too."""
    settings = make_home(tmp_path, "https://contoso.example/login")
    pages = Pages(lambda: settings)
    assert pages.path("/apps") == "/login/apps"
    assert pages.assets.stylesheet().startswith("/login/static/style.")


@pytest.mark.parametrize("name", EVERY)
def test_hooks_of_the_contract(looking: FlaskClient, shown: dict[str, Sample], name: str) -> None:
    """`<main data-page>`, at most one `data-primary`, one heading, a title of question and company, language."""
    page = read(looking.get(f"/{name}").text)
    main = page.one("main")
    wanted = "error" if name.startswith("error/") else shown[name].page
    assert main["data-page"] == wanted
    primary = [element for element in page.elements if "data-primary" in element.attributes]
    assert len(primary) == (0 if name in NO_PRIMARY else 1)
    heading = page.one("h1").text.strip()
    title = page.all("title")[0].text  # bars of a drawing have titles, too
    assert title in {f"{heading} - Contoso", f"Error: {heading} - Contoso"}
    assert page.one("html")["lang"] == "en"
    assert page.one("html")["dir"] == "ltr"
    fields = {field["id"] for tag in ("input", "select", "textarea") for field in page.all(tag)}
    assert all(label["for"] in fields for label in page.all("label") if label["class"] != "pick")  # a pick holds its own button


@pytest.mark.parametrize("code", PAGE_ERRORS)
def test_hooks_of_errors(looking: FlaskClient, code: str) -> None:
    """HW-2: `data-error` and `data-request-id`, the reference readable on the page."""
    page = read(looking.get(f"/error/{code}").text)
    main = page.one("main")
    assert main["data-error"] == code
    assert main["data-request-id"] == "7KQ4-M2XT-9RZB"
    assert page.one("code").text == "7KQ4-M2XT-9RZB"


@pytest.mark.parametrize("name", EVERY)
def test_nothing_comes_from_elsewhere(looking: FlaskClient, name: str) -> None:
    """AZ-23: no address of a script, style, image or frame but our own; no style or handler in the markup."""
    page = read(looking.get(f"/{name}").text)
    for element in page.elements:
        assert element.tag not in {"style", "iframe", "object", "embed", "base"}
        assert not [attribute for attribute in element.attributes if attribute.startswith("on") or attribute == "style"]
        loaded = element["src"] or (element["href"] if element.tag == "link" else "")
        assert not loaded or loaded.startswith("/static/")
    assert {script.text for script in page.all("script")} == {""}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "hand-over"])
def test_forms_carry_a_token(looking: FlaskClient, name: str) -> None:
    """HW-5: every form that posts has the token; the language switch has none, because it changes nothing: the Origin is checked."""
    text = looking.get(f"/{name}").text
    posts = [
        form
        for form in re.findall(r"<form.*?</form>", text, re.DOTALL)
        if 'method="post"' in form and 'action="/language"' not in form
    ]
    assert all('name="csrf"' in form for form in posts)


def test_consent_says_yes_or_no(client: FlaskClient) -> None:
    """The input is named `accept`; the primary button's form says yes, the other one no."""
    text = client.get("/consent-invited").text
    forms = re.findall(r"<form.*?</form>", text, re.DOTALL)
    assert 'name="accept" value="yes"' in forms[0]
    assert "data-primary" in forms[0]
    assert 'name="accept" value="no"' in forms[1]


def test_unknown_scopes_are_not_shown(settings: Settings) -> None:
    """A scope without words of ours is not read out; without any there is no second list."""
    pages = Pages(lambda: settings)
    sample = samples(pages)["consent-later"]
    with Flask("t").test_request_context("/"):
        text = pages.render(sample.template, **{**sample.context, "scopes": ["openid", "<x>"]}).get_data(as_text=True)
    assert "What Payroll gets" not in text
    assert "&lt;x&gt;" not in text


WORDS = {"label", "state", "kind"}  # of a record: a text or word of ours, never input

OURS = ("scopes", "said", "more")  # words of our own tables, which the page translates


@pytest.mark.parametrize("name", NAMES)
def test_values_are_escaped(shown_settings: Settings, shown: dict[str, Sample], name: str) -> None:
    """AZ-19, AZ-21: whatever a name, address or message holds, it stays text; no template is made of it."""
    pages = Pages(lambda: shown_settings)
    sample = shown[name]

    def evil(value: object) -> object:
        if isinstance(value, str) and not value.startswith("/"):
            return EVIL
        if isinstance(value, list):
            return [evil(item) for item in value]
        if isinstance(value, dict):
            return {key if key != "RelayState" else EVIL: value[key] if key in WORDS else evil(value[key]) for key in value}
        return value

    context: dict[str, Any] = {key: value if key in OURS else evil(value) for key, value in sample.context.items()}
    context["keep_query"] = {"q": EVIL}
    with Flask("t").test_request_context("/"):
        text = pages.render(sample.template, **context).get_data(as_text=True)
    page = read(text)
    assert all(script["src"].startswith("/static/") and not script.text for script in page.all("script"))
    assert "51317" not in re.sub(r'nonce="[^"]*"|\.[0-9a-f]{10}\.', "", text)


def test_form_post_is_escaped(settings: Settings) -> None:
    """AZ-20, AZ-21, HP-53: the browser sends exactly the bytes of the state, and the page shows none as markup."""
    pages = Pages(lambda: settings)
    state = "'\"><script>\r\n&amp;" + "x" * 100
    with Flask("t").test_request_context("/"):
        answer = pages.render(
            "post_form.html", target="Payroll", action="https://payroll.example/?a=1&b=2", fields={"state": state}
        )
    page = read(answer.get_data(as_text=True))
    assert page.one("input", name="state")["value"] == state
    assert page.one("form")["action"] == "https://payroll.example/?a=1&b=2"
    assert answer.headers["Cache-Control"] == "no-store"


def test_page_without_support_and_privacy(tmp_path: Path) -> None:
    """A company that names neither has no empty links, and its contact is named instead."""
    make_home(tmp_path)
    (tmp_path / "config/broker.yaml").write_text(f"issuer: {ISSUER}\norganization: {{name: Contoso}}\n")
    client = create_gallery(load(tmp_path, {})).test_client()
    text = client.get("/error/not_invited").text
    assert "Your contact at Contoso can help" in text
    assert 'href=""' not in text
    assert "<footer" in text


def test_fd_13_a_word_mark_and_a_logo_for_the_dark(client: FlaskClient, settings: Settings) -> None:
    """The dark scheme has its own logo; beside a word mark the name is there for screen readers only."""
    brand = settings.home / "config" / "brand"
    assert "<source" not in client.get("/home").text
    (brand / "logo-dark.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    found = re.search(r'<source srcset="([^"]+)" media="\(prefers-color-scheme: dark\)">', client.get("/home").text)
    assert found is not None
    assert client.get(found[1]).status_code == 200
    before = client.get(style_of(client)).text
    (brand / "theme.css").write_text(":root { --brand-name: hidden; }")
    after = client.get(style_of(client)).text
    rule = ".masthead-mark~.masthead-name{position:absolute"
    assert (rule in before, rule in after) == (False, True)
    assert "Contoso</span>" in client.get("/home").text


def style_of(client: FlaskClient) -> str:
    """The address of the stylesheet."""
    found = re.search(r'<link rel="stylesheet" href="([^"]+)"', client.get("/home").text)
    assert found is not None
    return found[1]
