"""The services of partners over SAML: connector, metadata, our own metadata (HS-36 to HS-41).

The connector is imported where it is used: lxml, xmlsec and pysaml2 add a third of a second to a start, which a company without
SAML partners need not spend.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from broker.connectors.outbound.client import HttpClient
from broker.domain.connector import Outbound
from broker.domain.errors import PartnerFailed, PartnerUntrusted
from broker.domain.federation import entity_hash
from broker.services.addresses import canonical
from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.services.partners import known_claims
from broker.services.partners.documents import METADATA, PartnerDocuments
from broker.services.partners.family import Refreshed, refreshed_keys
from broker.services.partners.saml.metadata import SamlMetadata
from broker.services.partners.saml.metadata_readers import MetadataFetches
from broker.services.partners.saml.our_side import OurSide
from broker.services.partners.saml.view import saml_of, saml_view
from broker.settings.model import PartnerFile

if TYPE_CHECKING:
    from broker.connectors.saml.connector import SamlConnector
    from broker.connectors.saml.envelope import Envelope
    from broker.connectors.saml.metadata import Idp
    from broker.connectors.saml.single_logout import SingleLogout

_PAUSE = "HS-36: the metadata was fetched for another new key less than a minute ago; sign in again in a minute"


class SamlPartners:
    """Every partner that is reached over SAML."""

    def __init__(self, core: Core, keys: Keys, http: Callable[[Sequence[str]], HttpClient], documents: PartnerDocuments) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._documents = documents
        self.metadata = SamlMetadata(core, http, documents)
        self.our_side = OurSide(core, keys)
        self.metadata_readers = MetadataFetches(core, keys)
        self._entities: dict[tuple[str, str], str] = {}

    def partner(self, partner_id: str) -> PartnerFile | None:
        """The partner's file, if there is one and it is reached over SAML."""
        partner = self._settings().partners.get(partner_id)
        return partner if partner is not None and partner.saml is not None else None

    def connector(self, partner: PartnerFile) -> SamlConnector:
        """The connector, on metadata that is fresh. Raises PartnerFailed."""
        return self._connector(partner, self.metadata.idp(partner))

    def visiting(self, partner: PartnerFile, http: HttpClient) -> SamlConnector:
        """The connector on the metadata as it is at the partner now; nothing is kept. Raises PartnerFailed."""
        return self._connector(partner, self.metadata.visit(partner, http))

    def for_response(self, partner_id: str) -> SamlConnector:
        """The connector for a response that arrived, on stored metadata: a response never causes a fetch (HS-36).

        Raises PartnerFailed.
        """
        partner = self._settings().partners.get(partner_id)
        if partner is None:
            raise PartnerFailed("partner_removed", f"config/partners/{partner_id}.yaml is gone")
        return self._connector(partner, self.metadata.idp(partner, fetch=False))

    def with_new_keys(self, partner_id: str, tried: SamlConnector) -> SamlConnector | None:
        """The connector for a response that no key of `tried` verifies: on metadata with other keys.

        They are the stored ones, if another request stored them meanwhile; else the metadata is fetched again: once a partner
        and KID_PAUSE over all nodes, as for an unknown kid of an ID token (HO-6, HS-36). None if the metadata has no other
        key, or is a file, which is read whenever it changes. Raises PartnerUntrusted(saml_key_pause) if another new key was
        stored within the interval: the partner did nothing wrong.
        """
        partner = self.partner(partner_id)
        if partner is None or not partner.section.calls:
            return None
        held_back: list[bool] = []
        stored = self.metadata.idp(partner, fetch=False)
        if tried.has_other_keys(stored):
            return self._connector(partner, stored)
        fetched = self.metadata.idp(partner, refresh=True, held_back=lambda: held_back.append(True))
        if tried.has_other_keys(fetched):
            return self._connector(partner, fetched)
        if held_back and self._documents.changed_keys(partner.id):
            raise PartnerUntrusted("saml_key_pause", _PAUSE)
        return None

    def of_entity(self, entity: str) -> list[PartnerFile]:
        """The partners whose entity id this is, byte for byte (HS-18); nothing is fetched (HS-36)."""
        return [
            partner
            for partner in self._settings().partners.values()
            if partner.saml is not None and entity and self._entity(partner) == entity
        ] + self._in_federations(entity)

    def _in_federations(self, entity: str) -> list[PartnerFile]:
        """The partners of federations with this entity id."""
        settings = self._settings()
        ids = [f"{name}/{entity_hash(entity)}" for name in settings.federations] if entity else []
        found = [partner for one in ids if (partner := settings.partners.get(one)) is not None]
        return [partner for partner in found if partner.issuer == entity]

    def single_logout(self, partner: PartnerFile) -> SingleLogout:
        """Single logout with a partner, on stored metadata: no message of logout causes a fetch (HS-36). Raises PartnerFailed."""
        return self.our_side.single_logout(partner, self.metadata.idp(partner, fetch=False))

    def check_name_id(self, partner_id: str, envelope: Envelope) -> None:
        """Refuse a response without the NameID that the partner's file names as the account, before any key is used (SR-39)."""
        from broker.connectors.saml.subject import check_name_id

        partner = self.partner(partner_id)
        if partner is not None:
            check_name_id(envelope.document.assertion, partner.section.account_source)

    def renew(self, partner: PartnerFile, ahead: int) -> None:
        """Fetch the metadata if it will be stale in `ahead` seconds. Raises PartnerFailed."""
        self.metadata.idp(partner, ahead=ahead)

    def refresh(self, partner: PartnerFile) -> list[Refreshed]:
        """Fetch and keep the metadata now. Raises PartnerFailed."""
        idp, before = self.metadata.refresh(partner)
        new = {key.spki: key.sha256 for key in idp.keys}
        old = {key.spki: key.sha256 for key in before.keys} if before is not None else new
        return [refreshed_keys(METADATA, saml_of(partner).metadata, old, new, idp.left_out)]

    def issuer_of(self, partner: PartnerFile) -> str:
        """The entity id of the file or of the stored metadata; empty if neither names it."""
        try:
            return partner.issuer or self.metadata.idp(partner, fetch=False).entity_id
        except PartnerFailed:
            return ""

    def our_name(self, _partner: PartnerFile) -> str:
        """Every partner knows us by our entity id."""
        return "our entity id"

    def takes_sign_out(self, partner: PartnerFile, home: str) -> bool:
        """Whether the stored metadata names a single logout service, and the session kept the NameID."""
        try:
            return bool(home and self.metadata.idp(partner, fetch=False).logout)
        except PartnerFailed:
            return False

    def sign_out(self, partner: PartnerFile, home: str, _state: str) -> Outbound | None:
        """A signed LogoutRequest; its answer names its ID (profiles 4.4.3.1). Raises PartnerFailed."""
        return self.single_logout(partner).request(home, self._clock()) if home else None

    def _entity(self, partner: PartnerFile) -> str:
        """The entity id of a partner; one that only its metadata names is read once, because it never changes (HS-3)."""
        if partner.issuer:
            return partner.issuer
        key = (partner.id, saml_of(partner).metadata)
        if key not in self._entities and (found := self.issuer_of(partner)):
            self._entities[key] = found
        return self._entities.get(key, "")

    def _connector(self, partner: PartnerFile, idp: Idp) -> SamlConnector:
        from broker.connectors.saml.connector import SamlConnector

        return SamlConnector(
            saml_view(partner, idp, ruled=lambda claim: known_claims.is_ruled(self._db, partner.id, claim)),
            self.our_side.towards(partner),
            lambda: idp,
            self._clock,
            name_id_format=saml_of(partner).name_id_format,
            canonical_email=canonical,
        )
