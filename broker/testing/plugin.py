"""The fixtures of the testing kit. pytest imports this file in every run, so all else is imported when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from broker.testing.guest_broker import GuestBroker


@pytest.fixture(scope="session")
def guest_broker_applications() -> Mapping[str, Mapping[str, Any]]:
    """Your applications: the content of `config/applications/CLIENT_ID.yaml` by client id. Override this fixture in your conftest.py."""
    return {}


@pytest.fixture(scope="session")
def guest_broker(
    tmp_path_factory: pytest.TempPathFactory, guest_broker_applications: Mapping[str, Mapping[str, Any]]
) -> Iterator[GuestBroker]:
    """The broker and its cast on free ports of loopback addresses, once for the run."""
    from broker.testing.guest_broker import open_guest_broker

    with open_guest_broker(tmp_path_factory.mktemp("guest-broker"), guest_broker_applications) as opened:
        yield opened


@pytest.fixture(scope="session")
def guest_browser() -> Iterator[Browser]:
    """Playwright's Chromium without a window, once for the run: the one on the path, or the one that Playwright installed."""
    from broker.testing.chromium import open_chromium

    with open_chromium() as browser:
        yield browser


@pytest.fixture
def guest_page(guest_browser: Browser) -> Iterator[Page]:
    """A page of a new browser profile; `guest_broker.walk(guest_page, person)` answers the pages of a sign-in."""
    context = guest_browser.new_context(locale="en-GB")
    yield context.new_page()
    context.close()
