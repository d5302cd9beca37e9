"""Safe is under a policy that asks guests for a second factor: who brings one along, who adds one, and what `what-if` says of it."""

from __future__ import annotations

import time

import pyotp

from broker.demo.browser import BrowserPage
from broker.demo.cast import ADA, NORA
from broker.demo.home import SAFE
from broker.demo.story.scene import Scene, expect, visitor

MFA = "https://refeds.org/profile/mfa"
_STEP = 30  # seconds that a code counts (RFC 6238)


def by_partner(scene: Scene) -> str:
    """Contoso trusts Northwind for multi-factor authentication: Northwind asks Nora, and Contoso does not."""
    nora = visitor(NORA)
    claims = scene.sign_in(nora, scene.cast.safe).claims
    expect(not [page for page in nora.seen if page.startswith("mfa-")], f"saw {nora.seen}")
    expect(claims.get("acr") == MFA and "mfa" in claims.get("amr", ()), f"acr {claims.get('acr')}, amr {claims.get('amr')}")
    again = scene.sign_in(nora, scene.cast.safe).claims
    expect(nora.seen == [] and again.get("acr") == MFA, f"the second time saw {nora.seen}")
    return "Northwind is asked for it, Contoso for nothing; the token says mfa"


def by_app(scene: Scene) -> str:
    """Fabrikam is trusted with no such thing: Ada adds an authenticator app on the way."""
    ada = visitor(ADA)
    url, pending = scene.cast.safe.begin()
    page = _stopped(ada.open(url, stop_at=scene.cast.safe.redirect_uri), "mfa-enroll")
    secret = page.document.codes[0]
    scene.ada_app = secret, pyotp.TOTP(secret).now()
    page = _stopped(ada.browser.submit(page, {"code": scene.ada_app[1]}), "recovery-codes")
    count = len(page.document.codes)
    page = ada.browser.submit(page, stop_at=scene.cast.safe.redirect_uri)
    claims = scene.cast.safe.complete(page.query, pending).claims
    expect(claims.get("acr") == MFA and "otp" in claims.get("amr", ()), f"acr {claims.get('acr')}, amr {claims.get('amr')}")
    return f"mfa-enroll, {count} recovery codes, in; amr {' '.join(claims['amr'])}"


def asked_again(scene: Scene) -> str:
    """In another browser: Payroll opens as ever, Safe asks for a code; one that was used is none."""
    ada = visitor(ADA)
    expect(scene.sign_in(ada, scene.cast.payroll).claims.get("acr") != MFA, "Payroll asked for a second factor, too")
    url, pending = scene.cast.safe.begin()
    page = _stopped(ada.open(url, stop_at=scene.cast.safe.redirect_uri), "mfa-challenge")
    secret, used = scene.ada_app
    page = _stopped(ada.browser.submit(page, {"code": used}), "mfa-challenge")
    expect(page.status == 400, "a code was taken twice")
    following = pyotp.TOTP(secret).at(time.time() + _STEP)  # one step of drift is taken, so nobody has to wait
    page = ada.browser.submit(page, {"code": following}, stop_at=scene.cast.safe.redirect_uri)
    expect(scene.cast.safe.complete(page.query, pending).claims.get("acr") == MFA, "the token does not say mfa")
    return "Payroll opens as ever, Safe asks for a code of the app; the one of before is refused"


def what_if(scene: Scene) -> str:
    """The same function, asked beforehand, says the same."""
    found = scene.cast.broker.ask("policy", "what-if", "--user", ADA.email, "--application", SAFE)
    expect(found["require"] == ["mfa"] and found["error"] is None, f"{found['require']}, {found['error']}")
    return f"{found['outcome']}, asked for {', '.join(found['require'])}: as it happened"


def _stopped(page: BrowserPage, name: str) -> BrowserPage:
    expect(page.name == name, f"expected {name}, ended at {page}")
    return page
