"""Guests without an account, and the codes in their mailbox."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from broker.demo.browser import Browser, BrowserPage
from broker.storage.tables import audit
from tests.journeys.world import World

GWEN = "gwen@mailbox.example"
CODE = "email-code"


def events(world: World, name: str) -> list[dict[str, Any]]:
    """The audit events of a name."""
    with world.broker.core.db.read() as tx:
        return [dict(row._mapping) for row in tx.execute(select(audit).where(audit.c.name == name))]


def asked(world: World, address: str = GWEN, **browser: Any) -> tuple[Browser, BrowserPage]:
    """A browser at the page that waits for the code, by way of the address form."""
    found = Browser(clock=world.clock, **browser)
    return found, found.submit(found.get(world.request()[0]), {"email": address}, press="Continue")


def guest(world: World, address: str = GWEN) -> str:
    """A guest who redeemed by code; the id."""
    invited = world.invite(address)
    page = world.redeem(world.mailbox(address), invited)
    assert page.location == f"{world.callback}/home", page
    return invited.invitation.guest_id
