"""LP-08: where the audit cannot be written, as with a full disk, nothing that matters for security happens, and nobody is told that it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from broker.demo.relying import SignInFailed
from broker.domain.audit import Actor
from broker.storage.operations.lost_keys import end_what_was_signed
from broker.storage.tables import metadata
from tests.journeys.world import ACTOR, ADA, BO, World
from tests.services.audit_chain_scene import allow_writes, refuse_writes

# What an attempt may leave behind: how far the login came, counters, what was sent out, how pages were refused.
MOVES = {"logins", "attempts", "leases", "parked", "documents", "refusals", "metadata_fetches", "receipts"}


@contextmanager
def full_disk(world: World) -> Iterator[None]:
    """The audit takes no row."""
    with world.broker.core.db.write() as tx:
        refuse_writes(tx, "audit", "INSERT")
    try:
        yield
    finally:
        with world.broker.core.db.write() as tx:
            allow_writes(tx, "audit")


def content(world: World) -> Mapping[str, list[Any]]:
    """Every row of every table that must stay as it is."""
    with world.broker.core.db.read() as tx:
        kept = [table for table in metadata.sorted_tables if table.name not in MOVES]
        return {table.name: sorted(map(repr, tx.execute(select(table)))) for table in kept}


STAFF: dict[str, Callable[[World], object]] = {
    "invite": lambda world: world.invite(BO.email),
    "invite again": lambda world: world.invite(ADA.email),
    "withdraw consent": lambda world: world.broker.guests.directory.withdraw_consent(ACTOR, ADA.email, "payroll"),
    "rotate keys": lambda world: world.broker.keys.rotate(Actor.system(), now_active=False),
    "rotate keys now": lambda world: world.broker.keys.rotate(Actor.system(), now_active=True),
    "replace lost keys": lambda world: world.broker.keys.replace_lost(Actor.system(), end_what_was_signed),
}


@pytest.mark.parametrize("act", STAFF)
def test_acts_of_staff(both: World, act: str) -> None:
    """LP-08: the act fails, in one piece; when there is room again it succeeds."""
    both.redeem(both.visitor())
    before = content(both)
    with full_disk(both):
        with pytest.raises(Exception, match="disk is full"):
            STAFF[act](both)
        assert content(both) == before
    STAFF[act](both)
    assert content(both) != before


def test_redemption(both: World) -> None:
    """LP-08: an invitation that cannot be noted as redeemed is not redeemed: server_error, and the link still works."""
    invited, ada = both.invite(), both.visitor()
    before = content(both)
    with full_disk(both):
        page = both.redeem(ada, invited)
        assert (page.error, page.status) == ("server_error", 500)
        assert content(both) == before
    assert both.redeem(both.visitor(), invited).location is not None


def test_sign_in(both: World) -> None:
    """LP-08: no session, no grant, no code without the event."""
    both.redeem(both.visitor())
    before = content(both)
    with full_disk(both):
        page = both.arrive(both.visitor())
        assert (page.error, page.status, page.location) == ("server_error", 500, None)
        assert content(both) == before
    assert both.sign_in(both.visitor()).claims["email"] == ADA.email


def test_sign_out(both: World) -> None:
    """LP-08: a sign-out that cannot be written is no silent success: the page says so, and the session is as it was."""
    ada = both.visitor()
    both.redeem(ada)
    tokens = both.sign_in(ada)
    with full_disk(both):
        before = content(both)
        page = ada.browser.get(both.party.end_session(tokens, f"{both.callback}/signed-out") or "", stop_at=both.callback)
        assert (page.error, page.status) == ("server_error", 500)
        assert content(both) == before
    page = ada.browser.get(both.party.end_session(tokens, f"{both.callback}/signed-out") or "", stop_at=both.callback)
    assert page.location is not None


def test_a_used_code(both: World) -> None:
    """LP-08, HP-31: a code that is shown again ends its grant, and if that cannot be written no token comes either."""
    both.redeem(both.visitor())
    url, pending = both.party.begin()
    page = both.visitor().open(url, stop_at=both.callback)
    both.party.complete(page.query, pending)
    with full_disk(both), pytest.raises(SignInFailed):
        both.party.complete(page.query, pending)
