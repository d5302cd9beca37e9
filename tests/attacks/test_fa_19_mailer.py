"""FA-19: the mailer was woken by the request of a guest, and slowed the guest's next request down: a stranger's was faster."""

from __future__ import annotations

import time

import pytest

from broker.services.operations import background
from tests.journeys.test_email_code import GWEN, asked, guest
from tests.journeys.world import World


def test_fa_19_no_request_wakes_the_mailer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """FA-19, LP-04: the mailer looks by its clock alone: as often for a stranger's request as for a guest's."""
    monkeypatch.setattr(background, "POST", 3600.0)
    guest(world)
    world.clock.advance(3600)
    looks: list[float] = []
    monkeypatch.setattr(world.broker.outbox, "look", lambda: looks.append(time.monotonic()))
    working = world.broker.in_background()
    working.start()
    try:
        for address in (GWEN, "nobody@mailbox.example"):
            browser, page = asked(world, address)
            world.clock.advance(30)
            assert browser.submit(page, press="Send a new code").name == "email-code"
            time.sleep(0.3)
            assert looks == []
    finally:
        working.stop()


def test_fa_19_the_same_statements(world: World) -> None:
    """FA-19, LP-04: a guest's request and a stranger's are the same statements, in the same order."""
    guest(world)
    world.clock.advance(3600)
    seen: list[list[str]] = []
    for address in (GWEN, "nobody@mailbox.example"):
        world.statements.clear()
        browser, page = asked(world, address)
        world.clock.advance(30)
        browser.submit(page, press="Send a new code")
        seen.append(list(world.statements))
    assert seen[0] == seen[1]
