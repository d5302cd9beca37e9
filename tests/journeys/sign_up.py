"""Ledger, an application that people may sign up for, and what a person does on its page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from broker.domain.access_request import AccessRequest, RequestState
from broker.domain.guest import PersonKind
from broker.storage.directory import access_requests
from broker.storage.tables import people
from tests.journeys.world import CLEO, World

LEDGER = (
    "name: Ledger\nclient_secret: ${{env:SECRET}}\nredirect_uris: ['{callback}/callback']\nlaunch_url: {callback}/ledger\n"
    "assignment_required: true\nroles: [viewer]\nowners: ['{owner}']\nself_service: {{sign_up: true, {more}}}\n"
)
FORM = {"name": "Ada Fabrik", "reason": "I check the year-end figures."}
PENDING, DONE = "sign-up-pending", "sign-up-done"


def opened(world: World, more: str = "role: viewer, lifetime: 90d", owner: str = CLEO.email) -> str:
    """Opens Ledger; the address of its page."""
    world.write("applications/ledger.yaml", LEDGER.format(callback=world.callback, owner=owner, more=more))
    return f"{world.url}/sign-up/ledger"


def send(who: DemoPerson, page: str, **fields: str) -> BrowserPage:
    """Fills in the form; the page that follows."""
    return who.browser.submit(who.browser.get(page), {"email": who.address, **FORM, **fields})


def sign_up(who: DemoPerson, page: str, *, stop_at: str | None = None, **fields: str) -> BrowserPage:
    """From the form to where the sign-up ends."""
    return who.walk(send(who, page, **fields), stop_at=stop_at)


def words(page: BrowserPage) -> str:
    """What the page says."""
    return " ".join(page.document.text.split())


def requests(world: World, state: RequestState = RequestState.OPEN) -> list[AccessRequest]:
    """The requests of a state."""
    with world.broker.core.db.read() as tx:
        return access_requests.page(tx, state, applications=None, limit=50)


def guests(world: World) -> list[dict[str, Any]]:
    """Every guest's row."""
    with world.broker.core.db.read() as tx:
        return [dict(row._mapping) for row in tx.execute(select(people).where(people.c.kind == PersonKind.GUEST.value))]
