"""FA-04: a sign-in that was judged before a block, a reset or a deletion committed its session and its tokens after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from broker.demo.browser import BrowserPage
from broker.demo.person import DemoPerson
from broker.demo.relying import SignInFailed, Tokens
from broker.domain.errors import CommandError
from broker.domain.ids import digest
from broker.services.invitations.rebinding import RebindingTerms
from broker.storage.tables import codes, grants, identities, invitations, sessions
from tests.attacks.meeting import Meeting
from tests.clock import Clock
from tests.journeys.second_factor import essential, with_phone
from tests.journeys.world import ACTOR, ADA, World, open_world

GWEN = "gwen@mailbox.example"


@pytest.fixture
def met(tmp_path: Path, postgresql_url: str, clock: Clock) -> Iterator[World]:
    """The company on PostgreSQL: SQLite has one writer, so nobody meets there."""
    yield from open_world(tmp_path / "home", postgresql_url, clock)


# --- what stops somebody


def _delete(world: World, address: str) -> None:
    world.broker.guests.lifecycle.delete(ACTOR, address)


COMMANDS: dict[str, Callable[[World, str], Any]] = {
    "block": lambda world, address: world.broker.guests.lifecycle.block(ACTOR, address),
    "expire": lambda world, address: world.broker.guests.lifecycle.expire(ACTOR, address),
    "delete": _delete,
    "reset": lambda world, address: world.broker.invitations.rebinding.reset(ACTOR, address, RebindingTerms(invite=False)),
}


# --- steps that end in a session, a grant or a binding; each returns its last request


Act = Callable[[], Any]
Prepared = tuple[DemoPerson, Act]


def _issue(world: World) -> Prepared:
    who = world.visitor(ADA)
    world.redeem(who)
    who = world.visitor(ADA)
    who.halt_at = ("partner-login",)
    page = who.open(world.request(login_hint=ADA.email)[0])
    page = who.browser.submit(page, press=ADA.subject, stop_at=world.url)
    dispatcher = who.browser.get(page.location or "", stop_at="http").location or ""
    return who, lambda: who.browser.get(dispatcher, stop_at="http")


def _single_sign_on(world: World) -> Prepared:
    who = world.visitor(ADA)
    world.redeem(who)
    world.sign_in(who)
    dispatcher = who.browser.get(world.request()[0], stop_at="http").location or ""
    return who, lambda: who.browser.get(dispatcher, stop_at="http")


def _redemption(world: World) -> Prepared:
    who = world.visitor(ADA)
    who.halt_at = ("review-permissions",)
    page = who.open(world.invite().redeem_url)
    who.halt_at = ()
    return who, lambda: who.browser.submit(page, stop_at="http")


def _consent(world: World) -> Prepared:
    who = world.visitor(ADA)
    world.redeem(who)
    who.halt_at = ("review-permissions",)
    page = world.arrive(who, world.travel)
    who.halt_at = ()
    return who, lambda: who.browser.submit(page, stop_at="http")


def _mail_code(world: World) -> Prepared:
    world.redeem(world.mailbox(GWEN), world.invite(GWEN))
    who = world.mailbox(GWEN)
    who.halt_at = ("email-code",)
    page = world.arrive(who)
    who.halt_at = ()
    code = world.code(GWEN)

    def enter() -> BrowserPage:
        """The code names nobody yet: who it is, is judged by the dispatcher behind it."""
        typed = who.browser.submit(page, {"code": code}, stop_at="http")
        return who.browser.get(typed.location or "", stop_at="http")

    return who, enter


def _second_factor(world: World) -> Prepared:
    phone = with_phone(world, world.visitor(ADA))
    who = world.visitor(ADA)
    page = world.arrive(who, **essential())
    assert page.name == "mfa-challenge"
    return who, lambda: who.browser.submit(page, {"code": phone.code()}, stop_at="http")


def _token(world: World) -> Prepared:
    who = world.visitor(ADA)
    world.redeem(who)
    url, pending = world.request()
    page = who.open(url, stop_at=world.callback)
    return who, lambda: world.party.complete(page.query, pending)


def _refresh(world: World) -> Prepared:
    who = world.visitor(ADA)
    world.redeem(who)
    tokens = world.sign_in(who)
    return who, lambda: world.party.refresh(tokens.refresh_token or "")


STEPS: dict[str, Callable[[World], Prepared]] = {
    "issue": _issue,
    "single sign-on": _single_sign_on,
    "redemption": _redemption,
    "consent": _consent,
    "mail code": _mail_code,
    "second factor": _second_factor,
    "token": _token,
    "refresh": _refresh,
}


def _nothing_lives(world: World, who: DemoPerson, came: Any) -> None:
    """Whatever the step gave is dead, and goes on nowhere."""
    if isinstance(came, BrowserPage):
        assert came.status < 500, came
        if came.location and came.location.startswith(world.url):
            came = who.open(came.location, stop_at=world.callback)
        assert "code" not in came.query or _is_dead(world, came)
    elif isinstance(came, Tokens):
        with pytest.raises(SignInFailed):
            world.party.userinfo(came)
        with pytest.raises(SignInFailed):
            world.party.refresh(came.refresh_token or "")
    else:
        assert isinstance(came, SignInFailed), came
        assert came.error == "invalid_grant"
    inside = who.browser.get(f"{world.url}/apps")
    assert inside.name != "apps", inside
    with world.broker.core.db.read() as tx:
        for table in (sessions, grants):
            living = select(func.count()).select_from(table).where(table.c.ended_at.is_(None))
            assert tx.execute(living).scalar_one() == 0, table.name


def _is_dead(world: World, came: BrowserPage) -> bool:
    """The code opens nothing: not even whether the verifier is right is looked at before the grant."""
    with world.broker.core.db.read() as tx:
        ended = (
            select(grants.c.ended_at)
            .join(codes, codes.c.grant_id == grants.c.id)
            .where(codes.c.code == digest(came.query["code"]))
        )
        return tx.execute(ended).scalar_one_or_none() is not None or not tx.execute(select(codes)).first()


@pytest.mark.parametrize("order", ["step first", "command first"])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("command", COMMANDS)
def test_fa_04_nothing_survives(met: World, command: str, step: str, order: str) -> None:
    """Every command against every step, each of the two having judged before the other comes."""
    who, act = STEPS[step](met)
    stop = lambda: COMMANDS[command](met, who.address)  # noqa: E731 - names the pair
    if order == "step first":
        came, said = Meeting(met.broker.core.db).play(act, stop)
    else:
        said, came = Meeting(met.broker.core.db).play(stop, act)
    assert not isinstance(said, Exception), said
    _nothing_lives(met, who, came)
    if command in ("reset", "delete"):
        with met.broker.core.db.read() as tx:
            assert tx.execute(select(func.count()).select_from(identities)).scalar_one() == 0


def test_fa_04_a_person_has_one_living_ticket(met: World) -> None:
    """Invited again, and a fresh mail asked for with the old link, at the same moment."""
    old = met.invite()
    met.clock.advance(31 * 86_400)
    ticket = old.redeem_url.rpartition("/")[2]
    first, second = Meeting(met.broker.core.db).play(met.invite, lambda: met.broker.invitations.resend.send(ticket, "127.0.0.1"))
    assert not isinstance(first, Exception), first
    assert second is None or isinstance(second, CommandError), second
    with met.broker.core.db.read() as tx:
        living = select(func.count()).select_from(invitations).where(invitations.c.status == "pending")
        assert tx.execute(living).scalar_one() == 1


def test_fa_04_a_removed_factor_proves_nothing(met: World) -> None:
    """Staff removes the lost phone while a sign-in that leans on it is being answered."""
    who = met.visitor(ADA)
    with_phone(met, who)
    dispatcher = who.browser.get(met.request(**essential())[0], stop_at="http").location or ""
    came, said = Meeting(met.broker.core.db).play(
        lambda: who.browser.get(dispatcher, stop_at="http"), lambda: met.broker.factors.reset.reset(ACTOR, ADA.email)
    )
    assert not isinstance(said, Exception), said
    _nothing_lives(met, who, came)
