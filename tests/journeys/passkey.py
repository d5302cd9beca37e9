"""A passkey in software: makes and uses an ES256 credential, as a browser's authenticator does (WebAuthn 6)."""

from __future__ import annotations

import hashlib
import html
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from broker.demo.browser import BrowserPage
from broker.domain.ids import new_secret
from broker.jose.encoding import b64url_encode

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def options(page: BrowserPage) -> dict[str, Any]:
    """What the page asks the browser's authenticator for."""
    found = re.search(r'data-passkey="([^"]+)"', page.text)
    assert found, page
    asked: dict[str, Any] = json.loads(html.unescape(found[1]))
    return asked


@dataclass
class SoftPasskey:
    """One credential of one site. It verifies its holder, as a phone does, and remembers for whom it was made."""

    issuer: str
    credential: bytes = field(default_factory=lambda: new_secret().encode())
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    count: int = 0
    user: str = ""  # the account that it was made for, as the site names it
    verifies: bool = True
    origin: str = ""  # of the page that asks it; "" for the site's own

    def made(self, options: dict[str, Any]) -> str:
        """The answer to navigator.credentials.create()."""
        self.user = options["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + cbor2.dumps(public)
        data = self._data(self._flags() | _ATTESTED) + attested
        response = {
            "clientDataJSON": b64url_encode(self._client(options, "webauthn.create")),
            "attestationObject": b64url_encode(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
        }
        return self._answer(response)

    def used(self, options: dict[str, Any]) -> str:
        """The answer to navigator.credentials.get()."""
        client, data = self._client(options, "webauthn.get"), self._data(self._flags())
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": b64url_encode(client),
            "authenticatorData": b64url_encode(data),
            "signature": b64url_encode(signature),
            "userHandle": self.user,
        }
        return self._answer(response)

    def _flags(self) -> int:
        return _PRESENT | (_VERIFIED if self.verifies else 0)

    def _data(self, flags: int) -> bytes:
        self.count += 1
        rp = hashlib.sha256((urlsplit(self.issuer).hostname or "").encode()).digest()
        return rp + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, options: dict[str, Any], kind: str) -> bytes:
        parts = urlsplit(self.issuer)
        client = {
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin or f"{parts.scheme}://{parts.netloc}",
            "crossOrigin": False,
        }
        return json.dumps(client).encode()

    def _answer(self, response: dict[str, str]) -> str:
        identifier = b64url_encode(self.credential)
        return json.dumps(
            {"id": identifier, "rawId": identifier, "type": "public-key", "response": response, "clientExtensionResults": {}}
        )
