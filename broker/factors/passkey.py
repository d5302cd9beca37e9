"""Passkeys and security keys (Web Authentication Level 3): what is asked of the browser, and what its answer proves.

The library checks type, challenge, origin, RP ID, flags and signature; the caller, which stores the counter, compares it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from broker.domain.factor import Factor
from broker.jose.encoding import b64url_decode, b64url_encode, parse_object

MAX_ANSWER = 32 * 1024  # bytes of an answer's JSON
_TIMEOUT = 300_000  # milliseconds that a browser waits for the person
_TRANSPORTS = frozenset("usb nfc ble smart-card hybrid internal".split())


class PasskeyRefused(Exception):
    """The answer does not prove what was asked. reason: for log and audit; never what came."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new credential. id, public_key: base64url."""

    id: str
    public_key: str
    sign_count: int
    verified: bool
    synced: bool
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A credential that was used. count: what its counter says now."""

    count: int
    verified: bool
    synced: bool


def new_challenge() -> str:
    """256 random bits, base64url (13.4.3)."""
    return secrets.token_urlsafe(32)


def rp_id(issuer: str) -> str:
    """The RP ID: the issuer's host."""
    return urlsplit(issuer).hostname or ""


def origin(issuer: str) -> str:
    """The one origin whose answers count."""
    parts = urlsplit(issuer)
    return f"{parts.scheme}://{parts.netloc}"


def creation(
    issuer: str,
    *,
    challenge: str,
    company: str,
    person_id: str,
    account: str,
    name: str,
    held: Sequence[Factor],
    verify: bool,
    discoverable: bool = False,
) -> dict[str, Any]:
    """Options of navigator.credentials.create(), as JSON (5.4). held: what the person has already.

    verify: a key that cannot tell who holds it is of no use. discoverable: nor is one that cannot name the account.
    """
    return {
        "rp": {"id": rp_id(issuer), "name": company},
        "user": {"id": b64url_encode(person_id.encode()), "name": account, "displayName": name or account},
        "challenge": challenge,
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-8, -7, -257)],  # EdDSA, ES256, RS256
        "timeout": _TIMEOUT,
        "attestation": "none",
        "excludeCredentials": _descriptors(held),
        "authenticatorSelection": {
            "residentKey": "required" if discoverable else "preferred",
            "userVerification": "required" if verify else "preferred",
        },
    }


def request(issuer: str, *, challenge: str, held: Sequence[Factor], verify: bool) -> dict[str, Any]:
    """Options of navigator.credentials.get(), as JSON (5.5)."""
    return {
        "rpId": rp_id(issuer),
        "challenge": challenge,
        "timeout": _TIMEOUT,
        "allowCredentials": _descriptors(held),
        "userVerification": "required" if verify else "preferred",
    }


def credential_of(answer: str) -> str:
    """The id of the credential that an answer speaks for. Raises PasskeyRefused."""
    found = _read(answer).get("id")
    if not isinstance(found, str) or not 0 < len(found) <= 1400 or not found.isascii():
        raise PasskeyRefused("passkey_format")
    return found


def user_of(answer: str) -> str:
    """The account that the authenticator names (userHandle, 5.2.2): the id of a person, as `creation` sent it. Raises PasskeyRefused."""
    response = _read(answer).get("response")
    said = response.get("userHandle") if isinstance(response, dict) else None
    try:
        return b64url_decode(said).decode("ascii") if isinstance(said, str) and len(said) <= 100 else ""
    except ValueError:
        raise PasskeyRefused("passkey_format") from None


def made(answer: str, *, issuer: str, challenge: str, verify: bool) -> Made:
    """Verify the answer to `creation` (7.1). Raises PasskeyRefused."""
    from webauthn import verify_registration_response  # half a second: only where a passkey is used
    from webauthn.helpers.structs import CredentialDeviceType

    read = _read(answer)
    try:
        found = verify_registration_response(
            credential=read,
            expected_challenge=b64url_decode(challenge),
            expected_rp_id=rp_id(issuer),
            expected_origin=origin(issuer),
            require_user_verification=verify,
        )
    except Exception as error:  # whatever a hostile answer makes a parser raise, it is a refusal
        raise PasskeyRefused("passkey_answer") from error
    return Made(
        id=b64url_encode(found.credential_id),
        public_key=b64url_encode(found.credential_public_key),
        sign_count=found.sign_count,
        verified=found.user_verified,
        synced=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        transports=_transports(read),
    )


def used(answer: str, *, issuer: str, challenge: str, factor: Factor, verify: bool) -> Used:
    """Verify the answer to `request` (7.2, but step 22: the counter). Raises PasskeyRefused."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.structs import CredentialDeviceType

    try:
        found = verify_authentication_response(
            credential=_read(answer),
            expected_challenge=b64url_decode(challenge),
            expected_rp_id=rp_id(issuer),
            expected_origin=origin(issuer),
            credential_public_key=b64url_decode(factor.public_key),
            credential_current_sign_count=0,  # compared and set by one statement, where it is kept
            require_user_verification=verify,
        )
    except Exception as error:
        raise PasskeyRefused("passkey_answer") from error
    return Used(
        count=found.new_sign_count,
        verified=found.user_verified,
        synced=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )


def _descriptors(held: Sequence[Factor]) -> list[dict[str, Any]]:
    return [
        {"type": "public-key", "id": factor.credential, **({"transports": list(factor.transports)} if factor.transports else {})}
        for factor in held
        if factor.credential is not None
    ]


def _transports(read: dict[str, Any]) -> tuple[str, ...]:
    response = read.get("response")
    said = response.get("transports") if isinstance(response, dict) else None
    return (
        tuple(one for one in said if one in _TRANSPORTS)[:6]
        if isinstance(said, list) and all(isinstance(one, str) for one in said)
        else ()
    )


def _read(answer: str) -> dict[str, Any]:
    """Strict JSON, as everywhere: two parsers must not read it differently (RX-04)."""
    try:
        return parse_object(answer.encode(), max_bytes=MAX_ANSWER, exact=True)
    except ValueError:
        raise PasskeyRefused("passkey_format") from None
