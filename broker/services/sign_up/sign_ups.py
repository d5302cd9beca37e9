"""Carries out a sign-up whose address is proven: the person, their identity and the request for access, in one transaction."""

from __future__ import annotations

from dataclasses import replace

from broker.domain.access_request import AccessRequest
from broker.domain.api_connector import ConnectorStep
from broker.domain.assertion import Assertion
from broker.domain.audit import Actor, Event
from broker.domain.errors import PAGE_ERRORS, Conflict, LoginExpired, NotAssigned, PageError, TooManyAttempts
from broker.domain.guest import GuestState, Identity, Person, PersonKind
from broker.domain.ids import new_id
from broker.domain.login import Login
from broker.domain.mailbox import PARTNER
from broker.domain.sign_up import SignUp
from broker.domain.times import DAY
from broker.domain.trail import TrailStep, entry
from broker.services.access_requests.making import ANSWERED_WITHIN, Making
from broker.services.core import Core
from broker.services.guests.transitions import remove
from broker.services.history import audit, login_trail
from broker.services.invitations.email_proof import Refusal
from broker.services.sessions.present import identity_of
from broker.services.sign_up.connector import mark_of
from broker.services.sign_up.sign_up_facts import TAKEN, earlier_request, open_file, refusal_of_holder
from broker.settings.application_file import ApplicationFile
from broker.storage.directory import access_requests, people, sign_ups
from broker.storage.engine import Connection
from broker.storage.login import logins
from broker.storage.operations import rate_limits

OF_APPLICATION = 200  # sign-ups a day: more is not read by any owner
REMEMBERED = 7 * DAY  # seconds after the end of a request that gave no access; then the person is deleted
SOME = 500  # people whom one run of housekeeping deletes


class SignUps:
    """The end of a sign-up's proof, and the end of people who got no access."""

    def __init__(self, core: Core, making: Making) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._making = making

    def carry_out(self, tx: Connection, login: Login, person: Person | None, address: str, now: int) -> None:
        """Stores what the form holds, once: a second login of the same person finds the first request.

        person: bound to the proven identity, locked; None for nobody. address: of the browser. Raises PageError: refused since the
        facts were read, nobody can answer, too many sign-ups.
        """
        wish = login.sign_up
        file = open_file(self._settings(), wish.application) if wish else None
        if wish is None or file is None:
            raise LoginExpired("login_used").of_login(login.id, login.reference)
        asked = mark_of(ConnectorStep.SIGN_UP, wish.application, login, person)
        wish = replace(wish, attributes={**wish.attributes, **login.progress.connector.added_for(asked)})
        actor = Actor.person(address=address, request_id=login.reference)
        login, person = (login, person) if person is not None else self._person(tx, login, wish, actor, now)
        request = earlier_request(tx, file, person, now) or self._request(tx, login, wish, file, person, actor, now)
        found = entry(now, TrailStep.SIGN_UP, request.state.value, request=request.id, application=file.client_id)
        logins.change(
            tx,
            login,
            assertion=login.assertion.to_json() if login.assertion else None,
            progress=replace(login.progress, requested=request.id).to_json(),
            trail=login_trail.longer(login, found),
        )

    def answer_of(self, login: Login, person: Person | None) -> AccessRequest | None:
        """The request that the page of this sign-up shows."""
        file = open_file(self._settings(), login.sign_up.application) if login.sign_up else None
        with self._db.read() as tx:
            made = access_requests.by_id(tx, login.progress.requested) if login.progress.requested else None
            if made is not None or file is None or person is None:
                return made
            return earlier_request(tx, file, person, self._clock())

    def look(self) -> int:
        """Deletes people who signed up and got no access, a week after the end of their last request; how many."""
        now = self._clock()
        with self._db.read() as tx:
            over = sign_ups.without_access(tx, now - REMEMBERED, SOME)
        done = 0
        for person_id in over:
            with self._db.write() as tx:
                person = people.by_id(tx, person_id, lock=True)
                if (
                    person is not None
                    and person.waits
                    and person_id in sign_ups.without_access(tx, now - REMEMBERED, 1, only=person_id)
                ):
                    remove(tx, Actor.system(), person, now, reason="sign_up_over")
                    done += 1
        return done

    # --- the person

    def _person(self, tx: Connection, login: Login, wish: SignUp, actor: Actor, now: int) -> tuple[Login, Person]:
        """Finds or creates the person of the proven address, and binds the identity; the login, and the person locked."""
        said = login.assertion
        if said is None or not said.email:
            raise LoginExpired("login_used").of_login(login.id, login.reference)
        person = Person(
            id=new_id(),
            kind=PersonKind.GUEST,
            state=GuestState.INVITED,
            email=said.email,
            email_verified=True,
            name=said.name or wish.name,
            language=wish.language,
            partner=said.partner,
            created_at=now,
            signed_up_at=now,
        )
        is_new = people.add(tx, person)
        if not is_new:
            person = self._holder(tx, login, said, now)
        login = _named(login, said, person)
        self._bind(tx, identity_of(login, person.id, now), login)
        if not person.waits:  # invited earlier, and the invitation is over
            values = {
                "signed_up_at": now,
                "email_verified": True,
                "name": person.name or said.name or wish.name,
                "partner": said.partner,
            }
            people.change(tx, person.id, values)
            person = people.by_id(tx, person.id) or person
        if is_new or not person.waits:
            event = Event(
                name="guest.signed_up",
                actor=actor,
                subject=person.id,
                target=wish.application,
                data={"partner": said.partner, "creation": "SelfServiceSignUp"},
                personal={"email": person.email},
            )
            audit.record(tx, event, now)
        return login, person

    def _holder(self, tx: Connection, login: Login, said: Assertion, now: int) -> Person:
        """Who has the address already, locked, if that may be this person."""
        held = people.by_email(tx, said.email or "", lock=True)
        if held is None:
            raise _refused(login, TAKEN)  # deleted, or moved to another address, at this moment
        refusal = refusal_of_holder(tx, self._settings(), held, said, now)
        if refusal is not None:
            raise _refused(login, refusal)
        return held

    @staticmethod
    def _bind(tx: Connection, identity: Identity, login: Login) -> None:
        if people.bind(tx, identity):
            return
        bound = people.by_identity(tx, identity.partner, identity.issuer, identity.subject)
        if bound is None or bound.id != identity.person_id:
            raise _refused(login, TAKEN)

    # --- the request

    def _request(
        self, tx: Connection, login: Login, wish: SignUp, file: ApplicationFile, person: Person, actor: Actor, now: int
    ) -> AccessRequest:
        if rate_limits.count_attempt(tx, f"sign-up-of:{file.client_id}", now, DAY) > OF_APPLICATION:
            raise TooManyAttempts("sign_ups_of_application").of_login(login.id, login.reference)
        request = AccessRequest(
            id=new_id(),
            person_id=person.id,
            application=file.client_id,
            role=file.self_service.role or "",
            reason=wish.reason,
            signed_up=True,
            attributes=wish.attributes,
            created_at=now,
            expires_at=now + ANSWERED_WITHIN,
        )
        try:
            return self._making.make(tx, replace(actor, id=person.id), person, file, request, now)
        except Conflict as error:
            raise NotAssigned(f"sign_up_{error.reason}").of_login(login.id, login.reference) from None


def _named(login: Login, said: Assertion, person: Person) -> Login:
    """A code proves a mailbox, so the identity of its guest is their own id (connectors/email_code.py)."""
    return replace(login, assertion=replace(said, subject=person.id)) if said.partner == PARTNER else login


def _refused(login: Login, refusal: Refusal) -> PageError:
    return PAGE_ERRORS[refusal[0]](refusal[1]).of_login(login.id, login.reference)
