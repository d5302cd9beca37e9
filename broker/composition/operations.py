"""Constructs the services of operation."""

from __future__ import annotations

from dataclasses import dataclass
from queue import SimpleQueue

from broker.composition.events import EventServices
from broker.composition.factors import FactorServices
from broker.composition.guests import GuestServices
from broker.composition.history import HistoryServices
from broker.composition.login import LoginServices
from broker.composition.oauth import OAuthServices
from broker.composition.partners import PartnerServices
from broker.composition.reviews import ReviewServices
from broker.services.access_requests.requests import AccessRequests
from broker.services.core import Core
from broker.services.events.deliveries import EventDeliveries
from broker.services.history.audit_chain import AuditChain
from broker.services.jobs.batches import JobBatches
from broker.services.keys.ring import Keys
from broker.services.messages.outbox import Outbox
from broker.services.oauth.logout_notices import LogoutNotices
from broker.services.operations.background import Background
from broker.services.operations.catalog import Catalog
from broker.services.operations.figures import Figures
from broker.services.operations.health import Health
from broker.services.operations.housekeeping import Housekeeping
from broker.services.operations.nodes import Nodes
from broker.services.operations.reload import Reload
from broker.services.sign_up.sign_ups import SignUps
from broker.settings.reload import CurrentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationServices:
    """What keeps a node running."""

    catalog: Catalog
    figures: Figures
    health: Health
    housekeeping: Housekeeping
    nodes: Nodes
    reload: Reload


def wire_operations(
    core: Core,
    files: CurrentSettings,
    keys: Keys,
    outbox: Outbox,
    history: HistoryServices,
    guests: GuestServices,
    login: LoginServices,
    factors: FactorServices,
    requests: AccessRequests,
    sign_ups: SignUps,
    reviews: ReviewServices,
    oauth: OAuthServices,
    partners: PartnerServices,
    events: EventServices,
) -> OperationServices:
    """Housekeeping calls one service of each subject that has rows to delete or documents to renew."""
    housekeeping = Housekeeping(
        core,
        partners.families,
        oauth.client_jwks,
        partners.federation_index,
        outbox,
        oauth.logout_notices,
        events.deliveries,
        history.audit_chain,
        guests.sponsors,
        guests.expiry,
        login.abandoned,
        factors.reset,
        requests,
        sign_ups,
        reviews.upkeep,
    )
    health, nodes = Health(core, keys), Nodes(core)
    return OperationServices(
        catalog=Catalog(core),
        figures=Figures(core, keys, health, nodes),
        health=health,
        housekeeping=housekeeping,
        nodes=nodes,
        reload=Reload(core, files),
    )


def background(
    services: OperationServices,
    outbox: Outbox,
    logout_notices: LogoutNotices,
    events: EventDeliveries,
    batches: JobBatches,
    audit_chain: AuditChain,
    wake: SimpleQueue[None] | None,
) -> Background:
    """The background threads of one serving process."""
    return Background(
        services.reload,
        services.nodes,
        services.housekeeping,
        outbox,
        logout_notices,
        events,
        batches,
        wake,
        watch=audit_chain.watch,
    )
