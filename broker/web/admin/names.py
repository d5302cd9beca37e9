"""The names that pages of the portal say for client ids and partners' ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from broker.domain.mailbox import PARTNER as CODES
from broker.settings.load import Settings
from broker.settings.model import PartnerFile
from broker.web.i18n import Translator, _


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """company: whose broker this is. applications, partners: id -> name, of the files in force.

    federated: finds entities of federations, too.
    """

    company: str
    applications: Mapping[str, str] = field(default_factory=dict)
    partners: Mapping[str, str] = field(default_factory=dict)
    federated: Mapping[str, PartnerFile] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Names:
        """Those of the files."""
        return cls(
            company=settings.broker.organization.name,
            applications={key: file.name for key, file in settings.applications.items()},
            partners={key: file.name for key, file in settings.partners.items()},
            federated=settings.partners,
        )

    def application(self, client_id: str | None) -> str:
        """The name, or the id of an application that the files have no more."""
        return self.applications.get(client_id or "", client_id or "")

    def partner(self, partner: str | None, say: Translator) -> str:
        """The name, or the id of a partner that the files have no more; a code by e-mail is no partner."""
        if partner == CODES:
            return say.plain(_("code by e-mail"))
        found = self.federated.get(partner or "") if partner not in self.partners else None
        return found.name if found is not None else self.partners.get(partner or "", partner or "")
