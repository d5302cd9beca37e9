"""A SAML partner's file, as the connector reads it, and our own names towards partners."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from broker.connectors.registry import callback_url
from broker.domain.errors import PartnerFailed
from broker.settings.federated_partner import FederatedPartner
from broker.settings.load import Settings
from broker.settings.model import PartnerFile, SamlPartner

if TYPE_CHECKING:
    from broker.connectors.saml.metadata import Idp
    from broker.connectors.saml.partner import SamlView


def saml_of(partner: PartnerFile) -> SamlPartner:
    """The `saml:` section. Raises PartnerFailed where the partner is reached otherwise."""
    if partner.saml is None:
        raise PartnerFailed("partner_protocol", f"partner {partner.id} is not reached over SAML")
    return partner.saml


def saml_sections(settings: Settings) -> dict[str, SamlPartner]:
    """The `saml:` sections of all files, by partner."""
    return {partner.id: partner.saml for partner in settings.partners.values() if partner.saml is not None}


def saml_view(partner: PartnerFile, idp: Idp, *, ruled: Callable[[str], bool]) -> SamlView:
    """What the SAML connector reads of a partner's file and metadata."""
    from broker.connectors.saml.partner import SamlView

    saml = saml_of(partner)
    return SamlView(
        id=partner.id,
        entity_id=idp.entity_id,
        signed=saml.signed,
        want_encrypted=saml.want_encrypted,
        subject=saml.subject,
        claims=dict(partner.claims),
        domains=tuple(partner.domains),
        trust_email=partner.trust.email,
        scopes=idp.scopes,
        ruled=ruled,
        skew=partner.allowed_clock_skew,
        bounded=isinstance(partner, FederatedPartner),
    )


def entity_id(settings: Settings) -> str:
    """Ours, towards every partner (contract: addresses)."""
    return f"{settings.issuer}/saml/metadata"


def metadata_url(settings: Settings, partner: PartnerFile) -> str:
    """Where a partner reads our metadata: at its own address, or for an entity of a federation at the common one."""
    return entity_id(settings) if isinstance(partner, FederatedPartner) else f"{settings.issuer}/saml/{partner.id}/metadata"


def acs_url(settings: Settings, partner: PartnerFile | None) -> str:
    """Where responses arrive: at the partner's own address if it may begin by itself (HS-40), else at the common one."""
    own = partner is not None and partner.section.own_callback
    return callback_url(settings.issuer, "saml", partner.id if partner is not None else "", own=own)


def slo_url(settings: Settings) -> str:
    """Where every partner sends messages of single logout: its Issuer says whose they are."""
    return f"{settings.issuer}/saml/slo"
