"""HW-1, HW-2, HP-27, LP-03: one table, fixed texts, a reference, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask, Response, abort
from flask.testing import FlaskClient
from werkzeug.exceptions import BadGateway, RequestEntityTooLarge

from broker.domain.errors import PAGE_ERRORS, BadRequest, NotInvited, OAuthError, PageError, PartnerFailed, TooManyAttempts
from broker.settings.load import Settings
from broker.web import error_table, errors, oauth_errors
from broker.web.error_context import error_context
from broker.web.pages import Pages
from tests.web.markup import read

ALLOWED = {400, 403, 404, 405, 409, 413, 414, 429, 500, 502, 503}
SECRET = "correct-horse-battery-staple"


@pytest.fixture
def noted() -> list[tuple[PageError, str]]:
    """What the log of refusals was told."""
    return []


@pytest.fixture
def client(settings: Settings, noted: list[tuple[PageError, str]]) -> FlaskClient:
    """An application whose handlers fail in every way."""
    app = Flask("t", static_folder=None)
    pages = Pages(lambda: settings)
    errors.register(
        app,
        pages,
        record=lambda error, reference: noted.append((error, reference)),
        is_protocol=lambda asked: asked.path.startswith("/token"),
    )

    def fails(with_what: Callable[[], Exception]) -> Callable[[], Response]:
        def view() -> Response:
            raise with_what()

        return view

    ways: dict[str, Callable[[], Exception]] = {
        "page": lambda: NotInvited("identity_unbound"),
        "bug": lambda: ValueError(SECRET),
        "oauth": lambda: OAuthError("invalid_grant", "code_used", SECRET),
        "gateway": BadGateway,
        "large": RequestEntityTooLarge,
        "token": lambda: BadRequest("encoding"),
        "token-busy": lambda: TooManyAttempts("address"),
        "token-bug": lambda: KeyError(SECRET),
        "token-partner": lambda: PartnerFailed("upstream"),
    }
    for name, way in ways.items():
        app.add_url_rule(f"/{name}", name, fails(way))

    def login() -> Response:
        context = error_context()
        context.reference, context.retry_url, context.ui_locales = "7KQ4-M2XT-9RZB", "/signin/1", ("nl",)
        raise PartnerFailed("upstream_unavailable", SECRET)

    app.add_url_rule("/login", "login", login)
    app.add_url_rule("/teapot", "teapot", lambda: abort(418))
    app.add_url_rule("/folder/", "folder", lambda: "")
    app.add_url_rule("/form", "form", lambda: "", methods=["POST"])
    return app.test_client()


def test_every_code_has_words() -> None:
    """HW-1: the table knows exactly the codes of the contract, with a status that the contract allows."""
    assert set(error_table.PAGES) == set(PAGE_ERRORS)
    statuses = {text.status for text in (*error_table.PAGES.values(), *error_table.REASON_TEXT.values())} | set(
        error_table.REASON_STATUS.values()
    )
    assert statuses <= ALLOWED
    assert {status for status, _ in oauth_errors.OAUTH.values()} <= ALLOWED | {401}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("not_invited", 403), ("invitation_expired", 400), ("invitation_used", 400), ("invitation_mismatch", 403), ("domain_denied", 403),
        ("guest_blocked", 403), ("guest_expired", 403), ("not_assigned", 403), ("policy_blocked", 403), ("partner_failed", 502),
        ("partner_untrusted", 400), ("login_expired", 400), ("too_many_attempts", 429), ("bad_request", 400), ("server_error", 500),
    ],
)  # fmt: skip
def test_status_of_code(code: str, status: int) -> None:
    """The status of each page."""
    assert errors.status_of(PAGE_ERRORS[code]("whatever")) == status


@pytest.mark.parametrize(
    ("code", "reason", "status"),
    [
        ("bad_request", "csrf", 403), ("bad_request", "consent_login_mismatch", 403), ("invitation_expired", "invitation_inviter", 403),
        ("invitation_mismatch", "identity_taken", 409), ("bad_request", "not_found", 404), ("bad_request", "body_size", 413),
        ("bad_request", "url_size", 414),
    ],
)  # fmt: skip
def test_status_of_reason(code: str, reason: str, status: int) -> None:
    """Where the reason decides."""
    assert errors.status_of(PAGE_ERRORS[code](reason)) == status


@pytest.mark.parametrize(
    ("path", "method", "status", "code", "reason"),
    [
        ("/page", "GET", 403, "not_invited", "identity_unbound"),
        ("/nowhere", "GET", 404, "bad_request", "not_found"),
        ("/form", "GET", 405, "bad_request", "method"),
        ("/large", "GET", 413, "bad_request", "body_size"),
        ("/teapot", "GET", 400, "bad_request", "http"),
        ("/gateway", "GET", 500, "server_error", "http"),
        ("/bug", "GET", 500, "server_error", "unhandled"),
    ],
)
def test_pages(
    client: FlaskClient, noted: list[tuple[PageError, str]], path: str, method: str, status: int, code: str, reason: str
) -> None:
    """HW-2, LP-03: a code, a reference that was noted with the reason, no input and no detail."""
    answer = client.open(path, method=method)
    assert answer.status_code == status
    main = read(answer.text).one("main")
    assert main["data-error"] == code
    ((error, reference),) = noted
    assert (error.code, error.reason, reference) == (code, reason, main["data-request-id"])
    assert SECRET not in answer.text
    assert reason not in answer.text or reason in {"method", "http"}
    assert "Traceback" not in answer.text
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_405_names_the_methods(client: FlaskClient) -> None:
    """RFC 9110 15.5.6: Allow."""
    assert set(client.get("/form").headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_redirects_of_the_router_stay(client: FlaskClient) -> None:
    """A missing slash is no error page."""
    answer = client.get("/folder")
    assert answer.status_code == 308
    assert answer.headers["Location"].endswith("/folder/")


def test_page_of_a_login(client: FlaskClient) -> None:
    """The login's own reference, its language, and a way to try again."""
    answer = client.get("/login")
    page = read(answer.text)
    assert answer.status_code == 502
    assert page.one("main")["data-request-id"] == "7KQ4-M2XT-9RZB"
    assert page.one("html")["lang"] == "nl"
    (button,) = [link for link in page.all("a") if "data-primary" in link.attributes]
    assert (button["href"], button.text) == ("/signin/1", "Probeer het opnieuw")


def test_page_leads_to_the_applications(client: FlaskClient) -> None:
    """Who is lost is led home."""
    (button,) = [link for link in read(client.get("/nowhere").text).all("a") if "data-primary" in link.attributes]
    assert button["href"] == "/apps"


def test_page_offers_itself_again(client: FlaskClient) -> None:
    """What may answer later is asked once more: by its own address for a GET, from the applications after a form."""
    (button,) = [link for link in read(client.get("/bug").text).all("a") if "data-primary" in link.attributes]
    assert button["href"] == ""


@pytest.mark.parametrize(
    ("support", "href"), [("mailto:it@contoso.example", "mailto:it@contoso.example?subject=7KQ4-M2XT-9RZB"), ("https://help.contoso.example/", "https://help.contoso.example/"), ("", None)]
)  # fmt: skip
def test_page_asks_for_help(settings: Settings, support: str, href: str | None) -> None:
    """Only the company can help: the button goes there, a mail names the reference; without an address a form is the button."""
    app = Flask("t", static_folder=None)
    organization = settings.broker.organization.model_copy(update={"support_url": support or None})
    own = replace(settings, broker=settings.broker.model_copy(update={"organization": organization}))
    form = {"action": "/x", "csrf": "t", "label": "Another", "primary": True}
    with app.test_request_context("/"):
        answer = errors.page_for(Pages(lambda: own), PAGE_ERRORS["guest_blocked"]("x"), reference="7KQ4-M2XT-9RZB", forms=[form])
    page = read(answer.get_data(as_text=True))
    (button,) = [one for one in [*page.all("a"), *page.all("button")] if "data-primary" in one.attributes]
    assert button.attributes.get("href") == href


def test_record_is_optional(settings: Settings) -> None:
    """An application without a log of refusals answers all the same."""
    app = Flask("t", static_folder=None)
    errors.register(app, Pages(lambda: settings))
    assert app.test_client().get("/x").status_code == 404


def test_record_that_fails_changes_nothing(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """The page is shown although the log of refusals cannot be written."""
    app = Flask("t", static_folder=None)

    def broken(_error: PageError, _reference: str) -> None:
        raise OSError(SECRET)

    errors.register(app, Pages(lambda: settings), record=broken)
    with caplog.at_level(logging.INFO):
        assert app.test_client().get("/x").status_code == 404
    assert "refusal_not_recorded" in caplog.text
    assert SECRET not in caplog.text


def test_log_has_the_place_not_the_message(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """LP-01: type and line of what nobody foresaw, never its text."""
    with caplog.at_level(logging.INFO):
        client.get("/bug")
    assert "ValueError at test_errors.py:" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/oauth", 400, "invalid_grant"), ("/token", 400, "invalid_request"), ("/token-busy", 429, "slow_down"),
        ("/token-bug", 500, "server_error"), ("/token-partner", 502, "server_error"), ("/token-none", 404, "invalid_request"),
    ],
)  # fmt: skip
def test_json(client: FlaskClient, path: str, status: int, word: str) -> None:
    """HP-27: an application gets the standard's word and its one description, not stored."""
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.json == {"error": word, "error_description": oauth_errors.OAUTH[word][1]}
    assert answer.headers["Cache-Control"] == "no-store"


def test_descriptions_are_plain() -> None:
    """RFC 6749 5.2: only %x20-21 / %x23-5B / %x5D-7E in an error_description."""
    for word, (_, text) in oauth_errors.OAUTH.items():
        assert all(" " <= c <= "~" and c not in '"\\' for c in word + text)
    assert errors.oauth_description("nonsense") == errors.oauth_description("invalid_request")
    assert errors.oauth_status("nonsense") == 400
    assert errors.oauth_status("invalid_client") == 401
