"""Second factors in a sign-in: the MF cases, over real pages."""

from __future__ import annotations

import json

from sqlalchemy import select

from broker.demo.browser import Browser, BrowserPage
from broker.demo.person import DemoPerson
from broker.storage.tables import audit, factors, outbox, people
from broker.web.cookies import CookiePurpose
from tests.journeys.second_factor import MFA, SFA, enrol, essential, with_phone
from tests.journeys.test_session_attacks import cookie, plant
from tests.journeys.world import ADA, BO, World


def challenged(world: World, who: DemoPerson | None = None) -> tuple[DemoPerson, BrowserPage]:
    """Ada in a new browser, at the page that asks for her second factor."""
    who = who or world.visitor(ADA)
    page = world.arrive(who, login_hint=ADA.email, **essential())
    assert page.name == "mfa-challenge", page
    return who, page


def answer(world: World, who: DemoPerson, page: BrowserPage, code: str) -> BrowserPage:
    """Type a code."""
    return who.browser.submit(page, {"code": code}, stop_at=world.callback)


def events(world: World, name: str) -> list[dict[str, object]]:
    """The audit's rows of one name."""
    with world.broker.core.db.read() as tx:
        return [dict(row._mapping) for row in tx.execute(select(audit).where(audit.c.name == name))]


def test_first_method_and_the_next_sign_in(both: World) -> None:
    """HP-62, SC-01: an essential acr leads to enrolment, later to a challenge; the token says what was proven."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    before = cookie(both, ada.browser, CookiePurpose.SESSION)
    url, pending = both.request(**essential())
    page = ada.open(url, stop_at=both.callback)
    phone, page = enrol(both, ada, page)
    after = cookie(both, ada.browser, CookiePurpose.SESSION)
    assert after != before  # a step-up changes the session's id
    thief = Browser(clock=both.clock)
    plant(both, thief, CookiePurpose.SESSION, str(before))
    assert thief.get(both.url + "/apps", stop_at=both.url).status == 303
    claims = both.party.complete(page.query, pending).claims
    assert (claims["acr"], claims["amr"]) == (MFA, ["pwd", "otp", "mfa"])
    assert len(set(phone.codes)) == 10
    both.clock.advance(60)
    assert both.sign_in(ada, **essential()).claims["acr"] == MFA  # the proof stays with the session
    again = both.visitor(ADA)
    url, pending = both.request(**essential())
    page = again.open(url, stop_at=both.callback)
    assert page.name == "mfa-challenge"
    page = answer(both, again, page, phone.code())
    assert both.party.complete(page.query, pending).claims["amr"] == ["pwd", "otp", "mfa"]


def test_who_proved_what_and_when(both: World) -> None:
    """The ID token names each proof with its party and its time, to the quarter of an hour, and a refresh makes none younger.

    Only an application that wants to know is told: by its file, or by its request.
    """
    phone = with_phone(both, both.visitor(ADA))
    again = both.visitor(ADA)
    asked = {"id_token": {"acr": {"essential": True, "values": [MFA]}, "proofs": None}}
    url, pending = both.request(claims=json.dumps(asked))
    page = again.open(url, stop_at=both.callback)
    at_home = both.clock() // 900 * 900
    ours = both.clock.advance(907) // 900 * 900
    tokens = both.party.complete(answer(both, again, page, phone.code()).query, pending)
    both.clock.advance(100)
    later = both.party.refresh(tokens.refresh_token or "", tokens)
    for claims in (tokens.claims, later.claims):
        assert claims["proofs"] == [
            {"by": "fabrikam", "acr": SFA, "amr": ["pwd", "otp"], "at": at_home},  # its second factor is not trusted
            {"by": both.url, "acr": MFA, "amr": ["otp"], "at": ours},
        ]
    plain = both.sign_in(again).claims
    assert (plain["idp"], "proofs" in plain) == ("fabrikam", False)
    payroll = (both.home / "config/applications/payroll.yaml").read_text("utf-8")
    both.write("applications/payroll.yaml", payroll + "id_token_claims: [proofs]\n")
    tokens = both.sign_in(again)
    assert [proof["by"] for proof in tokens.claims["proofs"]] == ["fabrikam", both.url]
    assert "proofs" not in both.party.userinfo(tokens)


def test_steps_cannot_be_skipped(world: World) -> None:
    """MF-05: not by the consent form, not by another address, not with prompt=none."""
    with_phone(world, world.visitor(ADA))
    who, page = challenged(world)
    token = next(field.value for field in page.primary.fields if field.name == "csrf")
    forced = who.browser.post(f"{page.url}/consent", {"csrf": token, "accept": "yes"}, opener=page, stop_at=world.callback)
    assert (forced.status, forced.error) == (403, "bad_request")
    for step in ("saved", "enroll", "terms"):
        forced = who.browser.post(
            f"{page.url}/{step}", {"csrf": token, "code": "123456", "accept": "yes"}, opener=page, stop_at=world.callback
        )
        assert forced.name in ("mfa-challenge", "error"), step
    assert who.browser.get(page.url, stop_at=world.callback).name == "mfa-challenge"
    ada = world.visitor(ADA)
    world.sign_in(ada)
    assert world.arrive(ada, prompt="none", **essential()).query["error"] == "interaction_required"
    assert world.sign_in(ada, prompt="none", acr_values=MFA).claims["acr"] == SFA  # a voluntary one asks for no page


def test_half_authenticated_opens_nothing(world: World) -> None:
    """MF-06: before the second proof there is no session, no page of one's own, no token."""
    with_phone(world, world.visitor(ADA))
    before = world.counts("logins", "attempts", "receipts", "audit", "refusals")
    who, _page = challenged(world)
    assert cookie(world, who.browser, CookiePurpose.SESSION) is None
    for path in ("/apps", "/account/methods"):
        assert who.browser.get(world.url + path, stop_at=world.url).status in (303, 404)
    assert world.counts("logins", "attempts", "receipts", "audit", "refusals") == before


def test_no_second_method_over_the_first(world: World) -> None:
    """MF-07: whoever has a method is challenged, never offered to add one; another login's form adds nothing."""
    with_phone(world, world.visitor(ADA))
    who, page = challenged(world)
    token = next(field.value for field in page.primary.fields if field.name == "csrf")
    forced = who.browser.post(f"{page.url}/enroll", {"csrf": token, "code": "123456"}, opener=page)
    assert (forced.status, forced.error) == (403, "bad_request")
    forced = who.browser.post(f"{page.url}/enroll-passkey", {"csrf": token, "credential": "{}"}, opener=page)
    assert forced.status == 403
    with world.broker.core.db.read() as tx:
        assert len(tx.execute(select(factors)).all()) == 1


def test_first_method_wants_a_fresh_sign_in(world: World) -> None:
    """MF-07: a session that is an hour old adds no first method; the home organization is asked again."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.clock.advance(1800)
    page = ada.open(world.request(**essential())[0], stop_at=world.callback)
    assert ada.seen == ["partner-login", "mfa-enroll"]
    assert page.name == "mfa-enroll"


def test_the_seed_is_shown_once_and_sealed(world: World) -> None:
    """MF-11, HT-14: in no later answer, no row, no audit, no mail."""
    ada = world.visitor(ADA)
    phone = with_phone(world, ada)
    _who, page = challenged(world)
    assert phone.secret not in page.text
    with world.broker.core.db.read() as tx:
        sealed = tx.execute(select(factors.c.sealed)).scalar_one()
        rows = (
            str(tx.execute(select(audit)).all()) + str(tx.execute(select(outbox)).all()) + str(tx.execute(select(people)).all())
        )
    assert sealed.startswith("s1.")
    assert phone.secret not in rows + sealed
    claims = {"claims": json.dumps({"id_token": {"acr": None, "totp": None, "factors": None}, "userinfo": {"secret": None}})}
    assert not {"totp", "factors", "secret"} & set(world.sign_in(ada, **claims).claims)


def test_a_login_left_for_another_account_proves_nothing_for_it(world: World) -> None:
    """MF-03, AL-01: Bo's code does not count for Ada, in the same login or the same browser."""
    world.redeem(world.visitor(ADA))
    phone = with_phone(world, world.visitor(BO))
    browser = world.visitor(BO)
    page = world.arrive(browser, login_hint=BO.email, **essential())
    answer(world, browser, page, phone.code())
    ada = DemoPerson(ADA.email, ADA.subject, browser.browser)
    page = world.arrive(ada, prompt="login", login_hint=ADA.email, **essential())
    assert page.name == "mfa-enroll"


def test_unable(world: World) -> None:
    """Core 5.5.1.1: whoever cannot reach an essential acr goes back with the standard's error."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    page = world.arrive(ada, **essential("phr"))
    assert page.name == "mfa-enroll"
    assert "authenticator app" not in page.text
    page = ada.browser.submit(page, press="I can't do this now", stop_at=world.callback)
    assert page.query["error"] == "unmet_authentication_requirements"


def test_phone_lost_page(world: World) -> None:
    """The page says what is left, and leads back."""
    with_phone(world, world.visitor(ADA))
    who, page = challenged(world)
    page = who.browser.follow(page, "I can't use any of these now")
    assert page.name == "mfa-lost"
    assert "Codes left: 10." in page.text
    assert who.browser.proceed(page).name == "mfa-challenge"
