"""`broker doctor`: what an experienced federation engineer would look at.

Owns: the checks of keys, partners, applications and the database, and for each finding who has to change what.
Does not know: how a finding is shown, and how to mend it without a person.
Offers: `Doctor`.
"""

from __future__ import annotations

from collections.abc import Iterator

from broker.domain.assignment import Principal
from broker.domain.errors import NotFound
from broker.domain.private_addresses import counting
from broker.domain.receipt import Search
from broker.services.core import Core
from broker.services.doctor import (
    application,
    config_checks,
    database_checks,
    our_saml_keys,
    provider_checks,
    saml_checks,
    sign_in_history,
)
from broker.services.doctor.application import ApplicationReport
from broker.services.doctor.finding import DoctorReport, Finding, Level, Side, in_order
from broker.services.keys.ring import Keys
from broker.services.operations.nodes import Nodes
from broker.services.partners import saml
from broker.services.partners.documents import Partners
from broker.services.partners.provider_probe import Watching
from broker.services.partners.views import partner_view
from broker.services.policies import group_uses
from broker.settings.load import Settings
from broker.settings.model import PartnerFile
from broker.storage.directory import assignments
from broker.storage.history import audit
from broker.storage.login import logins, receipts, refusals
from broker.storage.partners import documents, metadata_readers

__all__ = ["ApplicationReport", "Doctor", "DoctorReport", "Finding", "Level", "Side"]

_CHANGES = 3  # the newest changes of keys that are told


class Doctor:
    """Examines one partner or application: the file, what is stored, the provider itself, the last sign-ins. Changes nothing."""

    def __init__(self, core: Core, partners: Partners, nodes: Nodes, keys: Keys) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._partners = partners
        self._nodes = nodes
        self._keys = keys

    def examine(self, partner_id: str, *, offline: bool = False) -> DoctorReport:
        """The report. offline: without a visit to the provider. Raises NotFound for a partner that no file names."""
        settings = self._settings()
        partner = settings.partners.get(partner_id)
        if partner is None:
            known = ", ".join(sorted(settings.partners)[:20]) or "none"
            raise NotFound(f"there is no config/partners/{partner_id}.yaml; partners: {known}")
        redirect_uri = f"{settings.issuer}/oidc/{partner_id}/callback" if partner.oidc else saml.acs_url(settings, partner)
        found = [*config_checks.look(settings, partner), *self._examine(settings, partner, redirect_uri, offline=offline)]
        issuer = partner.issuer or self._partners.entity_of(partner)
        return DoctorReport(partner.id, partner.name, partner.protocol, issuer, redirect_uri, in_order(found))

    def examine_application(self, client_id: str, *, offline: bool = False) -> ApplicationReport:
        """The report about one application. Raises NotFound for one that no file names."""
        settings, http = self._settings(), None
        file = settings.applications.get(client_id)
        if file is None:
            known = ", ".join(sorted(settings.applications)[:20]) or "none"
            raise NotFound(f"there is no config/applications/{client_id}.yaml; applications: {known}")
        with self._db.read() as tx:
            search = Search(application=client_id)
            facts = application.ApplicationRecords(
                receipts=[receipt for receipt, _ in receipts.newest(tx, search, application.NEWEST)],
                refusals=refusals.newest(tx, search, application.NEWEST),
                assigned=any(assignments.of_application(tx, client_id, kind, limit=1) for kind in Principal),
            )
            missing = group_uses.missing(tx, settings.policies)
        if not offline:
            own = [url for url in (file.jwks_uri,) if url is not None]
            http = Watching(counting(settings.broker.network.allow_private_addresses, own), "guest-broker")
        found = [*application.look(settings, file, facts, http), *config_checks.missing_groups(missing)]
        found += database_checks.nodes(self._nodes.seen(), settings.digest)
        if http is not None:
            http.close()
        return ApplicationReport(client_id, file.name, tuple(file.redirect_uris), in_order(found))

    def _examine(self, settings: Settings, partner: PartnerFile, redirect_uri: str, *, offline: bool) -> Iterator[Finding]:
        now = self._clock()
        with self._db.read() as tx:
            rows = documents.of_partner(tx, partner.id)
            newest = [receipt for receipt, _ in receipts.newest(tx, Search(partner=partner.id), sign_in_history.NEWEST)]
            changes = audit.newest(tx, name="partner.keys_changed", target=partner.id, limit=_CHANGES)
            away = [at for at in logins.sent_out(tx, partner.id, now) if at <= now - sign_in_history.AWAY]
        keys, clock = None, None
        if not offline:
            http = Watching(_allowed(settings, partner), "guest-broker")
            if partner.oidc is not None:
                view = partner_view(settings, partner)
                visit = provider_checks.ProviderVisit(partner.oidc, view, redirect_uri, http, self._partners.sign, now)
                yield from visit.look()
                keys = visit.keys
            else:
                yield from saml_checks.look(settings, partner, self._partners.saml, http, now, rows.get("metadata"))
            http.close()
            clock = http.skew
        yield from database_checks.documents(partner, rows, now)
        yield from database_checks.key_changes(changes)
        yield from database_checks.against(rows.get("jwks"), keys)
        before = sign_in_history.Past(newest, waiting=away)
        yield from self._own_keys(settings, partner, now, before.last_vouched)
        with self._db.read() as tx:
            missing = group_uses.missing(tx, settings.policies)
        yield from config_checks.missing_groups(missing)
        yield from sign_in_history.look(before, partner, redirect_uri, clock)
        yield from database_checks.nodes(self._nodes.seen(), settings.digest)

    def _own_keys(self, settings: Settings, partner: PartnerFile, now: int, worked: int) -> Iterator[Finding]:
        """SAML only: an OIDC partner asks for our keys when it needs them."""
        if partner.saml is None:
            return
        changes = our_saml_keys.changed(partner.saml, self._keys.list(), self._keys.keep)
        with self._db.read() as tx:
            own, common = (metadata_readers.of(tx, name) for name in (partner.id, metadata_readers.EVERYBODY))
            seen = {change.key.kid: metadata_readers.partners_with(tx, change.key.kid) for change in changes}
        yield from our_saml_keys.look(settings, partner, changes, our_saml_keys.Readings(own=own, common=common), now, worked)
        for change in changes:
            yield from our_saml_keys.others(settings, change, seen[change.key.kid], now)


def _allowed(settings: Settings, partner: PartnerFile) -> tuple[str, ...]:
    """The private addresses that count for this partner; those in a metadata file of ours are as good as configured."""
    listed = settings.broker.network.allow_private_addresses
    return counting(listed, partner.addresses) if partner.addresses else tuple(listed)
