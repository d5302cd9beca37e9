"""Decrypts an encrypted assertion with our own key; the plaintext must then pass the gate by itself (HS-20).

AES-GCM with RSA-OAEP is accepted. AES-CBC is accepted only if a verified signature of the Response covers it: without one, an
attacker who can change the ciphertext can learn the plaintext from our answers (XML Encryption 1.1 5.2, 6.1). All failures
look the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from broker.saml.errors import SamlRefused
from broker.saml.keys import PrivateKey
from broker.saml.parse import Element, unfold
from broker.saml.vocabulary import XENC, XENC11, clark

Decrypt = Callable[[Element, Sequence[PrivateKey], bool], bytes]

MAX_KEYS: Final = 4  # of ours that are tried; a rotation has two
_GCM: Final[Mapping[str, int]] = {f"{XENC11}aes128-gcm": 16, f"{XENC11}aes192-gcm": 24, f"{XENC11}aes256-gcm": 32}
_CBC: Final[Mapping[str, int]] = {f"{XENC}aes128-cbc": 16, f"{XENC}aes192-cbc": 24, f"{XENC}aes256-cbc": 32}
_OAEP_MGF1P: Final = f"{XENC}rsa-oaep-mgf1p"  # MGF1 with SHA-1, whatever the digest (XML Encryption 1.1 5.5.2)
_OAEP: Final = f"{XENC11}rsa-oaep"
_SHA1: Final = "http://www.w3.org/2000/09/xmldsig#sha1"  # as the digest of OAEP, where collisions do not matter
_DIGESTS: Final[Mapping[str, Callable[[], hashes.HashAlgorithm]]] = {
    _SHA1: hashes.SHA1,
    f"{XENC}sha256": hashes.SHA256,
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384,
    f"{XENC}sha512": hashes.SHA512,
}
_MGF1_SHA1: Final = f"{XENC11}mgf1sha1"
_MGFS: Final[Mapping[str, Callable[[], hashes.HashAlgorithm]]] = {
    _MGF1_SHA1: hashes.SHA1,
    f"{XENC11}mgf1sha256": hashes.SHA256,
    f"{XENC11}mgf1sha384": hashes.SHA384,
    f"{XENC11}mgf1sha512": hashes.SHA512,
}
_START: Final = re.compile(rb"\s*(?:<\?xml[^<>]*\?>\s*)?<([A-Za-z_][\w.\-]*:)?[A-Za-z]+")
_PREFIX: Final = re.compile(rb"[\s<\"']([A-Za-z_][\w.\-]*):")


def decrypt(encrypted: Element, keys: Sequence[PrivateKey], authentic: bool) -> bytes:
    """The plaintext of an EncryptedAssertion that has passed the gate.

    keys: ours, newest first. authentic: a verified signature of the Response covers the ciphertext. Raises
    SamlRefused(saml_algorithm) for an algorithm that is not accepted, saml_encryption if no key of ours decrypts it.
    """
    data = encrypted[0]
    wrapped = next(encrypted.iter(clark("xenc:EncryptedKey")))
    algorithm = data[0].get("Algorithm")
    size = _GCM.get(algorithm) or (_CBC.get(algorithm) if authentic else None)
    if size is None:
        raise _not_taken("AES-GCM (AES-CBC only inside a signed Response) for the assertion")
    padding = _padding(wrapped[0])
    sealed, ciphertext = _cipher_value(wrapped), _cipher_value(data)
    for key in keys[:MAX_KEYS]:
        plain = _open(key, padding, sealed, ciphertext, size, gcm=algorithm in _GCM)
        if plain is not None:
            return in_context(plain, encrypted.nsmap)
    raise SamlRefused(
        "saml_encryption",
        "HS-20",
        "no key of ours opens the assertion; the partner must take our current metadata, which has the key",
    )


def in_context(plain: bytes, scope: Mapping[str | None, str]) -> bytes:
    """Add the namespace declarations that the plaintext uses and lacks, from the element that held the ciphertext.

    XML Encryption 1.1 4.4: the sender may serialize an element without the declarations of its ancestors. A signature covers
    namespace names, so a wrong declaration can only break the signature.
    """
    start = _START.match(plain)
    if start is None:
        return plain
    used = {found[1].decode("ascii") for found in _PREFIX.finditer(plain)}
    lacking = [
        (f"xmlns:{prefix}", uri)
        for prefix, uri in scope.items()
        if prefix is not None and prefix in used and f"xmlns:{prefix}=".encode() not in plain
    ]
    if start[1] is None and None in scope and b"xmlns=" not in plain[: plain.find(b">") + 1]:
        lacking.append(("xmlns", scope[None]))
    added = "".join(f' {name}="{uri}"' for name, uri in lacking if not set(uri) & set('<&"'))
    return plain[: start.end()] + added.encode() + plain[start.end() :]


def _open(key: PrivateKey, padding: OAEP, sealed: bytes, ciphertext: bytes, size: int, *, gcm: bool) -> bytes | None:
    try:
        secret = key.decrypt(sealed, padding)
        if len(secret) != size:
            return None
        return AESGCM(secret).decrypt(ciphertext[:12], ciphertext[12:], None) if gcm else _cbc(secret, ciphertext)
    except (ValueError, InvalidTag):
        return None


def _cbc(secret: bytes, ciphertext: bytes) -> bytes:
    """XML Encryption 1.1 5.2: the last byte is the length of the padding; the other bytes are arbitrary."""
    context = Cipher(AES(secret), CBC(ciphertext[:16])).decryptor()
    padded = context.update(ciphertext[16:]) + context.finalize()
    if not padded or not 1 <= padded[-1] <= 16:
        raise ValueError("padding")
    return padded[: -padded[-1]]


def _padding(method: Element) -> OAEP:
    digest = method.find(clark("ds:DigestMethod"))
    mask = method.find(clark("xenc11:MGF"))
    algorithm = method.get("Algorithm")
    hashed = _DIGESTS.get(_SHA1 if digest is None else digest.get("Algorithm"))
    masked = _MGFS.get(_MGF1_SHA1 if mask is None else mask.get("Algorithm"))
    if (
        algorithm not in {_OAEP_MGF1P, _OAEP}
        or hashed is None
        or masked is None
        or (algorithm == _OAEP_MGF1P and mask is not None)
    ):
        raise _not_taken("RSA-OAEP with SHA-1 or SHA-2 for its key")
    return OAEP(mgf=MGF1(masked()), algorithm=hashed(), label=None)


def _cipher_value(element: Element) -> bytes:
    [held] = element.find(clark("xenc:CipherData"))
    value = unfold(held.text or "")
    if value is None:
        raise SamlRefused("saml_structure", "HS-20", "xenc:CipherValue is not base64")
    return value


def _not_taken(what: str) -> SamlRefused:
    return SamlRefused("saml_algorithm", "HS-20", f"the partner must encrypt with {what}")
