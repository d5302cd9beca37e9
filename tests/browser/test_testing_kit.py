"""The testing kit's fixtures of Playwright: a guest in Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from broker.testing.chromium import NoWayForward
from broker.testing.guest_broker import GuestBroker


@pytest.mark.whole
def test_a_guest_in_chromium(guest_broker: GuestBroker, guest_page: Page) -> None:
    """An invited person accepts and arrives; somebody without a home organization does so by codes; a refusal names its page."""
    for email in ("hedda@northwind.example", "hugo@mailbox.example"):
        person = guest_broker.person(email)
        guest_page.context.clear_cookies()
        guest_page.goto(guest_broker.invite(email))
        guest_broker.walk(guest_page, person)
        assert guest_page.get_attribute("main", "data-page") == "application"
    guest_page.context.clear_cookies()
    guest_page.goto(guest_broker.login())
    with pytest.raises(NoWayForward, match="stands at error"):
        guest_broker.walk(guest_page, guest_broker.person("stranger@fabrikam.example"))
