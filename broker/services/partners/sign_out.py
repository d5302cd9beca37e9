"""Where a person can end the sign-in at a partner, too: what its document names, never fetched for that."""

from __future__ import annotations

from urllib.parse import urlencode

from broker.connectors.outbound.address_policy import HttpFailure, split_url
from broker.services.partners.documents import Partners
from broker.settings.model import PartnerFile


def sign_out_url(partners: Partners, partner: PartnerFile) -> str:
    """The end_session_endpoint of an OpenID provider with our client_id (RP-Initiated Logout 2); "" where none is known."""
    row = partners.rows(partner.id).get("discovery") if partner.oidc is not None else None
    if partner.oidc is None or row is None or row.body is None:
        return ""
    found = partners.read(row).get("end_session_endpoint")
    schemes = {"https", partner.oidc.issuer.partition(":")[0]}
    try:
        if not isinstance(found, str) or split_url(found).scheme not in schemes:
            return ""
    except HttpFailure:
        return ""
    return f"{found}{'&' if '?' in found else '?'}{urlencode({'client_id': partner.oidc.client_id})}"
