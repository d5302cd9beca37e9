"""SAML 2.0 as a family of partners."""

from __future__ import annotations

from broker.connectors.family import Family
from broker.connectors.mapping import Wire


def _callback(partner_id: str, own: bool) -> str:
    """One address for all partners, except those that may begin a sign-in by themselves (HS-40)."""
    return f"/saml/{partner_id}/acs" if own else "/saml/acs"


SAML = Family(
    kind="saml", title="SAML", wire=Wire.SAML, callback=_callback, exact_contexts=True
)  # core 3.3.2.2.1: comparison="exact"
