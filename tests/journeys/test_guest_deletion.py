"""Deleting: nothing personal is left in any column of any table, and nothing that was given is given again (LP-05, AD-05)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import select

from broker.domain.ids import digest, new_id
from broker.domain.question import QuestionKind
from broker.services.messages.mail_questions import ask
from broker.storage.directory import assignments, erasure, groups, people, personal_data
from broker.storage.tables import audit, metadata, subjects
from tests import factories
from tests.journeys.world import ACTOR, ADA, BO, SECRET, World

DAY = 86_400
PERSONAL = (ADA.email, "ada@", '"Fabrik"', "Ada Fabrik", "Herr Fabrik", "192.0.2.77", "the guest's own words")


def cells(world: World) -> Iterator[tuple[str, str, str]]:
    """(table, column, value as text) of everything in the database."""
    with world.broker.core.db.read() as tx:
        for table in metadata.sorted_tables:
            for row in tx.execute(select(table)):
                for name, value in row._mapping.items():
                    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
                    yield table.name, str(name), text


def holding(world: World, *words: str) -> set[tuple[str, str]]:
    """(table, column) of every cell that holds one of the words."""
    return {(table, column) for table, column, text in cells(world) for word in words if word in text}


def a_whole_life(world: World) -> str:
    """A guest of whom every table knows something: her id."""
    ada = world.visitor()
    invited = world.invite(name="Herr Fabrik", message="the guest's own words", sponsor="alice@contoso.example", mail=True)
    world.redeem(ada, invited)
    world.sign_in(ada, scope="openid profile email offline_access")
    world.sign_in(ada, world.travel)
    who = world.visitor()
    who.halt_at = ("home-organization", "review-permissions")
    world.arrive(who, login_hint=ADA.email)  # a login under way
    person = world.broker.guests.directory.show(ADA.email).person
    world.invite(application="travel", mail=True)
    world.broker.messages.outbox.deliver()
    with world.broker.core.db.write() as tx:
        assignments.open_for(tx, new_id(), person.id, "payroll", "viewer", world.clock())
        group = factories.group(name="Friends")
        groups.add(tx, group)
        groups.add_member(tx, group.id, person.id, world.clock())
        ask(tx, QuestionKind.RENEW, person.id, "alice@contoso.example", {"who": ADA.name}, DAY, world.clock())
    world.broker.guests.lifecycle.block(ACTOR, ADA.email, reason="Ada Fabrik was rude")
    world.broker.guests.lifecycle.unblock(ACTOR, ADA.email)
    return person.id


def test_no_personal_value_is_left(both: World) -> None:
    """LP-05: a walk through every column of every table finds nothing; the pseudonymous audit stays."""
    world = both
    person_id = a_whole_life(world)
    world.redeem(world.visitor(BO), world.invite(BO.email))
    before = holding(world, *PERSONAL)
    assert {table for table, _ in before} >= {"people", "invitations", "audit_personal", "outbox", "logins", "sessions", "grants"}
    with world.broker.core.db.read() as tx:
        events = len(tx.execute(select(audit.c.id).where(audit.c.subject == person_id)).all())
        given = {
            tuple(row) for row in tx.execute(select(subjects.c.sector, subjects.c.sub).where(subjects.c.person_id == person_id))
        }
    world.broker.guests.lifecycle.delete(ACTOR, ADA.email, reason="asked for it")
    assert holding(world, *PERSONAL) == set()
    assert holding(world, "Bo Fabrik")  # and nobody else's
    with world.broker.core.db.read() as tx:
        rows = tx.execute(select(audit).where(audit.c.subject == person_id).order_by(audit.c.at)).all()
        kept = {
            tuple(row) for row in tx.execute(select(subjects.c.sector, subjects.c.sub).where(subjects.c.person_id == person_id))
        }
    assert len(rows) == events + 1
    assert kept == given
    assert len(given) == 2
    assert [row.reason for row in rows if row.name == "guest.deleted"] == ["asked for it"]
    linked = {(table, column) for table, column, text in cells(world) if person_id in text}
    assert {table for table, _ in linked} == {"people", "subjects", "audit"}


def test_invited_again_it_is_somebody_new(both: World) -> None:
    """LP-05, HT-6: the same address gets a new guest, a new id and a new `sub`; nothing comes back with it."""
    person_id = a_whole_life(both)
    old = both.sign_in(both.visitor()).claims["sub"]
    both.broker.guests.lifecycle.delete(ACTOR, ADA.email)
    assert both.arrive(both.visitor()).error == "not_invited"
    both.redeem(both.visitor(), both.invite())
    again = both.broker.guests.directory.show(ADA.email)
    assert again.person.id != person_id
    assert [one.application for one in again.consents] == ["payroll"]
    assert both.sign_in(both.visitor()).claims["sub"] != old


def test_old_links_open_nothing(world: World) -> None:
    """LP-05: invitation and question of a deleted guest are as unknown as any other ticket."""
    invited = world.invite()
    with world.broker.core.db.write() as tx:
        ticket = ask(tx, QuestionKind.RENEW, invited.invitation.guest_id, "alice@contoso.example", {}, DAY, world.clock())
    world.broker.guests.lifecycle.delete(ACTOR, ADA.email)
    assert world.visitor().browser.get(invited.redeem_url).error == "invitation_expired"
    assert "no longer open" in world.visitor().browser.get(f"{world.url}/question/{ticket}").text


def test_whatever_belongs_to_a_person_goes(world: World) -> None:
    """LP-05: every foreign key to a person is one that a deletion follows; a new table is in the list by itself."""
    tables = {column.table.name for column in erasure.belongings()}
    assert tables >= {
        "identities",
        "invitations",
        "consents",
        "sessions",
        "grants",
        "receipts",
        "outbox",
        "questions",
        "assignments",
    }
    named = {table.name for table in metadata.sorted_tables if "person_id" in table.columns}
    # a `sub` is never given again; listeners hear of the deletion, by the id alone, and of what was before it
    assert named - tables == {"subjects", "event_deliveries"}


def test_export_is_complete_and_without_secrets(both: World) -> None:
    """AD-05, MF-11: everything that belongs to the person is there, and no secret, no hash of one, nobody else's."""
    a_whole_life(both)
    found = both.broker.guests.directory.export(ACTOR, ADA.email)
    assert found["person"]["email"] == ADA.email
    for section in (
        "identities", "invitations", "assignments", "consents", "sessions", "sign_ins_at_applications", "sign_ins", "mails", "questions", "groups",
        "subjects", "audit",
    ):  # fmt: skip
        assert found[section], section
    text = json.dumps(found)
    assert "Ada Fabrik was rude" not in text  # FA-25: what staff wrote to each other
    assert BO.email not in text
    secrets = set()
    for table, column, value in cells(both):
        hashed = column in (
            "ticket",
            "cookie",
            "code",
            "token",
            "challenge",
            "browser",
            "state",
            "value",
            "sealed",
            "handle",
            "content",
        )
        if hashed and len(value) >= 32 and table not in ("people", "audit_personal"):
            secrets.add(value)
    assert secrets
    assert [secret for secret in secrets if secret in text] == []
    assert SECRET not in text
    assert found["sign_ins"][0]["at"].endswith("Z")
    assert both.broker.guests.directory.export(ACTOR, ADA.email)["audit"][-1]["name"] == "guest.exported"


def test_every_table_of_a_person_is_exported_or_says_why_not() -> None:
    """AD-05: a table that is added is shown to the person whom it is about, column by column."""
    tables = {column.table.name for column in erasure.belongings()}
    assert tables == {table.name for table in personal_data.SHOWN} | set(personal_data.ELSEWHERE)
    for table, (_, columns) in personal_data.SHOWN.items():
        assert set(columns) <= set(table.columns.keys())


def test_logins_of_others_stay(world: World) -> None:
    """A deletion takes the logins that hold the guest's address or assertion, and no other."""
    with world.broker.core.db.write() as tx:
        ada, bo = (factories.saved_person(tx, email=email) for email in (ADA.email, BO.email))
        for person in (ada, bo):
            people.bind(tx, factories.identity(person.id, subject=person.id))
    bystander = world.visitor(BO)
    bystander.halt_at = ("home-organization",)
    world.arrive(bystander, login_hint=BO.email)
    before = world.counts()["logins"]
    world.broker.guests.lifecycle.delete(ACTOR, ADA.email)
    assert world.counts()["logins"] == before
    world.broker.guests.lifecycle.delete(ACTOR, BO.email)
    assert world.counts()["logins"] == before - 1
    assert digest(BO.email) not in str(list(cells(world)))
