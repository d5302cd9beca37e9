"""Partner migration: unlinks the external identities of one guest, or of all guests of a partner, and invites them again.

A reset keeps the guest's id, their `sub` at every application, groups, assignments, consents and second factors. It ends the binding to
the old identity, every session and grant, and a pending link. The guest returns with a new invitation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from broker.domain.address import domain_of
from broker.domain.audit import Actor, Event
from broker.domain.errors import CommandError, Conflict, Invalid, NotFound
from broker.domain.guest import Person, PersonKind
from broker.domain.guest_states import Act, move
from broker.domain.invitation import Invitation, Status
from broker.domain.mail import Mail, MailKind
from broker.domain.question import QuestionKind
from broker.services import authorization
from broker.services.addresses import parse
from broker.services.authorization import Right
from broker.services.core import Core
from broker.services.guests.transitions import rules_of, schedule
from broker.services.guests.views import GuestRow
from broker.services.history import audit
from broker.services.invitations import landings
from broker.services.invitations.links import Tickets, nothing
from broker.services.invitations.request import MAX_MESSAGE, may_be_invited
from broker.services.invitations.views import GuestHoldings, IssuedInvitation, ReboundGuest
from broker.services.lookup import named
from broker.services.messages.language import language_of
from broker.services.messages.withdrawals import withdraw
from broker.services.sessions.revocation import end_access
from broker.storage.directory import identity_bindings, people
from broker.storage.directory.identity_bindings import BoundIdentity
from broker.storage.engine import Connection
from broker.storage.login import invitations


@dataclass(frozen=True, slots=True, kw_only=True)
class RebindingTerms:
    """The options of a reset. invite, mail: whether a new link is made, and whether it is sent by mail. domain: of the new
    addresses; the part before the @ stays. landing: where the new link leads, None: the access panel. before: also guests who were bound to today's provider before this time.
    """

    reason: str = ""
    invite: bool = True
    mail: bool = True
    message: str = ""
    domain: str | None = None
    landing: str | None = None
    before: int | None = None


class GuestRebinding:
    """Resets one guest; lists and resets the guests of a partner."""

    def __init__(self, core: Core, tickets: Tickets) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._tickets = tickets

    def reset(self, actor: Actor, name: str, terms: RebindingTerms, *, email: str | None = None) -> ReboundGuest:
        """Ends the bindings of one guest, who may get another address. Raises NotFound, Forbidden, Invalid, Conflict.

        email: the new address, in any spelling; None keeps the old one.
        """
        _checked(terms)
        now, wanted = self._clock(), parse(email) if email else None
        if terms.landing is not None:
            landings.checked(self._settings(), terms.landing)
        with self._db.write() as tx:
            authorization.require_everywhere(tx, self._settings(), actor, Right.RESET_IDENTITY, now)
            person = named(tx, name, lock=True)
            held = identity_bindings.held(tx, [person.id], None, now)[person.id]
            return self._reset(tx, actor, person, held, wanted or person.email, terms, None, now)

    def count(self, partner: str, terms: RebindingTerms) -> int:
        """How many guests of a partner are bound to its old provider. Raises the errors of `affected`."""
        issuer = self._issuer(partner, terms)
        with self._db.read() as tx:
            return identity_bindings.count_of(tx, partner, issuer=issuer, before=terms.before)

    def affected(self, partner: str, terms: RebindingTerms, *, after: str, limit: int) -> list[ReboundGuest]:
        """A page of guests of a partner who are bound to its old provider, after the id `after`, each with problems of a reset.

        Raises NotFound for a partner without a file and without guests; Invalid if the file does not name today's provider and
        the terms have no `before`.
        """
        _checked(terms)
        now, issuer = self._clock(), self._issuer(partner, terms)
        with self._db.read() as tx:
            ids = identity_bindings.guests_of(tx, partner, issuer=issuer, before=terms.before, after=after, limit=limit)
            has = identity_bindings.held(tx, ids, partner, now)
            found = [person for one in ids if (person := people.by_id(tx, one)) is not None]
            return [self._looked(tx, person, has[person.id], terms) for person in found]

    def move(self, actor: Actor, partner: str, ids: Sequence[str], terms: RebindingTerms) -> list[ReboundGuest]:
        """Resets some guests of a partner in one transaction. A guest who cannot be reset is unchanged, and the result has the reason."""
        _checked(terms)
        now = self._clock()
        results: list[ReboundGuest] = []
        with self._db.write() as tx:
            authorization.require_everywhere(tx, self._settings(), actor, Right.RESET_IDENTITY, now)
            has = identity_bindings.held(tx, ids, partner, now)
            for one in sorted(ids):
                person = people.by_id(tx, one, lock=True)
                if person is None or not identity_bindings.held(tx, [one], partner, now)[one].identities:
                    continue  # another command was faster
                looked = self._looked(tx, person, has[one], terms)
                if looked.problem:
                    results.append(looked)
                else:
                    results.append(self._reset(tx, actor, person, has[one], looked.email, terms, partner, now))
        return results

    def _looked(self, tx: Connection, person: Person, has: BoundIdentity, terms: RebindingTerms) -> ReboundGuest:
        """The result that a reset of one guest would have."""
        email = f"{person.email.rpartition('@')[0]}@{terms.domain}" if terms.domain else person.email
        try:
            self._check(tx, person, email)
        except CommandError as error:
            return _view(person, email, has, problem=str(error))
        return _view(person, email, has)

    def _check(self, tx: Connection, person: Person, email: str) -> None:
        if person.kind is PersonKind.MEMBER:
            raise Conflict(f"{person.email} is a member, not a guest", "is_member")
        move(person.state, Act.RESET)
        if email == person.email:
            return
        if not may_be_invited(self._settings(), email):
            raise Invalid(
                f"addresses of {domain_of(email)} may not be invited (invitations: in config/broker.yaml)", "domain_denied"
            )
        if people.by_email(tx, email) is not None:
            raise Conflict(f"{email} belongs to somebody else already", "address_taken")

    def _reset(
        self,
        tx: Connection,
        actor: Actor,
        person: Person,
        has: BoundIdentity,
        email: str,
        terms: RebindingTerms,
        partner: str | None,
        now: int,
    ) -> ReboundGuest:
        """partner: ends only bindings to this one; a guest with another identity keeps it and stays active."""
        self._check(tx, person, email)
        count = identity_bindings.unbind(tx, person.id, partner)
        ended = end_access(tx, person.id, now)
        invitations.revoke_pending(tx, person.id)
        withdraw(tx, actor, person, now, reason="guest_reset", but=QuestionKind.RENEW)
        values: dict[str, object] = {} if email == person.email else {"email": email, "email_verified": False}
        if not people.identities_of(tx, person.id):
            waiting = replace(person, state=move(person.state, Act.RESET))
            values |= {"state": waiting.state.value} | schedule(waiting, rules_of(self._settings()), now)
        if values:
            people.change(tx, person.id, values)
        data = {
            "identities": count,
            "sessions": ended.sessions,
            "applications": list(ended.clients),
            "partner": partner or "",
            "new_address": email != person.email,
        }
        # a reason may name somebody, so it is a personal value that a deletion removes (HT-18)
        personal = {"email": person.email, "new_email": email} | ({"reason": terms.reason} if terms.reason else {})
        audit.record(
            tx,
            Event(name="guest.reset", actor=actor, subject=person.id, data=data, personal=personal),
            now,
        )
        after = people.by_id(tx, person.id) or person
        issued = self._invite(tx, actor, after, terms, partner, now) if terms.invite else None
        return _view(after, email, has, issued)

    def _invite(
        self, tx: Connection, actor: Actor, person: Person, terms: RebindingTerms, partner: str | None, now: int
    ) -> IssuedInvitation:
        settings = self._settings()
        member = authorization.acting_person(tx, actor)
        wanted = Invitation(
            id="",
            person_id=person.id,
            email=person.email,
            status=Status.PENDING,
            redirect_url=terms.landing or f"{settings.issuer}/apps",
            application=None,  # the assignments were kept, so this link assigns nothing
            language=language_of(person, settings),
            message=terms.message,
            inviter=member.email if member else person.sponsor or actor.kind.value,
            invited_by=member.id if member else None,
            created_at=0,
            expires_at=0,
        )

        def letter(url: str, until: int) -> list[Mail]:
            found = settings.partners.get(partner or "")
            home = settings.partner_of_domain(domain_of(person.email))
            values = {
                "name": person.name,
                "moved": found.name if found else "",
                "partner": home.name if home else "",
                "message": terms.message,
                "url": url,
                "until": until,
            }
            mail = Mail(
                kind=MailKind.MOVE,
                recipient=person.email,
                language=wanted.language,
                reply_to=person.sponsor,
                person=person.id,
                values=values,
            )
            return [mail]

        return self._tickets.issue(tx, actor, wanted, letter if terms.mail else nothing, now, data={"reset": True})

    def _issuer(self, partner: str, terms: RebindingTerms) -> str | None:
        """The issuer of today's provider, as in bindings; None: every binding counts as old, or only the time decides."""
        found = self._settings().partners.get(partner)
        if found is None:
            with self._db.read() as tx:
                if not identity_bindings.count_of(tx, partner, issuer=None, before=None):
                    raise NotFound(f"there is no partner {partner!r}, and nobody is bound to one", "partner_unknown")
            return None
        if found.section.names_issuer is None:
            if terms.before is None:
                raise Invalid(
                    f"config/partners/{partner}.yaml names no entity_id: say with --bound-before which bindings are old",
                    "issuer_unknown",
                )
            return None
        return found.issuer


def _view(
    person: Person, email: str, has: BoundIdentity, issued: IssuedInvitation | None = None, *, problem: str = ""
) -> ReboundGuest:
    return ReboundGuest(guest=GuestRow.of(person), email=email, held=GuestHoldings.of(has), issued=issued, problem=problem)


def _checked(terms: RebindingTerms) -> None:
    if len(terms.message) > MAX_MESSAGE:
        raise Invalid(f"the message must have at most {MAX_MESSAGE} characters", "message_invalid")
    if terms.domain is not None and parse(f"x@{terms.domain}").rpartition("@")[2] != terms.domain:
        raise Invalid(f"write the new domain in its plain form, not {terms.domain!r}", "domain_invalid")
