"""FA-06: tokens went on for thirty days by files that were no longer there; each fact is judged by the files of this moment."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from broker.demo.relying import SignInFailed, Tokens, call
from broker.storage.tables import grants
from tests.journeys.second_factor import MFA, SFA, essential, with_phone
from tests.journeys.step_up import PAYROLL_MFA, trust
from tests.journeys.world import ADA, SECRET, World, partner_file

GWEN = "gwen@mailbox.example"


def opens(world: World, tokens: Tokens) -> bool:
    """Whether userinfo, introspection of both tokens and refresh say yes; all of them, or none."""
    says = {
        _introspected(world, tokens.access_token),
        _introspected(world, tokens.refresh_token or ""),
        _works(lambda: world.party.userinfo(tokens)),
        _works(lambda: world.party.refresh(tokens.refresh_token or "")),
    }
    assert len(says) == 1, says
    return says.pop()


def _works(use: Callable[[], Any]) -> bool:
    try:
        use()
    except SignInFailed as refused:
        return refused.error not in ("invalid_grant", "invalid_token")
    return True


def _introspected(world: World, token: str) -> bool:
    basic = base64.b64encode(f"payroll:{SECRET}".encode()).decode()
    url = world.party.metadata["introspection_endpoint"]
    status, said = call("POST", url, form={"token": token}, headers={"Authorization": f"Basic {basic}"})
    assert status == 200
    return bool(said["active"])


def signed_in(world: World, **params: str) -> Tokens:
    """Ada at Payroll, with a refresh token."""
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.clock.advance(1)
    return world.sign_in(ada, **params)


def test_fa_06_a_partner_that_is_removed(both: World) -> None:
    """No file, no tokens."""
    tokens = signed_in(both)
    (both.home / "config/partners/fabrikam.yaml").unlink()
    both.reload()
    assert not opens(both, tokens)


def test_fa_06_another_issuer(both: World) -> None:
    """Whoever signs for the partner now never said anything about this person."""
    tokens = signed_in(both)
    text = (both.home / "config/partners/fabrikam.yaml").read_text("utf-8")
    both.write("partners/fabrikam.yaml", text.replace(both.partners["fabrikam"].issuer, both.partners["northwind"].issuer + "/x"))
    assert not opens(both, tokens)


def test_fa_06_a_file_that_says_the_same(both: World) -> None:
    """A change that takes nothing back changes nothing."""
    tokens = signed_in(both)
    both.write("partners/fabrikam.yaml", partner_file("Fabrikam & Sons", "fabrikam.example", both.partners["fabrikam"].issuer))
    assert opens(both, tokens)


def test_fa_06_trust_that_is_withdrawn(both: World) -> None:
    """The partner's second factor counts no longer: no acr=mfa, and under a policy that asks for it no tokens."""
    trust(both)
    tokens = signed_in(both, **essential())
    assert tokens.claims["acr"] == MFA
    trust(both, mfa="[]", step_up=False)
    again = both.party.refresh(tokens.refresh_token or "", tokens)
    assert (again.claims["acr"], "mfa" in again.claims["amr"]) == (SFA, False)
    both.write("policies/mfa.yaml", PAYROLL_MFA)
    assert not opens(both, again)


def test_fa_06_trust_that_was_not_there(world: World) -> None:
    """A file that trusts more makes nothing of a sign-in that was judged before."""
    world.partners["fabrikam"].second_factor = True
    tokens = signed_in(world)
    assert tokens.claims["acr"] == SFA
    trust(world)
    assert world.party.refresh(tokens.refresh_token or "", tokens).claims["acr"] == SFA


def test_fa_06_a_proof_that_was_too_old(world: World) -> None:
    """A shorter mfa_max_age is asked of the proof at the time of the sign-in; its age since then is sign_in_frequency's."""
    trust(world)
    ada = world.visitor(ADA)
    world.redeem(ada)
    world.sign_in(ada, **essential())
    world.clock.advance(3600)
    tokens = world.sign_in(ada, **essential())
    world.clock.advance(86_400)
    again = world.party.refresh(tokens.refresh_token or "", tokens)
    assert again.claims["acr"] == MFA
    trust(world, age="30m")
    assert world.party.refresh(again.refresh_token or "", again).claims["acr"] == SFA


def test_fa_06_new_terms(both: World) -> None:
    """A new version of the terms of use stops every token until the guest accepts it; then they go on."""
    tokens = signed_in(both)
    (both.home / "config/terms.md").write_text("Be nice.\n", "utf-8")
    before = (both.home / "config/broker.yaml").read_text("utf-8")
    for version in ("v1", "v2"):
        both.write("broker.yaml", before + f"terms_of_use: {{version: {version}, file: config/terms.md}}\n")
        assert not opens(both, tokens)
        tokens = both.sign_in(both.visitor(ADA), login_hint=ADA.email)
        assert opens(both, tokens)
        tokens = both.sign_in(both.visitor(ADA), login_hint=ADA.email)


def test_fa_06_an_own_method_that_is_removed(both: World) -> None:
    """What was proven with it counts no longer, nor is it named."""
    ada = both.visitor(ADA)
    with_phone(both, ada)
    tokens = both.sign_in(ada, **essential())
    assert tokens.claims["acr"] == MFA
    shown = both.broker.guests.directory.show(ADA.email)
    page = ada.open(f"{both.url}/account/methods")
    page = ada.browser.submit(page, press="Remove")
    assert page.name == "account-confirm"  # FD-05: the proof is fresh, so only the question is left
    ada.browser.submit(page)
    assert shown.methods
    again = both.party.refresh(tokens.refresh_token or "", tokens)
    assert (again.claims["acr"], again.claims["amr"]) == (SFA, ["pwd"])
    both.write("policies/mfa.yaml", PAYROLL_MFA)
    assert not opens(both, again)


@pytest.mark.parametrize("change", ["off", "moved"])
def test_fa_06_codes_by_mail(both: World, change: str) -> None:
    """Codes are turned off, or a partner is the authority for the domain by now: who came by a code has to come in anew."""
    gwen = both.mailbox(GWEN)
    both.redeem(gwen, both.invite(GWEN))
    tokens = both.sign_in(gwen)
    if change == "off":
        before = (both.home / "config/broker.yaml").read_text("utf-8")
        both.write("broker.yaml", before + "guests: {email_one_time_code: false}\n")
    else:
        text = partner_file("Fabrikam", "fabrikam.example, mailbox.example", both.partners["fabrikam"].issuer)
        both.write("partners/fabrikam.yaml", text)
    assert not opens(both, tokens)


def test_fa_06_what_nobody_wrote_down(both: World) -> None:
    """A grant that does not say who vouched is over: it could be anybody."""
    tokens = signed_in(both)
    proof: dict[str, Any] = {"auth_time_known": True, "partner_mfa": False, "by": []}
    with both.broker.core.db.write() as tx:
        tx.execute(update(grants).values(proof=proof))
    assert not opens(both, tokens)
