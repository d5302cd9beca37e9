"""What the OIDC connector is handed of a partner's file."""

from __future__ import annotations

from collections.abc import Callable

from broker.connectors.oidc.partner import PartnerView
from broker.domain.errors import PartnerFailed
from broker.settings.load import Settings
from broker.settings.model import PartnerFile


def partner_view(settings: Settings, partner: PartnerFile, *, ruled: Callable[[str], bool] = lambda _claim: False) -> PartnerView:
    """The view of one partner. Raises PartnerFailed where it is not reached over OIDC."""
    oidc = partner.oidc
    if oidc is None:
        raise PartnerFailed("partner_protocol", f"partner {partner.id} is not reached over OIDC")
    certificate = oidc.client_assertion.certificate
    return PartnerView(
        id=partner.id,
        issuer=oidc.issuer,
        client_id=oidc.client_id,
        client_secret=oidc.client_secret.get_secret_value() if oidc.client_secret is not None else None,
        private_key_jwt=oidc.client_authentication == "private_key_jwt",
        scopes=tuple(oidc.scopes),
        require_claims=dict(oidc.require_claims),
        assertion_audience=oidc.client_assertion.audience,
        assertion_certificate=settings.path(certificate).read_text(encoding="ascii") if certificate else None,
        claims=dict(partner.claims),
        domains=tuple(partner.domains),
        trust_email=partner.trust.email,
        ruled=ruled,
        skew=partner.allowed_clock_skew,
    )
