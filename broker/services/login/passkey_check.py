"""Checks the answer of a passkey, as a second factor and as a sign-in of its own; and what follows a proof with an own method."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.audit import Actor, Event
from broker.domain.factor import Factor, Method, Proof
from broker.domain.guest import Person
from broker.domain.times import DAY
from broker.factors import passkey
from broker.services.history import audit
from broker.services.messages.factor_notices import notice
from broker.services.messages.outbox import Outbox
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.factors import factors, resets


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyTask:
    """What the browser was asked for. challenge: of the login, taken by the caller. verify: the user must be verified."""

    issuer: str
    challenge: str
    verify: bool


def prove(tx: Connection, outbox: Outbox, person: Person, factor: Factor, answer: str, asked: PasskeyTask, now: int) -> Proof:
    """The proof that the answer gives. A counter that does not rise shows a copy: the person is notified (WebAuthn 7.2, step 22).

    factor: a passkey of the person. Raises PasskeyRefused.
    """
    used = passkey.used(answer, issuer=asked.issuer, challenge=asked.challenge, factor=factor, verify=asked.verify)
    if not factors.counted(tx, factor.id, used.count, checks=used.verified, now=now):
        if factors.copied(tx, factor.id, now, DAY):
            outbox.add(tx, notice(person, "copied", now, {}), now)
        raise passkey.PasskeyRefused("passkey_cloned")
    return proof_by(factor, now, verified=used.verified, synced=used.synced)


def proof_by(factor: Factor, now: int, *, verified: bool, synced: bool) -> Proof:
    """The proof with this passkey."""
    return Proof(method=Method.PASSKEY, at=now, by=factor.id, person=factor.person_id, verified=verified, synced=synced)


def has_method(tx: Connection, outbox: Outbox, person: Person, reference: str, now: int) -> None:
    """The person has a method: somebody vouched for one only (FA-05), and a reset that waits is stopped (MF-12)."""
    if person.vouched_until is not None:
        people.change(tx, person.id, {"vouched_until": None})
    if resets.stop(tx, person.id):
        actor = Actor.person(person.id, request_id=reference)
        audit.record(tx, Event(name="factor.reset_stopped", actor=actor, subject=person.id), now)
        outbox.add(tx, notice(person, "reset_stopped", now, {}), now)
