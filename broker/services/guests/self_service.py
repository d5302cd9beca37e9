"""A person's own account: they see their data and end what they want. No input reaches another person's account (AD-01)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.domain.assignment import Assignment, Principal
from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, NotFound
from broker.domain.guest import GuestState, Person, PersonKind
from broker.domain.invitation import Invitation
from broker.domain.login import Session
from broker.domain.question import QuestionKind
from broker.domain.receipt import Search
from broker.domain.times import DAY
from broker.services.core import Core
from broker.services.guests.account_views import OwnAccount, OwnSessionView, OwnSignIn, UsedApplication, invitation_to
from broker.services.guests.directory import Guests
from broker.services.guests.lifecycle import GuestLife
from broker.services.guests.renewals import ask_for_renewal
from broker.services.guests.transitions import rules_of
from broker.services.guests.views import IdentityView
from broker.services.history import audit
from broker.services.lookup import named
from broker.services.messages.outbox import Outbox
from broker.services.messages.respondents import asked_for
from broker.services.sessions.assurance import is_fresh
from broker.services.sessions.sessions import Sessions
from broker.settings.application_file import ApplicationFile
from broker.storage.directory import application_usage, assignments, consents, groups, people
from broker.storage.directory.application_usage import LastUse
from broker.storage.engine import Connection
from broker.storage.factors import factors
from broker.storage.login import invitations, receipts
from broker.storage.oauth import grants, sessions
from broker.storage.operations import mail_questions

ASKED_AGAIN = 7 * DAY  # after so long a guest may ask for more time once more
SIGN_INS = 8  # of the page
INVITATIONS = 100  # of a person, that are looked through


class SelfService:
    """A person looks at their account, asks for more time, gives up access, ends sessions, exports their data, leaves."""

    def __init__(self, core: Core, guests: Guests, browsers: Sessions, life: GuestLife, outbox: Outbox) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._guests = guests
        self._browsers = browsers
        self._life = life
        self._outbox = outbox

    def of(self, person: Person) -> OwnAccount:
        """The account of a person."""
        now = self._clock()
        with self._db.read() as tx:
            asked_at = _asked_at(tx, person, now)
            sponsor = people.by_email(tx, person.sponsor) if person.sponsor else None
            return OwnAccount(
                now=now,
                identities=tuple(IdentityView.of(one) for one in people.identities_of(tx, person.id)),
                uses=tuple(self._uses(tx, person, now)),
                sessions=tuple(OwnSessionView.of(one) for one in self._live(tx, person.id, now)),
                sign_ins=tuple(OwnSignIn.of(one) for one, _ in receipts.newest(tx, Search(person_id=person.id), SIGN_INS)),
                sponsor=(sponsor.name if sponsor else "") or person.sponsor or "",
                asked_at=asked_at,
                may_ask=_has_end(person) and _may_ask_again(asked_at, now) and bool(asked_for(tx, self._settings(), person, now)),
            )

    def use_of(self, person: Person, application: str) -> UsedApplication:
        """One application of the account. Raises NotFound."""
        with self._db.read() as tx:
            found = next((one for one in self._uses(tx, person, self._clock()) if one.client_id == application), None)
        if found is None:
            raise NotFound(f"there is no application {application!r} of this person", "application_unknown")
        return found

    def ask_for_time(self, actor: Actor, person_id: str) -> None:
        """Ask the members who answer for the guest whether the access continues beyond its end.

        Raises Conflict: there is no end, somebody was asked less than a week ago, or nobody can answer.
        """
        now = self._clock()
        with self._db.write() as tx:
            person = named(tx, person_id, lock=True)
            if not _has_end(person) or person.expires_at is None:
                raise Conflict("this access has no end to extend", "no_end")
            if not _may_ask_again(_asked_at(tx, person, now), now):
                raise Conflict("somebody was asked already", "asked_already")
            settings, end = self._settings(), person.expires_at
            asked = ask_for_renewal(tx, settings, self._outbox, person, rules_of(settings), end, now, by_guest=True)
            if not asked:
                raise Conflict("nobody can answer", "nobody_answers")
            data = {"expires_at": end, "asked": len(asked)}
            audit.record(tx, Event(name="guest.asked_for_time", actor=actor, subject=person.id, data=data), now)

    def give_up(self, actor: Actor, person_id: str, application: str) -> None:
        """End one's own access to an application: assignments, groups that staff filled by hand, consent, and the sign-ins there.

        Groups by rule stay: the home organization's statements decide about them. Raises NotFound, Conflict for a member.
        """
        now = self._clock()
        with self._db.write() as tx:
            person = named(tx, person_id, lock=True)
            if person.kind is PersonKind.MEMBER:
                raise Conflict("a member does not give up access here", "is_member")
            own = assignments.drop(tx, Principal.PERSON, person.id, application, None)
            by_hand = {group.id for group, _ in groups.of_person(tx, person.id) if group.rule is None}
            through = {one.holder for one in assignments.through_groups(tx, person.id) if one.application == application}
            left = [one for one in sorted(through & by_hand) if groups.remove_member(tx, one, person.id)]
            agreed = consents.withdraw(tx, person.id, application, now)
            if not (own or left or agreed):
                raise NotFound(f"there is nothing to give up at {application!r}", "application_unknown")
            ended = len(grants.end_of_application(tx, person.id, application, now))
            data = {"assignments": own, "groups": left, "consents": agreed, "grants": ended}
            audit.record(tx, Event(name="access.given_up", actor=actor, subject=person.id, target=application, data=data), now)

    def withdraw(self, actor: Actor, person_id: str, application: str) -> None:
        """Withdraws the consent for an application; sign-ins there end. Raises NotFound."""
        self._guests.withdraw_consent(actor, person_id, application)

    def end_session(self, actor: Actor, person_id: str, sid: str) -> tuple[str, ...]:
        """Ends one of the person's own sessions; the client ids of its applications.

        Raises NotFound, also for a session of somebody else (AD-01).
        """
        with self._db.read() as tx:
            found = sessions.by_sid(tx, sid)
        mine = found is not None and found.person_id == person_id
        ended = self._browsers.end(sid, actor, "ended by the person") if mine else None
        if ended is None:
            raise NotFound("there is no such session", "session_unknown")
        return ended

    def end_other_sessions(self, actor: Actor, person_id: str, sid: str) -> int:
        """Ends every session of the person except the one of this browser; how many."""
        return self._browsers.end_others(person_id, sid, actor, "ended by the person")

    def is_fresh(self, session: Session) -> bool:
        """Whether the last proof is recent enough for leaving and for the export (FA-28)."""
        now = self._clock()
        with self._db.read() as tx:
            return is_fresh(session, session.person_id, has_method=bool(factors.of_person(tx, session.person_id)), now=now)

    def export(self, actor: Actor, person_id: str) -> Mapping[str, Any]:
        """All data about the person, without secrets (AD-05). The caller checks `is_fresh`."""
        return self._guests.export(actor, person_id)

    def leave(self, actor: Actor, person_id: str) -> None:
        """Deletes the person for good. The caller checks `is_fresh`. Raises Conflict for a member."""
        self._life.leave(actor, person_id)

    def _live(self, tx: Connection, person_id: str, now: int) -> list[Session]:
        idle = self._settings().broker.sessions.idle
        return [one for one in sessions.live_of(tx, person_id, now) if one.last_seen_at > now - idle]

    def _uses(self, tx: Connection, person: Person, now: int) -> list[UsedApplication]:
        """The applications that the person is assigned to or agreed to, by name."""
        agreed = {row["application"]: row["given_at"] for row in consents.listed(tx, person.id) if row["withdrawn_at"] is None}
        held = [*assignments.of(tx, Principal.PERSON, person.id), *assignments.through_groups(tx, person.id)]
        mine = [one for one in held if one.holds(now)]
        rules = {group.id for group, _ in groups.of_person(tx, person.id) if group.rule is not None}
        used = application_usage.last_used(tx, person.id)
        came = invitations.page(tx, now, person_id=person.id, limit=INVITATIONS)
        files = self._settings().applications
        ids = sorted(
            {*agreed, *(one.application for one in mine)} & set(files), key=lambda one: (files[one].name.casefold(), one)
        )
        return [
            _use(
                files[one],
                [assignment for assignment in mine if assignment.application == one],
                rules,
                agreed.get(one),
                used.get(one),
                invitation_to(came, one),
            )
            for one in ids
        ]


def _has_end(person: Person) -> bool:
    return person.kind is PersonKind.GUEST and person.state is GuestState.ACTIVE and person.expires_at is not None


def _asked_at(tx: Connection, person: Person, now: int) -> int | None:
    """When somebody was asked last about this end, where the question is open still."""
    open_ones = (
        one.created_at
        for one in mail_questions.of_person(tx, person.id)
        if one.kind is QuestionKind.RENEW and one.is_open(now) and one.data.get("ends_at") == person.expires_at
    )
    return max(open_ones, default=None)


def _may_ask_again(asked_at: int | None, now: int) -> bool:
    return asked_at is None or now >= asked_at + ASKED_AGAIN


def _use(
    file: ApplicationFile,
    held: list[Assignment],
    rules: set[str],
    agreed_at: int | None,
    used: LastUse | None,
    invitation: Invitation | None,
) -> UsedApplication:
    """held: the assignments to this application that hold now. rules: ids of groups that have a rule."""
    through = [one for one in held if one.principal is Principal.GROUP]
    lasting = [one.ends_at for one in held if one.ends_at is not None]
    return UsedApplication(
        client_id=file.client_id,
        name=file.name,
        launch_url=str(file.launch_url or ""),
        assigned=len(held) > len(through),
        groups=tuple(sorted({one.name for one in through})),
        rule_groups=tuple(sorted({one.name for one in through if one.holder in rules})),
        agreed_at=agreed_at,
        until=max(lasting) if held and len(lasting) == len(held) else None,
        last_used=used.at if used else None,
        given=used.given if used else (),
        inviter=invitation.inviter if invitation else "",
        invited_at=invitation.created_at if invitation else None,
        words=invitation.message if invitation else "",
    )
