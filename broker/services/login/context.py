"""The login that a request is about: live, of this browser, with everything that the gates and the pages look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from broker.domain.address import in_domains
from broker.domain.errors import LoginExpired
from broker.domain.facts import Facts
from broker.domain.guest import Person
from broker.domain.identity_change import change_of
from broker.domain.ids import digest
from broker.domain.invitation import Invitation, Status
from broker.domain.login import Login, Session, Stage
from broker.domain.mailbox import Mailbox
from broker.domain.policy import Rulebook
from broker.domain.visitor import Visitor
from broker.services.access import group_membership
from broker.services.access.group_membership import RuleOutcome
from broker.services.addresses import is_of_members
from broker.services.invitations import email_proof
from broker.services.login import facts
from broker.services.login.joining import join
from broker.services.sessions import assurance
from broker.services.sessions.present import Present, present
from broker.services.sessions.sessions import Sessions
from broker.settings.load import Settings
from broker.settings.model import ApplicationFile, PartnerFile
from broker.storage.engine import Connection, Database
from broker.storage.login import logins


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginContext:
    """What was looked up for one login at one moment: the facts, and the records behind them."""

    login: Login
    facts: Facts
    session: Session | None
    person: Person | None
    invitation: Invitation | None
    application: ApplicationFile | None
    partner: PartnerFile | None
    roles: tuple[str, ...] = ()  # at this application, of those that its file has
    judged: tuple[RuleOutcome, ...] = ()  # the rules of dynamic groups, over this login's answer
    may_join: bool = False  # a member of staff who comes for the first time
    mailbox: Mailbox | None = None  # that a code is to prove now
    home: str | None = None  # the partner's id, or `email`


OpenLogin = Callable[[Connection, str, Visitor], LoginContext]  # of LoginContexts


class LoginContexts:
    """The one way to load a login: every step, page and button of it begins here."""

    def __init__(
        self,
        db: Database,
        clock: Callable[[], int],
        settings: Callable[[], Settings],
        sessions: Sessions,
        policies: Callable[[], Rulebook],
    ) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._sessions = sessions
        self._policies = policies

    def open_login(self, tx: Connection, login_id: str, visitor: Visitor) -> LoginContext:
        """A live login of this browser, for what is decided or written in `tx`. Raises LoginExpired.

        The person is locked until `tx` ends: a block, a reset or a deletion comes wholly before or wholly after (SC-06). A
        request that waits at the partner is forgotten, staff who arrive first join, memberships by rule are settled.
        """
        now = self._clock()
        login = live(tx, login_id, visitor, now)
        was_out, login = login.stage is Stage.WAITING, replace(login, stage=Stage.OPEN)
        found = self._gather(tx, login, visitor, now)
        if was_out:  # Back, reload, a second tab; after the person's row is locked, as a deletion takes them in this order
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
        """A login that is not saved, over the live session of the browser; None without one. Locks and changes nothing."""
        now = login.created_at
        here = present(tx, login, lambda: self._sessions.of_cookie(tx, visitor.session_cookie, now), lock=False)
        return None if here.session is None else self._weigh(tx, login, here, visitor, now)

    def _gather(self, tx: Connection, login: Login, visitor: Visitor, now: int) -> LoginContext:
        here = present(tx, login, lambda: self._sessions.of_cookie(tx, visitor.session_cookie, now))
        return self._weigh(tx, login, here, visitor, now)

    def _weigh(self, tx: Connection, login: Login, here: Present, visitor: Visitor, now: int) -> LoginContext:
        return gather(tx, login, here, self._settings(), now, policies=self._policies(), address=visitor.address)


def live(tx: Connection, login_id: str, visitor: Visitor, now: int) -> Login:
    """The live login of this browser, or LoginExpired with the precise reason."""
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
    """Read the records that this login concerns, and say what is so. here: who is there. address: where the browser is."""
    client_id = login.request.client_id if login.request else None
    application = settings.applications.get(client_id) if client_id else None
    said, session, vouching, person = login.assertion, here.session, here.vouching, here.person
    if vouching is not None and not email_proof.still_vouches(settings, vouching, person):
        vouching = person = None
    home = said.partner if said else vouching.partner if vouching else login.partner
    partner = settings.partners.get(home or "")
    by_mail = email_proof.is_home(login, vouching, settings)
    invitation, refusal = facts.invitation_of(tx, login, said, person, settings, now)
    refusal, mailbox = email_proof.beside(tx, settings, login, person, invitation, refusal)
    if invitation is not None and in_domains(invitation.email, settings.broker.invitations.deny_domains):
        refusal = refusal or ("domain_denied", "domain_denied")  # IN-10: denied since the link was opened
    if invitation is not None and is_of_members(settings, invitation.email):  # FA-07: members first, guests never
        refusal, mailbox = (None if facts.is_staff(said, partner) else ("domain_denied", "members_domain")), None
        invitation = None
    may_join = person is None and invitation is None and refusal is None and facts.is_staff(said, partner)
    held = group_membership.look(tx, person, client_id, login, now) if person else group_membership.NOTHING
    word = assurance.vouched(said, vouching)
    known = Facts(
        now=now,
        application=client_id,
        started_at=login.created_at,
        partner=login.partner if login.partner in settings.partners or by_mail else None,
        partner_live=facts.is_live(settings, said or vouching),
        by_mail=by_mail,
        mailbox=mailbox.why if mailbox else None,
        identity_changed=change_of(person, said) if said is not None and person is not None else "",
        person=person.id if person else None,
        invitation=invitation.id if invitation and said and invitation.status_at(now) is Status.PENDING else None,
        invitation_refusal=refusal[0] if refusal else None,
        invitation_reason=refusal[1] if refusal else None,
        partner_mfa=assurance.partner_mfa(word, partner, now),
        freshness_asked=said is not None and login.fresh_within is not None,
        assignment_required=bool(application and application.assignment_required),
        subject_differs=facts.subject_differs(tx, login, application, person),
        **facts.asked(login),
        **facts.vouched(said, vouching, session),
        assigned=bool(held.assignments),
        assignments=held.assignments,
        groups=held.groups,
        **facts.of_person(tx, person, client_id, now),
    )
    known = known if person is None else facts.judged(known, person, home, policies, address)
    known = assurance.weigh(tx, known, word, login=login, session=session, partner=partner, person=person, settings=settings)
    if by_mail and mailbox is None:
        mailbox = email_proof.home(login, vouching, person, invitation, now)
    elif mailbox is None and person is not None and known.second_channel == "mailbox":
        mailbox = assurance.mailbox_of(person)
    return LoginContext(
        login=login,
        facts=known,
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
    )
