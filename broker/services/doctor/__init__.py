"""`broker doctor`: examines a partner or an application and names the causes of failed sign-ins.

Owns: the checks of keys, partners, applications and the database, and for each finding which side has to change what.
Does not know: how a finding is displayed. It changes nothing.
Offers: `Doctor`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from broker.domain.assignment import Principal
from broker.domain.audit import Actor
from broker.domain.errors import NotFound
from broker.domain.private_addresses import counting
from broker.domain.receipt import Search
from broker.domain.subscription import Subscription
from broker.domain.times import DAY
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.services.doctor import (
    application,
    config_checks,
    database_checks,
    sign_in_history,
)
from broker.services.doctor.application import ApplicationReport
from broker.services.doctor.finding import DoctorReport, Finding, Level, Side, in_order
from broker.services.doctor.protocols import CHECKS, Examined
from broker.services.doctor.rollover import Rehearsed
from broker.services.events.subscription_listener import listener_name
from broker.services.events.webhooks import WebhookListener
from broker.services.keys.ring import Keys
from broker.services.operations.nodes import Nodes
from broker.services.partners.families import Partners, callback_of
from broker.services.partners.provider_probe import Watching
from broker.services.policies import group_uses
from broker.settings.load import Settings
from broker.settings.model import PartnerFile
from broker.storage.delivery import delivery_queue
from broker.storage.delivery.delivery_queue import DeliveryCounts
from broker.storage.directory import assignments
from broker.storage.engine import Connection
from broker.storage.history import audit
from broker.storage.login import logins, receipts, refusals
from broker.storage.oauth import logout_notices
from broker.storage.operations import event_deliveries, subscriptions
from broker.storage.partners import documents

__all__ = ["ApplicationReport", "Doctor", "DoctorReport", "Finding", "Level", "Side"]

_OF_THE_BROKER = ("policy_group", "nodes", "webhooks")  # checks whose findings are the same for every application
_CHANGES = 3  # changes of keys that are shown, newest first


class Doctor:
    """Examines one partner or application: file, stored documents, provider, recent sign-ins. Changes nothing."""

    def __init__(self, core: Core, partners: Partners, nodes: Nodes, keys: Keys) -> None:
        self._core = core
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
        found = [*self._examine(settings, partner, offline=offline)]
        issuer = self._partners.family_of(partner).issuer_of(partner)
        register = callback_of(settings, partner)
        return DoctorReport(partner.id, partner.name, partner.protocol, issuer, register, in_order(found))

    def rehearse(self, partner: PartnerFile) -> tuple[Rehearsed, ...]:
        """What would happen at the next change of the partner's key, and of ours. Visits nobody."""
        examined = Examined(
            core=self._core,
            settings=self._settings(),
            partner=partner,
            partners=self._partners,
            keys=self._keys,
            now=self._clock(),
        )
        return tuple(CHECKS[partner.protocol](examined).rehearse(self._partners.documents.rows(partner.id)))

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
                notices=delivery_queue.counts(tx, logout_notices.QUEUE, client_id, self._clock() - application.NOTICE_DAYS * DAY),
            )
            missing = group_uses.missing(tx, settings.policies)
            webhooks, subscribed = self._webhooks(tx, settings), self._subscribed(tx, client_id)
        if not offline:
            own = [url for url in (file.jwks_uri, *(one.issuer for one in file.trusted_issuers)) if url is not None]
            http = Watching(counting(settings.broker.network.allow_private_addresses, own), "guest-broker")
        found = [*application.look(settings, file, facts, http), *config_checks.missing_groups(missing)]
        found += [*database_checks.nodes(self._nodes.seen(), settings.digest), *database_checks.webhooks(webhooks)]
        found += application.subscribed(subscribed)
        if http is not None:
            http.close()
        return ApplicationReport(client_id, file.name, tuple(file.redirect_uris), in_order(found))

    def application_for(self, actor: Actor, client_id: str) -> ApplicationReport:
        """The report for a member of staff, without a visit to anybody. An owner reads what concerns their application only (AD-01).

        Raises Forbidden, NotFound.
        """
        settings = self._settings()
        with self._db.read() as tx:
            rights = require(tx, settings, actor, Right.SEE_APPLICATIONS, self._clock())
        if not rights.over_application(Right.SEE_APPLICATIONS, client_id):
            raise NotFound(f"there is no application {client_id!r}", "application_unknown")
        report = self.examine_application(client_id, offline=True)
        if rights.may_everywhere(Right.SEE_APPLICATIONS):
            return report
        return replace(report, findings=tuple(one for one in report.findings if one.check not in _OF_THE_BROKER))

    def _webhooks(self, tx: Connection, settings: Settings) -> dict[str, DeliveryCounts]:
        since = self._clock() - database_checks.EVENT_DAYS * DAY
        listeners = {one.id: WebhookListener(one).name for one in settings.broker.webhooks}
        return {name: delivery_queue.counts(tx, event_deliveries.QUEUE, listener, since) for name, listener in listeners.items()}

    def _subscribed(self, tx: Connection, client_id: str) -> list[tuple[Subscription, DeliveryCounts]]:
        now = self._clock()
        since, found = now - database_checks.EVENT_DAYS * DAY, subscriptions.of_application(tx, client_id, now)
        return [(one, delivery_queue.counts(tx, event_deliveries.QUEUE, listener_name(one.id), since)) for one in found]

    def _examine(self, settings: Settings, partner: PartnerFile, *, offline: bool) -> Iterator[Finding]:
        now = self._clock()
        examined = Examined(
            core=self._core, settings=settings, partner=partner, partners=self._partners, keys=self._keys, now=now
        )
        checks = CHECKS[partner.protocol](examined)
        yield from config_checks.look(settings, partner, checks.file())
        with self._db.read() as tx:
            rows = documents.of_partner(tx, partner.id)
            newest = [receipt for receipt, _ in receipts.newest(tx, Search(partner=partner.id), sign_in_history.NEWEST)]
            changes = audit.newest(tx, name="partner.keys_changed", target=partner.id, limit=_CHANGES)
            away = [at for at in logins.sent_out(tx, partner.id, now) if at <= now - sign_in_history.AWAY]
        clock = None
        if not offline:
            http = Watching(_allowed(settings, partner), "guest-broker")
            yield from checks.visit(http, rows)
            http.close()
            clock = http.skew
        yield from database_checks.documents(rows, now)
        yield from database_checks.key_changes(changes)
        yield from checks.stored(rows)
        before = sign_in_history.Past(newest, waiting=away)
        yield from checks.our_keys(before.last_vouched)
        with self._db.read() as tx:
            missing = group_uses.missing(tx, settings.policies)
            webhooks = self._webhooks(tx, settings)
        yield from database_checks.webhooks(webhooks)
        yield from config_checks.missing_groups(missing)
        whom = self._partners.family_of(partner).our_name(partner)
        registered = f"{callback_of(settings, partner)} registered, exactly so, for {whom}"
        yield from sign_in_history.look(before, partner, registered, clock)
        yield from database_checks.nodes(self._nodes.seen(), settings.digest)


def _allowed(settings: Settings, partner: PartnerFile) -> tuple[str, ...]:
    """The private addresses that are allowed for this partner; addresses in a metadata file of ours count as configured."""
    listed = settings.broker.network.allow_private_addresses
    return counting(listed, partner.addresses) if partner.addresses else tuple(listed)
