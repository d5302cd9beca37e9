"""Constructs the services of partners."""

from __future__ import annotations

from dataclasses import dataclass

from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.services.partners.families import Partners
from broker.services.partners.federation_catalog import FederationCatalog
from broker.services.partners.federation_index import FederationIndex
from broker.services.partners.federation_search import FederationSearch
from broker.services.partners.outbound_clients import OutboundClients
from broker.services.partners.refresh import PartnerRefresh


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerServices:
    """Connectors and documents of partners, and the clients that fetch them."""

    families: Partners
    outbound_clients: OutboundClients
    refresh: PartnerRefresh
    federation_index: FederationIndex
    federation_catalog: FederationCatalog
    federation_search: FederationSearch


def wire_partners(core: Core, keys: Keys, threads: int | None) -> PartnerServices:
    """threads: that answer requests in this process, where it serves."""
    clients = OutboundClients(core.settings, threads)
    partners, federations = Partners(core, keys, clients), FederationIndex(core, clients)
    return PartnerServices(
        families=partners,
        outbound_clients=clients,
        refresh=PartnerRefresh(core, partners),
        federation_index=federations,
        federation_catalog=FederationCatalog(core, federations),
        federation_search=FederationSearch(core),
    )
