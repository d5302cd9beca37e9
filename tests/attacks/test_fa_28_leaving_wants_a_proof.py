"""FA-28: whoever sat down at an open browser could delete the guest, or carry their data away."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from broker.storage.tables import audit
from tests.journeys.second_factor import with_phone
from tests.journeys.world import ADA, World

STALE = 601  # seconds: a proof is fresh for ten minutes
DOORS = {"leave": "/account/leave", "export": "/account/export"}


def is_done(world: World, door: str) -> bool:
    """Whether it happened."""
    name = {"leave": "guest.deleted", "export": "guest.exported"}[door]
    with world.broker.core.db.read() as tx:
        return tx.execute(select(audit).where(audit.c.name == name)).first() is not None


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("says_when", [True, False])
def test_fa_28_the_home_organization_is_asked(both: World, door: str, says_when: bool) -> None:
    """Without a method of their own: a fresh sign-in at home, also at a partner that does not say when it was."""
    both.partners["fabrikam"].fault = "none" if says_when else "no_auth_time"
    ada = both.visitor(ADA)
    both.redeem(ada)
    both.clock.advance(STALE)
    ada.halt_at = ("partner-login",)
    page = ada.open(both.url + DOORS[door])
    assert page.name == "partner-login"
    ada.halt_at = ()
    page = ada.walk(ada.browser.submit(page, press=ADA.subject))
    assert page.name == f"account-{door}"
    assert not is_done(both, door)
    done = ada.browser.submit(page)
    assert done.name == "account-left" if door == "leave" else json.loads(done.body)["person"]["email"] == ADA.email
    assert is_done(both, door)


@pytest.mark.parametrize("door", DOORS)
def test_fa_28_an_old_page(both: World, door: str) -> None:
    """The button of a page that lies open does nothing by itself."""
    ada = both.visitor(ADA)
    both.redeem(ada)
    page = ada.open(both.url + DOORS[door])
    assert page.name == f"account-{door}"
    both.clock.advance(STALE)
    assert ada.browser.submit(page).name == "partner-login"
    assert not is_done(both, door)


@pytest.mark.parametrize("door", DOORS)
def test_fa_28_the_own_method_is_asked(both: World, door: str) -> None:
    """Whoever has a method proves themselves with it: a sign-in at home alone is not enough."""
    ada = both.visitor(ADA)
    phone = with_phone(both, ada)
    both.clock.advance(STALE)
    both.sign_in(ada, prompt="login")
    page = ada.open(both.url + DOORS[door])
    assert page.name == "mfa-challenge"
    page = ada.browser.submit(page, {"code": phone.code()})
    assert page.name == f"account-{door}"
    ada.browser.submit(page)
    assert is_done(both, door)
