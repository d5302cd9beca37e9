"""Fetches a partner's documents by hand: metadata, or discovery and keys (HS-36, HO-6)."""

from __future__ import annotations

from broker.domain.audit import Actor, Event
from broker.domain.errors import NotFound
from broker.services.core import Core
from broker.services.history import audit
from broker.services.partners.families import Partners
from broker.services.partners.family import Refreshed
from broker.settings.federated_partner import FederatedPartner


class PartnerRefresh:
    """One use case: staff need not wait until a copy is stale or somebody signs in."""

    def __init__(self, core: Core, partners: Partners) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._partners = partners

    def refresh(self, actor: Actor, partner_id: str) -> list[Refreshed]:
        """Fetch, check and keep every document of a partner; if one fails, the last good copies stay.

        Raises NotFound, PartnerFailed with the reason of the document that cannot be fetched or used.
        """
        partner = self._settings().partners.get(partner_id)
        if isinstance(partner, FederatedPartner):
            name = partner_id.partition("/")[0]
            raise NotFound(f"{partner_id} comes with its federation; write: broker partners refresh {name}")
        if partner is None:
            known = ", ".join(sorted(self._settings().partners)[:20]) or "none"
            raise NotFound(f"there is no config/partners/{partner_id}.yaml; partners: {known}")
        found = self._partners.family_of(partner).refresh(partner)
        data = {"documents": [one.document for one in found]}
        with self._db.write() as tx:
            audit.record(tx, Event(name="partner.refreshed", actor=actor, target=partner_id, data=data), self._clock())
        return found
