"""A passkey as the whole sign-in: of a guest who gets codes by e-mail, and of an administrator who came by a link.

The browser is asked for any passkey of ours (discoverable credentials), so neither page nor answer shows who has one (LP-04). The
passkey must verify its user. It finds the person by its id; the identity that signs in is the one that is bound already.
"""

from __future__ import annotations

import json

from broker.domain import administrator_link, mailbox
from broker.domain.assertion import Assertion
from broker.domain.audit import Actor, Event
from broker.domain.errors import LoginExpired, TooManyAttempts
from broker.domain.factor import Factor, Proof
from broker.domain.gates import decide
from broker.domain.guest import Person, PersonKind
from broker.domain.login import LoginPurpose
from broker.domain.network import counted
from broker.domain.next_step import Step
from broker.domain.times import HOUR
from broker.domain.trail import TrailStep, entry
from broker.domain.visitor import Visitor
from broker.factors import passkey
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.history import audit, login_trail
from broker.services.login import passkey_check
from broker.services.login.context import LoginContext, OpenLogin
from broker.services.login.factor_page import first_task, task_of
from broker.services.messages.outbox import Outbox
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.factors import factors
from broker.storage.login import logins
from broker.storage.operations import rate_limits

REFUSED_OF_CLIENT = (200, HOUR)
_OWN_WAY = (LoginPurpose.APPLICATION, LoginPurpose.PANEL)  # an invitation and a sign-up prove a mailbox


class PasskeySignIn:
    """Offer and use: each is one transaction on the live login of this browser."""

    def __init__(self, core: Core, open_login: OpenLogin, sealer: Sealer, outbox: Outbox) -> None:
        self._db = core.db
        self._settings = core.settings
        self._open_login = open_login
        self._sealer = sealer
        self._outbox = outbox

    def offer(self, found: LoginContext) -> str:
        """Options for the browser's passkey call, as JSON; "" where no passkey signs in at this step. found: as the page loaded it."""
        with self._db.write() as tx:
            if self._address(found) is None and not self._is_open_to_administrators(tx, found):
                return ""
            task = task_of(self._sealer, found.login) or first_task(tx, self._sealer, found.login)
        if not task:
            return ""
        return json.dumps(passkey.request(self._settings().issuer, challenge=task["challenge"], held=(), verify=True))

    def use(self, login_id: str, visitor: Visitor, answer: str) -> bool:
        """Checks the answer; False for one that signs nobody in here, whatever the cause. A challenge is valid for one answer.

        Raises TooManyAttempts, LoginExpired.
        """
        with self._db.write() as tx:
            found = self._open_login(tx, login_id, visitor)
            login, now = found.login, found.facts.now
            if decide(found.facts).next.step not in (Step.CODE, Step.HOME):
                return True  # another tab was faster
            most, window = REFUSED_OF_CLIENT
            key = f"passkey-refused:{counted(visitor.address)}"
            if rate_limits.attempts_in(tx, key, now, window) >= most:
                raise TooManyAttempts("passkeys_of_client").of_login(login.id, login.reference)
            held = None
            try:
                task = task_of(self._sealer, login)
                if not task or not logins.take_task(tx, login):
                    raise passkey.PasskeyRefused("passkey_challenge")
                held = self._holder(tx, found, answer)
                asked = passkey_check.PasskeyTask(issuer=self._settings().issuer, challenge=task["challenge"], verify=True)
                person, partner, factor = held
                proof = passkey_check.prove(tx, self._outbox, person, factor, answer, asked, now)
            except passkey.PasskeyRefused as error:
                rate_limits.count_attempt(tx, key, now, window)
                self._refused(tx, found, held[0].id if held else "", error.reason, visitor.address)
                return False
            self._accept(tx, found, person, partner, proof, visitor.address)
        return True

    # --- parts

    @staticmethod
    def _address(found: LoginContext) -> str | None:
        """The mailbox whose code the passkey replaces; None where no code is the sign-in."""
        box = found.mailbox
        if found.login.purpose not in _OWN_WAY or decide(found.facts).next.step is not Step.CODE:
            return None
        return box.address if box is not None and box.why is mailbox.Why.HOME else None

    def _is_open_to_administrators(self, tx: Connection, found: LoginContext) -> bool:
        """Only at the question who is there, and only as long as no partner is the company's own."""
        settings = self._settings()
        if found.login.purpose not in _OWN_WAY or decide(found.facts).next.step is not Step.HOME:
            return False
        if any(partner.members for partner in settings.partners.values()):
            return False
        return factors.any_signs_in(tx, settings.broker.administrators, administrator_link.PARTNER)

    def _holder(self, tx: Connection, found: LoginContext, answer: str) -> tuple[Person, str, Factor]:
        """The person whose passkey it is, locked; where they sign in; and the passkey. Raises PasskeyRefused.

        WebAuthn 7.2, step 6: who signs in is not known before, so the answer must name the account that owns the credential.
        """
        factor = factors.by_credential(tx, passkey.credential_of(answer))
        if factor is None:
            raise passkey.PasskeyRefused("passkey_unknown")
        if passkey.user_of(answer) != factor.person_id:
            raise passkey.PasskeyRefused("passkey_person")
        person, issuer, address = people.by_id(tx, factor.person_id), self._settings().issuer, self._address(found)
        if person is not None and address is not None and person.email == address:
            person = people.by_code(tx, address, mailbox.PARTNER, issuer, lock=True)
            home = mailbox.PARTNER
        elif person is not None and address is None and self._is_administrator(tx, found, person):
            home = administrator_link.PARTNER
            person = people.by_identity(tx, home, issuer, person.id, lock=True)
        else:
            person = None
        if person is None or person.id != factor.person_id:
            raise passkey.PasskeyRefused("passkey_elsewhere")
        return person, home, factor

    def _is_administrator(self, tx: Connection, found: LoginContext, person: Person) -> bool:
        listed = person.kind is PersonKind.MEMBER and person.email in self._settings().broker.administrators
        return listed and self._is_open_to_administrators(tx, found)

    def _accept(self, tx: Connection, found: LoginContext, person: Person, partner: str, proof: Proof, address: str) -> None:
        """The login goes on as after a code or a link; the gates decide the rest."""
        login, now = found.login, found.facts.now
        amr = ("swk" if proof.synced else "hwk", "user")
        assertion = Assertion(
            partner=partner,
            issuer=self._settings().issuer,
            subject=person.id,
            email=person.email,
            email_verified=person.email_verified,
            name=(person.name or None) if partner == administrator_link.PARTNER else None,
            amr=amr,
            auth_time=now,
        )
        passkey_check.has_method(tx, self._outbox, person, login.reference, now)
        proven = entry(now, TrailStep.PASSKEY, "proven", factor=proof.by, amr=list(amr))
        changed = logins.change(
            tx,
            login,
            partner=partner,
            assertion=assertion.to_json(),
            another_account_asked=False,
            proofs=[one.to_json() for one in (*login.proofs, proof)],
            trail=login_trail.longer(login, proven),
        )
        if not changed:
            raise LoginExpired("login_used").of_login(login.id, login.reference)
        actor = Actor.person(person.id, address=address, request_id=login.reference)
        data = {"factor": proof.by, "partner": partner}
        audit.record(tx, Event(name="passkey_sign_in.accepted", actor=actor, subject=person.id, data=data), now)

    @staticmethod
    def _refused(tx: Connection, found: LoginContext, person_id: str, reason: str, address: str) -> None:
        """person_id: of the passkey that the answer names; the actor is unknown, since nothing was proven."""
        login, now = found.login, found.facts.now
        steps = login_trail.longer(login, entry(now, TrailStep.PASSKEY, "refused", reason))
        logins.change(tx, login, trail=steps)
        actor = Actor.person(address=address, request_id=login.reference)
        audit.record(tx, Event(name="passkey_sign_in.refused", actor=actor, subject=person_id, reason=reason), now)
