"""OpenID Connect as a family of partners."""

from __future__ import annotations

from broker.connectors.claim_paths import heads
from broker.connectors.family import Family
from broker.connectors.mapping import Wire


def _callback(partner_id: str, _own: bool) -> str:
    """Each partner has an address of its own: responses of two providers cannot be mixed up (RFC 9700 4.4.2)."""
    return f"/oidc/{partner_id}/callback"


OIDC = Family(kind="oidc", title="OpenID Connect", wire=Wire.OIDC, callback=_callback, heads=heads)
