"""Session, cookies and CSRF: the SC cases, against the running broker."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from broker.demo.browser import Browser
from broker.storage.tables import people, sessions
from broker.web.cookies import CookiePurpose, Cookies
from tests.journeys.world import ADA, BO, World


def cookie(world: World, browser: Browser, purpose: CookiePurpose) -> str | None:
    """The value of one of the broker's cookies in a browser."""
    name = Cookies(world.url).name(purpose)
    return next(
        (value for found, value in browser.cookies.sent(world.url + "/", method="GET", cross_site=False) if found == name), None
    )


def plant(world: World, browser: Browser, purpose: CookiePurpose, value: str) -> None:
    """Put a cookie into a browser as if the broker had set it."""
    browser.cookies.store(world.url + "/", f"{Cookies(world.url).name(purpose)}={value}; Path=/; Secure; HttpOnly; SameSite=Lax")


def signed_in(world: World, browser: Browser) -> bool:
    """Whether the access panel opens."""
    return browser.get(world.url + "/apps").name == "apps"


def test_new_session_id_after_login(world: World) -> None:
    """SC-01: a cookie from before, and the one of the last proof, open nothing after a login."""
    ada = world.visitor(ADA)
    fixed = "A" * 43
    plant(world, ada.browser, CookiePurpose.SESSION, fixed)
    world.redeem(ada)
    first = cookie(world, ada.browser, CookiePurpose.SESSION)
    assert first not in (None, fixed)
    world.clock.advance(5)
    world.sign_in(ada, prompt="login")
    second = cookie(world, ada.browser, CookiePurpose.SESSION)
    assert second not in (None, first)
    for old in (fixed, str(first)):
        thief = Browser(clock=world.clock)
        plant(world, thief, CookiePurpose.SESSION, old)
        assert not signed_in(world, thief)


def test_cookies_are_host_bound(world: World) -> None:
    """SC-02, HW-3: `__Host-`, Secure, HttpOnly, SameSite=Lax, Path=/; a name without prefix is not ours."""
    page = Browser().get(world.request()[0], stop_at=world.url)
    header = page.headers["set-cookie"]
    assert header.startswith("__Host-")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in header
    assert "Domain" not in header
    ada = world.visitor(ADA)
    world.redeem(ada)
    thief = Browser(clock=world.clock)
    thief.cookies.store(world.url + "/", f"session={cookie(world, ada.browser, CookiePurpose.SESSION)}; Path=/")
    assert not signed_in(world, thief)


@pytest.mark.parametrize("value", ["", "x", "A" * 42, "A" * 44, "'" * 43, "%00" * 14 + "A", "é" * 43, "A" * 4000])
def test_malformed_session_cookie_is_anonymous(world: World, value: str) -> None:
    """SC-05: never 500, never somebody."""
    name = Cookies(world.url).name(CookiePurpose.SESSION)
    browser = Browser(headers={"Cookie": f"{name}={value}".encode().decode("latin-1")})
    page = browser.get(world.url + "/apps", stop_at=world.url)
    assert page.status == 303
    assert "/signin/" in (page.location or "")


def test_callback_of_another_browser(world: World) -> None:
    """SC-03, OU-13: the answer of a login that another browser began is refused; the login stays usable in its own."""
    world.redeem(world.visitor(ADA))
    ada, victim = world.visitor(ADA), world.visitor(BO)
    page = ada.open(world.request()[0], stop_at=f"{world.url}/oidc")
    stolen = page.location or ""
    seen = victim.browser.get(stolen)
    assert seen.error == "login_expired"
    assert world.receipt(seen)["reason"] == "login_browser_mismatch"
    assert ada.browser.get(stolen, stop_at=world.callback).location is not None


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"state": ""}, "login_unknown"), ({"state": "x" * 43}, "login_unknown"), ({"state": "y" * 5000}, "login_unknown")],
)
def test_unknown_state(world: World, change: dict[str, str], reason: str) -> None:
    """OU-13: state missing or unknown."""
    page = Browser().get(f"{world.url}/oidc/fabrikam/callback?state={change['state']}&code=x")
    assert (page.error, world.receipt(page)["reason"]) == ("login_expired", reason)


def test_callback_twice(world: World) -> None:
    """OU-14: the second is over; the code goes upstream once."""
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    callback = ada.open(world.request()[0], stop_at=f"{world.url}/oidc").location or ""
    before = world.partners["fabrikam"].calls.get("token", 0)
    assert ada.browser.get(callback, stop_at=world.callback).location is not None
    again = ada.browser.get(callback)
    assert (again.error, world.receipt(again)["reason"]) == ("login_expired", "login_used")
    assert world.partners["fabrikam"].calls["token"] == before + 1


def test_answer_at_another_partners_callback(world: World) -> None:
    """OU-15, HO-9: an answer for Fabrikam at Northwind's callback is refused and leaves the login."""
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    callback = ada.open(world.request()[0], stop_at=f"{world.url}/oidc").location or ""
    page = ada.browser.get(callback.replace("/oidc/fabrikam/", "/oidc/northwind/"))
    assert page.error == "partner_untrusted"
    assert ada.browser.get(callback, stop_at=world.callback).location is not None


def test_form_post_answer_is_parked(world: World) -> None:
    """HO-19, HW-4: a cross-site POST brings no cookie; the GET that follows does, once, in the right browser only."""
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    callback = ada.open(world.request()[0], stop_at=f"{world.url}/oidc")
    query = callback.query
    stranger = world.visitor(BO).browser
    posted = stranger.post(f"{world.url}/oidc/fabrikam/callback", query, stop_at=world.url)
    assert posted.status == 303
    assert "set-cookie" not in posted.headers
    assert stranger.get(posted.location or "").error == "login_expired"
    assert ada.browser.get(posted.location or "", stop_at=world.callback).location is not None
    assert ada.browser.get(posted.location or "").error == "login_expired"


@pytest.mark.parametrize(
    ("token", "headers"),
    [
        (None, {}),
        ("", {}),
        ("x" * 43, {}),
        ("right", {"Origin": "https://evil.example"}),
        ("right", {"Origin": "null"}),
        ("right", {"Origin": "null", "Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_forms_need_their_token_and_origin(world: World, token: str | None, headers: dict[str, str]) -> None:
    """SC-04, HW-5: a POST without, or with a foreign token or Origin is 403 csrf and changes nothing."""
    import http.client
    from urllib.parse import urlencode, urlsplit

    ada = world.visitor(ADA)
    page = ada.browser.get(world.request()[0])
    assert page.name == "home-organization"
    right = dict(page.primary.data(None, {}))["csrf"]
    before = world.counts("refusals", "attempts")
    fields = {"email": ADA.email} | ({} if token is None else {"csrf": right if token == "right" else token})
    cookies = "; ".join(f"{n}={v}" for n, v in ada.browser.cookies.sent(page.url, method="GET", cross_site=False))
    parts = urlsplit(page.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    sent = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded", **headers}
    connection.request("POST", f"{parts.path}/home", urlencode(fields), sent)
    answer = connection.getresponse()
    body = answer.read().decode()
    assert answer.status == 403
    assert 'data-error="bad_request"' in body
    assert world.counts("refusals", "attempts") == before


def test_blocked_guest_is_out_at_once(world: World) -> None:
    """SC-06, UI-04, TK-07: the next page, userinfo and refresh of a blocked guest are refused."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    tokens = world.sign_in(ada)
    with world.broker.core.db.write() as tx:
        tx.execute(update(people).where(people.c.email == ADA.email).values(state="blocked"))
    assert not signed_in(world, ada.browser)
    with pytest.raises(Exception, match=r"401|invalid_token"):
        world.party.userinfo(tokens)
    with pytest.raises(Exception, match="invalid_grant"):
        world.party.refresh(tokens.refresh_token or "", tokens)
    page = world.arrive(ada)
    assert (page.status, page.error) == (403, "guest_blocked")


@pytest.mark.parametrize(("seconds", "lives"), [(3599, True), (3600, False)])
def test_idle_session_ends(world: World, seconds: int, lives: bool) -> None:
    """SC-07, HT-12: an hour without a request; over at its instant."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.clock.advance(seconds)
    assert signed_in(world, ada.browser) is lives


def test_absolute_end_of_a_session(world: World) -> None:
    """SC-07: twelve hours from the sign-in, however busy."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    for _ in range(13):
        world.clock.advance(3300)
        world.sign_in(ada)
    world.clock.advance(300)
    assert not signed_in(world, ada.browser)


def test_unknown_host(world: World) -> None:
    """SC-10, HW-9: a poisoned Host or X-Forwarded-Host is 400 and named in no link."""
    for headers in ({"Host": "evil.example"}, {"Host": "localhost:1"}):
        page = Browser(headers=headers).get(world.url + "/apps", stop_at="http")
        assert page.status == 400
        assert "evil" not in page.text
    page = Browser(headers={"X-Forwarded-Host": "evil.example"}).get(world.url + "/apps", stop_at="http")
    assert "evil" not in (page.location or "")


def test_pages_are_not_stored(world: World) -> None:
    """SC-12, AZ-18, AZ-23, HW-7: no-store, no frames, no referrer, nothing from elsewhere."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    for page in (ada.browser.get(world.url + "/apps"), Browser().get(world.request()[0]), Browser().get(world.url + "/nowhere")):
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "form-action" not in policy


def test_sign_out_ends_session_and_tokens(world: World) -> None:
    """HP-43, HW-13: the panel's button ends session, grants and tokens; the browser's binding changes."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    tokens = world.sign_in(ada)
    binding = cookie(world, ada.browser, CookiePurpose.BROWSER)
    page = ada.browser.submit(ada.browser.get(world.url + "/apps"), press="Sign out")
    assert page.name == "signed-out"
    assert not signed_in(world, ada.browser)
    assert cookie(world, ada.browser, CookiePurpose.BROWSER) != binding
    with pytest.raises(Exception, match="invalid_grant"):
        world.party.refresh(tokens.refresh_token or "", tokens)
    with world.broker.core.db.read() as tx:
        assert tx.execute(sessions.select().where(sessions.c.ended_at.is_(None))).all() == []


def test_somebody_else_in_the_same_browser(world: World) -> None:
    """Another person's sign-in in this browser ends the session that was there, with its tokens."""
    ada, bo = world.visitor(ADA), world.visitor(BO)
    world.redeem(ada)
    tokens = world.sign_in(ada)
    bo.browser = ada.browser
    world.redeem(bo)
    assert world.sign_in(bo).claims["email"] == BO.email
    with pytest.raises(Exception, match="invalid_grant"):
        world.party.refresh(tokens.refresh_token or "", tokens)
