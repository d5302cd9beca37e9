"""The ring: records with times, and what they mean at a moment (HP-42, HP-51). Values are immutable; a change is a new Ring."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from broker.domain.times import DAY
from broker.jose.algorithms import ALGORITHMS
from broker.jose.keys import PUBLIC_MEMBERS, PrivateKey, PublicKey, load_private, public_key, thumbprint
from broker.keyring.errors import KeyFileError, NoActiveKey, SealError
from broker.keyring.seal import Sealer

JWKS_MAX_AGE = 300  # seconds that the JWKS may be cached
OVERLAP = 600  # seconds that a new key is published before it signs: caches have had their time, twice
METADATA_OVERLAP = 7 * DAY  # the same for keys of our SAML metadata, which partners read far less often
KEEP = DAY  # seconds that an old key stays published, unless the longest token life asks for another


class KeyState(StrEnum):
    """Where a key stands."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"


_ORDER = {KeyState.ACTIVE: 0, KeyState.NEXT: 1, KeyState.RETIRED: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """One row. use: sig, saml or enc. sealed: the private key, PKCS#8 DER under a root key. public: its JWK as JSON.

    certificate: PEM, for SAML metadata. Times: seconds since 1970, UTC; retired_at is set only where a key
    had to go at once; one that another follows at its time needs no writer.
    """

    kid: str
    use: str
    alg: str
    sealed: str
    public: str
    certificate: str | None
    created_at: int
    active_from: int
    retired_at: int | None = None

    @property
    def rank(self) -> tuple[int, str]:
        """The greatest rank that has begun is active: on every node the same one, even after a tie."""
        return self.active_from, self.kid

    def is_withdrawn(self, now: int) -> bool:
        """Taken out at once."""
        return self.retired_at is not None and self.retired_at <= now


def state_of(record: KeyRecord, peers: Iterable[KeyRecord], now: int) -> KeyState:
    """next, active or retired at `now`. peers: the ring's records; those of the same use and algorithm count."""
    if record.is_withdrawn(now):
        return KeyState.RETIRED
    if record.active_from > now:
        return KeyState.NEXT
    return KeyState.RETIRED if superseded_at(record, peers, now) is not None else KeyState.ACTIVE


def superseded_at(record: KeyRecord, peers: Iterable[KeyRecord], now: int) -> int | None:
    """When the key stopped being the active one, or was withdrawn; None if that has not happened by `now`."""
    ends = [
        peer.active_from
        for peer in peers
        if (peer.use, peer.alg) == (record.use, record.alg)
        and peer.rank > record.rank
        and peer.active_from <= now
        and not peer.is_withdrawn(now)
    ]
    if record.is_withdrawn(now) and record.retired_at is not None:
        ends.append(record.retired_at)
    return min(ends, default=None)


def purpose_of(use: str, alg: str, kid: str) -> str:
    """What a private key is sealed for: a row cannot be put in another's place, nor be given another use."""
    return f"ring/{use}/{alg}/{kid}"


class Slot:
    """One record's private bytes, opened and loaded once in a process, handed on from ring to ring."""

    def __init__(self, record: KeyRecord, sealer: Sealer) -> None:
        self.record = record
        self._sealer = sealer
        self._lock = threading.Lock()
        self._signing: PrivateKey | None = None
        self._rsa: rsa.RSAPrivateKey | None = None

    @property
    def purpose(self) -> str:
        """What its private key is sealed for."""
        return purpose_of(self.record.use, self.record.alg, self.record.kid)

    def open(self) -> bytes:
        """PKCS#8 DER. Raises KeyFileError."""
        try:
            return self._sealer.open(self.record.sealed, self.purpose)
        except SealError as error:
            what = f"the key {self.record.kid} of the ring"
            if error.reason == "seal_root_unknown":
                message = f"keys/: {what} is sealed under root key {error.detail}, which is not here; put its file back"
            else:
                message = f"keys/: {what} does not open ({error.detail}); the row was changed, restore the database"
            raise KeyFileError(message) from error

    def signing(self) -> PrivateKey:
        """For use sig."""
        with self._lock:
            if self._signing is None:
                self._signing = load_private(self.open(), self.record.alg, self.record.kid)
            return self._signing

    def private_rsa(self) -> rsa.RSAPrivateKey:
        """For use saml and enc. Our own sealed bytes are authenticated: no 65 ms of primality checks."""
        with self._lock:
            if self._rsa is None:
                key = serialization.load_der_private_key(self.open(), None, unsafe_skip_rsa_key_validation=True)
                if not isinstance(key, rsa.RSAPrivateKey):
                    raise KeyFileError(f"keys/: the key {self.record.kid} of the ring is not RSA")
                self._rsa = key
            return self._rsa


class Ring:
    """The keys as they are known now. Immutable but for keys that are loaded at their first use."""

    def __init__(
        self, records: Sequence[KeyRecord], sealer: Sealer, *, keep: int = KEEP, slots: Mapping[str, Slot] | None = None
    ) -> None:
        """keep: seconds that a superseded key stays published. slots: keys of the ring before, which stay loaded."""
        self.records = tuple(sorted(records, key=lambda record: (record.created_at, record.kid)))
        self._sealer = sealer
        self._keep = keep
        self._slots = {record.kid: _slot(record, sealer, slots or {}) for record in self.records}
        signing = [record for record in self.records if record.use == "sig"]
        self._jwks = {record.kid: _public_members(record) for record in signing}
        self._public = tuple(_verification_key(members) for members in self._jwks.values())

    def followed_by(self, records: Sequence[KeyRecord]) -> Ring:
        """The ring of other records; what is loaded here is not loaded again."""
        return Ring(records, self._sealer, keep=self._keep, slots=self._slots)

    def check(self, now: int) -> None:
        """Every key that is published or in use opens with a root key that lies here. Raises KeyFileError (CF-03).

        So a row that somebody else put into the table is never published; a root key file may go when nothing that
        it sealed is published any more.
        """
        for record in self.records:
            if self._is_shown(record, now):
                self._slots[record.kid].open()

    def active(self, use: str, alg: str, now: int) -> KeyRecord:
        """The one active record. Raises NoActiveKey."""
        begun = [
            record
            for record in self.records
            if (record.use, record.alg) == (use, alg) and record.active_from <= now and not record.is_withdrawn(now)
        ]
        if not begun:
            raise NoActiveKey("no_active_key", f"{use} {alg}")
        return max(begun, key=lambda record: record.rank)

    def signing(self, alg: str, now: int) -> PrivateKey:
        """The key that signs tokens with this algorithm now. Raises NoActiveKey, KeyFileError."""
        return self._slots[self.active("sig", alg, now).kid].signing()

    def private_rsa(self, record: KeyRecord) -> rsa.RSAPrivateKey:
        """The private half of a record for saml or enc. Raises KeyFileError."""
        return self._slots[record.kid].private_rsa()

    def published(self, use: str, now: int) -> tuple[KeyRecord, ...]:
        """Next and active records of a use, and retired ones until `keep` seconds after they were superseded; active first."""
        shown = [record for record in self.records if record.use == use and self._is_shown(record, now)]
        return tuple(sorted(shown, key=lambda record: (_ORDER[state_of(record, self.records, now)], _alg_order(record.alg))))

    def jwks(self, now: int) -> dict[str, Any]:
        """The JWKS to publish (RFC 7517 5)."""
        return {"keys": [dict(self._jwks[record.kid]) for record in self.published("sig", now)]}

    def public_keys(self) -> tuple[PublicKey, ...]:
        """Every signing key's public half, long retired ones too: for tokens of ours that come back (HP-15)."""
        return self._public

    def _is_shown(self, record: KeyRecord, now: int) -> bool:
        end = superseded_at(record, self.records, now)
        return end is None or now < end + self._keep


def _slot(record: KeyRecord, sealer: Sealer, known: Mapping[str, Slot]) -> Slot:
    slot = known.get(record.kid)
    return slot if slot is not None and slot.record.sealed == record.sealed else Slot(record, sealer)


def _alg_order(alg: str) -> int:
    """RS256 first: a client that takes the first key of a JWKS takes the one everybody can read."""
    return list(ALGORITHMS).index(alg) if alg in ALGORITHMS else len(ALGORITHMS)


def _public_members(record: KeyRecord) -> dict[str, str]:
    """HP-42, CF-05: written from the allow-list, whatever the row holds; kid, use and alg are the record's."""
    stored = json.loads(record.public)
    members = {name: str(stored[name]) for name in PUBLIC_MEMBERS if name in stored}
    return {**members, "kid": record.kid, "use": record.use, "alg": record.alg}


def _verification_key(members: Mapping[str, str]) -> PublicKey:
    """The kid is the thumbprint, and the private half is sealed for that kid: a row with another public half is refused."""
    key = public_key(members)
    if key is None or thumbprint(key.key) != key.kid:
        raise KeyFileError(f"keys/: the public half of the key {members['kid']} was changed; restore the database")
    return key
