"""Constructs the services of partners."""

from __future__ import annotations

from dataclasses import dataclass

from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.services.partners.documents import Partners
from broker.services.partners.metadata_readers import MetadataFetches
from broker.services.partners.outbound_clients import OutboundClients
from broker.services.partners.refresh import PartnerRefresh


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerServices:
    """Partners' documents, the clients that fetch them, and who reads our metadata."""

    documents: Partners
    metadata_readers: MetadataFetches
    outbound_clients: OutboundClients
    refresh: PartnerRefresh


def wire_partners(core: Core, keys: Keys, threads: int | None) -> PartnerServices:
    """threads: that answer requests in this process, where it serves."""
    clients = OutboundClients(core.settings, threads)
    documents = Partners(core, keys, clients)
    return PartnerServices(
        documents=documents,
        metadata_readers=MetadataFetches(core, keys),
        outbound_clients=clients,
        refresh=PartnerRefresh(core, documents),
    )
