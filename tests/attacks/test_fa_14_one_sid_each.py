"""FA-14: two applications that compared `sid`, or the times of proofs, knew that their pairwise subjects are one person."""

from __future__ import annotations

from urllib.parse import urlencode

from broker.demo.relying import RelyingParty
from broker.domain.assurance import COARSE
from tests.journeys.second_factor import essential, with_phone
from tests.journeys.world import ADA, World


def listing(world: World) -> None:
    """Both applications want the proofs."""
    for name in ("payroll", "travel"):
        path = world.home / "config/applications" / f"{name}.yaml"
        world.write(f"applications/{name}.yaml", path.read_text("utf-8") + "id_token_claims: [proofs]\n")


def test_fa_14_nothing_joins_two_subjects(both: World) -> None:
    """Sub and sid differ, and stay at each application; the times of proofs are no finer than a quarter of an hour."""
    listing(both)
    ada = both.visitor(ADA)
    with_phone(both, ada)
    first, second = both.sign_in(ada, **essential()).claims, both.sign_in(ada, both.travel, **essential()).claims
    assert first["sub"] != second["sub"]
    assert first["sid"] != second["sid"]
    for claims in (first, second):
        assert len(claims["proofs"]) == 2
        assert all(proof["at"] % COARSE == 0 for proof in claims["proofs"])
    assert both.sign_in(ada, **essential()).claims["sid"] == first["sid"]
    other = both.visitor(ADA)
    assert both.sign_in(other).claims["sid"] != first["sid"]  # another browser


def test_fa_14_a_hint_still_signs_out(both: World) -> None:
    """The session is found by the application's own sid; that of another application, or of another browser, asks first."""
    ada, elsewhere = both.visitor(ADA), both.visitor(ADA)
    both.redeem(ada)
    payroll, travel = both.sign_in(ada), both.sign_in(ada, both.travel)
    away = both.sign_in(elsewhere)
    mixed = {"id_token_hint": away.id_token}
    assert ada.browser.get(f"{both.url}/logout?{urlencode(mixed)}").name == "sign-out"
    assert ada.browser.get(both.travel.end_session(travel, "") or "").name == "signed-out"
    assert elsewhere.browser.get(f"{both.url}/apps").name == "apps"
    assert ada.browser.get(f"{both.url}/apps").name != "apps"
    assert isinstance(both.party, RelyingParty)
    assert payroll.claims["sid"] != travel.claims["sid"]
