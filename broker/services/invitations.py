"""Invitations: one person for one address, one living link for one person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from broker.domain.address import in_domains
from broker.domain.audit import Actor, Event
from broker.domain.errors import CommandError, Conflict, DomainDenied, InvitationExpired, InvitationUsed, TooMany
from broker.domain.guest import Kind as PersonKind
from broker.domain.guest import Person, State
from broker.domain.ids import digest, new_id, new_secret
from broker.domain.invitation import Invitation, Status
from broker.domain.mail import Mail
from broker.services import audit
from broker.services.facts import invitation_over
from broker.services.outbox import Outbox
from broker.services.wishes import Plan, Wish, mails_of, plan_of
from broker.settings.load import Settings
from broker.storage import invitations, people, shared
from broker.storage.engine import Connection, Database

__all__ = ["Invitations", "Invited", "Landing", "Result", "Wish"]

QUOTA = 1000  # invitations that one person sends a day (IN-15)


@dataclass(frozen=True, slots=True)
class Invited:
    """The invitation, and its link: the only time that the ticket exists outside its mail. "": the one sent before holds.

    mails: their ids in the outbox, the guest's first.
    """

    invitation: Invitation
    redeem_url: str
    mails: tuple[str, ...] = ()


Result = Invited | CommandError


@dataclass(frozen=True, slots=True)
class Landing:
    """What the page behind the link shows."""

    invitation: Invitation
    person: Person


class Invitations:
    """Invite, look, revoke."""

    def __init__(
        self,
        db: Database,
        clock: Callable[[], int],
        settings: Callable[[], Settings],
        outbox: Outbox,
        quota: int = QUOTA,
    ) -> None:
        """quota: invitations a day of one inviter; the command line has none."""
        self._db = db
        self._clock = clock
        self._settings = settings
        self._outbox = outbox
        self._quota = quota

    def invite(self, actor: Actor, wish: Wish) -> Invited:
        """Invite an address. Inviting it again keeps the guest and replaces the link.

        The mail, where one is wished for, is in the outbox with the commit; `Outbox.deliver` sends it. Raises Invalid
        (address, language, URL, application), Conflict (a member, a blocked guest), TooMany (IN-15), with one clear line.
        """
        plan, now = plan_of(self._settings(), actor, wish), self._clock()
        with self._db.write() as tx:
            return self._carry_out(tx, actor, plan, now)

    def invite_many(self, actor: Actor, wishes: Sequence[Wish]) -> list[Result]:
        """Invite some addresses in one transaction; the result of each, a refusal too. Who has the invitation already keeps it.

        So a list can be given again after a crash, or with rows added, and nobody gets a second mail.
        """
        results: list[Result] = []
        now = self._clock()
        with self._db.write() as tx:
            for wish in wishes:
                try:  # a refusal has written nothing, so the others' rows stand
                    results.append(self._carry_out(tx, actor, plan_of(self._settings(), actor, wish), now, keep=wish.mail))
                except CommandError as error:
                    results.append(error)
        return results

    def preview(self, actor: Actor, wish: Wish) -> Mail:
        """The mail that `invite` would send, with a link that opens nothing. Raises as `invite` does for the input."""
        plan = plan_of(self._settings(), actor, wish)
        return mails_of(plan, new_id(), self._url("0" * 43), self._clock() + self._settings().broker.invitations.lifetime)[0]

    def judge(self, actor: Actor, wish: Wish) -> str:
        """What `invite_many` would do now, in a word: invite, again, or keep. Writes nothing; raises as it does."""
        plan, now = plan_of(self._settings(), actor, wish), self._clock()
        with self._db.read() as tx:
            person = people.by_email(tx, plan.email)
            if person is None:
                return "invite"
            self._invitable(person)
            return "keep" if wish.mail and _has_it(tx, person, plan, now) else "again"

    def _carry_out(self, tx: Connection, actor: Actor, plan: Plan, now: int, *, keep: bool = False) -> Invited:
        """One invitation, six statements for a new guest. keep: leave the one that the guest has, if it is the same."""
        if actor.kind != "command" and shared.count_attempt(tx, f"invite:{actor.id}", now, 86_400) > self._quota:
            raise TooMany(f"{self._quota} invitations a day are enough; go on tomorrow", "quota_reached")
        person, is_new = self._person(tx, plan, now)
        if not is_new:
            held = _has_it(tx, person, plan, now) if keep else None
            if held is not None:
                return Invited(held, "")
            invitations.revoke_pending(tx, person.id)
        ticket = new_secret()
        invitation = Invitation(
            id=new_id(),
            person_id=person.id,
            email=plan.email,
            status=Status.PENDING,
            redirect_url=plan.landing,
            application=plan.application,
            language=plan.language,
            message=plan.wish.message,
            inviter=plan.inviter,
            created_at=now,
            expires_at=now + self._settings().broker.invitations.lifetime,
        )
        invitations.add(tx, invitation, digest(ticket))
        data = {"application": invitation.application or "", "expires_at": invitation.expires_at}
        event = Event(
            name="invitation.created",
            actor=actor,
            subject=person.id,
            target=invitation.id,
            data=data,
            personal={"email": plan.email},
        )
        audit.record(tx, event, now)
        mails = mails_of(plan, person.id, self._url(ticket), invitation.expires_at) if plan.wish.mail else []
        sent = tuple(self._outbox.add(tx, mail, now) for mail in mails)
        return Invited(invitation, self._url(ticket), sent)

    def _url(self, ticket: str) -> str:
        return f"{self._settings().issuer}/invitation/{ticket}"

    def _person(self, tx: Connection, plan: Plan, now: int) -> tuple[Person, bool]:
        """The guest of an address, made if there is none: one statement decides, also under parallel invitations."""
        guest = Person(
            id=new_id(),
            kind=PersonKind.GUEST,
            state=State.INVITED,
            email=plan.email,
            name=plan.wish.name,
            language=plan.language,
            sponsor=plan.sponsor,
            created_at=now,
        )
        if people.add(tx, guest):
            return guest, True
        person = people.by_email(tx, plan.email, lock=True)
        if person is None:
            raise Conflict("the address is being changed by somebody else; try again", "address_busy")
        self._invitable(person)
        changed = {key: value for key, value in (("name", plan.wish.name), ("sponsor", plan.sponsor)) if value}
        if changed:
            people.change(tx, person.id, changed)
        return person, False

    def _invitable(self, person: Person) -> None:
        """Raises Conflict for a member and for a guest who was blocked."""
        if person.kind is PersonKind.MEMBER:
            company = self._settings().broker.organization.name
            raise Conflict(f"{person.email} is a member of {company}, not a guest", "is_member")
        if person.state is State.BLOCKED:
            raise Conflict(f"{person.email} is blocked; unblock the guest first", "guest_blocked")

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


def _has_it(tx: Connection, person: Person, plan: Plan, now: int) -> Invitation | None:
    """The invitation of the same kind that this guest holds, or has accepted."""
    latest = invitations.latest_of(tx, person.id)
    if latest is None or latest.status_at(now) not in (Status.PENDING, Status.REDEEMED):
        return None
    return latest if (latest.application, latest.redirect_url) == (plan.application, plan.landing) else None
