"""The protocols that partners speak: one line each.

`services/partners/families.py` and `services/doctor/protocols.py` have a table with the same keys, for what needs the database or
produces a doctor's findings.
"""

from __future__ import annotations

from collections.abc import Mapping

from broker.connectors.family import Family
from broker.connectors.oidc.family import OIDC
from broker.connectors.saml.family import SAML

FAMILIES: Mapping[str, Family] = {family.kind: family for family in (OIDC, SAML)}


def callback_url(issuer: str, kind: str, partner_id: str, *, own: bool) -> str:
    """Where a partner's responses arrive: the URL that the partner registers. own: the file gives the partner an address of its own."""
    return issuer + FAMILIES[kind].callback(partner_id, own)
