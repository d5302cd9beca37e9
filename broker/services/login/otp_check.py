"""Checks a typed code against a person's authenticator apps and recovery codes: counts, compares, uses up, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from broker.domain.factor import Factor, Method, Proof
from broker.domain.times import DAY, HOUR
from broker.factors import recovery, totp
from broker.keyring.seal import Sealer
from broker.storage.engine import Connection
from broker.storage.factors import factors
from broker.storage.operations import rate_limits

# (failed attempts, seconds), counted by person, so that more sessions, addresses or nodes give no more attempts (MF-02)
LIMITS = ((5, 300), (20, HOUR), (50, DAY))


def purpose(factor_id: str) -> str:
    """The purpose that a seed is sealed for."""
    return f"factor:{factor_id}"


def allowed(tx: Connection, person_id: str, now: int) -> bool:
    """Counts one attempt before it is checked; False if there were too many.

    The counting statement locks its row until the transaction ends, so parallel guesses cannot exceed the limit.
    """
    counts = [rate_limits.count_attempt(tx, _key(person_id, window), now, window) for _, window in LIMITS]
    return all(count <= limit for count, (limit, _) in zip(counts, LIMITS, strict=True))


def succeeded(tx: Connection, person_id: str, now: int) -> None:
    """Takes back the attempt that was counted last: it succeeded."""
    for _, window in LIMITS:
        rate_limits.uncount_attempt(tx, _key(person_id, window), now, window)


def prove(tx: Connection, sealer: Sealer, person_id: str, held: Sequence[Factor], text: str, now: int) -> Proof | None:
    """The proof that a code gives, and uses the code up; None for a wrong, old or used one (MF-01, MF-08, MF-09). Call `allowed` first."""
    if totp.is_code(text):
        return _by_app(tx, sealer, held, text, now)
    code = recovery.normal(text)
    if code is None or not factors.take_code(tx, person_id, recovery.hashed(person_id, code), now):
        return None
    return Proof(method=Method.RECOVERY, at=now, by="recovery", person=person_id)


def _by_app(tx: Connection, sealer: Sealer, held: Sequence[Factor], text: str, now: int) -> Proof | None:
    for factor in held:
        if factor.method is not Method.TOTP:
            continue
        secret = sealer.open(factor.sealed, purpose(factor.id)).decode("ascii")
        step = totp.step_of(secret, text, now, factor.last_step)
        if step is not None and factors.take_step(tx, factor.id, step, now):
            return Proof(method=Method.TOTP, at=now, by=factor.id, person=factor.person_id)
    return None


def _key(person_id: str, window: int) -> str:
    return f"factor:{window}:{person_id}"
