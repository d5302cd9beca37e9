"""Constructs the services of the set-up of partners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from broker.connectors.outbound.client import HttpClient
from broker.connectors.outbound.text_records import TextRecords
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.doctor import Doctor
from broker.services.keys.ring import Keys
from broker.services.messages.outbox import Outbox
from broker.services.operations.catalog import Catalog
from broker.services.partner_setup.connection import Connections
from broker.services.partner_setup.domain_proof import DomainProofs
from broker.services.partner_setup.drafts import PartnerDrafts
from broker.services.partner_setup.links import SetupLinks
from broker.services.partner_setup.proposals import SetupProposals
from broker.services.partner_setup.shared_health import PartnerHealth
from broker.services.partner_setup.trial_login import TrialLogins
from broker.services.partner_setup.written_proposals import WrittenProposals
from broker.services.partners.families import Partners
from broker.services.rate_limits import RateLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSetupServices:
    """Links for a partner's IT, what is entered behind them, and drafts of partners' files."""

    connection: Connections
    domain_proof: DomainProofs
    drafts: PartnerDrafts
    links: SetupLinks
    proposals: SetupProposals
    shared_health: PartnerHealth
    trial_login: TrialLogins
    written_proposals: WrittenProposals


def wire_partner_setup(
    core: Core, outbox: Outbox, keys: Keys, sealer: Sealer, rate_limits: RateLimits, doctor: Doctor, catalog: Catalog
) -> PartnerSetupServices:
    """Nothing here is in force."""
    links = SetupLinks(core, outbox)

    def families(own: Core, http: Callable[[Sequence[str]], HttpClient]) -> Partners:
        return Partners(own, keys, http)

    return PartnerSetupServices(
        connection=Connections(core, links, keys, families, sealer, rate_limits),
        domain_proof=DomainProofs(core, links, TextRecords(), rate_limits),
        drafts=PartnerDrafts(core),
        links=links,
        proposals=SetupProposals(core, sealer),
        shared_health=PartnerHealth(core, doctor, catalog),
        trial_login=TrialLogins(core, links, keys, families, sealer, rate_limits),
        written_proposals=WrittenProposals(core),
    )
