"""The code by e-mail: sent when a login needs it, typed in the browser of that login, valid once (AL-04, HT-3, LP-04, RX-07).

The answers do not show whether somebody has the address: for an unknown one the same statements run under the same limits.
Limits apply to sending: wrong codes use up the code, and never lock a guest out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from broker.connectors.email_code import EmailCode
from broker.domain.assertion import Assertion
from broker.domain.audit import Actor, Event
from broker.domain.connector import Ask, Connector, Inbound
from broker.domain.errors import InvitationMismatch, LoginExpired, PartnerUntrusted, TooManyAttempts
from broker.domain.gates import decide
from broker.domain.guest import GuestState
from broker.domain.ids import new_id
from broker.domain.login import Login, OwnPageIntent
from broker.domain.mail import Mail, MailKind
from broker.domain.mailbox import LIFETIME, PARTNER, PAUSE, SENDS, TRIES, Mailbox, Why
from broker.domain.network import counted
from broker.domain.next_step import Step
from broker.domain.receipt import Outcome
from broker.domain.times import HOUR, MINUTE
from broker.domain.trail import TrailStep, entry
from broker.domain.visitor import Visitor
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.history import audit, login_trail
from broker.services.invitations.email_proof import MISMATCH
from broker.services.login import email_code_budgets as budgets
from broker.services.login.completion import Completion
from broker.services.login.context import LoginContext, OpenLogin
from broker.services.login.known_browsers import KnownBrowsers
from broker.services.messages.outbox import Outbox
from broker.services.sessions.present import identity_of
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.login import email_codes, logins
from broker.storage.login.email_codes import MailCode
from broker.storage.operations import rate_limits

WRONG_OF_CLIENT = (200, HOUR)


class Entered(StrEnum):
    """The result of a typed code. DONE: continue, in this tab or the one that was faster. OVER: it is no longer valid."""

    DONE = "done"
    WRONG = "wrong"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePage:
    """The values of the page. wait: seconds until another code can be sent. more: whether one can. over: the code expired."""

    found: LoginContext
    mailbox: Mailbox
    again: bool
    wait: int
    more: bool
    over: bool


class MailCodes:
    """Offer, send again, enter, decline: each is one transaction on the live login of this browser."""

    def __init__(self, core: Core, open_login: OpenLogin, completion: Completion, outbox: Outbox, sealer: Sealer) -> None:
        self._db = core.db
        self._settings = core.settings
        self._open_login = open_login
        self._completion = completion
        self._outbox = outbox
        self._sealer = sealer
        self._known = KnownBrowsers(sealer)

    def offer(self, login_id: str, visitor: Visitor, language: str, known: str | None = None) -> CodePage:
        """The state of this login's code; sends the first code of a mailbox. A reload sends nothing.

        language: of the page. known: the mark that `enter` gave this browser. Raises TooManyAttempts (a limit, or a code that was
        tried too often), LoginExpired.
        """
        with self._db.write() as tx:
            found, box = self._asked(tx, login_id, visitor)
            now = found.facts.now
            held, mark = email_codes.of_login(tx, login_id), box.mark(login_id)
            fresh = held is None or held.mark != mark or held.spent_at is not None
            if fresh:
                self._send(tx, found, box, visitor.address, language, now, first=True, known=known)
                held = email_codes.of_login(tx, login_id)
        return self._sent(found, box, held, now)

    def again(self, login_id: str, visitor: Visitor, language: str, known: str | None = None) -> None:
        """Sends another code, which replaces the last one, after the pause. Raises as `offer` does."""
        with self._db.write() as tx:
            found, box = self._asked(tx, login_id, visitor)
            now = found.facts.now
            self._send(tx, found, box, visitor.address, language, now, first=False, known=known)

    def enter(self, login_id: str, visitor: Visitor, typed: str, *, offer: bool = False) -> tuple[Entered, str | None]:
        """Checks a typed code; after a right one also the mark that this browser keeps (FA-13).

        offer: the person wants a passkey for the next time. Raises TooManyAttempts with the last try, and if this client tried too often.
        """
        with self._db.write() as tx:
            found = self._open_login(tx, login_id, visitor)
            box, now = found.mailbox, found.facts.now
            if decide(found.facts).next.step is not Step.CODE or box is None:
                return Entered.DONE, None
            most, window = WRONG_OF_CLIENT
            if rate_limits.attempts_in(tx, f"code-wrong:{counted(visitor.address)}", now, window) >= most:
                raise TooManyAttempts("codes_of_client").of_login(login_id, found.login.reference)
            mark = box.mark(login_id)
            tried = email_codes.count_try(tx, login_id, mark, now)
            held = tried or email_codes.of_login(tx, login_id)
            assertion = self._judged(box, mark, tried, typed, now) if tried else None
            if assertion is not None and email_codes.spend(tx, login_id, mark, now):
                self._accept(tx, found, box, mark, assertion, visitor.address, offer=offer)
                return Entered.DONE, self._known.mark(box.address, now)
            if tried is not None:
                self._wrong(tx, found, box, visitor.address, now, last=tried.tries >= TRIES)
        if held is None or held.mark != mark:
            return Entered.OVER, None
        if held.spent_at is not None:
            return Entered.DONE, None
        if held.tries >= TRIES:  # stored first, then raised
            raise _used_up(held, found.login)
        return Entered.WRONG if tried is not None else Entered.OVER, None

    def decline(self, login_id: str, visitor: Visitor) -> None:
        """The person cannot read that mailbox: the next step is invitation_mismatch (IN-01), or asks somebody to vouch."""
        with self._db.write() as tx:
            found, box = self._asked(tx, login_id, visitor)
            now = found.facts.now
            steps = login_trail.longer(found.login, entry(now, TrailStep.CODE, "declined", why=str(box.why)))
            logins.change(tx, found.login, mailbox_declined=box.mark(login_id) if box.why is not Why.HOME else None, trail=steps)

    # --- parts

    def _asked(self, tx: Connection, login_id: str, visitor: Visitor) -> tuple[LoginContext, Mailbox]:
        found = self._open_login(tx, login_id, visitor)
        if decide(found.facts).next.step is not Step.CODE or found.mailbox is None:
            raise LoginExpired("login_used")
        return found, found.mailbox

    @staticmethod
    def _sent(found: LoginContext, box: Mailbox, held: MailCode | None, now: int) -> CodePage:
        login = found.login
        if held is None or held.mark != box.mark(login.id) or held.tries >= TRIES:
            raise _used_up(held, login)
        over = now >= held.expires_at  # HT-12
        wait = 0 if over else max(0, held.sent_at + PAUSE - now)
        return CodePage(found=found, mailbox=box, again=held.sends > 1, wait=wait, more=held.sends < SENDS, over=over)

    def _send(
        self,
        tx: Connection,
        found: LoginContext,
        box: Mailbox,
        client: str,
        language: str,
        now: int,
        *,
        first: bool,
        known: str | None,
    ) -> None:
        login, mark = found.login, box.mark(found.login.id)
        browser = self._known.id_of(known, box.address, now)
        guest = people.by_code(tx, box.address, PARTNER, self._settings().issuer)
        signs_up = login.sign_up is not None and box.why is Why.HOME
        invited = people.by_email(tx, box.address) if signs_up else None
        if guest is None and invited is not None and invited.state is GuestState.INVITED:
            guest = invited  # a code lets them accept an invitation that they still have
        person = box.person or (guest.id if guest else new_id())  # an unknown address: an id that nobody has (LP-04)
        outbound = self._connector(box, login.id, person).begin(Ask(state=mark, login_hint=box.address))
        content = json.dumps({**outbound.memory, "subject": person}).encode()
        memory = self._sealer.seal(content, _purpose(login.id))
        keep = email_codes.first if first else email_codes.again
        if not keep(tx, login.id, mark=mark, memory=memory, now=now, expires_at=now + LIFETIME):
            return  # a second tab was faster, or the pause is not over
        budgets.spend(tx, login, box.address, client, now, known=browser)
        application = found.application or found.signing_up_for
        values = {
            "code": outbound.out_of_band,
            "minutes": LIFETIME // MINUTE,
            "application": application.name if application else "",
            "why": "sign_up" if signs_up else str(box.why),
        }
        mail = Mail(kind=MailKind.CODE, recipient=box.address, language=language, person=person, values=values)
        if signs_up:  # the e-mail does not depend on who is known (LP-04)
            self._outbox.add(tx, replace(mail, person=None), now)
        else:
            self._outbox.add_for(tx, mail, now)
        steps = login_trail.longer(login, entry(now, TrailStep.CODE, "sent", why=str(box.why)))
        logins.change(tx, login, trail=steps)
        self._audit(tx, "mail_code.asked", found, box, client, now)

    def _connector(self, box: Mailbox, login_id: str, subject: str) -> Connector:
        issuer = self._settings().issuer
        return EmailCode(issuer=issuer, page=f"{issuer}/signin/{login_id}", address=box.address, subject=subject)

    def _judged(self, box: Mailbox, mark: str, held: MailCode, typed: str, now: int) -> Assertion | None:
        remembered = json.loads(self._sealer.open(held.memory, _purpose(held.login_id)))
        connector = self._connector(box, held.login_id, remembered["subject"])
        try:
            return connector.complete(Inbound(params={"code": typed, "state": mark}, memory=remembered, now=now))
        except PartnerUntrusted:
            return None

    def _accept(
        self, tx: Connection, found: LoginContext, box: Mailbox, mark: str, assertion: Assertion, client: str, *, offer: bool
    ) -> None:
        """The code is the sign-in itself, or a proof in addition to one, or lets the guest move to another identity."""
        login, now = found.login, found.facts.now
        proven = entry(now, TrailStep.CODE, "proven", why=str(box.why), email_verified=True, amr=list(assertion.amr))
        steps = login_trail.longer(login, proven)
        if box.why is Why.HOME:
            said, intent = assertion.to_json(), login.own_page_intent or (OwnPageIntent.OFFER if offer else "")
            values: dict[str, Any] = {"partner": PARTNER, "assertion": said, "own_page_intent": intent, "trail": steps}
            changed = logins.change(tx, login, another_account_asked=False, **values)
        elif box.why in (Why.INVITED, Why.METHOD, Why.IDENTITY):
            changed = logins.change(tx, login, mailbox_proven=mark, trail=steps)
        else:
            self._move(tx, found, assertion, client)
            moved = entry(now, TrailStep.MOVED, "bound", partner=login.assertion.partner if login.assertion else None)
            changed = logins.change(tx, login, mailbox_proven=mark, trail=login_trail.longer(login, proven, moved))
        if not changed:
            raise LoginExpired("login_used").of_login(login.id, login.reference)
        self._audit(tx, "mail_code.accepted", found, box, client, now, person=assertion.subject)

    def _move(self, tx: Connection, found: LoginContext, assertion: Assertion, client: str) -> None:
        """Binds the guest to the home organization instead of the code, with proof of both; the person and their access stay."""
        login, now = found.login, found.facts.now
        identity = identity_of(login, assertion.subject, now)
        if not people.unbind(tx, PARTNER, assertion.issuer, assertion.subject):
            raise LoginExpired("login_used").of_login(login.id, login.reference)
        if not people.bind(tx, identity):
            raise InvitationMismatch("identity_taken").of_login(login.id, login.reference)
        people.change(tx, assertion.subject, {"partner": identity.partner, "email_verified": True})
        actor = Actor.person(assertion.subject, address=client, request_id=login.reference)
        data = {"from": PARTNER, "to": identity.partner}
        audit.record(
            tx, Event(name="guest.moved", actor=actor, subject=assertion.subject, target=identity.partner, data=data), now
        )

    def _wrong(self, tx: Connection, found: LoginContext, box: Mailbox, client: str, now: int, *, last: bool) -> None:
        login = found.login
        rate_limits.count_attempt(tx, f"code-wrong:{counted(client)}", now, WRONG_OF_CLIENT[1])
        steps = login_trail.longer(login, entry(now, TrailStep.CODE, "refused", "code_wrong", why=str(box.why)))
        logins.change(tx, login, trail=steps)
        self._audit(tx, "mail_code.refused", found, box, client, now, reason="code_tries" if last else "code_wrong")
        if last:
            login_trail.write(
                tx,
                login,
                steps,
                now=now,
                outcome=Outcome.FAILED,
                error="too_many_attempts",
                reason="code_tries",
                config=self._settings().digest,
                address=client,
                partner=found.home,
                facts=found.facts,
            )
        if last and box.why is Why.INVITED:  # the person responsible for the guest is notified (IN-01)
            actor = Actor.person(address=client, request_id=login.reference)
            self._completion.notify_sponsor(tx, found, MISMATCH[1], actor)

    @staticmethod
    def _audit(
        tx: Connection, name: str, found: LoginContext, box: Mailbox, client: str, now: int, *, reason: str = "", person: str = ""
    ) -> None:
        subject = person or box.person or ""  # the person concerned; the actor is unknown until the code was right
        actor = Actor.person(person, address=client, request_id=found.login.reference)
        data = {"why": str(box.why)}
        audit.record(
            tx, Event(name=name, actor=actor, subject=subject, target=_target(found.login), reason=reason, data=data), now
        )


def _used_up(held: MailCode | None, login: Login) -> TooManyAttempts:
    """code_tries: another code can be sent. codes_of_login: this login has used up its codes."""
    reason = "code_tries" if held is not None and held.sends < SENDS else "codes_of_login"
    return TooManyAttempts(reason).of_login(login.id, login.reference)


def _target(login: Login) -> str:
    return login.request.client_id if login.request else str(login.purpose)


def _purpose(login_id: str) -> str:
    return f"mail_code:{login_id}"
