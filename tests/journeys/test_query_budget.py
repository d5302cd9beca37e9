"""The hot paths of a sign-in ask the database this often and not once more."""

from __future__ import annotations

from tests.journeys.counting import statements
from tests.journeys.saml_world import RETURN, WANDA, saml_world
from tests.journeys.second_factor import essential, with_phone
from tests.journeys.world import ADA, World


def test_statements_of_a_sign_in(both: World) -> None:
    """Authorize 3, callback 4, dispatcher to code 14 (design: query budget)."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    both.sign_in(ada)  # consent is given, documents are fetched, the sub is made
    browser = ada.browser
    used: dict[str, int] = {}

    def go(name: str, url: str) -> str:
        with statements(both.broker.core.db) as seen:
            page = browser.get(url, stop_at="http")  # one hop at a time
        used[name] = len(seen)
        return page.location or ""

    url, _ = both.request(prompt="login", login_hint=ADA.email)
    dispatcher = go("authorize", url)
    partner = go("to the partner", dispatcher)
    both.clock.advance(3)
    page = browser.get(partner, stop_at=both.url)
    page = browser.submit(page, press=ADA.subject, stop_at=both.url)
    dispatcher = go("callback", page.location or "")
    assert go("dispatcher to code", dispatcher).startswith(both.callback)
    url, _ = both.request()
    dispatcher = go("authorize again", url)
    assert go("single sign-on to code", dispatcher).startswith(both.callback)
    assert used["authorize"] <= 3
    assert used["callback"] <= 4
    assert used["dispatcher to code"] <= 14
    assert used["authorize again"] <= 3
    assert used["single sign-on to code"] <= 13
    assert used["to the partner"] <= 7


def test_statements_of_a_saml_sign_in(both: World) -> None:
    """To the partner, asked anew in a live session, 7; the response parked 5, claimed by the browser 4."""
    with saml_world(both) as saml:
        saml.file()
        wanda = saml.visitor()
        saml.redeem(wanda)
        wanda.halt_at = (RETURN,)
        url, _ = both.request(prompt="login", login_hint=WANDA.email)
        used: dict[str, int] = {}
        dispatcher = wanda.browser.get(url, stop_at="http").location or ""
        with statements(both.broker.core.db) as seen:
            at_partner = wanda.browser.get(dispatcher, stop_at="http").location or ""
        used["to the partner"] = len(seen)
        page = wanda.open(at_partner)
        with statements(both.broker.core.db) as seen:
            page = wanda.browser.proceed(page, stop_at="http")
        used["parked"] = len(seen)
        with statements(both.broker.core.db) as seen:
            wanda.browser.get(page.location or "", stop_at="http")
        used["claimed"] = len(seen)
    assert used == {"to the partner": 7, "parked": 5, "claimed": 4}


def test_statements_of_a_second_factor(both: World) -> None:
    """The dispatcher to the page that asks 8, the code 15."""
    ada = both.visitor(ADA)
    phone = with_phone(both, ada)
    used: dict[str, int] = {}
    again = both.visitor(ADA)
    again.halt_at = ("partner-login",)
    page = again.open(both.request(**essential(), login_hint=ADA.email)[0])
    page = again.browser.submit(page, press=ADA.subject, stop_at=both.url)
    dispatcher = again.browser.get(page.location or "", stop_at="http").location or ""
    with statements(both.broker.core.db) as seen:
        page = again.browser.get(dispatcher)
    used["asks"] = len(seen)
    with statements(both.broker.core.db) as seen:
        page = again.browser.submit(page, {"code": phone.code()}, stop_at="http")
    used["code"] = len(seen)
    assert used == {"asks": 8, "code": 15}


def test_statements_of_a_sign_in_by_code(both: World) -> None:
    """The code by mail: asked for 14 with its mail and the challenge of a passkey, looked at again 3, typed 7."""
    gwen = "gwen@mailbox.example"
    both.redeem(both.mailbox(gwen), both.invite(gwen))
    browser = both.mailbox(gwen).browser
    page = browser.submit(browser.get(both.request()[0]), {"email": gwen}, stop_at=f"{both.url}/signin")
    used: dict[str, int] = {}
    for name in ("asked for", "looked at again"):
        with statements(both.broker.core.db) as seen:
            page = browser.get(page.location or page.url)
        used[name] = len(seen)
    with statements(both.broker.core.db) as seen:
        done = browser.submit(page, {"code": both.code(gwen)}, stop_at=f"{both.url}/signin")
    assert done.location is not None
    used["typed"] = len([one for one in seen if "outbox" not in one])  # the test's own look into the mailbox
    assert used["asked for"] <= 14
    assert used["looked at again"] <= 3
    assert used["typed"] <= 7
