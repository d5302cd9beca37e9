"""FA-19: the mailer was woken by the request of a guest, and slowed the guest's next request down: a stranger's was faster."""

from __future__ import annotations

import time

import pytest

from broker.services.operations import background
from tests.journeys.counting import statements
from tests.journeys.email_code import GWEN, asked, guest
from tests.journeys.world import World


def test_fa_19_no_request_wakes_the_mailer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """FA-19, LP-04: the mailer looks by its clock alone: as often for a stranger's request as for a guest's."""
    monkeypatch.setattr(background, "POST", 3600.0)
    guest(world)
    world.clock.advance(3600)
    looks: list[float] = []
    monkeypatch.setattr(world.broker.messages.outbox, "look", lambda: looks.append(time.monotonic()))
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


def test_fa_19_the_same_statements(both: World) -> None:
    """FA-19, LP-04: a new code for a guest and for a stranger is the same statements, in the same order."""
    guest(both)
    both.clock.advance(3600)
    seen: list[list[str]] = []
    for address in (GWEN, "nobody@mailbox.example"):
        browser, page = asked(both, address)
        both.clock.advance(30)
        with statements(both.broker.core.db) as executed:
            assert browser.submit(page, press="Send a new code").name == "email-code"
        seen.append(executed)
    assert len(seen[0]) > 3
    assert seen[0] == seen[1]
