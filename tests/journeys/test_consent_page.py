"""The consent page, once: who asks for what, who invited, the company's promises; recorded, looked at, withdrawn (HP-61)."""

from __future__ import annotations

import pytest

from broker.domain.errors import NotFound
from tests.journeys.world import ACTOR, ADA, World


def test_what_the_page_says_and_what_is_recorded(world: World) -> None:
    """Company, application, data, inviter, privacy statement and terms; a record with version and time; asked once."""
    path = world.home / "config" / "broker.yaml"
    text = path.read_text("utf-8").replace("name: Contoso,", "name: Contoso, privacy_url: 'https://contoso.example/privacy',")
    (world.home / "config" / "terms.md").write_text("# Terms\n\nBe kind.\n", "utf-8")
    world.write("broker.yaml", text + "terms_of_use: {version: 2026-01, file: config/terms.md}\n")
    ada = world.visitor(ADA)
    ada.halt_at = ("review-permissions",)
    page = ada.open(world.invite(sponsor="bob@contoso.example").redeem_url)
    for words in (
        "Review and accept",
        "invites you to",
        "Payroll",
        "bob@contoso.example",
        ADA.name,
        ADA.email,
        "Fabrikam",
        "Access on your behalf",
    ):
        assert words in page.text.translate({0x2068: None, 0x2069: None}), words
    assert page.link("https://contoso.example/privacy")
    assert page.link("/terms")
    assert world.broker.guests.directory.show(ADA.email).consents == ()  # looking agrees to nothing
    ada.halt_at = ()
    assert ada.walk(page, stop_at=world.callback).location == f"{world.callback}/home"
    (record,) = world.broker.guests.directory.show(ADA.email).consents
    assert (record.application, record.version, record.given_at) == ("payroll", 1, world.clock())
    assert set(record.scopes) >= {"profile", "email", "offline_access"}
    world.sign_in(ada)
    assert "review-permissions" not in ada.seen


def test_withdrawn_and_given_again(world: World) -> None:
    """What was agreed to ends with its grants; the page comes again, and the next record is the next version."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.sign_in(ada)
    assert world.broker.guests.directory.withdraw_consent(ACTOR, ADA.email, "payroll") == 1
    with pytest.raises(NotFound):
        world.broker.guests.directory.withdraw_consent(ACTOR, ADA.email, "payroll")
    world.clock.advance(60)
    world.sign_in(ada)
    assert "review-permissions" in ada.seen
    records = world.broker.guests.directory.show(ADA.email).consents
    assert [(one.version, one.withdrawn_at is None) for one in records] == [(2, True), (1, False)]


def test_what_the_page_did_not_show_is_not_agreed_to(world: World) -> None:
    """AZ-15: a guest who was invited to Payroll opens Travel first: the page names Travel, so Payroll asks when it is opened."""
    world.invite()
    ada = world.visitor(ADA)
    ada.halt_at = ("review-permissions",)
    page = world.arrive(ada, world.travel)
    assert ("Travel" in page.text, "Payroll" in page.text) == (True, False)
    ada.halt_at = ()
    ada.walk(page, stop_at=world.callback)
    assert [one.application for one in world.broker.guests.directory.show(ADA.email).consents] == ["travel"]
    ada.seen.clear()
    world.sign_in(ada)
    assert ada.seen == ["review-permissions"]


def test_another_invitation_is_another_page(world: World) -> None:
    """AZ-15: an invitation that took the place of the one on the page is not accepted by the button of that page."""
    world.invite()
    ada = world.visitor(ADA)
    ada.halt_at = ("review-permissions",)
    page = ada.open(f"{world.url}/apps")
    assert "Payroll" in page.text
    world.invite(application="travel")
    page = ada.walk(ada.browser.submit(page))
    assert (page.name, "Travel" in page.text) == ("review-permissions", True)
    shown = world.broker.guests.directory.show(ADA.email)
    assert (shown.person.state.value, shown.consents) == ("invited", ())
    ada.halt_at = ()
    ada.walk(page)
    assert [one.application for one in world.broker.guests.directory.show(ADA.email).consents] == ["travel"]
