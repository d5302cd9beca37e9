"""The second factor of a login: asks for a code, a recovery code or a passkey, or adds a method."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.errors import BadRequest, TooManyAttempts
from broker.domain.factor import Factor, Method, Proof
from broker.domain.gates import decide
from broker.domain.guest import Person
from broker.domain.next_step import How, Next, Step
from broker.domain.receipt import Outcome
from broker.domain.trail import TrailStep, entry
from broker.domain.visitor import Visitor
from broker.factors import passkey, recovery, totp
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.history import audit, login_trail
from broker.services.login import otp_check, passkey_check
from broker.services.login.context import LoginContext, OpenLogin
from broker.services.login.factor_page import FactorPage, described, first_task, must_verify, task_of
from broker.services.messages.factor_notices import notice
from broker.services.messages.outbox import Outbox
from broker.storage.engine import Connection
from broker.storage.factors import factors
from broker.storage.login import logins

MOST = 10  # methods for each person
_PAUSED = "factor_attempts"


class Proving:
    """Each use case is one transaction on the live login of this browser; a refusal is stored before it is answered."""

    def __init__(self, core: Core, open_login: OpenLogin, sealer: Sealer, outbox: Outbox) -> None:
        self._db = core.db
        self._settings = core.settings
        self._open_login = open_login
        self._sealer = sealer
        self._outbox = outbox

    def asked(self, login_id: str, visitor: Visitor) -> FactorPage | None:
        """The page of this login. None: the login neither asks for a factor nor adds one."""
        with self._db.write() as tx:
            found, following = self._at(tx, login_id, visitor)
        return self.shown(found, following)

    def shown(self, found: LoginContext, following: Next) -> FactorPage | None:
        """The same for a login that is loaded already; creates seed and challenge if there are none."""
        if following.step not in (Step.CHALLENGE, Step.ENROLL) or found.person is None:
            return None
        with self._db.write() as tx:
            task = task_of(self._sealer, found.login) or first_task(tx, self._sealer, found.login)
            if not task:
                return None
            held = tuple(factors.of_person(tx, found.person.id))
            left = factors.codes_left(tx, found.person.id) if held else 0
        return described(self._settings(), found, found.person, following, held, left, task)

    def code(self, login_id: str, visitor: Visitor, text: str) -> bool:
        """Checks a code of an app, or a recovery code; False for a wrong one. Raises TooManyAttempts, BadRequest (none is due)."""
        with self._db.write() as tx:
            found, following = self._at(tx, login_id, visitor)
            now = found.facts.now
            person = self._due(found, following, Step.CHALLENGE)
            if person is None:
                return True
            within = otp_check.allowed(tx, person.id, now)
            held = factors.of_person(tx, person.id)
            proof = otp_check.prove(tx, self._sealer, person.id, held, text, now) if within else None
            if proof is None:
                reason = "factor_code" if within else _PAUSED
                self._refused(tx, found, person, reason, visitor.address, now)
            else:
                otp_check.succeeded(tx, person.id, now)
                self._proven(tx, found, proof, now)
                if proof.method is Method.RECOVERY:
                    left = factors.codes_left(tx, person.id)
                    self._notify(tx, found, person, "factor.recovery_used", visitor.address, now, {"left": left})
        if not within:
            raise TooManyAttempts(_PAUSED).of_login(found.login.id, found.login.reference)
        return proof is not None

    def passkey(self, login_id: str, visitor: Visitor, answer: str) -> bool:
        """Checks a passkey's answer; False for an invalid one. A challenge is valid for one answer. Raises BadRequest."""
        with self._db.write() as tx:
            found, following = self._at(tx, login_id, visitor)
            now = found.facts.now
            person = self._due(found, following, Step.CHALLENGE)
            if person is None:
                return True
            proof, reason = None, ""
            try:
                proof = self._by_passkey(tx, found, person, answer, verify=following.how is How.PASSKEY, now=now)
            except passkey.PasskeyRefused as error:
                reason = error.reason
            if proof is not None:
                self._proven(tx, found, proof, now)
            else:
                self._refused(tx, found, person, reason, visitor.address, now)
        return proof is not None

    def add_app(self, login_id: str, visitor: Visitor, text: str) -> tuple[str, ...] | None:
        """Adds an app after its first code; the recovery codes if it is the first method, else (). None: a wrong code.

        The code is used up (MF-01). Raises TooManyAttempts, BadRequest.
        """
        fresh = None
        with self._db.write() as tx:
            found, following = self._at(tx, login_id, visitor)
            now = found.facts.now
            person = self._due(found, following, Step.ENROLL)
            if person is None:
                return ()
            task = task_of(self._sealer, found.login)
            within = otp_check.allowed(tx, person.id, now)
            may = within and bool(task) and following.how in (How.ANY, How.TOTP)
            step = totp.step_of(task["secret"], text, now, 0) if may else None
            if step is None or not logins.take_task(tx, found.login):
                self._refused(tx, found, person, "factor_code" if within else _PAUSED, visitor.address, now)
            else:
                otp_check.succeeded(tx, person.id, now)
                sealed = self._sealer.seal(task["secret"].encode("ascii"), otp_check.purpose(task["id"]))
                factor = self._new(task["id"], person, Method.TOTP, now, sealed=sealed, last_step=step)
                proof = Proof(method=Method.TOTP, at=now, by=factor.id, person=person.id)
                fresh = self._add(tx, found, person, factor, proof, visitor.address, now)
        if not within:
            raise TooManyAttempts(_PAUSED).of_login(found.login.id, found.login.reference)
        return fresh

    def add_passkey(self, login_id: str, visitor: Visitor, answer: str) -> tuple[str, ...] | None:
        """Adds the passkey that the browser created; as `add_app`."""
        fresh = None
        with self._db.write() as tx:
            found, following = self._at(tx, login_id, visitor)
            now = found.facts.now
            person = self._due(found, following, Step.ENROLL)
            if person is None:
                return ()
            task, verify, issuer = (
                task_of(self._sealer, found.login),
                must_verify(found.login, following),
                self._settings().issuer,
            )
            try:
                if not task or following.how is How.TOTP or not logins.take_task(tx, found.login):
                    raise passkey.PasskeyRefused("passkey_challenge")
                made = passkey.made(answer, issuer=issuer, challenge=task["challenge"], verify=verify)
            except passkey.PasskeyRefused as error:
                self._refused(tx, found, person, error.reason, visitor.address, now)
            else:
                factor = self._new(
                    task["id"], person, Method.PASSKEY, now, credential=made.id, public_key=made.public_key,
                    sign_count=made.sign_count, verified=made.verified, synced=made.synced, transports=made.transports,
                )  # fmt: skip
                proof = passkey_check.proof_by(factor, now, verified=made.verified, synced=made.synced)
                fresh = self._add(tx, found, person, factor, proof, visitor.address, now)
        return fresh

    # --- parts ------------------------------------------------------------------------------------------------------

    def _at(self, tx: Connection, login_id: str, visitor: Visitor) -> tuple[LoginContext, Next]:
        found = self._open_login(tx, login_id, visitor)
        return found, decide(found.facts).next

    @staticmethod
    def _due(found: LoginContext, following: Next, step: Step) -> Person | None:
        """The person who is asked; None for the second of two clicks. Raises BadRequest if the login is at another step."""
        if following.step is step and found.person is not None:
            return found.person
        if following.step is Step.ISSUE and found.login.proofs:
            return None
        raise BadRequest("factor_login_mismatch").of_login(found.login.id, found.login.reference)

    def _by_passkey(self, tx: Connection, found: LoginContext, person: Person, answer: str, *, verify: bool, now: int) -> Proof:
        """Raises PasskeyRefused."""
        task, credential = task_of(self._sealer, found.login), passkey.credential_of(answer)
        factor = next((one for one in factors.of_person(tx, person.id) if one.credential == credential), None)
        if not task or factor is None or not logins.take_task(tx, found.login):
            raise passkey.PasskeyRefused("passkey_challenge" if factor is not None else "passkey_unknown")
        asked = passkey_check.PasskeyTask(issuer=self._settings().issuer, challenge=task["challenge"], verify=verify)
        return passkey_check.prove(tx, self._outbox, person, factor, answer, asked, now)

    @staticmethod
    def _new(factor_id: str, person: Person, method: Method, now: int, **values: Any) -> Factor:
        return Factor(id=factor_id, person_id=person.id, method=method, name="", created_at=now, last_used_at=now, **values)

    def _add(
        self, tx: Connection, found: LoginContext, person: Person, factor: Factor, proof: Proof, address: str, now: int
    ) -> tuple[str, ...] | None:
        held = factors.of_person(tx, person.id)
        if len(held) >= MOST or not factors.add(tx, factor):
            self._refused(tx, found, person, "factor_known", address, now)
            return None
        fresh = () if held else recovery.new_codes()
        if fresh:
            plain = [recovery.normal(code) or "" for code in fresh]
            factors.set_codes(tx, person.id, [recovery.hashed(person.id, code) for code in plain], now)
        self._proven(tx, found, proof, now, added=True)
        self._notify(tx, found, person, "factor.added", address, now, {"method": factor.method.value, "factor": factor.id})
        return fresh

    def _proven(self, tx: Connection, found: LoginContext, proof: Proof, now: int, *, added: bool = False) -> None:
        """Stores the proof, which is used up already (MF-01), with the login. added: the method is a new one."""
        login = found.login
        step, result = (TrailStep.ENROLL, "added") if added else (TrailStep.CHALLENGE, "proven")
        event = entry(now, step, result, method=proof.method.value, factor=proof.by)
        proofs = [one.to_json() for one in (*login.proofs, proof)]
        if found.person is not None:
            passkey_check.has_method(tx, self._outbox, found.person, login.reference, now)
        progress = replace(login.progress, method_added=login.progress.method_added or added).to_json()
        if not logins.change(tx, login, proofs=proofs, progress=progress, trail=login_trail.longer(login, event)):
            raise BadRequest("factor_login_mismatch").of_login(login.id, login.reference)

    def _refused(self, tx: Connection, found: LoginContext, person: Person, reason: str, address: str, now: int) -> None:
        login = found.login
        steps = login_trail.longer(login, entry(now, TrailStep.CHALLENGE, "refused", reason))
        logins.change(tx, login, trail=steps)
        if reason == _PAUSED:
            login_trail.write(
                tx, login, steps, now=now, outcome=Outcome.FAILED, error=TooManyAttempts.code, reason=reason,
                config=self._settings().digest, address=address, person_id=person.id, facts=found.facts,
            )  # fmt: skip
        actor = Actor.person(person.id, address=address, request_id=login.reference)
        audit.record(tx, Event(name="factor.refused", actor=actor, subject=person.id, reason=reason), now)

    def _notify(
        self, tx: Connection, found: LoginContext, person: Person, name: str, address: str, now: int, data: dict[str, Any]
    ) -> None:
        """Records the event and mails the person, who must learn of it if somebody else acted."""
        actor = Actor.person(person.id, address=address, request_id=found.login.reference)
        audit.record(tx, Event(name=name, actor=actor, subject=person.id, data=data), now)
        self._outbox.add(tx, notice(person, name.removeprefix("factor."), now, data), now)
