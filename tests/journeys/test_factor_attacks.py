"""Proof that is none: a partner's word in the wrong form, a weaker one than was asked for, a passkey that was copied."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from broker.demo.person import DemoPerson
from broker.demo.saml.identity import SamlIdentityProvider, SamlRequest
from broker.demo.saml.messages import PASSWORD, Answer
from broker.demo.saml.partner import create_saml_partner
from broker.demo.serving import LoopbackServer
from broker.web.cookies import CookiePurpose
from tests.journeys.saml_world import WANDA, WILL, SamlWorld
from tests.journeys.second_factor import MFA, SFA, essential, with_phone
from tests.journeys.step_up import sent, trust
from tests.journeys.test_factors import answer
from tests.journeys.test_session_attacks import cookie
from tests.journeys.world import ADA, World

AMR = "http://schemas.microsoft.com/claims/authnmethodsreferences"

DAY = 86_400

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40  # flags of authenticator data (WebAuthn 6.1)

NO_PROOF: dict[str, tuple[Any, ...]] = {
    "amr": (
        "mfa", "pwd otp mfa", '["mfa"]', "", None, True, [], {"mfa": "mfa"}, [{"mfa": True}],
        [["mfa"]], ["pwd", ["mfa"], "mfa"], ["mfa", 1], [1, 2.5, -3], [None, "mfa"], ["mfa", True], ["mfa", ""],
        ["MFA", " mfa", "mfa.", "m\u0444a"], ["mfa"] * 10_000, ["x"] * 9_999 + ["mfa"], ["mfa" * 20_000],
    ),
    "acr": ([MFA], {"value": MFA}, 3, True, None, "", MFA + " " * 60_000, f"{SFA} {MFA}", MFA + "/", MFA.upper()),
}  # fmt: skip

WRONG = [(name, value) for name, values in NO_PROOF.items() for value in values]


def says(world: World, claims: dict[str, Any]) -> None:
    """Fabrikam's ID tokens for Ada: one factor, but for these claims."""
    world.partners["fabrikam"].accounts["ada"] = replace(ADA, claims={"acr": SFA, "amr": ["pwd"], **claims})


def local_factor_is_asked(world: World, who: DemoPerson, code: str, **params: str) -> None:
    """The token says sfa where nobody insists; who insists gets it with our own factor, not before."""
    plain = world.sign_in(who, **params).claims
    assert (plain["acr"], "mfa" in plain.get("amr", [])) == (SFA, False)
    assert world.arrive(who, prompt="none", **essential()).query["error"] == "interaction_required"
    url, pending = world.request(**essential(), **params)
    page = who.open(url, stop_at=world.callback)
    assert (page.name, page.status) == ("mfa-challenge", 200)
    assert world.broker.history.receipts.newest(limit=1)[0].facts["partner_mfa"] is False
    page = answer(world, who, page, code)
    claims = world.party.complete(page.query, pending).claims
    assert (claims["acr"], claims["amr"][-2:]) == (MFA, ["otp", "mfa"])


@pytest.mark.parametrize(("claim", "value"), WRONG, ids=[f"{name}-{n}" for n, (name, _) in enumerate(WRONG)])
def test_a_partner_says_it_wrong(world: World, claim: str, value: Any) -> None:
    """MF-04, HO-15: amr and acr count as a list of texts and one text; anything else is no proof, and no error."""
    trust(world, mfa="[]", step_up=False)
    phone = with_phone(world, world.visitor(ADA))
    trust(world)
    says(world, {claim: value})
    local_factor_is_asked(world, world.visitor(ADA), phone.code(), login_hint=ADA.email)
    assert len(sent(world)) <= 1


@pytest.mark.parametrize("claims", [{"amr": ["mfa"]}, {"acr": MFA}, {"amr": ["pwd", "mfa", "geo"], "acr": 3}])
def test_a_partner_says_it_right(world: World, claims: dict[str, Any]) -> None:
    """HO-15: the same road with the right form leads to mfa: what MF-04 refuses is refused for its form."""
    trust(world)
    world.redeem(world.visitor(ADA))
    says(world, claims)
    assert world.sign_in(world.visitor(ADA), login_hint=ADA.email, **essential()).claims["acr"] == MFA


@pytest.mark.parametrize("claims", [{"amr": "m" * 100_000}, {"acr": MFA + "x" * 100_000}, {"amr": ["mfa", "x" * 10] * 10_000}])
def test_a_token_that_is_too_long(world: World, claims: dict[str, Any]) -> None:
    """MF-04: beyond the size of any token it is refused as a whole: a page with a reference, no session, nothing created."""
    trust(world)
    world.redeem(world.visitor(ADA))
    says(world, claims)
    before = world.counts("logins", "attempts", "receipts", "audit", "audit_personal")
    ada = world.visitor(ADA)
    page = world.arrive(ada, login_hint=ADA.email, **essential())
    assert (page.name, page.error, page.status) == ("error", "partner_untrusted", 400)
    assert cookie(world, ada.browser, CookiePurpose.SESSION) is None
    assert world.counts("logins", "attempts", "receipts", "audit", "audit_personal") == before
    assert "xxxx" not in json.dumps(world.receipt(page))


def test_userinfo_proves_nothing(world: World) -> None:
    """MF-04, HO-15: acr and amr of userinfo are signed by nobody, and are not read."""
    trust(world, mfa="[]", step_up=False)
    phone = with_phone(world, world.visitor(ADA))
    trust(world)
    fabrikam = world.partners["fabrikam"]
    fabrikam.lean, fabrikam.second_factor = True, False
    says(world, {"acr": MFA, "amr": ["mfa"]})
    local_factor_is_asked(world, world.visitor(ADA), phone.code(), login_hint=ADA.email)
    assert fabrikam.calls["userinfo"] > 0


class Weaker(SamlIdentityProvider):
    """Signs people in whatever RequestedAuthnContext asks for, and says `context` of it."""

    context = PASSWORD

    def _told(self, request: SamlRequest, session: Any) -> Answer:
        return replace(super()._told(request, session), context=self.context)


@pytest.fixture
def woodgrove(world: World) -> Iterator[tuple[SamlWorld, Weaker]]:
    """The world with such a partner, trusted and asked."""
    server = LoopbackServer("127.0.0.8")
    try:
        ours = f"{world.url}/saml/metadata"
        idp = Weaker(server.address, name="Woodgrove", accounts=(WANDA, WILL), sp_metadata=ours, clock=world.clock)
        server.start(create_saml_partner(idp))
        made = SamlWorld(world, idp, server)
        made.file()
        yield made, idp
    finally:
        server.close()


CONTEXTS = (PASSWORD, "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified", MFA + "/", MFA.upper(), f"{SFA} {MFA}", "x" * 10_000)

WEAKER = [(one, None) for one in CONTEXTS] + [(PASSWORD, one) for one in ('["mfa"]', "pwd mfa", "", "mfa" * 500)]


@pytest.mark.parametrize(("context", "amr"), WEAKER, ids=range(len(WEAKER)))
def test_a_weaker_context_than_was_asked_for(woodgrove: tuple[SamlWorld, Weaker], context: str, amr: str | None) -> None:
    """MF-04, HS-30: MFA was requested, the partner answers with less: signed in, but as one factor; ours is asked for."""
    (made, idp), world = woodgrove, woodgrove[0].world
    phone = with_phone(world, made.visitor())
    made.file(trust=f"email: true, mfa: ['{MFA}', mfa], step_up: true")
    idp.context = context
    idp.accounts["wanda"] = replace(WANDA, claims={} if amr is None else {AMR: amr})
    local_factor_is_asked(world, made.visitor(), phone.code(), login_hint=WANDA.email)
    assert any(request.contexts == (MFA,) for request in idp.seen)
