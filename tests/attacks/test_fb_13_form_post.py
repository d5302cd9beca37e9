"""FB-13: an OpenID partner that answers by form_post. A cross-site POST brings no cookie, so nothing about its browser is believed."""

from __future__ import annotations

import pytest

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from broker.services.login.upstream import PARKED_FOR
from broker.web.cookies import CookiePurpose
from tests.journeys.test_session_attacks import cookie, signed_in
from tests.journeys.world import ADA, BO, World, partner_file


@pytest.fixture
def posting(both: World) -> World:
    """Fabrikam and Northwind answer by form_post, and Ada is a guest."""
    for name in ("fabrikam", "northwind"):
        text = partner_file(name.title(), f"{name}.example", both.partners[name].issuer)
        both.write(f"partners/{name}.yaml", text.replace("  client_id:", "  response_mode: form_post\n  client_id:"))
    both.redeem(both.visitor(ADA))
    return both


def at_the_answer(world: World, who: DemoPerson) -> BrowserPage:
    """The partner's page whose form carries the answer, not yet sent."""
    who.halt_at = ("partner-return",)
    page = who.open(world.request()[0], stop_at=world.callback)
    assert page.name == "partner-return"
    return page


def fields(page: BrowserPage) -> dict[str, str]:
    """What the form would send."""
    return dict(page.primary.data(None, {}))


def test_fb_13_a_sign_in_by_form_post(posting: World) -> None:
    """The whole way: the POST is parked, the GET claims it with the cookie, the session begins."""
    ada = posting.visitor(ADA)
    assert posting.sign_in(ada).claims["idp"] == "fabrikam"
    assert "partner-return" in ada.seen
    posted = [hop for hop in ada.browser.hops if hop.url.endswith("/oidc/fabrikam/callback")]
    assert [(hop.status, hop.location is not None and "/oidc/fabrikam/claim?handle=" in hop.location) for hop in posted] == [
        (303, True)
    ]


def test_fb_13_the_answer_of_somebody_else(posting: World) -> None:
    """Login CSRF: Mallory posts an own answer from Ada's browser; Ada does not become Mallory, nor Mallory Ada."""
    bo, ada = posting.visitor(BO), posting.visitor(ADA)
    answer = at_the_answer(posting, bo)
    at_the_answer(posting, ada)
    seen = ada.browser.post(answer.primary.action, fields(answer), opener=answer)
    assert seen.error == "login_expired"
    assert posting.receipt(seen)["reason"] == "login_browser_mismatch"
    assert not signed_in(posting, ada.browser)


def test_fb_13_a_session_cookie_on_the_post_changes_nothing(posting: World) -> None:
    """Also where a browser does send cookies along, the POST reads none: the handle alone comes back."""
    ada, bo = posting.visitor(ADA), posting.visitor(BO)
    answer = at_the_answer(posting, bo)
    posting.sign_in(ada)
    before = cookie(posting, ada.browser, CookiePurpose.SESSION)
    posted = ada.browser.post(answer.primary.action, fields(answer), stop_at=posting.url)
    assert posted.status == 303
    assert "set-cookie" not in posted.headers
    assert ada.browser.get(posted.location or "").error == "login_expired"
    assert cookie(posting, ada.browser, CookiePurpose.SESSION) == before


def test_fb_13_replay(posting: World) -> None:
    """The same answer posted twice, and a handle shown twice: the code goes upstream once."""
    ada = posting.visitor(ADA)
    answer = at_the_answer(posting, ada)
    calls = posting.partners["fabrikam"].calls
    before = calls.get("token", 0)
    first = ada.browser.post(answer.primary.action, fields(answer), opener=answer, stop_at=posting.url)
    second = ada.browser.post(answer.primary.action, fields(answer), opener=answer, stop_at=posting.url)
    assert ada.browser.get(second.location or "", stop_at=posting.callback).location is not None
    for late in (first, second):
        assert ada.browser.get(late.location or "").error == "login_expired"
    third = ada.browser.post(answer.primary.action, fields(answer), opener=answer)
    assert third.error == "login_expired"
    assert calls["token"] == before + 1


def test_fb_13_mix_up(posting: World) -> None:
    """HO-9: an answer of Fabrikam posted to Northwind's callback, and a handle claimed at it, are refused; no code leaves."""
    ada = posting.visitor(ADA)
    answer = at_the_answer(posting, ada)
    calls = posting.partners["northwind"].calls
    elsewhere = answer.primary.action.replace("/fabrikam/", "/northwind/")
    assert ada.browser.post(elsewhere, fields(answer), opener=answer).error == "partner_untrusted"
    posted = ada.browser.post(answer.primary.action, fields(answer), opener=answer, stop_at=posting.url)
    claimed = ada.browser.get((posted.location or "").replace("/fabrikam/", "/northwind/"))
    assert claimed.error in {"login_expired", "partner_untrusted"}
    assert calls.get("token", 0) == 0


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"iss": "https://login.somebody-else.example"}, "partner_untrusted"),
        ({"iss": ""}, "partner_untrusted"),
        ({"code": ""}, "partner_failed"),
        ({"code": "x" * 43}, "partner_failed"),
        ({"state": ""}, "login_expired"),
        ({"state": "x" * 43}, "login_expired"),
    ],
)
def test_fb_13_bent_answers(posting: World, change: dict[str, str], error: str) -> None:
    """RFC 9207, OU-13: another issuer, another code, another state."""
    ada = posting.visitor(ADA)
    answer = at_the_answer(posting, ada)
    assert ada.browser.post(answer.primary.action, fields(answer) | change, opener=answer).error == error
    assert not signed_in(posting, ada.browser)


def test_fb_13_a_field_twice(posting: World) -> None:
    """Two values of one field are nobody's answer."""
    ada = posting.visitor(ADA)
    answer = at_the_answer(posting, ada)
    page = ada.browser.post(answer.primary.action, [*fields(answer).items(), ("state", "x")], opener=answer)
    assert page.error == "bad_request"


def test_fb_13_a_parked_answer_is_over_soon(posting: World) -> None:
    """A handle that nobody claimed is good for two minutes."""
    ada = posting.visitor(ADA)
    answer = at_the_answer(posting, ada)
    posted = ada.browser.post(answer.primary.action, fields(answer), opener=answer, stop_at=posting.url)
    posting.clock.advance(PARKED_FOR + 1)
    assert ada.browser.get(posted.location or "").error == "login_expired"
