"""FA-12: one anonymous login stored forty rows of 80 KB."""

from __future__ import annotations

import pytest

from broker.services.login import upstream
from broker.storage.tables import parked
from tests.journeys.world import ADA, World


def waiting(world: World) -> dict[str, str]:
    """The fields of an answer to a login that anybody may begin."""
    return world.visitor(ADA).open(world.request()[0], stop_at=f"{world.url}/oidc").query


def test_fa_12_one_row_a_login(both: World) -> None:
    """FA-12: however often an answer is posted, one is parked, the last."""
    ada = both.visitor(ADA)
    query = ada.open(both.request()[0], stop_at=f"{both.url}/oidc").query
    stranger = both.visitor(ADA).browser
    posted = [stranger.post(f"{both.url}/oidc/fabrikam/callback", query, stop_at=both.url) for _ in range(5)]
    assert {page.status for page in posted} == {303}
    assert both.counts()["parked"] == 1
    assert ada.browser.get(posted[0].location or "").error == "login_expired"
    page = ada.browser.get(posted[-1].location or "", stop_at=both.callback)
    assert page.error == "not_invited"  # the answer itself was good


@pytest.mark.parametrize(("field", "size"), [("code", 4097), ("iss", 2049), ("error", 257)])
def test_fa_12_fields_are_capped_before_anything_is_stored(world: World, field: str, size: int) -> None:
    """FA-12: a field longer than any provider sends is refused, by GET as by POST, and nothing is kept."""
    query = waiting(world)
    sent = query | {field: (query.get(field, "") + "x" * size)[:size]}
    before = world.counts("refusals", "attempts")
    stranger = world.visitor(ADA).browser
    page = stranger.post(f"{world.url}/oidc/fabrikam/callback", sent)
    assert (page.status, page.error) == (400, "bad_request")
    assert world.receipt(page)["reason"] == "parameter_size"
    assert world.counts("refusals", "attempts") == before


def test_fa_12_an_address_parks_so_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """FA-12: parking is counted by address."""
    monkeypatch.setattr(upstream, "PARKED_PER_ADDRESS", 2)
    stranger = world.visitor(ADA).browser
    answers = [waiting(world) for _ in range(3)]
    pages = [stranger.post(f"{world.url}/oidc/fabrikam/callback", query, stop_at=world.url) for query in answers]
    assert [page.status for page in pages] == [303, 303, 429]
    with world.broker.core.db.read() as tx:
        assert len(tx.execute(parked.select()).all()) == 2
