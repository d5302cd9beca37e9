"""Proofs of possession: reads those of a request, takes their jti once, and gives nonces (RFC 9449 8, 9)."""

from __future__ import annotations

from broker.domain.errors import OAuthError
from broker.jose.claims import SKEW
from broker.keyring.errors import SealError
from broker.keyring.seal import Sealer
from broker.provider.dpop import DpopProof, read_proof
from broker.services.core import Core
from broker.storage.engine import Connection
from broker.storage.factors import single_use

NONCE_LIFE = 300  # seconds in which a nonce is accepted, by every node
NONCE_EVERY = 60  # seconds after which a process gives another one
_PURPOSE = "dpop_nonce"


class Proofs:
    """A nonce is the sealed time at which it was made: every node can judge it, and nobody else can make one."""

    def __init__(self, core: Core, sealer: Sealer) -> None:
        self._clock = core.clock
        self._sealer = sealer
        self._held: tuple[int, str] = (-NONCE_EVERY, "")

    def nonce(self) -> str:
        """The nonce that clients are to use from now on."""
        now, held = self._clock(), self._held
        if not held[0] <= now < held[0] + NONCE_EVERY:
            held = self._held = (now, self._sealer.seal(str(now).encode("ascii"), _PURPOSE))
        return held[1]

    def read(self, token: str | None, *, method: str, url: str, access_token: str | None = None) -> DpopProof | None:
        """The proof of a request; None if it has none. `take` is still to use it up. Raises OAuthError.

        token: the DPoP header; a server joins several with commas, and then it is no JWT (RFC 9449 4.3). access_token: the one
        that comes with the proof.
        """
        if token is None:
            return None
        return read_proof(token, method=method, url=url, now=self._clock(), is_fresh=self._is_fresh, access_token=access_token)

    def _is_fresh(self, nonce: str) -> bool:
        try:
            made = int(self._sealer.open(nonce, _PURPOSE))
        except SealError:
            return False
        return -SKEW <= self._clock() - made < NONCE_LIFE


def take(tx: Connection, proof: DpopProof | None) -> None:
    """Uses a proof up, in the transaction of what it is for (RFC 9449 11.1). Raises OAuthError(invalid_dpop_proof) for a replay."""
    if proof is None:
        return
    if not single_use.once(tx, "dpop", f"{proof.jkt}\n{proof.jti}", proof.expires_at, made_at=proof.made_at):
        raise OAuthError("invalid_dpop_proof", "dpop_jti_replay")
