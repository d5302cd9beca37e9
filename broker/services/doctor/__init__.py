"""`broker doctor`: what an experienced federation engineer would look at, and who has to change what."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from broker.domain.assignment import Principal
from broker.domain.errors import NotFound
from broker.domain.private_addresses import counting
from broker.domain.receipt import Search
from broker.services import group_uses, saml_partners
from broker.services.doctor import application, live, own_keys, paper, past, saml, stored
from broker.services.doctor.application import ApplicationReport
from broker.services.doctor.finding import Finding, Level, Report, Side, in_order
from broker.services.keys import Keys
from broker.services.nodes import Nodes
from broker.services.partner_views import partner_view
from broker.services.partners import Partners
from broker.services.probe import Watching
from broker.settings.load import Settings
from broker.settings.model import PartnerFile
from broker.storage import assignments, audit, documents, logins, metadata_fetches, receipts, refusals
from broker.storage.engine import Database

__all__ = ["ApplicationReport", "Doctor", "Finding", "Level", "Report", "Side"]

_CHANGES = 3  # the newest changes of keys that are told


class Doctor:
    """Examines one partner or application: the file, what is stored, the provider itself, the last sign-ins. Changes nothing."""

    def __init__(
        self,
        db: Database,
        clock: Callable[[], int],
        settings: Callable[[], Settings],
        partners: Partners,
        nodes: Nodes,
        keys: Keys,
    ) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._partners = partners
        self._nodes = nodes
        self._keys = keys

    def examine(self, partner_id: str, *, offline: bool = False) -> Report:
        """The report. offline: without a visit to the provider. Raises NotFound for a partner that no file names."""
        settings = self._settings()
        partner = settings.partners.get(partner_id)
        if partner is None:
            known = ", ".join(sorted(settings.partners)[:20]) or "none"
            raise NotFound(f"there is no config/partners/{partner_id}.yaml; partners: {known}")
        redirect_uri = (
            f"{settings.issuer}/oidc/{partner_id}/callback" if partner.oidc else saml_partners.acs_url(settings, partner)
        )
        found = [*paper.look(settings, partner), *self._examine(settings, partner, redirect_uri, offline=offline)]
        issuer = partner.issuer or self._partners.entity_of(partner)
        return Report(partner.id, partner.name, partner.protocol, issuer, redirect_uri, in_order(found))

    def examine_application(self, client_id: str, *, offline: bool = False) -> ApplicationReport:
        """The report about one application. Raises NotFound for one that no file names."""
        settings, http = self._settings(), None
        file = settings.applications.get(client_id)
        if file is None:
            known = ", ".join(sorted(settings.applications)[:20]) or "none"
            raise NotFound(f"there is no config/applications/{client_id}.yaml; applications: {known}")
        with self._db.read() as tx:
            search = Search(application=client_id)
            facts = application.Known(
                receipts=[receipt for receipt, _ in receipts.newest(tx, search, application.NEWEST)],
                refusals=refusals.newest(tx, search, application.NEWEST),
                assigned=any(assignments.of_application(tx, client_id, kind, limit=1) for kind in Principal),
            )
            missing = group_uses.missing(tx, settings.policies)
        if not offline:
            own = [url for url in (file.jwks_uri,) if url is not None]
            http = Watching(counting(settings.broker.network.allow_private_addresses, own), "guest-broker")
        found = [*application.look(settings, file, facts, http), *paper.missing_groups(missing)]
        found += stored.nodes(self._nodes.seen(), settings.digest)
        if http is not None:
            http.close()
        return ApplicationReport(client_id, file.name, tuple(file.redirect_uris), in_order(found))

    def _examine(self, settings: Settings, partner: PartnerFile, redirect_uri: str, *, offline: bool) -> Iterator[Finding]:
        now = self._clock()
        with self._db.read() as tx:
            rows = documents.of_partner(tx, partner.id)
            newest = [receipt for receipt, _ in receipts.newest(tx, Search(partner=partner.id), past.NEWEST)]
            changes = audit.newest(tx, name="partner.keys_changed", target=partner.id, limit=_CHANGES)
            away = [at for at in logins.sent_out(tx, partner.id, now) if at <= now - past.AWAY]
        keys, clock = None, None
        if not offline:
            http = Watching(_allowed(settings, partner), "guest-broker")
            if partner.oidc is not None:
                view = partner_view(settings, partner)
                visit = live.Visit(partner.oidc, view, redirect_uri, http, self._partners.sign, now)
                yield from visit.look()
                keys = visit.keys
            else:
                yield from saml.look(settings, partner, self._partners.saml, http, now, rows.get("metadata"))
            http.close()
            clock = http.skew
        yield from stored.documents(partner, rows, now)
        yield from stored.key_changes(changes)
        yield from stored.against(rows.get("jwks"), keys)
        before = past.Past(newest, waiting=away)
        yield from self._own_keys(settings, partner, now, before.last_vouched)
        with self._db.read() as tx:
            missing = group_uses.missing(tx, settings.policies)
        yield from paper.missing_groups(missing)
        yield from past.look(before, partner, redirect_uri, clock)
        yield from stored.nodes(self._nodes.seen(), settings.digest)

    def _own_keys(self, settings: Settings, partner: PartnerFile, now: int, worked: int) -> Iterator[Finding]:
        """SAML only: an OIDC partner asks for our keys when it needs them."""
        if partner.saml is None:
            return
        changes = own_keys.changed(partner.saml, self._keys.list(), self._keys.keep)
        with self._db.read() as tx:
            own, common = (metadata_fetches.of(tx, name) for name in (partner.id, metadata_fetches.EVERYBODY))
            seen = {change.key.kid: metadata_fetches.partners_with(tx, change.key.kid) for change in changes}
        yield from own_keys.look(settings, partner, changes, own_keys.Readings(own=own, common=common), now, worked)
        for change in changes:
            yield from own_keys.others(settings, change, seen[change.key.kid], now)


def _allowed(settings: Settings, partner: PartnerFile) -> tuple[str, ...]:
    """The private addresses that count for this partner; those in a metadata file of ours are as good as configured."""
    listed = settings.broker.network.allow_private_addresses
    return counting(listed, partner.addresses) if partner.addresses else tuple(listed)
