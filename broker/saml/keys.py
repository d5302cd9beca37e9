"""The types of key that SAML messages are signed with and encrypted for; the keyring and metadata hold the keys."""

from __future__ import annotations

from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

PrivateKey: TypeAlias = RSAPrivateKey
PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey
PublicKeys: TypeAlias = tuple[PublicKey, ...]  # of one signer; several while it changes its key
