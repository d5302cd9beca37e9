"""Reads the addressing of a response after the gate and before any key is used, to find its login (HS-17)."""

from __future__ import annotations

from dataclasses import dataclass, field

from broker.connectors.saml.errors import refuses_response
from broker.saml.parse import decode
from broker.saml.schema_gate import CheckedDocument, gate_response
from broker.saml.vocabulary import clark


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Unverified: used to find the login, and for nothing else. document: for `judge`, so that the message is parsed once."""

    in_response_to: str | None
    destination: str | None
    issuer: str
    document: CheckedDocument = field(repr=False)


def peek(raw: str) -> Envelope:
    """Pass the SAMLResponse field through the gate. Raises BadRequest(saml_decode), ResponseRefused."""
    with refuses_response():
        document = gate_response(decode(raw))
    root = document.root
    return Envelope(
        in_response_to=root.get("InResponseTo"),
        destination=root.get("Destination"),
        issuer=root.find(clark("saml:Issuer")).text or "",
        document=document,
    )
