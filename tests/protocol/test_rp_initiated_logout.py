"""OpenID Connect RP-Initiated Logout."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from broker.domain.receipt import Search
from broker.jose.keys import generate
from broker.jose.sign import sign
from broker.web.op.logout import PARKED_SECONDS
from tests.protocol.stage import ISSUER, Signed, Stage, page_error, sent_to

BYE = "https://payroll.contoso.example/bye"


def page_of(response: TestResponse) -> str:
    """The page's name."""
    assert "Location" not in response.headers, response.headers["Location"]
    return response.text.split('data-page="', 1)[1].split('"', 1)[0]


def is_live(stage: Stage, who: Signed) -> bool:
    """Whether the session is."""
    return stage.broker.sessions.find(who.cookie) is not None


def ask(stage: Stage, who: Signed | None, **params: str) -> TestResponse:
    """GET of the end-session endpoint in that person's browser."""
    return stage.get("/logout", params, headers=stage.cookie(who) if who else {})


def confirm(stage: Stage, who: Signed, page: TestResponse, **change: str) -> TestResponse:
    """Press the button of the confirmation page."""
    action = re.search(r'<form method="post" action="([^"]+)"', page.text)
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert action is not None
    assert token is not None
    form = {"csrf": token[1], "accept": "yes", **change}
    return stage.web.post(action[1].replace("&amp;", "&"), data=form, base_url=ISSUER, headers=stage.cookie(who))


@pytest.mark.parametrize("expired", [False, True])
def test_hint_of_this_session_ends_it_at_once(both: Stage, expired: bool):
    """HP-44, HP-54, HP-43: also with an ID token that expired; session, codes and tokens are over, back with state; new cookies."""
    who = both.person()
    body, (_, code) = both.tokens(who), both.grant(who)
    if expired:
        both.clock.advance(1200)
    answer = ask(both, who, id_token_hint=body["id_token"], post_logout_redirect_uri=BYE, state="s&1")
    assert sent_to(answer) == (BYE, {"state": "s&1"})
    assert not is_live(both, who)
    assert both.userinfo(body["access_token"]).status_code == 401
    assert both.refresh(body["refresh_token"]).status_code == 400
    assert both.exchange(code).status_code == 400
    cookies = answer.headers.getlist("Set-Cookie")
    assert len([cookie for cookie in cookies if "Max-Age=0" in cookie]) == 2
    assert "session.ended" in both.audited()


def test_without_redirect_there_is_a_page(stage: Stage):
    """HP-54: it says where the person is still signed in."""
    who = stage.person()
    answer = ask(stage, who, id_token_hint=stage.tokens(who)["id_token"])
    assert page_of(answer) == "signed-out"
    assert "Fabrikam" in answer.text
    assert not is_live(stage, who)


def hint_of(stage: Stage, who: Signed, kind: str) -> dict[str, str]:
    """Hints that prove nothing about this session."""
    good = stage.tokens(who)["id_token"]
    said = stage.claims(good)
    none = "eyJhbGciOiJub25lIn0." + good.split(".")[1] + "."
    other = stage.tokens(stage.person())["id_token"]
    return {
        "none": {},
        "garbage": {"id_token_hint": "x"},
        "unsigned": {"id_token_hint": none},
        "foreign key": {"id_token_hint": sign(generate("ES256"), said, typ="JWT")},
        "other typ": {"id_token_hint": sign(stage.broker.keys.ring().signing("RS256", stage.clock()), said, typ="logout+jwt")},
        "other session": {"id_token_hint": other},
        "client_id": {"client_id": "payroll"},
        "logout_hint": {"logout_hint": who.person.email, "client_id": "payroll"},
    }[kind]


KINDS = ["none", "garbage", "unsigned", "foreign key", "other typ", "other session", "client_id", "logout_hint"]


@pytest.mark.parametrize("kind", KINDS)
def test_anything_else_asks_first(stage: Stage, kind: str):
    """UI-08, HP-44: a page; the session stays until the button, with its token, is pressed."""
    who = stage.person()
    params = hint_of(stage, who, kind)
    page = ask(stage, who, post_logout_redirect_uri=BYE, **params)
    assert page_of(page) == "sign-out"
    assert is_live(stage, who)
    for change in ({"csrf": "x"}, {"accept": "no"}):
        assert page_error(confirm(stage, who, page, **change)) == "bad_request"
    assert is_live(stage, who)
    answer = confirm(stage, who, page)
    assert not is_live(stage, who)
    if "client_id" in params or kind == "other session":
        assert sent_to(answer) == (BYE, {})
    else:
        assert page_of(answer) == "signed-out"


def test_token_of_the_form_is_of_this_browser(stage: Stage):
    """UI-08, HW-5: a page made for another browser's cookie ends nothing."""
    ada, bo = stage.person(), stage.person()
    page = ask(stage, ada)
    assert confirm(stage, bo, page).status_code == 403
    assert is_live(stage, ada)
    assert is_live(stage, bo)


def test_post_is_parked(stage: Stage):
    """HP-64, UI-08: 303 to ourselves, no cookie read; the GET then decides as always."""
    who = stage.person()
    form = {"id_token_hint": stage.tokens(who)["id_token"], "post_logout_redirect_uri": BYE, "state": "s-1"}
    answer = stage.web.post("/logout", data=form, base_url=ISSUER, headers=stage.cookie(who))
    assert answer.status_code == 303
    assert is_live(stage, who)
    assert form["id_token_hint"] not in answer.headers["Location"]
    where = urlsplit(answer.headers["Location"])
    assert where.path == "/logout"
    after = stage.web.get(f"/logout?{where.query}", base_url=ISSUER, headers=stage.cookie(who))
    assert sent_to(after) == (BYE, {"state": "s-1"})
    assert not is_live(stage, who)


def test_what_is_parked_has_an_end(stage: Stage):
    """HP-64, HT-13: ten minutes; changed text is refused."""
    query = urlsplit(stage.web.post("/logout", data={"state": "x"}, base_url=ISSUER).headers["Location"]).query
    assert page_error(stage.get("/logout", {"parked": "s1.x.y.z"})) == "bad_request"
    assert page_of(stage.web.get(f"/logout?{query}", base_url=ISSUER)) == "signed-out"
    stage.clock.advance(PARKED_SECONDS)
    assert page_error(stage.web.get(f"/logout?{query}", base_url=ISSUER)) == "bad_request"


@pytest.mark.parametrize(
    "params",
    [
        {"client_id": "payroll", "post_logout_redirect_uri": "https://evil.example/"},
        {"client_id": "payroll", "post_logout_redirect_uri": BYE + "/"},
        {"client_id": "payroll", "post_logout_redirect_uri": "https://payroll.contoso.example/callback"},
        {"client_id": "travel", "post_logout_redirect_uri": BYE},
        {"client_id": "nobody", "post_logout_redirect_uri": BYE},
        {"post_logout_redirect_uri": BYE},
        {"post_logout_redirect_uri": "javascript:alert(1)"},
    ],
)
def test_nothing_unverified_redirects(calm: Stage, params: dict[str, str]):
    """UI-09, HP-44, HP-54: exact, of the application that is named; otherwise a page."""
    assert page_of(ask(calm, None, **params)) == "signed-out"


def test_signed_out_already(calm: Stage):
    """HP-54: nothing to end, so back at once; the application's own query stays."""
    answer = ask(calm, None, client_id="travel", post_logout_redirect_uri="https://travel.contoso.example/bye?a=b", state="1")
    assert sent_to(answer) == ("https://travel.contoso.example/bye", {"a": "b", "state": "1"})


def test_client_that_differs_from_the_hint(stage: Stage):
    """UI-10, HP-44: a page, the session stays."""
    who = stage.person()
    answer = ask(stage, who, id_token_hint=stage.tokens(who)["id_token"], client_id="travel")
    assert page_error(answer) == "bad_request"
    assert is_live(stage, who)


@pytest.mark.parametrize("query", ["state=1&state=2", "state=%0d%0aSet-Cookie:x", "state=" + "x" * 9000, "state=%ff"])
def test_malformed(calm: Stage, query: str):
    """HP-9, HP-10, HP-11: a page."""
    assert page_error(calm.web.get(f"/logout?{query}", base_url=ISSUER)) == "bad_request"


def test_posts_of_anything_else(calm: Stage):
    """HP-54: forms only, nothing in the query, not more than fits."""
    assert page_error(calm.web.post("/logout", json={}, base_url=ISSUER)) == "bad_request"
    assert page_error(calm.web.post("/logout?a=b", data={}, base_url=ISSUER)) == "bad_request"
    assert page_error(calm.web.post("/logout", data={"state": "x" * 5000}, base_url=ISSUER)) == "bad_request"
    assert calm.web.post("/logout/confirm", data={"accept": "yes"}, base_url=ISSUER).status_code == 403


def test_languages(calm: Stage):
    """HP-54: ui_locales."""
    assert 'lang="nl"' in ask(calm, None, ui_locales="xx nl").text
    who = calm.person()
    page = ask(calm, who, ui_locales="de")
    assert 'lang="de"' in page.text
    assert 'lang="de"' in confirm(calm, who, page).text


def test_ended_meanwhile(stage: Stage):
    """HP-54: pressed twice, the second time there is nothing to end."""
    who = stage.person()
    page = ask(stage, who, client_id="payroll", post_logout_redirect_uri=BYE)
    assert sent_to(confirm(stage, who, page)) == (BYE, {})
    assert sent_to(confirm(stage, who, page)) == (BYE, {})


def test_a_verified_hint_and_an_unregistered_address(both: Stage):
    """RP-Initiated Logout 3: the page asks first and says why nobody is sent there; the refusal is on record."""
    who = both.person()
    wrong = BYE + "/other"
    hint = {"id_token_hint": both.tokens(who)["id_token"], "post_logout_redirect_uri": wrong}
    page = ask(both, who, **hint, state="s")
    assert page_of(page) == "sign-out"
    assert "not registered" in page.text
    assert is_live(both, who)
    (row,) = both.broker.history.receipts.newest(search=Search(reason="post_logout_redirect_uri"))
    assert (row.application, row.sent, row.registered) == ("payroll", wrong, (BYE,))
    done = confirm(both, who, page)
    assert page_of(done) == "signed-out"
    assert not is_live(both, who)
