"""Loads the login of a request, with everything that gates and pages read of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from broker.domain.errors import LoginExpired
from broker.domain.facts import Facts
from broker.domain.guest import Person
from broker.domain.ids import digest
from broker.domain.invitation import Invitation
from broker.domain.login import Login, Session, Stage
from broker.domain.mailbox import Mailbox
from broker.domain.policy import Rulebook
from broker.domain.visitor import Visitor
from broker.services.access import group_membership
from broker.services.access.group_membership import RuleOutcome
from broker.services.core import Core
from broker.services.invitations import email_proof
from broker.services.login import facts
from broker.services.login.factor_facts import factor_facts, recorded_mailbox
from broker.services.login.invitation_facts import invitation_facts, invitation_in_hand, is_staff
from broker.services.login.joining import join
from broker.services.sessions.assurance import home_proof
from broker.services.sessions.present import Present, present
from broker.services.sessions.sessions import Sessions
from broker.services.sign_up.sign_up_facts import open_file, sign_up_facts
from broker.settings.load import Settings
from broker.settings.model import ApplicationFile, PartnerFile
from broker.storage.engine import Connection
from broker.storage.login import logins


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginContext:
    """One login at one moment: its facts, and the records that they result from."""

    login: Login
    facts: Facts
    session: Session | None
    person: Person | None
    invitation: Invitation | None
    application: ApplicationFile | None
    partner: PartnerFile | None
    roles: tuple[str, ...] = ()  # the person's at this application, as far as its file lists them
    judged: tuple[RuleOutcome, ...] = ()  # the rules of dynamic groups, evaluated over this login's assertion
    may_join: bool = False  # a member of staff who signs in for the first time
    mailbox: Mailbox | None = None  # the one that a code must prove now
    home: str | None = None  # the partner's id, or `email`
    signing_up_for: ApplicationFile | None = None

    @property
    def proven_address(self) -> str:
        """The address of the identity that signed in, else of the person."""
        said = self.login.assertion
        return (said.email if said else None) or (self.person.email if self.person else "")

    def connected(self, settings: Settings) -> ApplicationFile | None:
        """The application whose connector is asked: of the invitation that waits to be accepted, or of the sign-up."""
        client_id = self.invitation.application if self.invitation and self.facts.invitation.id is not None else None
        return settings.applications.get(client_id or "") or self.signing_up_for


OpenLogin = Callable[[Connection, str, Visitor], LoginContext]  # of LoginContexts


class LoginContexts:
    """The only way to load a login: each of its steps, pages and buttons begins here."""

    def __init__(self, core: Core, sessions: Sessions, policies: Callable[[], Rulebook]) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._sessions = sessions
        self._policies = policies

    def open_login(self, tx: Connection, login_id: str, visitor: Visitor) -> LoginContext:
        """A live login of this browser, for decisions and changes in `tx`. Raises LoginExpired.

        The person is locked until `tx` ends, so a block, reset or deletion is complete before or begins after it (SC-06). A
        request that is out at the partner is dropped, a new member of staff joins, and memberships by rule are updated.
        """
        now = self._clock()
        login = live(tx, login_id, visitor, now)
        was_out, login = login.stage is Stage.WAITING, replace(login, stage=Stage.OPEN)
        found = self._gather(tx, login, visitor, now)
        if was_out:  # Back, reload, a second tab; after the person's lock, because a deletion locks in this order
            logins.reopen(tx, login)
        if found.may_join:
            join(tx, login, now)
            found = self._gather(tx, login, visitor, now)
        if found.person is not None:
            group_membership.settle(tx, found.person.id, found.judged, now)
        return found

    def read_login(self, login_id: str, visitor: Visitor) -> LoginContext:
        """The same for a page, in a transaction of its own. Raises LoginExpired."""
        with self._db.write() as tx:
            return self.open_login(tx, login_id, visitor)

    def unsaved(self, tx: Connection, login: Login, visitor: Visitor) -> LoginContext | None:
        """A login that is not stored, with the live session of the browser; None without one. Locks and changes nothing."""
        now = login.created_at
        here = present(tx, login, lambda: self._sessions.of_cookie(tx, visitor.session_cookie, now), lock=False)
        return None if here.session is None else self._weigh(tx, login, here, visitor, now)

    def _gather(self, tx: Connection, login: Login, visitor: Visitor, now: int) -> LoginContext:
        here = present(tx, login, lambda: self._sessions.of_cookie(tx, visitor.session_cookie, now))
        return self._weigh(tx, login, here, visitor, now)

    def _weigh(self, tx: Connection, login: Login, here: Present, visitor: Visitor, now: int) -> LoginContext:
        return gather(tx, login, here, self._settings(), now, policies=self._policies(), address=visitor.address)


def live(tx: Connection, login_id: str, visitor: Visitor, now: int) -> Login:
    """The live login of this browser. Raises LoginExpired with the precise reason."""
    login = logins.of_browser(tx, login_id, digest(visitor.binding)) if visitor.binding else None
    if login is None:
        known = logins.by_id(tx, login_id) is not None
        raise LoginExpired("login_browser_mismatch" if known else "login_unknown")
    if login.stage is Stage.CLOSED:
        raise LoginExpired("login_used")
    if now >= login.expires_at:
        raise LoginExpired("login_expired")
    return login


def gather(
    tx: Connection, login: Login, here: Present, settings: Settings, now: int, *, policies: Rulebook, address: str
) -> LoginContext:
    """Reads the records of this login and builds the facts. here: who is there. address: of the browser."""
    client_id = login.request.client_id if login.request else None
    application = settings.applications.get(client_id) if client_id else None
    assertion, session, vouching, person = login.assertion, here.session, here.vouching, here.person
    if vouching is not None and not email_proof.still_vouches(settings, vouching, person):
        vouching = person = None
    home = assertion.partner if assertion else vouching.partner if vouching else login.partner
    partner = settings.partners.get(home or "")
    by_mail = email_proof.is_home(login, vouching, settings)
    in_hand = invitation_in_hand(tx, login, person, partner, settings, now)
    invitation, mailbox = in_hand.invitation, in_hand.mailbox
    may_join = person is None and invitation is None and in_hand.refusal is None and is_staff(assertion, partner)
    held = group_membership.current(tx, person, client_id, login, now) if person else group_membership.NOTHING
    at_home = home_proof(assertion, vouching)
    partner_part = facts.partner_facts(settings, login, assertion or vouching, partner, at_home, now, by_mail=by_mail)
    circumstances = facts.circumstances(person, held, home, client_id, address, partner_mfa=partner_part.mfa) if person else None
    known = Facts(
        now=now,
        request=facts.request_facts(tx, login, application, person),
        session=facts.session_facts(login, session, vouching),
        partner=partner_part,
        person=facts.person_facts(person, assertion, held, now),
        invitation=invitation_facts(in_hand, login, person, now),
        sign_up=sign_up_facts(tx, login, person, settings, now),
        application=facts.application_facts(tx, login, application, person, held),
        policy=facts.policy_facts(tx, person, circumstances, policies, settings),
    )
    proven = factor_facts(tx, known, at_home, login=login, session=session, partner=partner, person=person)
    if by_mail and mailbox is None:
        mailbox = email_proof.home(login, vouching, person, invitation, now)
    elif mailbox is None and person is not None and proven.second_channel == "mailbox":
        mailbox = recorded_mailbox(person)
    return LoginContext(
        login=login,
        facts=replace(known, factors=proven),
        session=session,
        person=person,
        invitation=invitation,
        application=application,
        partner=partner,
        roles=tuple(role for role in held.roles if application is not None and role in application.roles),
        judged=held.judged,
        may_join=may_join,
        mailbox=mailbox,
        home=home,
        signing_up_for=open_file(settings, login.sign_up.application) if login.sign_up else None,
    )
