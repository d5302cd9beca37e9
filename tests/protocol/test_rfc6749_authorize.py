"""RFC 6749 3.1, 4.1 and RFC 9700: the authorization request, in the order of its checks."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from broker.domain.errors import BadRequest
from broker.domain.request import AuthorizationRequest
from broker.provider.request import RequestRefused, read_request
from tests.protocol.stage import CALLBACK, ISSUER, Stage, page_error, sent_to

EVIL = ("https://evil.example/cb", "javascript:alert(1)", "data:text/html,x", "//evil.example", "")

PLAIN = {
    "client_id": "payroll",
    "redirect_uri": CALLBACK["payroll"],
    "response_type": "code",
    "scope": "openid",
    "state": "s-1",
}


def test_a_right_request_begins_a_login(both: Stage):
    """HP-46: GET; 303 to the dispatcher, one login, bound to this browser by its cookie."""
    before = both.counts()
    response = both.authorize()
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/signin/")
    assert "__Host-" in response.headers["Set-Cookie"]
    assert response.headers["Cache-Control"] == "no-store"
    assert both.counts()["logins"] == before["logins"] + 1


def test_post_is_repeated_as_get_so_that_the_cookie_comes(calm: Stage):
    """HP-46, HW-13, AZ-22: a cross-site POST brings no cookie; 303 to the same request, no login stored for it."""
    with calm.unchanged():
        response = calm.web.post("/authorize", data=PLAIN, base_url=ISSUER)
    where, query = sent_to(response)
    assert where == "/authorize"
    assert query == PLAIN
    assert "Set-Cookie" not in response.headers


def test_post_with_the_cookie_begins_at_once(calm: Stage):
    """HP-46: a same-site POST."""
    first = calm.authorize().headers["Set-Cookie"].split(";")[0]
    response = calm.web.post("/authorize", data=PLAIN, base_url=ISSUER, headers={"Cookie": first})
    assert response.headers["Location"].startswith("/signin/")


def test_large_post_begins_at_once(calm: Stage):
    """HP-46: a request too long for a query goes on without the detour."""
    claims = '{"userinfo": {' + ", ".join(f'"unknown{n}": null' for n in range(190)) + "}}"
    form = {**PLAIN, "claims": claims, "login_hint": "é" * 300}
    assert calm.web.post("/authorize", data=form, base_url=ISSUER).headers["Location"].startswith("/signin/")


@pytest.mark.parametrize("query", ["", "?a=b"])
@pytest.mark.parametrize("mimetype", ["application/json", "multipart/form-data; boundary=x"])
def test_post_of_anything_else(calm: Stage, mimetype: str, query: str):
    """TK-17, HP-11: a page; nothing is guessed."""
    with calm.unchanged():
        response = calm.web.post(f"/authorize{query}", data=b"{}", content_type=mimetype, base_url=ISSUER)
    assert response.status_code == 400
    assert page_error(response) == "bad_request"


@pytest.mark.parametrize("client_id", ["", "unknown", "payroll ", "PAYROLL", "../payroll", "x" * 5000])
def test_unknown_client(calm: Stage, client_id: str):
    """AZ-02, AZ-03: page, no Location."""
    with calm.unchanged():
        response = calm.authorize(client_id=client_id) if client_id else calm.authorize(drop="client_id")
    assert page_error(response) == "bad_request"


def test_removed_client(stage: Stage):
    """AZ-03: its file is gone."""
    stage.remove("applications/payroll.yaml")
    assert page_error(stage.authorize()) == "bad_request"


@pytest.mark.parametrize("value", ["token", "id_token", "none", "code id_token", "code token", "Code", "code code"])
def test_response_type_is_code(calm: Stage, value: str):
    """AZ-04, HP-12: by redirect, in the query."""
    with calm.unchanged():
        where, query = sent_to(calm.authorize(response_type=value))
    assert where == CALLBACK["payroll"]
    assert query["error"] == "unsupported_response_type"


def test_every_error_carries_iss_and_state(calm: Stage):
    """HP-21, HP-27: RFC 9207 2; a description of the table, nothing else."""
    _, query = sent_to(calm.authorize(response_type="token"))
    assert set(query) == {"error", "error_description", "iss", "state"}
    assert query["iss"] == ISSUER
    assert query["state"] == "s-1"


@pytest.mark.parametrize("name", ["scope", "response_type", "state", "nonce", "prompt", "acr_values", "response_mode", "unknown"])
def test_repeated_parameter(calm: Stage, name: str):
    """AZ-06, HP-9: redirect invalid_request; a repeated state is not sent back."""
    value = PLAIN.get(name, "x")
    pairs = MultiDict([*((k, v) for k, v in PLAIN.items() if k != name), (name, value), (name, "other")])
    with calm.unchanged():
        _, query = sent_to(calm.web.get("/authorize", query_string=pairs, base_url=ISSUER))
    assert query["error"] == "invalid_request"
    assert query.get("state") == (None if name == "state" else "s-1")


def test_unknown_parameters_are_ignored(calm: Stage):
    """HP-9: RFC 6749 3.1; and one without a value counts as left out."""
    assert calm.authorize(unknown="x", display="", claims="").headers["Location"].startswith("/signin/")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", "s" * 513),
        ("state", "s" * 10_240),
        ("nonce", "n" * 513),
        ("scope", "openid " + "x" * 1024),
        ("claims", '{"userinfo": {"' + "x" * 4096 + '": null}}'),
        ("ui_locales", "en " * 3000),
        ("state", "a\r\nSet-Cookie: x=y"),
        ("nonce", "a\x00"),
        ("login_hint", "a\x1b[31m"),
        ("state", "\u2028"),
        ("state", "\x85"),
    ],
)
def test_caps_and_characters(calm: Stage, name: str, value: str):
    """AZ-20, HP-10, HP-11: over a cap or with a control character: invalid_request, no login stored, nothing of it echoed."""
    with calm.unchanged():
        response = calm.authorize(**{name: value})
    if "\x00" in value:  # the guard of all requests is faster
        assert page_error(response) == "bad_request"
        return
    _, query = sent_to(response)
    assert query["error"] == "invalid_request"
    assert query.get("state") == (None if name == "state" else "s-1")
    assert "\n" not in response.headers["Location"]


def test_more_than_anybody_sends(calm: Stage):
    """HP-10, RX-06: over 32 KiB nothing is looked at, not even where an answer could go."""
    pairs = [*PLAIN.items(), ("state", "x" * 33_000)]
    with pytest.raises(BadRequest, match="size"):
        read_request(pairs, applications=calm.broker.access.applications.view, hint=calm.broker.oauth.grants.hint)
    with calm.unchanged():
        assert calm.authorize(state="x" * 33_000).status_code == 414


def test_state_comes_back_as_it_was(calm: Stage):
    """AZ-20, HP-21: quotes, markup and other alphabets are encoded, not changed."""
    state = "\"'><script>é漢&=+%20#"
    _, query = sent_to(calm.authorize(state=state, response_type="token"))
    assert query["state"] == state


@pytest.mark.parametrize("raw", [b"state=%ff%fe", b"state=\xff", b"%ff=1"])
def test_query_that_is_no_utf8(calm: Stage, raw: bytes):
    """HP-11, HW-8: a page, never 5xx."""
    query = b"client_id=payroll&redirect_uri=https%3A%2F%2Fpayroll.contoso.example%2Fcallback&" + raw
    response = calm.web.get("/authorize", base_url=ISSUER, environ_overrides={"QUERY_STRING": query.decode("latin-1")})
    assert response.status_code == 400


@pytest.mark.parametrize("scope", ["admin:all", "openid admin:all root", "OPENID openid"])
def test_scope_that_is_not_allowed(calm: Stage, scope: str):
    """AZ-07, HP-18: dropped; invalid_scope when openid is not among what is left."""
    response = calm.authorize(scope=scope)
    if "openid" in scope.split():
        assert response.headers["Location"].startswith("/signin/")
    else:
        assert sent_to(response)[1]["error"] == "invalid_scope"


def test_scope_of_another_application(calm: Stage):
    """AZ-07: known to the server, not allowed to this application."""
    request = read_request(
        [("client_id", "spa"), ("redirect_uri", CALLBACK["spa"]), ("response_type", "code"), ("scope", "openid groups email openid"),
         ("code_challenge", "x" * 43), ("code_challenge_method", "S256")],
        applications=calm.broker.access.applications.view,
        hint=calm.broker.oauth.grants.hint,
    )  # fmt: skip
    assert request.scopes == ("openid", "email")


def test_missing_response_type(calm: Stage):
    """RFC 6749 4.1.2.1: invalid_request."""
    assert sent_to(calm.authorize(drop="response_type"))[1]["error"] == "invalid_request"


def test_missing_scope(calm: Stage):
    """RFC 6749 3.3: invalid_scope."""
    assert sent_to(calm.authorize(drop="scope"))[1]["error"] == "invalid_scope"


@pytest.mark.parametrize("mode", ["fragment", "jwt", "query.jwt", "web_message"])
def test_response_mode(calm: Stage, mode: str):
    """HP-12: query or form_post; the refusal goes by query."""
    assert sent_to(calm.authorize(response_mode=mode))[1]["error"] == "invalid_request"


def read(stage: Stage, *pairs: tuple[str, str]) -> AuthorizationRequest:
    """Our reader, without HTTP."""
    return read_request(pairs, applications=stage.broker.access.applications.view, hint=stage.broker.oauth.grants.hint)


def test_reasons_name_the_check(calm: Stage):
    """HP-7: size, duplicates, client, redirect_uri, then the rest; the first that fails is the reason."""
    evil = ("redirect_uri", "https://evil.example")
    cases = {
        "duplicate_parameter": (("client_id", "x"), ("client_id", "x")),
        "client": (("client_id", "x"), evil),
        "redirect_uri": (("client_id", "payroll"), evil),
    }
    for reason, pairs in cases.items():
        with pytest.raises(BadRequest) as refused:
            read(calm, *pairs)
        assert refused.value.reason == reason
    with pytest.raises(RequestRefused) as told:
        read(calm, *PLAIN.items(), ("state", "2"), ("response_type", "token"))
    assert told.value.reason == "duplicate_parameter"


def test_an_unregistered_redirect_uri_is_said_to_developers(stage: Stage):
    """RFC 6749 3.1.2.4: a page, no redirect; it says that the address is not registered, and the reference leads to both values."""
    page = stage.authorize(redirect_uri="https://payroll.contoso.example/other")
    assert (page.status_code, page_error(page)) == (400, "bad_request")
    assert "registered" in page.text
    assert "redirect_uri" in page.text
    assert "payroll.contoso.example/other" not in page.text  # input stays out of pages (HW-2)
