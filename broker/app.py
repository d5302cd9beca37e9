"""The one place that constructs: from a home folder to everything that serves it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from broker.connectors.outbound.client import HttpClient
from broker.domain.question import QuestionKind
from broker.keyring.root import load_roots
from broker.keyring.seal import Sealer
from broker.provider.application import ApplicationView
from broker.services.access.applications import Applications
from broker.services.access.assignments import Assignments
from broker.services.access.groups import Groups
from broker.services.access_requests.requests import AccessRequests
from broker.services.doctor import Doctor
from broker.services.factors.own_methods import Methods
from broker.services.factors.reset import FactorResets
from broker.services.guests.directory import Guests
from broker.services.guests.expiry import Ends
from broker.services.guests.lifecycle import GuestLife
from broker.services.guests.self_service import SelfService
from broker.services.guests.sponsors import Sponsors
from broker.services.history.audit_chain import AuditChain
from broker.services.history.audit_export import AuditLog
from broker.services.history.audit_heads import Heads
from broker.services.history.receipts import Receipts
from broker.services.invitations.identity_mismatch import Mismatches
from broker.services.invitations.invitations import Invitations
from broker.services.invitations.links import Tickets
from broker.services.invitations.rebinding import GuestRebinding
from broker.services.invitations.resend import Fresh
from broker.services.invitations.sent import SentInvitations
from broker.services.keys.ring import Keys
from broker.services.login.access_panel import AccessPanel
from broker.services.login.actions import Choices
from broker.services.login.completion import Completion
from broker.services.login.consent import Redemption
from broker.services.login.context import LoginContexts
from broker.services.login.email_code import MailCodes
from broker.services.login.identity_changes import IdentityChanges
from broker.services.login.own_page_access import OwnPages
from broker.services.login.saml_response import Acs
from broker.services.login.second_factor import Proving
from broker.services.login.sign_in import SignIn
from broker.services.login.terms import Terms
from broker.services.login.upstream import Upstream
from broker.services.messages.mail_questions import Questions
from broker.services.messages.outbox import Outbox, Write
from broker.services.oauth.client_authentication import Clients
from broker.services.oauth.client_jwks import ClientKeys
from broker.services.oauth.grants import Grants
from broker.services.operations.background import Background
from broker.services.operations.catalog import Catalog
from broker.services.operations.health import Health
from broker.services.operations.housekeeping import Housekeeping
from broker.services.operations.nodes import Nodes
from broker.services.operations.reload import Reload
from broker.services.partners.documents import Partners
from broker.services.partners.metadata_readers import MetadataFetches
from broker.services.partners.outbound_clients import OutboundClients
from broker.services.partners.refresh import PartnerRefresh
from broker.services.policies.policies import InForce, Policies
from broker.services.rate_limits import RateLimits
from broker.services.sessions.sessions import Sessions
from broker.settings.load import Settings
from broker.settings.reload import CurrentSettings
from broker.storage.engine import Database


def system_clock() -> int:
    """Seconds since 1970, UTC."""
    return int(time.time())


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Everything, built. Floors above take what they need from here; nothing else constructs."""

    current: CurrentSettings
    clock: Callable[[], int]
    db: Database
    sealer: Sealer
    keys: Keys
    attempts: RateLimits
    applications: Applications
    clients: Clients
    partners: Partners
    metadata_fetches: MetadataFetches
    sessions: Sessions
    grants: Grants
    policies: Policies
    own_pages: OwnPages
    panel: AccessPanel
    login_contexts: LoginContexts
    sign_in: SignIn
    choices: Choices
    upstream: Upstream
    acs: Acs
    proving: Proving
    methods: Methods
    factor_resets: FactorResets
    terms: Terms
    redemption: Redemption
    mail_codes: MailCodes
    invitations: Invitations
    sent_invitations: SentInvitations
    fresh: Fresh
    moving: GuestRebinding
    outbox: Outbox
    guests: Guests
    groups: Groups
    assignments: Assignments
    access_requests: AccessRequests
    life: GuestLife
    account: SelfService
    sponsors: Sponsors
    questions: Questions
    receipts: Receipts
    health: Health
    http: Callable[[Sequence[str]], HttpClient]
    nodes: Nodes
    reload: Reload
    audit_chain: AuditChain
    audit_log: AuditLog
    housekeeping: Housekeeping
    doctor: Doctor
    catalog: Catalog
    partner_refresh: PartnerRefresh

    @property
    def settings(self) -> CurrentSettings:
        """The files in force: `.get()`."""
        return self.current

    def provider_view(self, client_id: str) -> ApplicationView | None:
        """An application as the provider sees it, by client_id."""
        return self.applications.view(client_id)

    def in_background(self, wake: SimpleQueue[None] | None = None) -> Background:
        """What a serving process does beside answering; `.start()` it after the fork."""
        return Background(self.reload, self.nodes, self.housekeeping, self.outbox, wake, watch=self.audit_chain.watch)

    def close(self) -> None:
        """Give connections back."""
        self.db.close()


@contextmanager
def open_policies(home: Path) -> Iterator[Policies]:
    """What staff ask about policies, without keys and without the rest. Raises ConfigErrors."""
    current = CurrentSettings(home, os.environ)
    db = Database(current.get().broker.database, base=home)
    try:
        yield Policies(db, system_clock, current.get, InForce(current.get))
    finally:
        db.close()


class Writer:
    """What writes mails: on the web's floor, with its templates and catalogues; loaded by the first mail only."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._held: Write | None = None

    def __call__(self) -> Write:
        """Mail -> words."""
        if self._held is None:
            from broker.web.mails import Mails

            self._held = Mails(self._settings).write
        return self._held


def build(
    home: Path,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], int] = system_clock,
    before: Broker | None = None,
    threads: int | None = None,
) -> Broker:
    """The broker of a home. Raises ConfigErrors for bad files, KeyFileError for missing or unsafe root keys.

    before: one whose files and root keys were read already, in the process that this one was forked from; it then
    starts whatever became of the files meanwhile. threads: of this process, where it serves.
    """
    current = before.current if before else CurrentSettings(home, environ if environ is not None else os.environ)
    now = current.get
    db = Database(now().broker.database, base=home)
    sealer = before.sealer if before else Sealer(load_roots(home / "keys"))
    keys = Keys(db, sealer, clock, keep=max(86_400, now().broker.tokens.id + 600))
    http = OutboundClients(now, threads)
    attempts = RateLimits(db, clock)
    applications = Applications(now)
    partners = Partners(db, clock, now, keys, http)
    sessions = Sessions(db, clock, now)
    in_force = InForce(now)
    grants = Grants(db, clock, now, keys, applications.view, in_force)
    client_keys, nodes = ClientKeys(db, clock, http), Nodes(db, clock, now)
    outbox = Outbox(db, clock, now, lambda: sealer, Writer(now))
    tickets = Tickets(now, outbox)
    mismatches, changes = Mismatches(now, outbox, tickets), IdentityChanges(now, outbox)
    contexts = LoginContexts(db, clock, now, sessions, in_force)
    open_login, own_pages = contexts.open_login, OwnPages(db, clock, contexts)
    completion = Completion(now, sessions, grants, mismatches, changes)
    life, guests = GuestLife(db, clock, now), Guests(db, clock, now)
    sponsors, ends = Sponsors(db, clock, now), Ends(db, clock, now, outbox)
    upstream = Upstream(db, clock, now, partners, lambda: sealer)
    audit_chain = AuditChain(db, clock, lambda: sealer, lambda: now().broker.retention.audit, Heads(home))
    factor_resets, requests = FactorResets(db, clock, now, open_login, outbox), AccessRequests(db, clock, now, outbox)
    return Broker(
        current=current,
        clock=clock,
        db=db,
        sealer=sealer,
        keys=keys,
        attempts=attempts,
        applications=applications,
        clients=Clients(
            db=db,
            clock=clock,
            issuer=lambda: now().issuer,
            applications=applications.view,
            attempts=attempts,
            keys=client_keys.of,
        ),
        partners=partners,
        metadata_fetches=MetadataFetches(db, clock, keys),
        sessions=sessions,
        grants=grants,
        policies=Policies(db, clock, now, in_force),
        own_pages=own_pages,
        panel=AccessPanel(db, clock, now, own_pages, in_force),
        sign_in=SignIn(db, clock, now, open_login, completion),
        login_contexts=contexts,
        choices=Choices(db, clock, now),
        upstream=upstream,
        acs=Acs(db, clock, now, partners, upstream, attempts, lambda: sealer, threads),
        proving=Proving(db, now, open_login, lambda: sealer, outbox),
        factor_resets=factor_resets,
        methods=Methods(db, clock, sessions, outbox),
        terms=Terms(db, now, open_login),
        redemption=Redemption(db, now, open_login),
        mail_codes=MailCodes(db, now, open_login, completion, outbox, lambda: sealer),
        invitations=Invitations(db, clock, now, tickets),
        sent_invitations=SentInvitations(db, clock, now, tickets),
        fresh=Fresh(db, clock, now, attempts, tickets),
        moving=GuestRebinding(db, clock, now, tickets),
        outbox=outbox,
        groups=Groups(db, clock, now),
        assignments=Assignments(db, clock, now),
        access_requests=requests,
        guests=guests,
        account=SelfService(db, clock, now, guests, sessions, life),
        life=life,
        questions=Questions(
            db,
            clock,
            now,
            {
                QuestionKind.RENEW: life.answers(),
                QuestionKind.MISMATCH: mismatches.answers(),
                QuestionKind.IDENTITY: changes.answers(),
                QuestionKind.FACTOR_RESET: factor_resets.answers(),
                QuestionKind.FIRST_METHOD: factor_resets.answers(),
                QuestionKind.ACCESS: requests.answers(),
            },
        ),
        sponsors=sponsors,
        receipts=Receipts(db, clock),
        health=Health(db, clock, keys),
        http=http,
        nodes=nodes,
        reload=Reload(db, clock, current),
        audit_chain=audit_chain,
        audit_log=AuditLog(db, clock),
        housekeeping=Housekeeping(
            db, clock, now, partners, client_keys, outbox, audit_chain, sponsors, ends, factor_resets, requests
        ),
        doctor=Doctor(db, clock, now, partners, nodes, keys),
        catalog=Catalog(db, clock, now),
        partner_refresh=PartnerRefresh(db, clock, now, partners),
    )
