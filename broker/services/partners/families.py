"""Every partner of the files by its protocol: one line a protocol, as in `connectors/registry.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from broker.connectors.outbound.client import HttpClient
from broker.connectors.registry import callback_url
from broker.domain.connector import Connector
from broker.domain.errors import PageError, PartnerFailed
from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.services.partners.documents import PartnerDocuments
from broker.services.partners.family import PartnerFamily
from broker.services.partners.oidc.family import OidcPartners
from broker.services.partners.saml.family import SamlPartners
from broker.settings.load import Settings
from broker.settings.model import PartnerFile


class Partners:
    """A connector for each partner of the files, on documents that all nodes share."""

    def __init__(self, core: Core, keys: Keys, http: Callable[[Sequence[str]], HttpClient]) -> None:
        """http: the outbound client for a partner, from the URLs of its file."""
        self._settings = core.settings
        self.documents = PartnerDocuments(core, http)
        self.over_oidc = OidcPartners(core, keys, http, self.documents)
        self.over_saml = SamlPartners(core, keys, http, self.documents)
        self._families: Mapping[str, PartnerFamily] = {"oidc": self.over_oidc, "saml": self.over_saml}

    def family_of(self, partner: PartnerFile) -> PartnerFamily:
        """The services of the partner's protocol."""
        return self._families[partner.protocol]

    def connector(self, partner_id: str) -> Connector:
        """The connector of a partner. Raises PartnerFailed where no file names the partner any more."""
        partner = self._settings().partners.get(partner_id)
        if partner is None:
            raise PartnerFailed("partner_removed", f"config/partners/{partner_id}.yaml is gone")
        return self.family_of(partner).connector(partner)

    def renew(self, partner_id: str, ahead: int) -> bool:
        """Fetch the documents that will be stale in `ahead` seconds; True if the partner's newest copies are good."""
        partner = self._settings().partners.get(partner_id)
        if partner is None:
            return False
        try:
            self.family_of(partner).renew(partner, ahead)
        except PageError:
            return False
        return all(row.problem is None for row in self.documents.rows(partner_id).values())


def callback_of(settings: Settings, partner: PartnerFile) -> str:
    """Where the partner's responses arrive: the URL that the partner registers."""
    return callback_url(settings.issuer, partner.protocol, partner.id, own=partner.section.own_callback)
