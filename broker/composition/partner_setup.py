"""Constructs the services of the set-up of partners."""

from __future__ import annotations

from dataclasses import dataclass

from broker.services.core import Core
from broker.services.messages.outbox import Outbox
from broker.services.partner_setup.drafts import PartnerDrafts
from broker.services.partner_setup.links import SetupLinks


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSetupServices:
    """Links for a partner's IT, and drafts of partners' files."""

    drafts: PartnerDrafts
    links: SetupLinks


def wire_partner_setup(core: Core, outbox: Outbox) -> PartnerSetupServices:
    """Nothing here is in force."""
    return PartnerSetupServices(drafts=PartnerDrafts(core), links=SetupLinks(core, outbox))
