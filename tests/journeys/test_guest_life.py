"""What staff does to a guest holds everywhere at once: browsers, tokens, every node (SC-06)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select

from broker.app import Broker, build
from broker.demo.person import DemoPerson
from broker.demo.relying import Tokens
from broker.domain.errors import Conflict, Invalid, NotFound
from broker.domain.guest import GuestState, Person
from broker.storage.tables import audit, audit_personal, people
from broker.web import create_web
from tests.journeys.world import ACTOR, ADA, BO, CLEO, SECRET, World

DAY = 86_400


def guest(world: World, name: str = ADA.email) -> Person:
    """The record."""
    return world.person(name)


def signed_in(world: World) -> tuple[DemoPerson, Tokens]:
    """Ada with a session and tokens of Payroll."""
    ada = world.visitor()
    world.redeem(ada)
    return ada, world.sign_in(ada, scope="openid profile email offline_access")


@contextmanager
def second_node(world: World) -> Iterator[Broker]:
    """Another process on the same database, files and keys."""
    node = build(world.home, environ={"SECRET": SECRET}, clock=world.clock)
    try:
        yield node
    finally:
        node.close()


def userinfo(world: World, node: Broker, tokens: Tokens) -> int:
    """What a node answers at userinfo: its status."""
    client = create_web(node).test_client()
    return client.get("/userinfo", base_url=world.url, headers={"Authorization": f"Bearer {tokens.access_token}"}).status_code


def refresh(world: World, node: Broker, tokens: Tokens) -> tuple[int, Any]:
    """What a node answers to the refresh token."""
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    answer = create_web(node).test_client().post("/token", base_url=world.url, data=form, auth=("payroll", SECRET))
    return answer.status_code, json.loads(answer.get_data())


def apps(world: World, node: Broker, who: DemoPerson) -> int:
    """What a node answers at the access panel to this browser's cookies: 200, or 303 to a sign-in."""
    client = create_web(node).test_client()
    for name, value in who.browser.cookies.sent(world.url + "/apps", method="GET", cross_site=False):
        client.set_cookie(name, value, domain="localhost")
    return client.get("/apps", base_url=world.url).status_code


STOPS: dict[str, tuple[Callable[[Broker], object], str]] = {
    "block": (lambda broker: broker.guests.lifecycle.block(ACTOR, ADA.email, reason="left Fabrikam"), "guest_blocked"),
    "expire": (lambda broker: broker.guests.lifecycle.expire(ACTOR, ADA.email, reason="project over"), "guest_expired"),
    "delete": (lambda broker: broker.guests.lifecycle.delete(ACTOR, ADA.email, reason="asked for it"), "not_invited"),
}


@pytest.mark.parametrize("stop", STOPS)
def test_stopped_on_every_node(both: World, stop: str) -> None:
    """SC-06, HT-8, HP-36: after a block, an expiry or a deletion the next request finds no session, token or userinfo anywhere."""
    ada, tokens = signed_in(both)
    act, page = STOPS[stop]
    with second_node(both) as node:
        assert (userinfo(both, node, tokens), apps(both, node, ada)) == (200, 200)
        act(both.broker)
        for broker in (both.broker, node):
            assert userinfo(both, broker, tokens) == 401
            assert refresh(both, broker, tokens) == (400, refresh(both, broker, tokens)[1])
            assert refresh(both, broker, tokens)[1]["error"] == "invalid_grant"
            assert apps(both, broker, ada) == 303
    refused = both.arrive(both.visitor())
    assert (refused.status, refused.error) == (403, page)


def test_unblocked(world: World) -> None:
    """Back where the guest was: signs in again, but what was ended stays ended."""
    ada, tokens = signed_in(world)
    world.broker.guests.lifecycle.block(ACTOR, ADA.email)
    assert world.broker.guests.lifecycle.unblock(ACTOR, ADA.email).state is GuestState.ACTIVE
    assert userinfo(world, world.broker, tokens) == 401
    assert apps(world, world.broker, ada) == 303
    assert world.sign_in(world.visitor()).claims["email"] == ADA.email


def test_blocked_before_acceptance(world: World) -> None:
    """SC-06: an unblocked guest who never accepted the invitation still has to."""
    invited = world.invite()
    world.broker.guests.lifecycle.block(ACTOR, ADA.email)
    assert world.redeem(world.visitor(), invited).error == "guest_blocked"
    assert world.broker.guests.lifecycle.unblock(ACTOR, ADA.email).state is GuestState.INVITED
    assert world.redeem(world.visitor(), invited).location == f"{world.callback}/home"


def test_the_end_of_an_invitation(world: World) -> None:
    """The invitation says when access ends, and that beats the files; without either there is no end."""
    end = world.clock() + 90 * DAY
    world.redeem(world.visitor(), world.invite(until=end))
    assert guest(world).expires_at == end
    world.redeem(world.visitor(BO), world.invite(BO.email))
    assert guest(world, BO.email).expires_at is None
    with pytest.raises(Invalid):
        world.invite(until=world.clock())


def test_invited_again_after_the_end(world: World) -> None:
    """A guest whose access ended and who is invited again waits for the acceptance; the same guest, the same `sub`."""
    ada, _ = signed_in(world)
    sub = world.sign_in(ada).claims["sub"]
    before = world.broker.guests.lifecycle.expire(ACTOR, ADA.email)
    invited = world.invite()
    assert (guest(world).id, guest(world).state) == (before.id, GuestState.INVITED)
    world.broker.guests.lifecycle.block(ACTOR, ADA.email)
    assert world.broker.guests.lifecycle.unblock(ACTOR, ADA.email).state is GuestState.INVITED  # not active by the detour
    asked = world.visitor()
    asked.halt_at = ("review-permissions",)
    assert world.arrive(asked).name == "review-permissions"  # without the link, too: whose account it is is known
    assert world.redeem(world.visitor(), invited).location == f"{world.callback}/home"
    assert world.sign_in(world.visitor()).claims["sub"] == sub
    assert guest(world).expires_at is None


def test_every_act_is_audited(both: World) -> None:
    """Who did what and why: the reason stands where a deletion empties it (HT-18)."""
    signed_in(both)
    life = both.broker.guests.lifecycle
    life.block(ACTOR, ADA.email, reason="Ada Fabrik left")
    life.unblock(ACTOR, ADA.email, reason="a mistake")
    life.renew(ACTOR, ADA.email, until=both.clock() + DAY, reason="one day more")
    life.expire(ACTOR, ADA.email, reason="project over")
    both.broker.guests.sponsors.hand_over(ACTOR, ADA.email, CLEO.email, reason="new team")
    person_id = guest(both).id
    with both.broker.core.db.read() as tx:
        rows = tx.execute(select(audit).where(audit.c.subject == person_id, audit.c.actor_kind == "command")).all()
        said = dict(tx.execute(select(audit_personal.c.audit_id, audit_personal.c.value).where(audit_personal.c.name == "reason")).all())  # fmt: skip
    found = {row.name: said.get(row.id) for row in rows}
    assert found == {
        "invitation.created": None,
        "guest.blocked": "Ada Fabrik left",
        "guest.unblocked": "a mistake",
        "guest.renewed": "one day more",
        "guest.expired": "project over",
        "guest.sponsor_changed": "new team",
    }
    assert "Fabrik" not in str(rows)


def test_refusals_change_nothing(world: World) -> None:
    """An illegal move, an unknown guest, a reason of several lines, a past end: one clear refusal, no row changed."""
    signed_in(world)
    life = world.broker.guests.lifecycle
    before = world.counts()
    for error, act in (
        (Conflict, lambda: life.unblock(ACTOR, ADA.email)),
        (NotFound, lambda: life.block(ACTOR, "nobody@fabrikam.example")),
        (NotFound, lambda: life.block(ACTOR, "00000000-0000-4000-8000-000000000000")),
        (Invalid, lambda: life.block(ACTOR, ADA.email, reason="a\nb")),
        (Invalid, lambda: life.block(ACTOR, ADA.email, reason="x" * 1001)),
        (Invalid, lambda: life.renew(ACTOR, ADA.email, until=world.clock())),
        (Invalid, lambda: life.renew(ACTOR, ADA.email, until=2**63)),
        (Invalid, lambda: life.renew(ACTOR, ADA.email)),
        (Invalid, lambda: life.delete(ACTOR, ADA.email, reason="ADA asked for it")),
        (Invalid, lambda: world.broker.guests.sponsors.hand_over(ACTOR, ADA.email, BO.email)),
        (Invalid, lambda: world.broker.guests.sponsors.hand_over(ACTOR, ADA.email, ADA.email)),
    ):
        with pytest.raises(error):
            act()
    assert world.counts() == before
    assert guest(world).state is GuestState.ACTIVE


def test_members(world: World) -> None:
    """A member can be blocked and deleted as well, has no end and no sponsor; a deletion frees the guests."""
    cleo = world.visitor(CLEO)
    world.sign_in(cleo)
    world.invite(sponsor=CLEO.email)
    with pytest.raises(Conflict):
        world.broker.guests.lifecycle.renew(ACTOR, CLEO.email, forever=True)
    with pytest.raises(Conflict):
        world.broker.guests.sponsors.hand_over(ACTOR, CLEO.email, "bob@contoso.example")
    world.broker.guests.lifecycle.block(ACTOR, CLEO.email)
    assert world.arrive(cleo).error == "guest_blocked"
    world.broker.guests.lifecycle.delete(ACTOR, CLEO.email)
    assert (guest(world).sponsor, guest(world).orphaned_at) == (None, world.clock())
    with world.broker.core.db.read() as tx:
        assert CLEO.email not in str(tx.execute(select(people)).all())
