"""The view of a partner's file that the OIDC connector reads."""

from __future__ import annotations

from collections.abc import Callable

from broker.connectors.oidc.client_assertion import SECRET_METHODS
from broker.connectors.oidc.partner import PartnerView, SecretJwt
from broker.domain.errors import PartnerFailed
from broker.settings.load import Settings
from broker.settings.model import OidcPartner, PartnerFile


def oidc_of(partner: PartnerFile) -> OidcPartner:
    """The `oidc:` section. Raises PartnerFailed where the partner is reached otherwise."""
    if partner.oidc is None:
        raise PartnerFailed("partner_protocol", f"partner {partner.id} is not reached over OIDC")
    return partner.oidc


def partner_view(settings: Settings, partner: PartnerFile, *, ruled: Callable[[str], bool] = lambda _claim: False) -> PartnerView:
    """The view of one partner. Raises PartnerFailed where it is not reached over OIDC."""
    oidc = oidc_of(partner)
    certificate = oidc.client_assertion.certificate
    return PartnerView(
        id=partner.id,
        issuer=oidc.issuer,
        client_id=oidc.client_id,
        client_secret=oidc.client_secret.get_secret_value() if oidc.client_secret is not None else None,
        secret_jwt=_secret_jwt(settings, oidc),
        secret_method=oidc.client_authentication if oidc.client_authentication in SECRET_METHODS else None,
        private_key_jwt=oidc.client_authentication == "private_key_jwt",
        form_post=oidc.response_mode == "form_post",
        send_max_age=oidc.send_max_age,
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


def _secret_jwt(settings: Settings, oidc: OidcPartner) -> SecretJwt | None:
    found = oidc.client_secret_jwt
    if found is None:
        return None
    return SecretJwt(team_id=found.team_id, key_id=found.key_id, key=settings.path(found.key).read_text(encoding="ascii"))
