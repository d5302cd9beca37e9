"""The sample application: an ordinary relying party, strict where Core 3.1.3.7 is."""

from __future__ import annotations

import pytest

from broker.demo.browser import Browser
from broker.demo.relying import RelyingParty, SignInFailed, Tokens, call
from tests.demo.conftest import Pair


def test_pages(pair: Pair) -> None:
    """From nobody to somebody and back, by clicks."""
    browser = Browser()
    page = browser.get(f"{pair.application}/")
    assert "Nobody is signed in" in page.text
    page = browser.follow(page, "Sign in")
    assert page.name == "partner-login"
    page = browser.submit(page, press="ada")
    assert page.name == "application"
    assert "Ada Fabrik" in page.text
    assert browser.follow(page, "Ask userinfo").document.heading == "Userinfo"
    page = browser.submit(page, press="Sign out")
    assert page.name == "partner-home"  # the issuer signed out the session of the hint, too
    assert page.url == f"{pair.partner}/"
    assert "Signed in in this browser: nobody." in page.text
    assert browser.get(f"{pair.application}/", accept="application/json").json() == {"ok": True, "claims": None}


def test_json_and_parameters(pair: Pair) -> None:
    """Programs get JSON; /login passes prompt, max_age, login_hint and acr_values on."""
    browser = Browser()
    page = browser.get(f"{pair.application}/login?prompt=login&max_age=9&login_hint=bo%40fabrikam.example&acr_values=x&other=y")
    assert {
        "prompt": "login",
        "max_age": "9",
        "login_hint": "bo@fabrikam.example",
        "acr_values": "x",
    }.items() <= page.query.items()
    assert "other" not in page.query
    browser.submit(page)
    found = browser.get(f"{pair.application}/", accept="application/json").json()
    assert found["claims"]["sub"] == "bo"
    assert found["userinfo"]["email"] == "bo@fabrikam.example"
    assert found["has_refresh"] is False


def test_answer_counts_once(pair: Pair) -> None:
    """The same answer again, or in another browser, is refused: state belongs to one request of one browser."""
    browser = Browser()
    back = browser.submit(browser.get(f"{pair.application}/login"), press="ada", stop_at=pair.application)
    assert back.location is not None
    assert Browser().get(back.location).document.data["data-reason"] == "state"
    assert browser.get(back.location).name == "application"
    assert browser.get(back.location).document.data["data-reason"] == "state"


def test_nobody_to_refresh(pair: Pair) -> None:
    """Userinfo, refresh and logout without a sign-in."""
    browser = Browser()
    assert browser.get(f"{pair.application}/userinfo").status == 400
    assert browser.post(f"{pair.application}/refresh", {}).status == 400
    assert browser.post(f"{pair.application}/logout", {}).name == "application-signed-out"


def test_issuer_must_be_exact(pair: Pair) -> None:
    """A discovery document of another issuer is not used (Discovery 4.3)."""
    with pytest.raises(SignInFailed, match="discovery"):
        _ = RelyingParty(pair.partner + "/", "application", "http://x/").metadata


def test_nobody_answers() -> None:
    """An issuer that is not there is an error with its name."""
    with pytest.raises(SignInFailed, match="unreachable"):
        _ = RelyingParty("http://127.0.0.2:1", "application", "http://x/").metadata


def test_iss_is_needed_where_advertised(pair: Pair) -> None:
    """RFC 9207 2.4: a missing or foreign iss is refused, also with an error."""
    url, pending = pair.begin()
    query = pair.answer(Browser(), url).query
    for wrong in ({**query, "iss": "http://x"}, {name: value for name, value in query.items() if name != "iss"}):
        with pytest.raises(SignInFailed, match="another issuer"):
            pair.party.complete(wrong, pending)


def test_max_age_needs_auth_time(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Core 3.1.3.7: with max_age the ID token's auth_time is there and young enough."""
    browser = Browser()
    pair.sign_in(browser)
    pair.clock.advance(500)
    monkeypatch.setattr(pair.provider, "must_ask", lambda *_: False)
    with pytest.raises(SignInFailed, match="auth_time"):
        pair.sign_in(browser, max_age="60")


def test_refresh_keeps_the_person(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Core 12.2: refreshed tokens speak of the same sign-in; answers without an ID token keep the old one."""
    tokens = pair.sign_in(Browser())
    raw = {"access_token": "new", "token_type": "Bearer", "refresh_token": "next"}
    monkeypatch.setattr(pair.party, "_token", lambda _: raw)
    fresh = pair.party.refresh("old", tokens)
    assert (fresh.claims, fresh.access_token, fresh.refresh_token) == (tokens.claims, "new", "next")
    other = Tokens({**tokens.claims, "sub": "bo"}, "a", tokens.id_token)
    monkeypatch.setattr(pair.party, "_tokens", lambda _: other)
    monkeypatch.setattr(pair.party, "_token", lambda _: {**raw, "id_token": "x"})
    with pytest.raises(SignInFailed, match="another sign-in"):
        pair.party.refresh("old", tokens)


def test_refresh_page(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The button uses the refresh token and says whether it changed."""
    browser = Browser()
    page = browser.submit(browser.get(f"{pair.application}/login"), press="ada")
    monkeypatch.setattr(pair.party, "refresh", lambda _token, before: Tokens(before.claims, "a", before.id_token, "next"))
    assert browser.submit(page, press="Refresh").status == 400
    monkeypatch.setattr(pair.party, "complete", lambda *_: Tokens({"sub": "ada"}, "a", "i", "first"))
    monkeypatch.setattr(pair.party, "userinfo", lambda _: {"sub": "ada"})
    page = browser.get(f"{pair.application}/callback?state=x")
    assert "The refresh token changed" in browser.submit(page, press="Refresh").text


def test_end_session(pair: Pair) -> None:
    """Where the issuer offers it, signing out goes there with the hint."""
    tokens = pair.sign_in(Browser())
    own = pair.party.end_session(tokens, "http://x/")
    assert own is not None
    assert own.startswith(f"{pair.partner}/end-session?id_token_hint=")
    pair.party._metadata = {name: value for name, value in pair.party.metadata.items() if name != "end_session_endpoint"}
    assert pair.party.end_session(tokens, "http://x/") is None
    pair.party._metadata = {**pair.party.metadata, "end_session_endpoint": "http://broker/end"}
    target = pair.party.end_session(tokens, "http://x/")
    assert target is not None
    assert target.startswith("http://broker/end?id_token_hint=")


def test_answers_that_are_no_json(pair: Pair) -> None:
    """A page where JSON is due is an empty answer, never a crash."""
    assert call("GET", f"{pair.partner}/") == (200, {})


@pytest.mark.parametrize(
    "raw", [{}, {"access_token": "a", "token_type": "mac"}, {"access_token": "a", "token_type": "Bearer", "id_token": "no"}]
)
def test_token_answers_that_are_none(pair: Pair, raw: dict[str, str]) -> None:
    """OU-23: no Bearer token, no access token, no ID token."""
    with pytest.raises(SignInFailed):
        pair.party._tokens(raw)
