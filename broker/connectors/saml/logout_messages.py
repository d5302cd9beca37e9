"""Builds LogoutRequests and LogoutResponses with pysaml2's element classes (SAML core 3.7; profiles 4.4)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

from saml2 import saml, samlp

from broker.connectors.saml.name_ids import NameIdentifier
from broker.domain.times import iso

VALID_FOR: Final = 300  # seconds of NotOnOrAfter
_STATUS: Final = "urn:oasis:names:tc:SAML:2.0:status:"
_USER: Final = "urn:oasis:names:tc:SAML:2.0:logout:user"  # core 3.7.3


def logout_request(
    *, entity_id: str, destination: str, name: NameIdentifier, session_index: str | None, now: int
) -> tuple[str, bytes]:
    """A request to end the session that one assertion began; its ID of 160 random bits, and the unsigned XML.

    The NameID is the assertion's own, with the qualifiers that it had and no others (core 3.7.1).
    """
    identifier = _new_id()
    request = samlp.LogoutRequest(
        id=identifier,
        version="2.0",
        issue_instant=iso(now),
        not_on_or_after=iso(now + VALID_FOR),
        reason=_USER,
        destination=destination,
        issuer=saml.Issuer(text=entity_id),
        name_id=saml.NameID(
            text=name.value, format=name.form, name_qualifier=name.qualifier, sp_name_qualifier=name.sp_qualifier
        ),
        session_index=[samlp.SessionIndex(text=session_index)] if session_index else [],
    )
    return identifier, str(request).encode("utf-8")


def logout_response(*, entity_id: str, destination: str, in_response_to: str, status: Sequence[str], now: int) -> bytes:
    """The answer to a request, unsigned. status: words of core 3.2.2.2, the first one at the top."""
    code: samlp.StatusCode | None = None
    for word in reversed(status):
        code = samlp.StatusCode(value=_STATUS + word, status_code=code)
    response = samlp.LogoutResponse(
        id=_new_id(),
        version="2.0",
        issue_instant=iso(now),
        destination=destination,
        in_response_to=in_response_to,
        issuer=saml.Issuer(text=entity_id),
        status=samlp.Status(status_code=code),
    )
    return str(response).encode("utf-8")


def _new_id() -> str:
    return f"_{secrets.token_hex(20)}"  # an NCName begins with no digit
