"""A factor: a sign-in method of a person's own, in addition to the home organization; and the proofs given with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

RECOVERY_CODES = 10  # in a set
KEPT = 10  # proofs that a login or a session remembers
FRESH = 600  # seconds that a sign-in or a proof counts as fresh where methods are added or changed (MF-07)


class Method(StrEnum):
    """How a proof was given: by the home organization's sign-in, or with a method of the person's own."""

    PARTNER = "partner"
    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One method of a person. Times: seconds since 1970, UTC.

    sealed: the TOTP seed under the root key, "" for a passkey. last_step: the last time step that was used (RFC 6238 5.2).
    credential: the passkey's id, base64url. public_key: COSE, base64url. sign_count: of its last use. verified: the
    authenticator verifies its user (PIN, finger). synced: the key can leave its device. transports: how to reach it.
    copied_at: when its counter did not rise (WebAuthn 7.2, step 22), so that a copy may exist.
    """

    id: str
    person_id: str
    method: Method
    name: str
    created_at: int
    last_used_at: int | None = None
    sealed: str = ""
    last_step: int = 0
    credential: str | None = None
    public_key: str = ""
    sign_count: int = 0
    verified: bool = False
    synced: bool = False
    transports: tuple[str, ...] = ()
    copied_at: int | None = None

    @property
    def strength(self) -> str:
        """As the gates read it: `totp`, `passkey` (verifies its user), or `key` (does not)."""
        return "totp" if self.method is Method.TOTP else "passkey" if self.verified else "key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One proof, by whom and when; stored with login, session, grant and receipt. No attribute value (HT-19).

    at: seconds since 1970, None if a partner sends no time. by: the id of the partner or of the factor. person: the owner of
    the factor; "" for a partner's proof, which is about the assertion's subject. acr, amr: as the partner sent them. verified,
    synced: of a passkey's use. answered_at: when a login began in which the partner was asked for a fresh sign-in and vouched;
    it stands in for the time that the partner does not send.
    """

    method: Method
    at: int | None
    by: str
    person: str = ""
    acr: str | None = None
    amr: tuple[str, ...] = ()
    verified: bool = False
    synced: bool = False
    answered_at: int | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON object without empty values."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items() if v or name in ("method", "at", "by")}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Proof:
        """The inverse of `to_json`."""
        return cls(**{**value, "method": Method(value["method"]), "amr": tuple(value.get("amr", ()))})


def own(proofs: Iterable[Proof], person: str) -> tuple[Proof, ...]:
    """The proofs that this person gave with their own methods: the newest of each method, the oldest first."""
    newest: dict[str, Proof] = {}
    for proof in proofs:
        if proof.method is not Method.PARTNER and proof.person == person and person:
            held = newest.get(proof.by)
            if held is None or (proof.at or 0) >= (held.at or 0):
                newest[proof.by] = proof
    return tuple(sorted(newest.values(), key=lambda proof: proof.at or 0))[-KEPT:]
