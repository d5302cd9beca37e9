"""The testing kit's fixtures, as a test of an application uses them; tests/packaging/test_testing_kit.py installs the kit."""

from __future__ import annotations

import pytest

from broker.demo.relying import RelyingParty
from broker.testing import guest_broker as kit
from broker.testing.guest_broker import GuestBroker, NoMail
from tests.orders import CALLBACK, SECRET


def test_an_application_of_the_team(guest_broker: GuestBroker) -> None:
    """Its file is there before the broker starts; a guest without a home organization signs in by codes from the mailbox, twice."""
    gwen = guest_broker.person("gwen@mailbox.example")
    party = RelyingParty(guest_broker.issuer, "orders", CALLBACK, client_secret=SECRET, scope="openid email")
    page = gwen.open(guest_broker.invite(gwen.address, "orders", "--redirect-url", CALLBACK), stop_at=CALLBACK)
    assert page.location is not None, str(page)
    for params in ({}, {"prompt": "login", "max_age": "0"}):
        url, pending = party.begin(**params)
        tokens = party.complete(gwen.open(url, stop_at=CALLBACK).query, pending)
        assert (tokens.claims["email"], tokens.claims["idp"]) == (gwen.address, "email")


def test_a_fault_of_a_saml_partner_ends_with_its_block(guest_broker: GuestBroker) -> None:
    """A forged assertion is refused; afterwards the same person signs in."""
    email = guest_broker.guest("will@woodgrove.example").address
    with pytest.raises(ZeroDivisionError), guest_broker.fault("woodgrove", "wrapping_3"):
        assert guest_broker.person(email).open(guest_broker.login()).error == "partner_untrusted"
        raise ZeroDivisionError  # a test that fails
    assert guest_broker.partners["woodgrove"].fault == "none"
    assert guest_broker.person(email).open(guest_broker.login()).name == "application"


def test_staff_are_members(guest_broker: GuestBroker) -> None:
    """Somebody of contoso.example needs no invitation."""
    assert guest_broker.person("bob@contoso.example").open(guest_broker.login()).name == "application"


def test_a_mail_that_does_not_come(guest_broker: GuestBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test fails with the address, and not by hanging."""
    monkeypatch.setattr(kit, "MAIL_SECONDS", 0)
    with pytest.raises(NoMail, match=r"nobody@mailbox\.example"):
        guest_broker.next_mail("nobody@mailbox.example")
