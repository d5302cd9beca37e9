"""Invite, redeem, sign in over SAML; faults of the partner; keys; both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broker.demo.saml.faults import SAML_FAULTS
from tests.journeys.saml_world import WANDA, SamlWorld, saml_world
from tests.journeys.world import World

QUIET = ("logins", "receipts", "audit", "audit_personal", "attempts", "documents", "used", "parked")


@pytest.fixture
def woodgrove(world: World) -> Iterator[SamlWorld]:
    """Woodgrove as most partners are: signed requests, plain assertions, both signed."""
    with saml_world(world) as added:
        added.file()
        yield added


@pytest.fixture
def on_both(both: World) -> Iterator[SamlWorld]:
    """The same on SQLite and on PostgreSQL."""
    with saml_world(both) as added:
        added.file()
        yield added


@pytest.fixture
def sealed(world: World) -> Iterator[SamlWorld]:
    """Woodgrove with encrypted assertions, by our own metadata for it."""
    with saml_world(world, own=True) as added:
        added.file(want_encrypted=True)
        yield added


def test_invited_guest_redeems_and_signs_in(on_both: SamlWorld) -> None:
    """HS-31, HS-33: the whole way over SAML; single sign-on afterwards; the assertion is where the session's facts come from."""
    wanda = on_both.visitor()
    page = on_both.redeem(wanda)
    assert wanda.seen == ["invitation", "partner-login", "partner-return", "review-permissions"]
    assert page.location == f"{on_both.world.callback}/home"
    tokens = on_both.world.sign_in(wanda)
    assert wanda.seen == []
    assert (tokens.claims["email"], tokens.claims["email_verified"]) == (WANDA.email, True)
    assert tokens.claims["idp"] == "woodgrove"
    assert tokens.claims["acr"] == "https://refeds.org/profile/sfa"
    assert tokens.claims["auth_time"] == on_both.world.clock()
    request = on_both.idp.seen[0]
    assert len(request.id) >= 33
    assert request.acs_url == f"{on_both.world.url}/saml/acs"
    assert not request.force
    assert request.name_id_format is None
    assert request.contexts == ()


def test_later_sign_in_needs_no_link(woodgrove: SamlWorld) -> None:
    """A new browser, the address alone: the same guest, the same sub."""
    woodgrove.redeem(woodgrove.visitor())
    first = woodgrove.world.sign_in(woodgrove.visitor())
    again = woodgrove.visitor()
    second = woodgrove.world.sign_in(again)
    assert again.seen == ["home-organization", "partner-login", "partner-return"]
    assert first.claims["sub"] == second.claims["sub"]


def test_encrypted_assertions(sealed: SamlWorld) -> None:
    """HS-20, HS-41: only where the file asks for it our metadata holds a key for encryption, and then assertions come encrypted."""
    wanda = sealed.visitor()
    sealed.redeem(wanda)
    assert "EncryptedAssertion" in sealed.idp.sent[-1]
    assert WANDA.email not in sealed.idp.sent[-1]
    assert sealed.world.sign_in(wanda).claims["email"] == WANDA.email
    assert b"encryption" not in sealed.world.broker.partners.families.over_saml.our_side.metadata(None)


def test_prompt_login_forces(woodgrove: SamlWorld) -> None:
    """HP-17, HS-30: prompt=login and max_age become ForceAuthn; auth_time moves."""
    wanda = woodgrove.visitor()
    woodgrove.redeem(wanda)
    before = woodgrove.world.sign_in(wanda).claims["auth_time"]
    woodgrove.world.clock.advance(100)
    after = woodgrove.world.sign_in(wanda, prompt="login")
    assert woodgrove.idp.seen[-1].force
    assert after.claims["auth_time"] == before + 100
    woodgrove.world.clock.advance(100)
    assert woodgrove.world.sign_in(wanda, max_age="50").claims["auth_time"] == before + 200
    assert woodgrove.idp.seen[-1].force


@pytest.mark.parametrize("fault", [name for name, fault in SAML_FAULTS.items() if fault.page and name != "not_encrypted"])
def test_fault_is_refused_and_the_login_is_kept(woodgrove: SamlWorld, fault: str) -> None:
    """Each fault ends on a page with the contract's code, nothing changes, and the same browser gets in when it is put right."""
    woodgrove.redeem(woodgrove.visitor())
    before = woodgrove.world.counts(*QUIET)
    wanda = woodgrove.visitor()
    woodgrove.idp.fault = fault
    page = woodgrove.world.arrive(wanda)
    assert page.error == SAML_FAULTS[fault].page
    assert "<script>alert" not in page.text
    assert woodgrove.world.counts(*QUIET) == before
    receipt = woodgrove.world.receipt(page)
    assert receipt["error"] == SAML_FAULTS[fault].page
    assert receipt["partner"] == "woodgrove"
    woodgrove.idp.fault = "none"
    assert wanda.again(page, stop_at=woodgrove.world.callback).location is not None


def test_plain_where_encryption_is_wanted(sealed: SamlWorld) -> None:
    """HS-9: want_encrypted refuses the plain form."""
    sealed.redeem(sealed.visitor())
    sealed.idp.fault = "not_encrypted"
    page = sealed.world.arrive(sealed.visitor())
    assert page.error == "partner_untrusted"
    assert sealed.world.receipt(page)["reason"] == "saml_encryption"


def test_no_verified_address_redeems_nothing(woodgrove: SamlWorld) -> None:
    """IN-01: without an address of its domain the invitation stays pending."""
    invited = woodgrove.world.invite(WANDA.email)
    woodgrove.idp.fault = "missing_mail"
    wanda = woodgrove.visitor()
    page = woodgrove.world.refuse_mailbox(wanda, woodgrove.world.redeem(wanda, invited))
    assert page.error == "invitation_mismatch"


def test_expired_certificate_is_a_bare_key(woodgrove: SamlWorld) -> None:
    """SM-14: what counts is the key that the metadata holds, not the date on its certificate."""
    woodgrove.idp.fault = "expired_certificate"
    assert woodgrove.redeem(woodgrove.visitor()).location is not None


def test_cancelled_at_the_partner(woodgrove: SamlWorld) -> None:
    """HS-22: a plain error response is partner_failed; the person can try again."""
    nobody = woodgrove.visitor()
    nobody.subject = ""
    page = woodgrove.redeem(nobody)
    assert page.error == "partner_failed"
    assert woodgrove.world.receipt(page)["reason"] == "saml_status"


def test_requests_by_post(world: World) -> None:
    """HS-33: where the partner takes requests by POST only, the request is signed in itself, in a form that sends itself."""
    with saml_world(world, post=True, signed="assertion") as added:
        added.file(signed="assertion", name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
        wanda = added.visitor()
        browser = wanda.browser
        page = browser.submit(browser.get(world.invite(WANDA.email).redeem_url))
        assert page.name == "continue"
        page = wanda.walk(browser.proceed(page), stop_at=world.callback)
        assert page.location == f"{world.callback}/home"
        assert added.idp.seen[0].name_id_format == "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


def test_fb_14_a_format_that_the_partner_refuses(woodgrove: SamlWorld) -> None:
    """FB-14: the file's format is asked for, also where the metadata does not list it; a partner without it is asked once more."""
    woodgrove.file(name_id_format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName")
    woodgrove.idp.fault = "strict_format"
    assert woodgrove.redeem(woodgrove.visitor()).location == f"{woodgrove.world.callback}/home"
    asked = [request.name_id_format for request in woodgrove.idp.seen]
    assert asked == ["urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName", None]
    steps = woodgrove.world.broker.history.receipts.newest(limit=1)[0].steps
    assert "subject format refused" in [step["result"] for step in steps]


def test_fb_14_a_refusal_without_a_format(woodgrove: SamlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """FB-14: a partner that refuses a request without a format, too, is not asked again."""
    refuse = woodgrove.idp.refusal
    monkeypatch.setattr(woodgrove.idp, "answer", lambda request, _session: refuse(request, "Requester", "InvalidNameIDPolicy"))
    page = woodgrove.redeem(woodgrove.visitor())
    assert (page.error, len(woodgrove.idp.seen)) == ("partner_failed", 1)


def test_unsigned_requests_where_the_file_says_so(world: World) -> None:
    """HS-33: sign_requests false says so in our metadata for that partner, too."""
    with saml_world(world, own=True) as added:
        added.file(sign_requests=False)
        assert added.redeem(added.visitor()).location is not None
        assert b'AuthnRequestsSigned="false"' in world.broker.partners.families.over_saml.our_side.metadata(
            world.broker.core.settings().partners["woodgrove"]
        )


def test_subject_by_mail_and_by_attribute(world: World) -> None:
    """HS-28: a NameID of format emailAddress is a subject like any other; it is no address."""
    with saml_world(world, name_id="email", signed="response") as added:
        added.file()
        wanda = added.visitor()
        added.redeem(wanda)
        assert world.sign_in(wanda).claims["email"] == WANDA.email
