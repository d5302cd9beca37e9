"""Invitations: one person for one address, one living link for one person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from broker.domain.address import in_domains
from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, DomainDenied, Invalid, InvitationExpired, InvitationUsed
from broker.domain.guest import Kind, Person, State
from broker.domain.ids import digest, new_id, new_secret
from broker.domain.invitation import Invitation, Status
from broker.services import audit
from broker.services.addresses import parse
from broker.services.facts import invitation_over
from broker.settings.load import Settings
from broker.storage import invitations, people
from broker.storage.engine import Connection, Database

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a member of staff wants: the address, and where the guest is to land."""

    email: str
    redirect_url: str | None = None
    name: str = ""
    message: str = ""
    language: str | None = None
    application: str | None = None
    sponsor: str | None = None


@dataclass(frozen=True, slots=True)
class Invited:
    """The invitation, and its link: the only time that the ticket exists outside its mail."""

    invitation: Invitation
    redeem_url: str


@dataclass(frozen=True, slots=True)
class Landing:
    """What the page behind the link shows."""

    invitation: Invitation
    person: Person


class Invitations:
    """Invite, look, revoke."""

    def __init__(self, db: Database, clock: Callable[[], int], settings: Callable[[], Settings]) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings

    def invite(self, actor: Actor, wish: Wish) -> Invited:
        """Invite an address. Inviting it again keeps the guest and replaces the link.

        Raises Invalid (address, language, URL, application), Conflict (a member, a blocked guest), with one clear line.
        """
        now, settings = self._clock(), self._settings()
        email = parse(wish.email)
        self._may_be_invited(email)
        application = settings.applications.get(wish.application) if wish.application else None
        if wish.application and application is None:
            raise Invalid(f"there is no application {wish.application!r} in config/applications", "application_unknown")
        language = wish.language or settings.broker.languages[0]
        if language not in settings.broker.languages:
            raise Invalid(f"language {language!r} is not one of {', '.join(settings.broker.languages)}", "language_unknown")
        landing = wish.redirect_url or (application.launch_url if application else None) or f"{settings.issuer}/apps"
        ticket = new_secret()
        sponsor = parse(wish.sponsor) if wish.sponsor else None
        with self._db.write() as tx:
            person = self._person(tx, email, wish.name, language, sponsor, now)
            invitations.revoke_pending(tx, person.id)
            invitation = Invitation(
                id=new_id(),
                person_id=person.id,
                email=email,
                status=Status.PENDING,
                redirect_url=_landing(landing),
                application=application.client_id if application else None,
                language=language,
                message=wish.message,
                inviter=sponsor or actor.id or actor.kind,
                created_at=now,
                expires_at=now + settings.broker.invitations.lifetime,
            )
            invitations.add(tx, invitation, digest(ticket))
            data = {"application": invitation.application or "", "expires_at": invitation.expires_at}
            event = Event(
                name="invitation.created",
                actor=actor,
                subject=person.id,
                target=invitation.id,
                data=data,
                personal={"email": email},
            )
            audit.record(tx, event, now)
        return Invited(invitation, f"{settings.issuer}/invitation/{ticket}")

    def _may_be_invited(self, email: str) -> None:
        """allow_domains, if given, and never deny_domains: exact labels after IDNA (PO-04)."""
        rules = self._settings().broker.invitations
        if in_domains(email, rules.deny_domains) or (rules.allow_domains and not in_domains(email, rules.allow_domains)):
            raise Invalid(
                f"addresses of {email.rpartition('@')[2]} may not be invited (invitations: in config/broker.yaml)",
                "domain_denied",
            )

    def _person(self, tx: Connection, email: str, name: str, language: str, sponsor: str | None, now: int) -> Person:
        """The guest of an address, made if there is none: one statement decides, also under parallel invitations."""
        guest = Person(
            id=new_id(),
            kind=Kind.GUEST,
            state=State.INVITED,
            email=email,
            name=name,
            language=language,
            sponsor=sponsor,
            created_at=now,
        )
        if people.add(tx, guest):
            return guest
        person = people.by_email(tx, email, lock=True)
        if person is None:
            raise Conflict("the address is being changed by somebody else; try again", "address_busy")
        if person.kind is Kind.MEMBER:
            raise Conflict(f"{email} is a member of {self._settings().broker.organization.name}, not a guest", "is_member")
        if person.state is State.BLOCKED:
            raise Conflict(f"{email} is blocked; unblock the guest first", "guest_blocked")
        changed = {key: value for key, value in (("name", name), ("sponsor", sponsor)) if value}
        if changed:
            people.change(tx, person.id, changed)
        return person

    def landing(self, ticket: str) -> Landing:
        """The invitation of a ticket, unspent. Raises InvitationExpired, InvitationUsed, DomainDenied (IN-04, IN-06, IN-10)."""
        now = self._clock()
        with self._db.read() as tx:
            invitation = invitations.by_ticket(tx, digest(ticket))
            if invitation is None:
                raise InvitationExpired("invitation_unknown")
            person = people.by_id(tx, invitation.person_id)
            over = invitation_over(tx, invitation, now) if invitation.status_at(now) is not Status.PENDING else None
        if over is not None and over[0] == "invitation_used":
            raise InvitationUsed(over[1])
        if over is not None or person is None:
            raise InvitationExpired(over[1] if over else "invitation_unknown")
        rules = self._settings().broker.invitations
        if in_domains(invitation.email, rules.deny_domains):
            raise DomainDenied("domain_denied")
        return Landing(invitation, person)

    def by_id(self, invitation_id: str) -> Invitation | None:
        """One invitation."""
        with self._db.read() as tx:
            return invitations.by_id(tx, invitation_id)

    def latest(self, person_id: str) -> Invitation | None:
        """The newest invitation of a person."""
        with self._db.read() as tx:
            return invitations.latest_of(tx, person_id)


def _landing(url: str) -> str:
    """Where the guest lands: https, or http on loopback; no user part, no control characters."""
    parts = urlsplit(url)
    fine = parts.scheme == "https" or (
        parts.scheme == "http" and ((parts.hostname or "") in _LOOPBACK or (parts.hostname or "").startswith("127."))
    )
    if not fine or not parts.hostname or "@" in parts.netloc or any(ord(c) <= 32 for c in url):
        raise Invalid("the redirect URL must be a plain https: URL (http: only on loopback)", "redirect_url")
    return url
