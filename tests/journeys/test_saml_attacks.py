"""The assertion consumer service under attack: replays, races, other browsers, unsolicited messages, floods."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from broker.demo.browser import Browser, BrowserPage
from broker.services.login import saml_response, verification_places
from broker.services.partners.saml.family import SamlPartners
from tests.journeys.saml_world import WANDA, WILL, SamlWorld, fields, saml_world
from tests.journeys.world import World

COUNTED = ("receipts", "audit", "audit_personal", "attempts", "documents", "refusals")  # what a refusal may move


@pytest.fixture
def woodgrove(world: World) -> Iterator[SamlWorld]:
    """Woodgrove, with Wanda already a guest."""
    with saml_world(world) as added:
        added.file()
        added.redeem(added.visitor())
        yield added


@pytest.fixture
def own(world: World) -> Iterator[SamlWorld]:
    """Woodgrove with an address of its own, where it may begin by itself."""
    with saml_world(world, own=True) as added:
        added.file(allow_idp_initiated=True)
        added.redeem(added.visitor())
        yield added


def acs_url(woodgrove: SamlWorld, partner: str = "") -> str:
    """The common address, or a partner's."""
    return f"{woodgrove.world.url}/saml/{partner}{'/' if partner else ''}acs"


def reason(woodgrove: SamlWorld, page: BrowserPage) -> str:
    """Why, as the receipt or the log of refusals has it."""
    return str(woodgrove.world.receipt(page)["reason"])


def sent(woodgrove: SamlWorld, page: BrowserPage, **changes: str) -> dict[str, str]:
    """The fields that the partner's form would post, but for the changes."""
    return {**fields(page), **changes}


def test_same_response_twice(woodgrove: SamlWorld) -> None:
    """SR-22, HS-31: the second POST of a response is refused; the first login goes on untouched."""
    wanda = woodgrove.visitor()
    held = woodgrove.at_the_return(wanda)
    claim = wanda.browser.submit(held, stop_at=f"{woodgrove.world.url}/saml/woodgrove/claim")
    assert claim.status == 303
    again = Browser(clock=woodgrove.world.clock).post(acs_url(woodgrove), fields(held))
    assert (again.error, reason(woodgrove, again)) == ("partner_untrusted", "saml_replay")
    assert wanda.walk(wanda.browser.get(claim.location or "", opener=held, stop_at=woodgrove.world.callback)).location is not None
    late = Browser(clock=woodgrove.world.clock).post(acs_url(woodgrove), fields(held))
    assert (late.error, reason(woodgrove, late)) == ("login_expired", "login_used")


def test_same_assertion_id_in_a_new_response(woodgrove: SamlWorld) -> None:
    """SR-22: an assertion's ID counts once a partner, whatever is around it."""
    woodgrove.world.sign_in(woodgrove.visitor())
    woodgrove.idp.fault = "same_assertion"
    page = woodgrove.world.arrive(woodgrove.visitor())
    assert (page.error, reason(woodgrove, page)) == ("partner_untrusted", "saml_replay")


def test_two_parallel_posts(woodgrove: SamlWorld) -> None:
    """SR-23: of parallel POSTs of one response exactly one is parked."""
    held = woodgrove.at_the_return(woodgrove.visitor())
    with ThreadPoolExecutor(6) as pool:
        pages = list(
            pool.map(
                lambda _: Browser(clock=woodgrove.world.clock).post(acs_url(woodgrove), fields(held), stop_at="http"), range(6)
            )
        )
    assert sorted(page.status for page in pages) == [303] + [400] * 5
    assert woodgrove.world.counts()["parked"] == 1


def test_two_parallel_claims(woodgrove: SamlWorld) -> None:
    """SR-23, HS-31: a parked row is taken once, together with the login's move, or neither."""
    wanda = woodgrove.visitor()
    held = woodgrove.at_the_return(wanda)
    claim = wanda.browser.submit(held, stop_at=f"{woodgrove.world.url}/saml/woodgrove/claim").location or ""
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda _: wanda.browser.get(claim, stop_at=f"{woodgrove.world.url}/signin"), range(4)))
    assert sorted(page.status for page in pages) == [303, 400, 400, 400]


def test_unsolicited_at_the_common_address(woodgrove: SamlWorld) -> None:
    """SR-24, HS-40: no request of ours is named: refused, whatever RelayState says."""
    _, form = woodgrove.idp.unsolicited("wanda")
    before = woodgrove.world.counts(*COUNTED)
    for relay_state in ("", "payroll", "x" * 43):
        page = Browser().post(acs_url(woodgrove), {**form, "RelayState": relay_state})
        assert (page.error, reason(woodgrove, page)) == ("partner_untrusted", "saml_unsolicited")
    page = Browser().post(acs_url(woodgrove, "woodgrove"), form)
    assert (page.error, reason(woodgrove, page)) == ("partner_untrusted", "saml_unsolicited")
    assert woodgrove.world.counts(*COUNTED) == before


def test_unsolicited_where_the_partner_may_begin(own: SamlWorld) -> None:
    """SR-24, HS-40, AL-11: thrown away unread; a page with one button, which starts an ordinary sign-in at that partner."""
    before = own.world.counts(*COUNTED)
    will = own.visitor(WILL)
    page = will.browser.submit(will.browser.get(f"{own.server.address}/tile"))
    assert page.name == "idp-initiated"
    assert [form.action for form in page.document.forms if form.action != "/language"] == ["/saml/woodgrove/start"]
    assert own.world.counts(*COUNTED) == before
    page = will.walk(will.browser.proceed(page))
    assert page.error == "not_invited"  # Will proved who he is by an ordinary sign-in, and nobody invited him
    assert "partner-login" in will.seen
    assert own.idp.seen[-1].acs_url == acs_url(own, "woodgrove")


def test_tile_leads_to_the_application(own: SamlWorld) -> None:
    """HS-40: RelayState names an application by its client_id; without one it is the access panel."""
    wanda = own.visitor()
    page = wanda.browser.submit(wanda.browser.get(f"{own.server.address}/tile?relay_state=payroll"))
    assert "Payroll" in page.text
    page = wanda.walk(wanda.browser.proceed(page, stop_at=own.world.callback), stop_at=own.world.callback)
    assert page.location == f"{own.world.callback}/home"
    page = wanda.browser.submit(wanda.browser.get(f"{own.server.address}/tile?relay_state=https://evil.example/"))
    assert "evil" not in page.text
    assert wanda.walk(wanda.browser.proceed(page)).name == "apps"


def test_junk_where_the_partner_may_begin(own: SamlWorld) -> None:
    """HS-40, SR-44: what is no answer is not even decoded there."""
    page = Browser().post(acs_url(own, "woodgrove"), {"SAMLResponse": "<not base64>", "RelayState": "y" * 10_240})
    assert (page.status, page.name) == (200, "idp-initiated")
    assert "yyyy" not in page.text


def test_start_is_for_partners_that_may_begin(woodgrove: SamlWorld) -> None:
    """HS-40: the button's address exists for no other partner."""
    for partner in ("woodgrove", "fabrikam", "nobody"):
        assert Browser().get(f"{woodgrove.world.url}/saml/{partner}/start").status == 404


def test_response_of_another_browsers_login(woodgrove: SamlWorld) -> None:
    """SR-25, SC-03, HW-4: posted from a browser that did not begin: parked, never claimed there; the victim's login stays usable."""
    wanda, mallory = woodgrove.visitor(), Browser(clock=woodgrove.world.clock)
    held = woodgrove.at_the_return(wanda)
    mallory.get(f"{woodgrove.world.url}/apps")  # has a browser cookie, too
    page = mallory.post(acs_url(woodgrove), fields(held))
    assert (page.error, reason(woodgrove, page)) == ("login_expired", "login_browser_mismatch")
    assert mallory.get(f"{woodgrove.world.url}/apps").name != "apps"
    page = wanda.browser.submit(held, stop_at=woodgrove.world.callback)  # spent by the POST, but the login is there to try again
    assert reason(woodgrove, page) == "saml_replay"
    assert wanda.again(page, stop_at=woodgrove.world.callback).location is not None


def test_own_response_in_a_victims_browser(woodgrove: SamlWorld) -> None:
    """SR-25: the attacker's response, posted by the victim's browser, signs the victim in to nothing."""
    attacker, victim = woodgrove.visitor(), woodgrove.visitor()
    held = woodgrove.at_the_return(attacker)
    waiting = woodgrove.at_the_return(victim)
    page = victim.browser.post(acs_url(woodgrove), fields(held), opener=waiting)
    assert (page.error, reason(woodgrove, page)) == ("login_expired", "login_browser_mismatch")
    done = victim.walk(victim.browser.submit(waiting, stop_at=woodgrove.world.callback), stop_at=woodgrove.world.callback)
    assert done.location is not None


def test_answer_of_another_login(woodgrove: SamlWorld) -> None:
    """SR-26, HS-17, HS-23: RelayState of one login, response of another: refused before any key is touched."""
    first, second = woodgrove.at_the_return(woodgrove.visitor()), woodgrove.at_the_return(woodgrove.visitor())
    page = Browser().post(acs_url(woodgrove), {**fields(first), "RelayState": fields(second)["RelayState"]})
    assert (page.error, reason(woodgrove, page)) == ("partner_untrusted", "saml_in_response_to")


@pytest.mark.parametrize("state", ["unknown", "x" * 10_240, "https://evil.example/", ""])
def test_relay_state_is_a_handle_or_nothing(woodgrove: SamlWorld, state: str) -> None:
    """SR-44, HW-6: never a redirect to it, never shown."""
    held = woodgrove.at_the_return(woodgrove.visitor())
    page = Browser().post(acs_url(woodgrove), sent(woodgrove, held, RelayState=state))
    assert page.error in ("login_expired", "bad_request")
    assert page.location is None
    assert "evil" not in page.text


@pytest.mark.parametrize("value", ["", "not base64!", "AAAA", base64.b64encode(b"<a/>" * 60_000).decode()])
def test_what_is_no_message(woodgrove: SamlWorld, value: str) -> None:
    """SR-43, HS-6: bad_request or, where it is XML, partner_untrusted; the login stays."""
    wanda = woodgrove.visitor()
    held = woodgrove.at_the_return(wanda)
    page = Browser().post(acs_url(woodgrove), sent(woodgrove, held, SAMLResponse=value))
    assert page.error in ("bad_request", "partner_untrusted")
    done = wanda.walk(wanda.browser.submit(held, stop_at=woodgrove.world.callback), stop_at=woodgrove.world.callback)
    assert done.location is not None


def test_two_fields_and_too_much(woodgrove: SamlWorld) -> None:
    """SR-43, HS-6, HW-8: one field of each; 512 KiB at most; POST only."""
    held = woodgrove.at_the_return(woodgrove.visitor())
    page = Browser().post(acs_url(woodgrove), [*fields(held).items(), ("SAMLResponse", "x")])
    assert (page.error, reason(woodgrove, page)) == ("bad_request", "saml_decode")
    assert Browser().post(acs_url(woodgrove), {"SAMLResponse": "A" * 600_000}).status == 413
    assert Browser().get(acs_url(woodgrove)).status == 405


def test_wrong_address(woodgrove: SamlWorld) -> None:
    """HS-24, SR-33: an answer at another partner's address, and one after the partner's address changed."""
    held = woodgrove.at_the_return(woodgrove.visitor())
    page = Browser().post(acs_url(woodgrove, "fabrikam"), fields(held))
    assert page.error in ("partner_untrusted", "login_expired")
    woodgrove.file(allow_idp_initiated=True)
    page = Browser().post(acs_url(woodgrove), fields(held))
    assert page.error == "partner_untrusted"
    assert reason(woodgrove, page) == "saml_destination"


def test_a_response_of_another_partner(woodgrove: SamlWorld, world: World) -> None:
    """SR-19, HS-3: a login that began at one partner takes no answer of another."""
    with saml_world(world, host="127.0.0.9") as other:
        other.file(partner="foxglove", domain="foxglove.example")
        held = woodgrove.at_the_return(woodgrove.visitor())
        mine = fields(held)
        foreign = other.idp.answer(woodgrove.idp.seen[-1], other.idp.sign_in("wanda"))
        page = Browser().post(acs_url(woodgrove), {**foreign, "RelayState": mine["RelayState"]})
        assert page.error == "partner_untrusted"
        assert reason(woodgrove, page) == "saml_wrong_idp"


def test_flood_without_a_login(woodgrove: SamlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """RX-02, HS-17: no login, no key is touched; after so many refusals an address waits."""
    monkeypatch.setattr(saml_response, "REFUSALS", 12)
    monkeypatch.setattr(SamlPartners, "for_response", lambda *_: pytest.fail("a key was asked for"))
    _, form = woodgrove.idp.unsolicited("wanda")
    pages = [Browser().post(acs_url(woodgrove), form) for _ in range(14)]
    assert [page.status for page in pages] == [400] * 12 + [429] * 2
    assert pages[-1].error == "too_many_attempts"


def test_busy(woodgrove: SamlWorld) -> None:
    """HS-17: so many messages at a moment and no more; whoever gets no place may try again."""
    held = woodgrove.at_the_return(woodgrove.visitor())
    places = woodgrove.world.broker.login.saml_response._places
    with ExitStack() as taken:
        for _ in range(verification_places.AT_ONCE):
            taken.enter_context(places.one())
        page = Browser().post(acs_url(woodgrove), fields(held))
        assert page.error == "too_many_attempts"
    assert Browser().post(acs_url(woodgrove), fields(held), stop_at="http").status == 303


def test_late_answers(woodgrove: SamlWorld) -> None:
    """HT-12, HS-31: a login that is over takes no answer; a parked row waits two minutes."""
    wanda = woodgrove.visitor()
    held = woodgrove.at_the_return(wanda)
    claim = wanda.browser.submit(held, stop_at=f"{woodgrove.world.url}/saml/woodgrove/claim").location or ""
    woodgrove.world.clock.advance(121)
    assert wanda.browser.get(claim).error == "login_expired"
    held = woodgrove.at_the_return(wanda)
    woodgrove.world.clock.advance(3700)
    page = Browser().post(acs_url(woodgrove), fields(held))
    assert (page.error, reason(woodgrove, page)) == ("login_expired", "login_expired")


def test_claims_of_nobody(woodgrove: SamlWorld) -> None:
    """HW-4: a handle that is not there, or another partner's path."""
    wanda = woodgrove.visitor()
    held = woodgrove.at_the_return(wanda)
    claim = wanda.browser.submit(held, stop_at=f"{woodgrove.world.url}/saml/woodgrove/claim").location or ""
    assert wanda.browser.get(claim.replace("woodgrove", "fabrikam")).error == "login_expired"
    assert wanda.browser.get(f"{woodgrove.world.url}/saml/woodgrove/claim?handle=x").error == "login_expired"
    assert wanda.browser.get(claim, stop_at=f"{woodgrove.world.url}/signin").status == 303


def test_nothing_of_the_message_is_kept(woodgrove: SamlWorld, caplog: pytest.LogCaptureFixture) -> None:
    """HS-32: no message, assertion or NameID in log, receipt, audit or rows in clear."""
    caplog.set_level("DEBUG")
    woodgrove.idp.fault = "wrong_audience"
    woodgrove.world.arrive(woodgrove.visitor())
    woodgrove.idp.fault = "none"
    wanda = woodgrove.visitor()
    wanda.browser.submit(woodgrove.at_the_return(wanda), stop_at=f"{woodgrove.world.url}/saml")
    subject = woodgrove.idp.sent[-1].partition("persistent")[2][2:34]
    assert len(subject) == 32
    with woodgrove.world.broker.core.db.read() as tx:
        rows = "".join(
            str(list(tx.exec_driver_sql(f"SELECT * FROM {table}"))) for table in ("parked", "logins", "receipts", "audit", "used")
        )
    for text in (subject, WANDA.email, "<saml"):
        assert text not in caplog.text
    assert subject not in rows
    assert "<saml" not in rows
