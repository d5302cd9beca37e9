"""Whose right an invitation stands on, and what is said about addresses that imitate others."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from broker.cli import broker as command
from broker.domain.audit import Actor
from broker.domain.errors import Forbidden
from broker.services.invitations.invitations import InvitationRequest
from broker.storage.tables import audit, invitations, people
from tests.journeys.staff import administrators, member, owners
from tests.journeys.world import ADA, BO, CLEO, SECRET, World

FAKE = "ada@fabrik\u0430m.example"  # the fifth letter of the domain's name is Cyrillic


def test_owner_invites_to_his_applications_only(world: World) -> None:
    """IN-11: an owner to what he owns, an administrator to everything, other members and guests to nothing."""
    invite, cleo = world.broker.invitations.invitations.invite, member(world)
    for wish in (InvitationRequest(email=ADA.email, application="payroll"), InvitationRequest(email=ADA.email)):
        with pytest.raises(Forbidden):
            invite(cleo, wish)
    owners(world, "payroll", CLEO.email)
    assert invite(cleo, InvitationRequest(email=ADA.email, application="payroll")).invitation.inviter == CLEO.email
    refused = (
        InvitationRequest(email=ADA.email, application="travel"),
        InvitationRequest(email=ADA.email),
        InvitationRequest(email=ADA.email, application="unknown"),
    )
    for wish in refused:
        with pytest.raises(Forbidden):
            invite(cleo, wish)
        with pytest.raises(Forbidden):
            world.broker.invitations.invitations.preview(cleo, wish)
        with pytest.raises(Forbidden):
            world.broker.invitations.invitations.judge(cleo, wish)
        assert isinstance(world.broker.invitations.invitations.invite_many(cleo, [wish])[0], Forbidden)
    administrators(world, CLEO.email)
    invite(cleo, InvitationRequest(email=ADA.email))
    world.redeem(world.visitor(BO))
    administrators(world, CLEO.email, BO.email)  # a guest's address in the list makes nobody a member
    guest = Actor.person(world.broker.guests.directory.show(BO.email).person.id)
    for actor in (guest, Actor.person(), Actor.person("nobody")):
        with pytest.raises(Forbidden):
            invite(actor, InvitationRequest(email=ADA.email))


def leaves(world: World) -> None:
    """The inviter is blocked."""
    with world.broker.core.db.write() as tx:
        tx.execute(update(people).where(people.c.email == CLEO.email).values(state="blocked"))


def ends(world: World) -> None:
    """The inviter's time is over."""
    with world.broker.core.db.write() as tx:
        tx.execute(update(people).where(people.c.email == CLEO.email).values(expires_at=world.clock()))


LOSSES: dict[str, Callable[[World], None]] = {
    "blocked": leaves,
    "expired": ends,
    "no owner any more": lambda world: owners(world, "payroll"),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("late", [False, True])
def test_inviter_lost_the_right(world: World, loss: str, late: bool) -> None:
    """IN-10: before the link is opened, or between that and the last button: 403, nothing is bound."""
    owners(world, "payroll", CLEO.email)
    invited = world.broker.invitations.invitations.invite(
        member(world), InvitationRequest(email=ADA.email, application="payroll")
    )
    ada = world.visitor(ADA)
    if late:
        ada.halt_at = ("review-permissions",)
        page = ada.open(invited.redeem_url)
        LOSSES[loss](world)
        assert ada.browser.proceed(page).error == "invitation_expired"
        page = ada.browser.get(page.url)  # the dispatcher's page has the receipt
    else:
        LOSSES[loss](world)
        page = ada.open(invited.redeem_url)
    assert (page.status, page.error) == (403, "invitation_expired")
    assert world.receipt(page)["reason"] == "invitation_inviter"
    assert world.arrive(world.visitor(ADA)).error == "not_invited"  # nor without the link
    assert world.counts()["identities"] == 1  # the inviter's own
    with world.broker.core.db.read() as tx:
        assert tx.execute(select(invitations.c.status)).scalar_one() == "pending"


def test_command_line_has_no_right_to_lose(world: World) -> None:
    """IN-10: what staff invited at the server stands, whoever is named as the sponsor."""
    member(world)
    invited = world.invite(sponsor=CLEO.email)
    leaves(world)
    assert world.redeem(world.visitor(ADA), invited).location is not None


def test_address_that_imitates_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """IN-13: said in the result, the preview, the dry run and the audit; ordinary international names raise no alarm."""
    monkeypatch.setenv("SECRET", SECRET)
    monkeypatch.setattr("broker.app.system_clock", world.clock)
    home = ["--home", str(world.home)]
    run = CliRunner().invoke
    said = json.loads(run(command, ["invite", FAKE, "--no-mail", "--json", *home]).stdout)
    assert "can be taken for fabrikam.example" in said["warning"]
    assert said["email"] == "ada@xn--fabrikm-7fg.example"
    assert "can be taken for" in run(command, ["invite", FAKE, "--no-mail", *home]).stderr
    assert "can be taken for" in json.loads(run(command, ["invite", FAKE, "--preview", "--json", *home]).stdout)["warning"]
    file = world.home / "list.csv"
    file.write_text(f"email\n{FAKE}\nada@müller.example\nada@p\u0430ypal.example\n", "utf-8")
    for words in (["--dry-run"], []):
        rows = json.loads(run(command, ["invite", "--csv", str(file), "--json", *words, *home]).stdout)
        assert ["fabrikam.example" in (row["warning"] or "") for row in rows] == [True, False, False]
        assert "several scripts" in rows[2]["warning"]
        assert rows[1]["warning"] is None
    assert "look twice" in run(command, ["invite", "--csv", str(file), "--dry-run", *home]).stdout
    with world.broker.core.db.read() as tx:
        events = [row[0] for row in tx.execute(select(audit.c.data).where(audit.c.name == "invitation.created"))]
    assert {event.get("lookalike") for event in events} == {"fabrikam.example", "mixed scripts", None}
