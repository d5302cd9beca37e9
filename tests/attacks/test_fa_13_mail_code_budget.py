"""FA-13: a stranger who asked for twenty codes to a guest's mailbox locked the guest out for an hour. FA-24: networks are counted."""

from __future__ import annotations

from typing import Any

import pytest

from broker.demo.browser import Browser, BrowserPage
from broker.domain.network import counted
from tests.journeys.world import World

GWEN = "gwen@mailbox.example"


def proxied(world: World) -> None:
    """The browsers of the test may say where they are."""
    text = (
        (world.home / "config" / "broker.yaml")
        .read_text()
        .replace("127.0.0.0/8]}", "127.0.0.0/8], trusted_proxies: [127.0.0.1, '::1']}")
    )
    world.write("broker.yaml", text)


def ask(world: World, browser: Browser, times: int = 1) -> list[BrowserPage]:
    """The pages of so many sign-ins that ask for a code."""
    return [browser.submit(browser.get(world.request()[0]), {"email": GWEN}, press="Continue") for _ in range(times)]


def at(world: World, address: str) -> Browser:
    """A stranger's browser at an address."""
    return Browser(clock=world.clock, headers={"X-Forwarded-For": address})


def of(pages: list[BrowserPage]) -> list[Any]:
    """What became of them."""
    return [page.error or page.name for page in pages]


def test_fa_13_one_address_has_a_quarter(both: World) -> None:
    """FA-13: five codes an hour for a mailbox from one address; another address still gets one."""
    proxied(both)
    both.redeem(both.mailbox(GWEN))
    both.clock.advance(3600)
    assert of(ask(both, at(both, "192.0.2.7"), 7)) == ["email-code"] * 5 + ["too_many_attempts"] * 2
    assert of(ask(both, at(both, "192.0.2.8"))) == ["email-code"]


def test_fa_13_a_browser_that_succeeded_before_has_its_own(both: World) -> None:
    """FA-13: strangers have used the mailbox's budget up; the guest's own browser signs in all the same, and cannot be imitated."""
    proxied(both)
    gwen = both.mailbox(GWEN)
    both.redeem(gwen)
    both.clock.advance(3600)
    for number in range(4):
        ask(both, at(both, f"192.0.2.{number}"), 5)
    assert of(ask(both, at(both, "192.0.2.99"))) == ["too_many_attempts"]
    fresh = both.mailbox(GWEN)
    assert both.arrive(fresh).error == "too_many_attempts"  # a new browser of the guest's is a stranger's
    both.mails(GWEN)  # what the strangers asked for lies there before hers comes
    url, pending = both.party.begin(prompt="login")
    page = gwen.open(url, stop_at=both.callback)
    assert both.party.complete(page.query, pending).claims["email"] == GWEN


def test_fa_13_the_mark_is_for_one_mailbox(world: World) -> None:
    """FA-13: a mark of one's own mailbox opens no budget of another's, and one that was changed is none."""
    proxied(world)
    mallory = world.mailbox("mallory@mailbox.example")
    world.redeem(mallory)
    world.clock.advance(3600)
    for number in range(4):
        ask(world, at(world, f"192.0.2.{number}"), 5)
    assert of(ask(world, mallory.browser)) == ["too_many_attempts"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::3", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::3", "2001:db8:1:3::/64"),
        ("", ""),
    ],
)
def test_fa_24_what_is_counted(address: str, expected: str) -> None:
    """FA-24: whoever has an IPv6 address has 2^64 of them."""
    assert counted(address) == expected


def test_fa_24_another_address_of_the_same_network_is_no_other(world: World) -> None:
    """FA-24: limits count the /64; the neighbouring network is another."""
    proxied(world)
    world.redeem(world.mailbox(GWEN))
    world.clock.advance(3600)
    same = [ask(world, at(world, f"2001:db8:1:2::{number}"))[0] for number in range(1, 8)]
    assert of(same) == ["email-code"] * 5 + ["too_many_attempts"] * 2
    assert of(ask(world, at(world, "2001:db8:1:3::1"))) == ["email-code"]
    missing = [at(world, f"2001:db8:9:9::{number}").get(f"{world.url}/missing").request_id for number in range(1, 104)]
    assert world.broker.history.receipts.by_request(missing[99]) is not None
    assert world.broker.history.receipts.by_request(missing[100]) is None  # the log of refusals, too
