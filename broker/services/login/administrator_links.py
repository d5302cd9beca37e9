"""`broker admin-link`: a one-time link for an administrator, for the time before a partner for staff is set up.

The operator who runs the command vouches for the person; there is no password. The person's sign-in begins with the link, adds a
passkey, and from then on each sign-in by a link asks for that passkey too.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.administrator_link import LIFETIME, PARTNER, AdministratorLink
from broker.domain.assertion import Assertion
from broker.domain.audit import Actor, Event
from broker.domain.errors import BadRequest, Conflict, Invalid
from broker.domain.guest import GuestState, Identity, Person, PersonKind
from broker.domain.ids import digest, new_id, new_secret
from broker.domain.login import OwnPageIntent
from broker.domain.visitor import Visitor
from broker.services.addresses import parse
from broker.services.authorization import is_at_work
from broker.services.core import Core
from broker.services.history import audit
from broker.services.login.result import StartedLogin
from broker.services.login.sign_in import SignIn
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.factors import factors
from broker.storage.login import administrator_links

PAGE = "/admin/link"
UNKNOWN = "administrator_link"  # the reason of a refusal, whatever is wrong with a link (AD-12)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedLink:
    """A link as the command prints it. url: with the ticket, which is nowhere else."""

    email: str
    url: str
    expires_at: int


class AdministratorLinks:
    """Made by the command line only; used once, within an hour, while the address is under `administrators:`."""

    def __init__(self, core: Core, sign_in: SignIn) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._sign_in = sign_in

    def create(self, actor: Actor, email: str) -> PrintedLink:
        """A new link; earlier ones of the address end. Raises Invalid (no administrator), Conflict (a guest, or stopped)."""
        address, ticket, now = parse(email), new_secret(), self._clock()
        if address not in self._settings().broker.administrators:
            raise Invalid(
                f"{address} is not under administrators: in config/broker.yaml; add it there first", "not_administrator"
            )
        link = AdministratorLink(id=new_id(), email=address, created_at=now, expires_at=now + LIFETIME)
        with self._db.write() as tx:
            person = people.by_email(tx, address)
            _check(person, address, now)
            administrator_links.end_of(tx, address, now)
            administrator_links.add(tx, link, digest(ticket))
            event = Event(
                name="administrator_link.created",
                actor=actor,
                target=link.id,
                subject=person.id if person else "",
                data={"expires_at": link.expires_at},
                personal={"email": address} if person else {},
            )
            audit.record(tx, event, now)
        return PrintedLink(email=address, url=f"{self._settings().issuer}{PAGE}/{ticket}", expires_at=link.expires_at)

    def look(self, ticket: str) -> AdministratorLink:
        """The link of a ticket, unspent: opening the page spends nothing. Raises BadRequest."""
        with self._db.read() as tx:
            link = administrator_links.living(tx, digest(ticket), self._clock())
        return self._checked(link)

    def use(self, ticket: str, visitor: Visitor) -> StartedLogin:
        """Spend the link: a login as its administrator, which asks for their passkey, or has them add their first one.

        The member is created if there is none. Raises BadRequest where the link, or the address, is not good any more.
        """
        now = self._clock()
        with self._db.write() as tx:
            link = self._checked(administrator_links.take(tx, digest(ticket), now))
            person = self._member(tx, link, now)
            assertion = Assertion(
                partner=PARTNER,
                issuer=self._settings().issuer,
                subject=person.id,
                email=person.email,
                email_verified=True,
                name=person.name or None,
                auth_time=now,
            )
            people.bind(
                tx, Identity(partner=PARTNER, issuer=assertion.issuer, subject=person.id, person_id=person.id, bound_at=now)
            )
            held = factors.of_person(tx, person.id)
            intent = OwnPageIntent.PROVE if held else OwnPageIntent.PASSKEY
            started = self._sign_in.begin_as(tx, visitor, assertion, return_path="/admin", intent=intent)
            actor = Actor.person(person.id, address=visitor.address)
            event = Event(
                name="administrator_link.used", actor=actor, subject=person.id, target=link.id, data={"has_method": bool(held)}
            )
            audit.record(tx, event, now)
        return started

    def _checked(self, link: AdministratorLink | None) -> AdministratorLink:
        if link is None or link.email not in self._settings().broker.administrators:
            raise BadRequest(UNKNOWN)
        return link

    @staticmethod
    def _member(tx: Connection, link: AdministratorLink, now: int) -> Person:
        """The member of the link's address; the operator's word counts as proof of the address."""
        person = Person(
            id=new_id(),
            kind=PersonKind.MEMBER,
            state=GuestState.ACTIVE,
            email=link.email,
            email_verified=True,
            partner=PARTNER,
            created_at=now,
            redeemed_at=now,
        )
        if people.add(tx, person):
            data: dict[str, object] = {"partner": PARTNER, "bound": True, "was_invited": False}
            event = Event(
                name="member.joined", actor=Actor.person(person.id), subject=person.id, data=data, personal={"email": link.email}
            )
            audit.record(tx, event, now)
            return person
        held = people.by_email(tx, link.email, lock=True)
        if held is None or not is_at_work(held, now):
            raise BadRequest(UNKNOWN, "the person is no active member")
        return held


def _check(person: Person | None, address: str, now: int) -> None:
    if person is None or is_at_work(person, now):
        return
    if person.kind is not PersonKind.MEMBER:
        raise Conflict(
            f"{address} is a guest; a guest cannot administrate. Delete the guest, or name another address", "is_guest"
        )
    raise Conflict(f"{address} is {person.state.value}: broker guests unblock {address}", "member_stopped")
