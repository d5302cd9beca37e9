"""FB-13: of several addresses that a partner sends, the invited or known one; over OIDC as over SAML."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select

from broker.storage.tables import people
from tests.journeys.world import ADA, World

ALIAS = "a.lovelace@fabrikam.example"


def sends(world: World, *addresses: str) -> None:
    """What Fabrikam says of Ada's address from now on."""
    path = world.home / "config" / "partners" / "fabrikam.yaml"
    if "mails" not in path.read_text("utf-8"):
        world.write("partners/fabrikam.yaml", path.read_text("utf-8") + "claims: {email: mails}\n")
    claims: dict[str, Any] = {"mails": list(addresses)}
    world.partners["fabrikam"].accounts[ADA.subject] = replace(ADA, claims=claims)


def test_fb_13_the_invited_and_then_the_known_one(both: World) -> None:
    """With the link in hand the invited address counts; later the one on record, whatever else stands beside it."""
    sends(both, ALIAS, ADA.email)
    who = both.visitor(ADA)
    assert both.redeem(who).location is not None
    sends(both, ADA.email, ALIAS, "another@fabrikam.example")
    assert both.arrive(both.visitor(ADA)).location is not None
    with both.broker.core.db.read() as tx:
        row = tx.execute(select(people.c.email, people.c.email_verified).where(people.c.email == ADA.email)).one()
    assert tuple(row) == (ADA.email, True)


def test_fb_13_none_of_them_is_known(both: World) -> None:
    """Nobody here has either: which one would count is not for us to choose."""
    sends(both, ALIAS, "another@fabrikam.example")
    page = both.arrive(both.visitor(ADA))
    assert page.location is None
    assert both.receipt(page)["reason"] == "claim_ambiguous"
