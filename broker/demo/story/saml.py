"""The half of the story that plays at Woodgrove, which speaks SAML: the same journeys, the same honesty about refusals."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from broker.demo.browser import Browser
from broker.demo.cast import WANDA, WILL, login
from broker.demo.faults import Fault
from broker.demo.relying import SignInFailed
from broker.demo.saml.faults import SAML_FAULTS
from broker.demo.story.scene import NotHeld, Scene, expect, landed, refused, visitor

Step = tuple[str, Callable[[Scene], str]]


def metadata(scene: Scene) -> str:
    """Woodgrove's administrator needs one address of ours."""
    page = Browser().get(f"{scene.cast.at.broker}/saml/woodgrove/metadata")
    expect(page.status == 200 and b"AssertionConsumerService" in page.body, f"status {page.status}")
    known = scene.cast.woodgrove.known()
    expect(bool(known.signing) and known.encryption is not None, "no keys in it")
    return f"entity id {known.entity_id}; a key to sign requests, a key to encrypt for"


def redemption(scene: Scene) -> str:
    """Wanda follows her link and signs in at Woodgrove: a signed request, an encrypted assertion, one consent."""
    wanda = visitor(WANDA)
    page = wanda.open(scene.cast.invite(WANDA)["redeem_url"])
    landed(page, scene.cast.at.payroll)
    guest = scene.guest(WANDA)
    expect(guest is not None and guest["state"] == "active" and guest["partner"] == "woodgrove", f"the guest is {guest}")
    sent = scene.cast.woodgrove.sent[-1]
    expect("EncryptedAssertion" in sent and WANDA.email not in sent, "the assertion came in plain text")
    return " > ".join(wanda.seen)


def tokens(scene: Scene) -> str:
    """What the application gets does not depend on the partner's protocol."""
    wanda = visitor(WANDA)
    held = scene.sign_in(wanda, scene.cast.payroll)
    expect(
        held.claims.get("email") == WANDA.email and held.claims.get("email_verified") is True, f"email {held.claims.get('email')}"
    )
    expect(held.claims.get("idp") == "woodgrove", f"idp {held.claims.get('idp')}")
    again = scene.sign_in(wanda, scene.cast.payroll, prompt="login")
    expect(scene.cast.woodgrove.seen[-1].force, "prompt=login did not become ForceAuthn")
    expect(again.claims["auth_time"] >= held.claims["auth_time"], "auth_time went back")
    return f"idp {held.claims['idp']}, acr {held.claims['acr']}; prompt=login became ForceAuthn"


def logout(scene: Scene) -> str:
    """Wanda signs out at Woodgrove: what began there ends at Contoso, in her browser and at the application."""
    wanda, party = visitor(WANDA), scene.cast.payroll
    held = scene.sign_in(wanda, party)
    page = wanda.browser.proceed(wanda.browser.get(f"{scene.cast.at.saml}/"))
    expect(page.name == "partner-signed-out" and "Success" in page.text, f"ended at {page}")
    try:
        party.refresh(held.refresh_token or "", held)
    except SignInFailed as error:
        expect(error.error == "invalid_grant", f"refresh after single logout: {error.error}")
    else:
        raise NotHeld("the refresh token outlived the single logout")
    asked = wanda.browser.get(login(scene.cast.at.payroll))
    expect(asked.name in ("home-organization", "choose-partner", "partner-login"), f"after single logout, {asked}")
    return f"a signed request and its answer: {page.name}; session, grants and tokens ended here, too"


def tile(scene: Scene) -> str:
    """Wanda clicks a tile at Woodgrove: what it sends is thrown away unread, a button starts an ordinary sign-in."""
    wanda = visitor(WANDA)
    page = wanda.browser.submit(wanda.browser.get(f"{scene.cast.at.saml}/tile?relay_state=payroll"))
    expect(page.name == "idp-initiated", f"ended at {page}")
    asked = len(scene.cast.woodgrove.seen)
    page = wanda.walk(wanda.browser.proceed(page))
    expect(len(scene.cast.woodgrove.seen) > asked, "no request of ours went out")
    landed(page, scene.cast.at.payroll)
    return f"idp-initiated > {' > '.join(wanda.seen)}"


def uninvited(scene: Scene) -> str:
    """Will works at Woodgrove, and nobody sent an invitation."""
    page = visitor(WILL).open(login(scene.cast.at.payroll))
    refused(page, "not_invited")
    return "signed in at home, not invited: nothing was made of it"


def fault(scene: Scene, wrong: Fault) -> str:
    """Woodgrove gets something wrong; then it is put right, and Wanda goes on in the same browser."""
    wanda, provider = visitor(WANDA), scene.cast.woodgrove
    provider.fault = wrong.name
    try:
        page = wanda.open(login(scene.cast.at.payroll))
        if not wrong.page:
            landed(page, scene.cast.at.payroll)
            return "who is known already gets in"
        refused(page, wrong.page)
        expect("<script>alert" not in page.text, "the partner's text was shown")
        receipt = scene.receipt(page)
        expect(receipt["error"] == wrong.page, f"the receipt says {receipt['error']}")
    finally:
        provider.fault = "none"
    landed(wanda.again(page), scene.cast.at.payroll)
    return f"{wrong.page} ({receipt['reason']}); put right, the same browser gets in"


def saml_steps() -> list[Step]:
    """Titles and steps, in order."""
    told: list[Step] = [
        ("SAML metadata", metadata),
        ("SAML redeem", redemption),
        ("SAML sign in", tokens),
        ("SAML single logout", logout),
        ("SAML tile", tile),
        ("SAML uninvited", uninvited),
    ]
    return told + [(f"SAML {wrong.name}", partial(fault, wrong=wrong)) for wrong in SAML_FAULTS.values() if wrong.name != "none"]
