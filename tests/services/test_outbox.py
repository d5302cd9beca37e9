"""HT-17: what was committed is never lost, and leaves once; invitations by mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import select

from broker.domain.errors import CommandError, Invalid, TooMany
from broker.mail.port import Delayed, MailRefused
from broker.services.invitations.invitations import InvitationRequest, Invitations
from broker.services.invitations.links import Tickets
from broker.services.invitations.views import InvitationForecast
from broker.services.messages import outbox as rules
from broker.services.messages.outbox import Outbox
from broker.storage import tables as t
from broker.storage.operations import after_restore
from tests.journeys.counting import statements
from tests.journeys.staff import administrators, member
from tests.journeys.world import ACTOR, ADA, BO, CLEO, World
from tests.race import race


@dataclass
class Post:
    """A mail server's end: keeps messages, or fails as it is told."""

    taken: list[EmailMessage] = field(default_factory=list)
    fault: Exception | None = None
    after: BaseException | None = None
    closed: int = 0

    def send(self, message: EmailMessage, recipient: str) -> None:
        """Take it, then perhaps die."""
        if self.fault is not None:
            raise self.fault
        self.taken.append(message)
        if self.after is not None:
            raise self.after

    def close(self) -> None:
        """Count."""
        self.closed += 1


def node(world: World, post: Post) -> Outbox:
    """One more node, whose mails go to `post`."""
    broker = world.broker
    return Outbox(broker.core, broker.sealer, broker.messages.outbox._write, lambda *_where: post)


def invited(world: World, email: str = ADA.email, **more: Any) -> tuple[str, ...]:
    """An invitation by mail; the ids of its mails."""
    return world.invite(email, mail=True, **more).mails


def test_mail_leaves_once(world: World) -> None:
    """Sent, noted, forgotten: the row holds no ticket any more, and nothing is sent again."""
    post = Post()
    ids = invited(world, name="Ada", message="Welcome", sponsor="bob@contoso.example")
    assert node(world, post).look() == 1
    assert node(world, post).look() == 0
    (message,) = post.taken
    assert (message["To"], message["Reply-To"]) == (ADA.email, "bob@contoso.example")
    assert message["Subject"] == "bob@contoso.example (Contoso) invites you to Payroll"
    (state,) = world.broker.messages.outbox.states(ids)
    assert (state.status, state.tries, state.problem) == ("sent", 1, None)
    with world.broker.core.db.read() as tx:
        assert tx.execute(select(t.outbox.c.content)).scalar_one() == ""
    assert post.closed == 1


def test_link_in_the_mail_works(world: World) -> None:
    """The text part alone is enough: its link redeems."""
    post = Post()
    invited(world)
    node(world, post).deliver()
    body = post.taken[0].get_body(("plain",))
    text = body.get_content() if body else ""
    link = next(line for line in text.splitlines() if "/invitation/" in line)
    page = world.visitor(ADA).open(link, stop_at=world.callback)
    assert page.location == f"{world.callback}/home"


def test_waiting_row_holds_no_ticket_in_clear(world: World) -> None:
    """HT-4: until it leaves, the link is sealed."""
    found = world.invite(mail=True)
    with world.broker.core.db.read() as tx:
        assert found.redeem_url.rpartition("/")[2] not in str(tx.execute(select(t.outbox)).all())


def test_copy_is_a_mail_of_its_own(world: World) -> None:
    """A copy that is refused does not keep the guest's mail from leaving."""
    post = Post()
    assert len(invited(world, copy_to="boss@fabrikam.example")) == 2
    node(world, post).deliver()
    assert sorted(str(message["To"]) for message in post.taken) == [ADA.email, "boss@fabrikam.example"]


def test_two_nodes_never_send_one_mail(world: World) -> None:
    """HT-17, HT-3: twenty at once, each mail leaves once."""
    for number in range(10):
        invited(world, f"guest{number}@fabrikam.example")
    posts = [Post() for _ in range(20)]
    race(lambda number: node(world, posts[number]).deliver(limit=3))
    node(world, posts[0]).deliver()
    taken = [message["To"] for post in posts for message in post.taken]
    assert sorted(taken) == sorted({*taken})
    assert len(taken) == 10


def test_killed_between_acceptance_and_commit(world: World) -> None:
    """HT-17: the only window of a repeat; it carries the same Message-ID, and no other node sends while the lease holds."""
    invited(world)
    dying, other = Post(after=KeyboardInterrupt()), Post()
    with pytest.raises(KeyboardInterrupt):
        node(world, dying).deliver()
    assert node(world, other).look() == 0
    world.clock.advance(rules.LEASE)
    assert node(world, other).look() == 1
    assert other.taken[0]["Message-ID"] == dying.taken[0]["Message-ID"]


def test_tried_again_and_given_up(world: World) -> None:
    """Longer and longer pauses, an end after five days, and what the server said last."""
    post = Post(fault=Delayed("451 busy"))
    ids = invited(world)
    gaps, before = [], world.clock()
    while (state := world.broker.messages.outbox.states(ids)[0]).status == "waiting":
        world.clock.now = state.next_try_at or 0
        gaps.append(world.clock() - before)
        before = world.clock()
        node(world, post).look()
    assert gaps[: len(rules.PAUSES) + 1] == [0, *rules.PAUSES]
    assert (state.status, state.problem) == ("refused", "given up after five days: 451 busy")
    assert world.clock() - state.created_at >= rules.GIVE_UP


def test_refused_for_good_is_seen(world: World) -> None:
    """A 5yz ends it at once; staff sees what the server said."""
    ids = invited(world)
    node(world, Post(fault=MailRefused("550 no such user"))).deliver(ids)
    (state,) = world.broker.guests.directory.show(ADA.email).mails
    assert (state.status, state.problem, state.tries) == ("refused", "550 no such user", 1)
    assert node(world, Post()).look() == 0


def test_a_broken_mail_holds_up_no_other(world: World) -> None:
    """What cannot be written waits with its reason; the rest leaves."""
    first = invited(world)
    invited(world, BO.email)
    with world.broker.core.db.write() as tx:
        tx.execute(t.outbox.update().where(t.outbox.c.id == first[0]).values(content="nonsense"))
    post = Post()
    assert node(world, post).look() == 1
    assert [message["To"] for message in post.taken] == [BO.email]
    assert "could not be written" in (world.broker.messages.outbox.states(first)[0].problem or "")


def test_a_slow_server_costs_no_lease(world: World) -> None:
    """Near the end of its lease a node begins nothing, and gives the rest back."""
    invited(world)
    invited(world, BO.email)

    class Slow(Post):
        """Needs long for each mail."""

        def send(self, message: EmailMessage, recipient: str) -> None:
            """Take it after four minutes."""
            super().send(message, recipient)
            world.clock.advance(240)

    slow, other = Slow(), Post()
    assert node(world, slow).deliver() == 1
    assert node(world, other).deliver() == 1


def test_housekeeping_and_restore(world: World) -> None:
    """Mails leave with `broker maintain`; after 30 days they are forgotten; a restore sends no revoked link (HT-14)."""
    invited(world)
    assert world.broker.operations.housekeeping.run()["mails"] == 1
    assert len(list((world.home / "var/mail").glob("*.eml"))) == 1
    world.clock.advance(rules.KEPT + 1)
    assert world.broker.operations.housekeeping.run()["outbox"] == 1
    invited(world, BO.email)
    with world.broker.core.db.write() as tx:
        assert after_restore.end_everything(tx, world.clock())["mails"] == 1
    assert world.broker.messages.outbox.look() == 0


def test_statements_of_an_invitation(world: World) -> None:
    """At most six for a new guest, its mail included."""
    with statements(world.broker.core.db) as seen:
        invited(world)
    assert len(seen) <= 6


def test_list_of_guests_is_safe_to_run_again(world: World) -> None:
    """One result a row, a bad one stops none; who has the invitation already gets no second mail."""
    wishes = [InvitationRequest(email=email, application="payroll", mail=True) for email in (ADA.email, "no address", BO.email)]
    first = world.broker.invitations.invitations.invite_many(ACTOR, wishes)
    assert isinstance(first[1], CommandError)
    again = world.broker.invitations.invitations.invite_many(ACTOR, wishes)
    mails = [one.mails for one in (*first, *again) if not isinstance(one, CommandError)]
    assert [len(one) for one in mails] == [1, 1, 0, 0]
    assert world.broker.invitations.invitations.judge(ACTOR, wishes[0]) == InvitationForecast(result="keep", lookalike=None)
    assert world.broker.invitations.invitations.judge(ACTOR, InvitationRequest(email=ADA.email)) == InvitationForecast(
        result="again", lookalike=None
    )
    assert world.broker.invitations.invitations.judge(
        ACTOR, InvitationRequest(email="new@fabrikam.example")
    ) == InvitationForecast(result="invite", lookalike=None)


def test_quota_of_an_inviter(world: World) -> None:
    """IN-15: a person has so many a day; the command line has none."""
    broker = world.broker
    administrators(world, CLEO.email)
    invitations = Invitations(broker.core, Tickets(broker.core.settings, broker.messages.outbox), quota=2)
    person = member(world)
    for number in range(2):
        invitations.invite(person, InvitationRequest(email=f"g{number}@fabrikam.example"))
    with pytest.raises(TooMany):
        invitations.invite(person, InvitationRequest(email="g2@fabrikam.example"))
    invitations.invite(ACTOR, InvitationRequest(email="g2@fabrikam.example"))
    world.clock.advance(86_400)
    invitations.invite(person, InvitationRequest(email="g3@fabrikam.example"))


@pytest.mark.parametrize("wish", [{"name": "A\nB"}, {"name": "x" * 257}, {"message": "x" * 4001}, {"copy_to": "a@b\r\nBcc: c"}])
def test_what_is_no_word_of_a_person(world: World, wish: dict[str, Any]) -> None:
    """IN-13: one line for a name, an end for a message, one plain address for a copy."""
    with pytest.raises(Invalid):
        world.broker.invitations.invitations.invite(ACTOR, InvitationRequest(email=ADA.email, mail=True, **wish))
    assert world.counts()["outbox"] == 0
