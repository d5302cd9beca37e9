"""AES-256-GCM under a root key: the text names the key that sealed it, and is bound to its purpose (HT-14)."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from broker.jose.encoding import b64url_decode, b64url_encode
from broker.keyring.errors import SealError
from broker.keyring.root import Roots

_VERSION = "s1"


class Sealer:
    """Seals with the newest root key, opens with the one that sealed. Immutable, safe to share between threads."""

    def __init__(self, roots: Roots) -> None:
        self._newest = roots.newest.id
        self._ciphers = {root.id: AESGCM(root.key) for root in roots.by_id.values()}

    def seal(self, data: bytes, purpose: str) -> str:
        """`s1.ROOT.NONCE.CIPHERTEXT`. purpose: what it is for; the same must be said to open it.

        The nonce is 96 random bits: two equal ones are out of reach below 2^32 seals a root key (NIST SP 800-38D 8.3).
        """
        nonce = secrets.token_bytes(12)
        sealed = self._ciphers[self._newest].encrypt(nonce, data, _bound(self._newest, purpose))
        return f"{_VERSION}.{self._newest}.{b64url_encode(nonce)}.{b64url_encode(sealed)}"

    def open(self, text: str, purpose: str) -> bytes:
        """What was sealed for this purpose. Raises SealError."""
        try:
            version, root, nonce, sealed = text.split(".")
            if version != _VERSION or len(raw_nonce := b64url_decode(nonce)) != 12:
                raise ValueError("another form")
            raw = b64url_decode(sealed)
        except ValueError as error:
            raise SealError("seal_format", "not sealed text") from error
        cipher = self._ciphers.get(root)
        if cipher is None:
            raise SealError("seal_root_unknown", root[:16])
        try:
            return cipher.decrypt(raw_nonce, raw, _bound(root, purpose))
        except InvalidTag as error:
            raise SealError("seal_broken", "changed, or sealed for another purpose") from error


def _bound(root: str, purpose: str) -> bytes:
    return f"{_VERSION}.{root}.{purpose}".encode()
