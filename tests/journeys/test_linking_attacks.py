"""Proof belongs to one login and one identity; no address of a request decides where a browser goes."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from broker.storage.tables import identities, people
from broker.web.cookies import CookiePurpose
from tests.journeys.test_session_attacks import cookie, signed_in
from tests.journeys.world import ADA, BO, World

EVIL = [
    "//evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "/\\evil.example",
    "%0d%0aLocation:%20https://evil.example",
    "javascript:alert(1)",
]
NAMES = ("next", "return_to", "return_path", "redirect", "redirect_url", "target", "url", "RelayState")


def bound(world: World) -> set[tuple[str, str]]:
    """(subject, address) of every identity."""
    with world.broker.core.db.read() as tx:
        joined = select(identities.c.subject, people.c.email).join(people, people.c.id == identities.c.person_id)
        return {(row[0], row[1]) for row in tx.execute(joined)}


@pytest.mark.parametrize("value", EVIL)
def test_return_address_of_a_request(world: World, value: str) -> None:
    """SC-08, HW-6: whatever a query names as the way back, a sign-in to the panel ends at the panel."""
    world.redeem(world.visitor(ADA))
    ada = world.visitor(ADA)
    query = "&".join(f"{name}={value}" for name in NAMES)
    page = ada.open(f"{world.url}/apps?{query}")
    assert (page.name, page.url) == ("apps", f"{world.url}/apps")
    assert "partner-login" in ada.seen
    targets = [hop.location or "" for hop in ada.browser.hops]
    assert not any("evil" in target or "javascript" in target for target in targets)


def test_proof_of_one_identity_does_not_bind_another(world: World) -> None:
    """AL-04: the consent form that Ada's proof earned binds nobody else, though it is the same login and browser."""
    invited = world.invite()
    ada = world.visitor(ADA)
    ada.halt_at = ("review-permissions",)
    form = ada.open(invited.redeem_url)
    assert form.name == "review-permissions"
    ada.browser.submit(form, press="Use another account", stop_at=f"{world.url}/signin")  # a second tab
    stale = ada.browser.proceed(form, stop_at=world.callback)  # Ada's proof is gone: nothing to accept
    assert stale.location is None
    assert bound(world) == set()
    bo = world.visitor(BO)
    bo.browser = ada.browser
    page = world.refuse_mailbox(bo, bo.walk(ada.browser.get(form.url), stop_at=world.callback))
    assert (page.status, page.error) == (403, "invitation_mismatch")
    page = ada.browser.proceed(form, stop_at=world.callback)  # the old form once more, with Bo's proof on the login
    assert (page.status, page.error) == (403, "invitation_mismatch")
    assert bound(world) == set()
    assert world.broker.invitations.invitations.landing(invited.redeem_url.rpartition("/")[2]).status == "pending"
    assert world.redeem(world.visitor(ADA), invited).location is not None
    assert bound(world) == {(ADA.subject, ADA.email)}


def test_foreign_identity_is_not_put_into_a_session(world: World) -> None:
    """AL-06, HO-19: the answer of an attacker's login, opened in a signed-in browser, links nothing and changes no session."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    before, session = bound(world), cookie(world, ada.browser, CookiePurpose.SESSION)
    attacker = world.visitor(BO)
    invited = world.invite(BO.email)
    answer = attacker.open(invited.redeem_url, stop_at=f"{world.url}/oidc").location or ""
    redeemed = world.partners["fabrikam"].calls["token"]
    page = ada.browser.get(answer)
    assert page.error == "login_expired"
    assert world.partners["fabrikam"].calls["token"] == redeemed  # HO-19: refused before anything is taken
    assert world.receipt(page)["reason"] == "login_browser_mismatch"
    posted = ada.browser.post(
        f"{world.url}/invitation", {"csrf": "x" * 43}, opener=attacker.browser.get(f"{world.callback}/home")
    )
    assert posted.status == 403
    assert bound(world) == before
    assert cookie(world, ada.browser, CookiePurpose.SESSION) == session
    assert signed_in(world, ada.browser)
