"""`broker demo --once`: the life of a guest as a run of steps, each of which proves something or fails with what it saw instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.demo.browser import Browser, BrowserError, Page
from broker.demo.cast import ADA, BO, BOB, CLEO, MALLORY, NORA, Cast, login
from broker.demo.faults import FAULTS, Fault
from broker.demo.identity import Account
from broker.demo.process import BrokerError
from broker.demo.relying import RelyingParty, SignInFailed, Tokens, call
from broker.demo.visitor import Visitor


class NotHeld(Exception):
    """A step saw something else than what it was to prove."""


def expect(holds: bool, otherwise: str) -> None:
    """Raise NotHeld with `otherwise` unless it holds."""
    if not holds:
        raise NotHeld(otherwise)


@dataclass(slots=True)
class Scene:
    """What the steps share. ada: her first browser. tokens: of the last sign-in that she made for the story to look at."""

    cast: Cast
    ada: Visitor = field(default_factory=lambda: visitor(ADA))
    link: str = ""
    tokens: Tokens | None = None
    refusals: dict[str, str] = field(default_factory=dict)  # request id: the page's code

    def upstream(self, partner: str = "fabrikam") -> int:
        """How many logins that partner has finished so far."""
        return self.cast.partners[partner].calls.get("token", 0)

    def guest(self, person: Account) -> Mapping[str, Any] | None:
        """The guest's record by `broker guests show`, None if there is none."""
        done = self.cast.broker.command("guests", "show", person.email, "--json")
        found: dict[str, Any] | None = json.loads(done.stdout) if done.returncode == 0 else None
        return found

    def receipt(self, page: Page) -> Mapping[str, Any]:
        """What `broker sign-ins --request` says about an error page."""
        found = self.cast.broker.ask("sign-ins", "--request", page.request_id)
        expect(bool(found), f"no receipt for {page.request_id!r}")
        first: Mapping[str, Any] = found[0] if isinstance(found, list) else found
        return first

    def sign_in(self, who: Visitor, party: RelyingParty, **params: str) -> Tokens:
        """Sign in as an application would that the story looks into: its tokens, verified."""
        url, pending = party.begin(**params)
        page = who.open(url, stop_at=party.redirect_uri)
        expect(page.location is not None, f"no answer to the application but {page}")
        return party.complete(page.query, pending)


def visitor(person: Account, **browser: Any) -> Visitor:
    """Somebody with a new browser."""
    return Visitor(person.email, person.subject, Browser(**browser))


def landed(page: Page, application: str) -> None:
    """The application's own page says that somebody is signed in."""
    expect(page.name == "application" and page.url.startswith(application) and "ID token" in page.text, f"ended at {page}")


def refused(page: Page, code: str) -> None:
    """An error page of the broker with this code, a request id and a status of the contract."""
    expect(page.name == "error" and page.error == code, f"expected {code}, ended at {page}")
    expect(400 <= page.status < 504 and bool(page.request_id), f"status {page.status}, request id {page.request_id!r}")


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
    """Refresh tokens rotate; the old one is worthless, and showing it ends the family."""
    party = scene.cast.payroll
    held = scene.sign_in(scene.ada, party)
    expect(held.refresh_token is not None, "no refresh token although offline_access was asked for")
    fresh = party.refresh(held.refresh_token or "", held)
    expect(fresh.refresh_token not in (None, held.refresh_token), "the refresh token stayed the same")
    party.userinfo(fresh)
    for name, token in (("the old", held.refresh_token), ("after reuse, the new", fresh.refresh_token)):
        try:
            party.refresh(token or "", held)
        except SignInFailed as error:
            expect(error.error == "invalid_grant", f"{name} refresh token: {error.error}")
        else:
            raise NotHeld(f"{name} refresh token still works")
    return "rotates; the old token is invalid_grant and ends the family"


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


def uninvited(scene: Scene) -> str:
    """A colleague of Ada whom nobody invited."""
    page = visitor(BO).open(login(scene.cast.at.payroll))
    refused(page, "not_invited")
    receipt = scene.receipt(page)
    expect(
        receipt["error"] == "not_invited" and receipt["outcome"] in ("blocked", "failed"),
        f"{receipt['outcome']}, {receipt['error']}",
    )
    expect(scene.guest(BO) is None, "a guest was created")
    return f"not_invited, nothing created; receipt {page.request_id} says {receipt['reason'] or receipt['error']}"


def other_partner(scene: Scene) -> str:
    """Northwind vouches for somebody who has Ada's address."""
    mallory = Visitor(NORA.email, MALLORY.subject)
    page = mallory.open(login(scene.cast.at.payroll))
    refused(page, "not_invited")
    expect("partner-login" in mallory.seen, "Northwind was never asked")
    guest = scene.guest(ADA)
    expect(guest is not None and guest["partner"] == "fabrikam", "Ada's home organization changed")
    return "an address alone finds nobody: not_invited, Ada's binding untouched"


def fault(scene: Scene, wrong: Fault) -> str:
    """Fabrikam gets something wrong; then it is put right, and Ada goes on in the same browser."""
    ada, provider = visitor(ADA), scene.cast.partners["fabrikam"]
    provider.fault = wrong.name
    try:
        page = ada.open(login(scene.cast.at.payroll))
        refused(page, wrong.page)
        expect("<script>alert" not in page.text, "the partner's text was shown")
    finally:
        provider.fault = "none"
    scene.refusals[page.request_id] = wrong.page
    landed(ada.again(page), scene.cast.at.payroll)
    return f"{wrong.page}; put right, the same browser gets in"


def receipts(scene: Scene) -> str:
    """The reference on each of those pages leads to the check that failed, also after the person got in by the same login."""
    found = {receipt["request_id"]: receipt for receipt in scene.cast.broker.ask("sign-ins", "--limit", "1000")}
    missing = [reference for reference in scene.refusals if reference not in found]
    expect(bool(scene.refusals) and not missing, f"no receipt for {', '.join(missing)}")
    reasons = [
        {step["reason"] for step in found[reference]["steps"] if step["result"] == "refused"}
        | {found[reference]["reason"]} - {""}
        for reference in scene.refusals
    ]
    expect(all(reasons), "a receipt without a reason")
    return f"{len(reasons)} refusals explained: {', '.join(sorted(set().union(*reasons)))}"


def silent_partner(scene: Scene) -> str:
    """Fabrikam does not say when Ada signed in: enough for every day, not for an application that asks for a fresh sign-in."""
    ada, provider, party = visitor(ADA), scene.cast.partners["fabrikam"], scene.cast.payroll
    provider.fault = "no_auth_time"
    try:
        scene.sign_in(ada, party)
        scene.sign_in(ada, party, prompt="login")
    except SignInFailed as error:
        expect(error.error == "login_required", f"prompt=login: {error.error}")
    else:
        raise NotHeld("prompt=login held without auth_time")
    finally:
        provider.fault = "none"
    return "signs in, but prompt=login is login_required: nothing is made up"


def unproven_mail(scene: Scene, wrong: Fault) -> str:
    """Cleo redeems while her organization does not prove her address; then it does."""
    provider, link = scene.cast.partners["fabrikam"], scene.cast.invite(CLEO)["redeem_url"]
    cleo = visitor(CLEO)
    provider.fault = wrong.name
    try:
        page = cleo.open(link)
    finally:
        provider.fault = "none"
    expect(page.name in ("email-code", "error"), f"ended at {page}")
    guest = scene.guest(CLEO)
    expect(guest is not None and guest["state"] == "invited", f"the guest is {guest and guest['state']}")
    said = page.error or page.name
    return f"{said}: nothing is bound without proof of the address"


def redeemed_after_all(scene: Scene) -> str:
    """The same invitation with an honest partner."""
    page = visitor(CLEO).open(scene.cast.invite(CLEO)["redeem_url"])
    landed(page, scene.cast.at.payroll)
    return "a new link of the same invitation works as soon as the address is proven"


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


Step = tuple[str, Callable[[Scene], str]]
UNPROVEN = ("missing_mail", "unverified_mail")


def steps() -> list[Step]:
    """The story in order: title and step."""
    told: list[Step] = [
        ("discovery", discovery),
        ("invite", invitation),
        ("mail scanner", scanner),
        ("redeem", redemption),
        ("link used twice", used_link),
        ("sign in", tokens),
        ("single sign-on", single_sign_on),
        ("userinfo", userinfo),
        ("refresh", refresh),
        ("prompt and max_age", prompts),
        ("without the link", without_link),
        ("uninvited", uninvited),
        ("another partner", other_partner),
    ]
    for wrong in FAULTS.values():
        if wrong.page:
            told.append((f"fault {wrong.name}", lambda scene, wrong=wrong: fault(scene, wrong)))  # type: ignore[misc]
        elif wrong.name in UNPROVEN:
            told.append((f"fault {wrong.name}", lambda scene, wrong=wrong: unproven_mail(scene, wrong)))  # type: ignore[misc]
    return [
        *told,
        ("fault no_auth_time", silent_partner),
        ("receipts", receipts),
        ("address proven", redeemed_after_all),
        ("member of staff", member),
        ("sign out", logout),
    ]


def tell(cast: Cast, say: Callable[[str], None] = print) -> bool:
    """Play all steps, one line each. Returns whether all held; a step that fails does not keep the others from being told."""
    scene, held = Scene(cast), True
    for title, step in steps():
        try:
            line = f"ok    {title:22} - {step(scene)}"
        except (NotHeld, BrowserError, SignInFailed, BrokerError, OSError, LookupError, ValueError) as error:
            held = False
            line = f"FAIL  {title:22} - {type(error).__name__}: {error}"
        say(line)
    return held
