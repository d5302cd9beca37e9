"""The steps of a guest who is welcome: each proves something and says what, or raises NotHeld."""

from __future__ import annotations

import json

from broker.demo.browser import Browser
from broker.demo.cast import ADA, BOB, login
from broker.demo.relying import SignInFailed, call
from broker.demo.story.scene import NotHeld, Scene, expect, landed, refused, visitor


def discovery(scene: Scene) -> str:
    """An application needs nothing but the issuer."""
    status, found = call("GET", f"{scene.cast.at.broker}/.well-known/openid-configuration")
    expect(status == 200 and found.get("issuer") == scene.cast.at.broker, f"status {status}, issuer {found.get('issuer')}")
    _, jwks = call("GET", found["jwks_uri"])
    private = {"d", "p", "q", "dp", "dq", "qi", "k"}
    expect(bool(jwks.get("keys")) and not any(private & key.keys() for key in jwks["keys"]), "no keys, or private parts in them")
    return f"{len(found)} entries, {len(jwks['keys'])} public keys, exact issuer"


def invitation(scene: Scene) -> str:
    """A member of staff invites Ada."""
    made = scene.cast.invite(ADA)
    expect(made["status"] == "pending" and made["email"] == ADA.email, f"{made['status']}, {made['email']}")
    expect(made["redeem_url"].startswith(scene.cast.at.broker + "/"), "the link leads elsewhere")
    scene.link = made["redeem_url"]
    return "broker invite gave a link under the issuer; the guest is waiting"


def scanner(scene: Scene) -> str:
    """A mail scanner opens the link before Ada does."""
    for _ in range(2):
        page = Browser().get(scene.link)
        expect(page.name == "invitation" and page.status == 200, f"ended at {page}")
    guest = scene.guest(ADA)
    expect(guest is not None and guest["state"] == "invited", f"the guest is {guest and guest['state']}")
    return "two GETs spent nothing: the page only offers a button"


def redemption(scene: Scene) -> str:
    """Ada follows the link, consents once, signs in at Fabrikam and lands on Payroll."""
    page = scene.ada.open(scene.link)
    landed(page, scene.cast.at.payroll)
    seen = scene.ada.seen
    expect(seen.count("review-permissions") == 1 and seen.count("partner-login") == 1, " > ".join(seen))
    guest = scene.guest(ADA)
    expect(guest is not None and guest["state"] == "active" and guest["partner"] == "fabrikam", f"the guest is {guest}")
    expect(not scene.ada.browser.cookies.refused, f"cookies refused: {scene.ada.browser.cookies.refused}")
    return " > ".join(seen)


def used_link(scene: Scene) -> str:
    """The link is tried once more, in another browser."""
    page = visitor(ADA).open(scene.link)
    refused(page, "invitation_used")
    return "a spent link opens nothing"


def tokens(scene: Scene) -> str:
    """The application verifies signature, iss, aud, nonce, at_hash and times by itself."""
    scene.tokens = scene.sign_in(scene.ada, scene.cast.payroll)
    claims = scene.tokens.claims
    expect(claims.get("email") == ADA.email and claims.get("email_verified") is True, f"email {claims.get('email')}")
    expect(claims.get("idp") == "fabrikam", f"idp {claims.get('idp')}")
    missing = [name for name in ("acr", "amr", "auth_time", "sid", "nonce", "at_hash") if name not in claims]
    expect(not missing, f"without {', '.join(missing)}")
    expect(ADA.subject not in json.dumps(claims), "the partner's subject leaked into the token")
    return f"signature, iss, aud, nonce, at_hash, times; idp {claims['idp']}, acr {claims['acr']}"


def single_sign_on(scene: Scene) -> str:
    """The second application, and the first one again, without the partner."""
    before = scene.upstream()
    page = scene.ada.open(login(scene.cast.at.travel))
    landed(page, scene.cast.at.travel)
    expect("partner-login" not in scene.ada.seen and scene.upstream() == before, "the partner was asked again")
    consent = "review-permissions" in scene.ada.seen
    again = scene.sign_in(scene.ada, scene.cast.payroll)
    other = scene.sign_in(scene.ada, scene.cast.travel)
    expect(again.claims["sub"] == (scene.tokens or again).claims["sub"], "sub changed between two sign-ins")
    expect(again.claims["sub"] != other.claims["sub"], "two applications see the same pairwise sub")
    expect(scene.upstream() == before, "the partner was asked again")
    return f"Travel and Payroll without Fabrikam{', after consent for Travel' if consent else ''}; a sub of its own for each"


def userinfo(scene: Scene) -> str:
    """The access token answers at userinfo, and only there in this form."""
    held = scene.sign_in(scene.ada, scene.cast.payroll)
    found = scene.cast.payroll.userinfo(held)
    expect(found.get("email") == ADA.email, f"email {found.get('email')}")
    status, _ = call(
        "GET", scene.cast.payroll.metadata["userinfo_endpoint"], headers={"Authorization": f"Bearer {held.access_token}x"}
    )
    expect(status == 401, f"a changed token got {status}")
    return "same sub as the ID token; a changed token is 401"


def refresh(scene: Scene) -> str:
    """Refresh tokens rotate; one before the newest token's predecessor is worthless, and showing it ends the family."""
    party = scene.cast.payroll
    held = scene.sign_in(scene.ada, party)
    expect(held.refresh_token is not None, "no refresh token although offline_access was asked for")
    fresh = party.refresh(held.refresh_token or "", held)
    expect(fresh.refresh_token not in (None, held.refresh_token), "the refresh token stayed the same")
    party.userinfo(fresh)
    newest = party.refresh(fresh.refresh_token or "", fresh)
    for name, token in (("the oldest", held.refresh_token), ("after reuse, the newest", newest.refresh_token)):
        try:
            party.refresh(token or "", held)
        except SignInFailed as error:
            expect(error.error == "invalid_grant", f"{name} refresh token: {error.error}")
        else:
            raise NotHeld(f"{name} refresh token still works")
    return "rotates; an old token is invalid_grant and ends the family"


def prompts(scene: Scene) -> str:
    """prompt=none asks nobody; prompt=login and max_age=0 ask the partner again, with an honest auth_time."""
    party, before = scene.cast.payroll, scene.upstream()
    first = scene.sign_in(scene.ada, party, prompt="none")
    fresh = scene.sign_in(scene.ada, party, prompt="login", max_age="0")
    expect(scene.upstream() == before + 1 and "partner-login" in scene.ada.seen, "prompt=login did not reach the partner")
    expect(fresh.claims["auth_time"] >= first.claims["auth_time"], "auth_time went back")
    try:
        scene.sign_in(visitor(ADA), party, prompt="none")
    except SignInFailed as error:
        expect(error.error == "login_required", f"prompt=none: {error.error}")
    else:
        raise NotHeld("prompt=none signed in a browser without a session")
    return "none: silent or login_required; login and max_age: the partner is asked, auth_time moves"


def without_link(scene: Scene) -> str:
    """Weeks later, in a new browser, from the application, without the link."""
    ada = visitor(ADA)
    landed(ada.open(login(scene.cast.at.payroll)), scene.cast.at.payroll)
    expect("home-organization" in ada.seen and "partner-login" in ada.seen, " > ".join(ada.seen))
    held = scene.sign_in(ada, scene.cast.payroll)
    expect(held.claims["sub"] == (scene.tokens or held).claims["sub"], "another sub for the same guest")
    return f"{' > '.join(ada.seen) or 'session'}; the same sub as before"


def member(scene: Scene) -> str:
    """Bob works at Contoso: no invitation, no consent."""
    bob = visitor(BOB)
    held = scene.sign_in(bob, scene.cast.payroll)
    expect(held.claims.get("idp") == "staff" and "review-permissions" not in bob.seen, " > ".join(bob.seen))
    return f"{' > '.join(bob.seen)}; idp {held.claims['idp']}"


def logout(scene: Scene) -> str:
    """Ada signs out at Payroll."""
    ada, party = visitor(ADA), scene.cast.payroll
    landed(ada.open(login(scene.cast.at.payroll)), scene.cast.at.payroll)
    held = scene.sign_in(ada, party)
    page = ada.browser.submit(ada.browser.get(f"{scene.cast.at.payroll}/"), press="Sign out")
    if page.url.startswith(scene.cast.at.broker):
        page = ada.browser.proceed(page)
    expect(page.name in ("application-signed-out", "signed-out"), f"ended at {page}")
    try:
        party.refresh(held.refresh_token or "", held)
    except SignInFailed as error:
        expect(error.error == "invalid_grant", f"refresh after logout: {error.error}")
    else:
        raise NotHeld("the refresh token outlived the logout")
    asked = ada.browser.get(login(scene.cast.at.payroll))
    expect(asked.name in ("home-organization", "choose-partner", "partner-login"), f"after logout, {asked}")
    return "session, grants and tokens ended; the next sign-in asks again"
