"""Invitations: an address belongs to one person, and a person has one valid link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from broker.domain.address import domain_of, in_domains
from broker.domain.audit import Actor, ActorKind
from broker.domain.errors import PAGE_ERRORS, CommandError, Conflict, DomainDenied, InvitationExpired, TooMany
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.ids import digest, new_id
from broker.domain.invitation import Invitation, Status
from broker.domain.mail import Mail
from broker.domain.times import DAY
from broker.services.addresses import is_of_members
from broker.services.authorization import rights_of
from broker.services.core import Core
from broker.services.guests.transitions import invited_again, rules_of
from broker.services.invitations.links import Tickets
from broker.services.invitations.lookalike import Lookalikes
from broker.services.invitations.request import CheckedInvitation, InvitationRequest, mails_of, plan_of
from broker.services.invitations.validity import invitation_over, inviter_is_gone
from broker.services.invitations.views import InvitationForecast, InvitationView, IssuedInvitation
from broker.settings.load import Settings
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.login import invitations
from broker.storage.operations import rate_limits

__all__ = ["InvitationRequest", "Invitations", "IssuedInvitation", "Preview", "Result"]

QUOTA = 1000  # invitations that one person sends a day (IN-15)
PROGRAM_QUOTA = 100_000  # the same for an application: it invites whole companies


Result = IssuedInvitation | CommandError


@dataclass(frozen=True, slots=True)
class Preview:
    """The mail that the guest would get. lookalike: as in IssuedInvitation."""

    mail: Mail
    lookalike: str | None


class Invitations:
    """Invites guests, and reads the invitation of a link."""

    def __init__(self, core: Core, tickets: Tickets, quota: int = QUOTA) -> None:
        """quota: invitations that one inviter may send a day; the command line has no limit."""
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._tickets = tickets
        self._quota = quota
        self._known: tuple[Settings, Lookalikes] | None = None

    def invite(self, actor: Actor, wish: InvitationRequest) -> IssuedInvitation:
        """Invites an address. A second invitation keeps the guest and replaces the link.

        The requested mail is in the outbox with the commit; `Outbox.deliver` sends it. Raises Forbidden
        (IN-11), Invalid (address, language, URL, application), Conflict (a member, a blocked guest), TooMany (IN-15).
        """
        now = self._clock()
        with self._db.write() as tx:
            rights = rights_of(tx, self._settings(), actor, now)
            return self.carry_out(tx, actor, plan_of(self._settings(), actor, rights, wish, now), now)

    def invite_many(self, actor: Actor, wishes: Sequence[InvitationRequest]) -> list[Result]:
        """Invites some addresses in one transaction; returns the invitation or the refusal of each.

        A guest who has the same invitation keeps it. So the same list, also a longer one, can be invited again after a crash,
        and nobody gets a second mail.
        """
        results: list[Result] = []
        now = self._clock()
        with self._db.write() as tx:
            rights = rights_of(tx, self._settings(), actor, now)
            for wish in wishes:
                try:  # a refusal has written nothing, so the rows of the others are valid
                    plan = plan_of(self._settings(), actor, rights, wish, now)
                    results.append(self.carry_out(tx, actor, plan, now, keep=wish.mail))
                except CommandError as error:
                    results.append(error)
        return results

    def preview(self, actor: Actor, wish: InvitationRequest) -> Preview:
        """The mail that `invite` would send, with a link that does not work. Raises the errors of `invite` for its input."""
        now = self._clock()
        with self._db.read() as tx:
            plan = plan_of(self._settings(), actor, rights_of(tx, self._settings(), actor, now), wish, now)
        return self.preview_of(plan, now)

    def preview_of(self, plan: CheckedInvitation, now: int) -> Preview:
        """The mail of a checked invitation."""
        until = now + self._settings().broker.invitations.lifetime
        mail = mails_of(plan, new_id(), self._tickets.url("0" * 43), until)[0]
        return Preview(mail, self.lookalike(plan.email))

    def judge(self, actor: Actor, wish: InvitationRequest) -> InvitationForecast:
        """What `invite_many` would do now. Raises the same errors."""
        now = self._clock()
        with self._db.read() as tx:
            plan = plan_of(self._settings(), actor, rights_of(tx, self._settings(), actor, now), wish, now)
            person = people.by_email(tx, plan.email)
            result = self.forecast(tx, plan, person, now, keep=wish.mail)
            return InvitationForecast(result=result, lookalike=self.lookalike(plan.email))

    def forecast(self, tx: Connection, plan: CheckedInvitation, person: Person | None, now: int, *, keep: bool) -> str:
        """What `carry_out` would do: `invite`, `again` (a new link) or `keep`. person: of the address, if any. Raises Conflict."""
        if person is None:
            return "invite"
        self.invitable(person)
        return "keep" if keep and _has_it(tx, person, plan, now) is not None else "again"

    def lookalike(self, email: str) -> str | None:
        """The domain that the domain of this address resembles, `mixed scripts`, or None (IN-13). email: canonical."""
        settings = self._settings()
        if (
            self._known is None or self._known[0] is not settings
        ):  # built once for one version of the files: a list has 10,000 rows
            sender = domain_of(settings.broker.mail_from.rstrip(">"))
            own = {urlsplit(settings.issuer).hostname or "", sender, *(domain_of(one) for one in settings.broker.administrators)}
            self._known = (settings, Lookalikes(filter(None, {*settings.domains, *own})))
        return self._known[1].of(domain_of(email))

    def carry_out(
        self, tx: Connection, actor: Actor, plan: CheckedInvitation, now: int, *, keep: bool = False
    ) -> IssuedInvitation:
        """Makes one checked invitation in the transaction of its cause, with six statements for a new guest. keep: a guest keeps the same invitation."""
        quota = PROGRAM_QUOTA if actor.kind is ActorKind.APPLICATION else self._quota
        if actor.kind is not ActorKind.COMMAND and rate_limits.count_attempt(tx, f"invite:{actor.id}", now, DAY) > quota:
            raise TooMany(f"{quota} invitations a day are enough; go on tomorrow", "quota_reached").later(DAY - now % DAY)
        like = self.lookalike(plan.email)
        person, is_new = self._person(tx, plan, now)
        held = _has_it(tx, person, plan, now) if keep and not is_new else None
        if held is not None:
            return IssuedInvitation(invitation=InvitationView.of(held, now), redeem_url="", lookalike=like)
        made = self._tickets.issue(
            tx,
            actor,
            _wanted(plan, person),
            lambda url, until: mails_of(plan, person.id, url, until) if plan.wish.mail else (),
            now,
            data={"lookalike": like} if like else {},
            is_first=is_new,
        )
        return replace(made, lookalike=like)

    def _person(self, tx: Connection, plan: CheckedInvitation, now: int) -> tuple[Person, bool]:
        """The guest of an address, and whether they are new: one statement decides, also for parallel invitations."""
        guest = Person(
            id=new_id(),
            kind=PersonKind.GUEST,
            state=GuestState.INVITED,
            email=plan.email,
            name=plan.wish.name,
            language=plan.language,
            sponsor=plan.sponsor,
            created_at=now,
            expires_at=plan.wish.until,
            due_at=plan.wish.until,
        )
        if people.add(tx, guest):
            return guest, True
        person = people.by_email(tx, plan.email, lock=True)
        if person is None:
            raise Conflict("the address is being changed by somebody else; try again", "address_busy")
        self.invitable(person)
        changed = invited_again(person, plan.wish.until, rules_of(self._settings()), now)
        changed |= {key: value for key, value in (("name", plan.wish.name), ("sponsor", plan.sponsor)) if value}
        if changed:
            people.change(tx, person.id, changed)
        return person, False

    def invitable(self, person: Person) -> None:
        """Raises Conflict for a member and for a blocked guest."""
        if person.kind is PersonKind.MEMBER:
            company = self._settings().broker.organization.name
            raise Conflict(f"{person.email} is a member of {company}, not a guest", "is_member")
        if person.state is GuestState.BLOCKED:
            raise Conflict(f"{person.email} is blocked; unblock the guest first", "guest_blocked")

    def landing(self, ticket: str) -> InvitationView:
        """The invitation of a ticket; reading uses nothing up. Raises InvitationExpired, InvitationUsed, DomainDenied (IN-04, IN-06, IN-10)."""
        now = self._clock()
        with self._db.read() as tx:
            invitation = invitations.by_ticket(tx, digest(ticket))
            person = people.by_id(tx, invitation.person_id) if invitation else None
            if invitation is None or person is None:
                raise InvitationExpired("invitation_unknown")
            over = invitation_over(tx, invitation, person, now)
            gone = over is None and inviter_is_gone(tx, self._settings(), invitation, now)
        if over is not None:
            raise PAGE_ERRORS[over[0]](over[1])
        if gone:
            raise InvitationExpired("invitation_inviter")
        if in_domains(invitation.email, self._settings().broker.invitations.deny_domains):
            raise DomainDenied("domain_denied")
        if is_of_members(self._settings(), invitation.email):  # FA-07
            raise DomainDenied("members_domain")
        return InvitationView.of(invitation, now)

    def by_id(self, invitation_id: str) -> InvitationView | None:
        """One invitation, for the pages of a login that began with it."""
        with self._db.read() as tx:
            found = invitations.by_id(tx, invitation_id)
        return InvitationView.of(found, self._clock()) if found is not None else None


def _wanted(plan: CheckedInvitation, person: Person) -> Invitation:
    """The content of the invitation; `Tickets.issue` sets its times."""
    return Invitation(
        id="",
        person_id=person.id,
        email=plan.email,
        status=Status.PENDING,
        redirect_url=plan.landing,
        application=plan.application,
        language=plan.language,
        message=plan.wish.message,
        inviter=plan.inviter,
        invited_by=plan.invited_by,
        created_at=0,
        expires_at=0,
    )


def _has_it(tx: Connection, person: Person, plan: CheckedInvitation, now: int) -> Invitation | None:
    """The same invitation, if this guest has it or has accepted it."""
    latest = invitations.latest_of(tx, person.id)
    if latest is None or latest.status_at(now) not in (Status.PENDING, Status.REDEEMED):
        return None
    return latest if (latest.application, latest.redirect_url) == (plan.application, plan.landing) else None
