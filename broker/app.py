"""Builds the broker of a home: `build` calls the modules of broker/composition/ in order; each constructs one subject."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from broker.composition.access import AccessServices, wire_access
from broker.composition.access_requests import wire_access_requests
from broker.composition.attention import wire_attention
from broker.composition.core import open_sealer, system_clock, wire_core, wire_keys
from broker.composition.doctor import wire_doctor
from broker.composition.factors import FactorServices, wire_factors
from broker.composition.guests import GuestServices, wire_guests
from broker.composition.history import HistoryServices, wire_history
from broker.composition.invitations import InvitationServices, wire_invitations
from broker.composition.jobs import JobServices, wire_jobs
from broker.composition.login import LoginServices, wire_login
from broker.composition.messages import MessageServices, wire_messages, wire_outbox
from broker.composition.oauth import OAuthServices, wire_oauth
from broker.composition.operations import OperationServices, background, wire_operations
from broker.composition.partner_setup import PartnerSetupServices, wire_partner_setup
from broker.composition.partners import PartnerServices, wire_partners
from broker.composition.policies import wire_policies
from broker.composition.reviews import ReviewServices, wire_reviews
from broker.domain.times import Clock
from broker.keyring.seal import Sealer
from broker.services.access_requests.requests import AccessRequests
from broker.services.attention import NeedsAttention
from broker.services.core import Core
from broker.services.doctor import Doctor
from broker.services.keys.ring import Keys
from broker.services.operations.background import Background
from broker.services.policies.policies import Policies
from broker.services.rate_limits import RateLimits
from broker.services.sessions.sessions import Sessions
from broker.settings.reload import CurrentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """All services of one process, a record a subject. The floors above take what they need from here and construct nothing."""

    files: CurrentSettings
    core: Core
    sealer: Sealer
    keys: Keys
    rate_limits: RateLimits
    sessions: Sessions
    policies: Policies
    access: AccessServices
    access_requests: AccessRequests
    reviews: ReviewServices
    partners: PartnerServices
    oauth: OAuthServices
    invitations: InvitationServices
    guests: GuestServices
    jobs: JobServices
    login: LoginServices
    factors: FactorServices
    messages: MessageServices
    history: HistoryServices
    operations: OperationServices
    doctor: Doctor
    attention: NeedsAttention
    partner_setup: PartnerSetupServices

    def in_background(self, wake: SimpleQueue[None] | None = None) -> Background:
        """The threads of a serving process; `.start()` them after the fork. wake: an entry makes them look at the files now."""
        return background(
            self.operations, self.messages.outbox, self.oauth.logout_notices, self.jobs.batches, self.history.audit_chain, wake
        )

    def close(self) -> None:
        """Closes the connections to the database, and the idle ones to others."""
        self.partners.outbound_clients.close()
        self.core.db.close()


@contextmanager
def open_policies(home: Path) -> Iterator[Policies]:
    """The policies of a home; it needs no keys. Raises ConfigErrors."""
    core = wire_core(CurrentSettings(home, os.environ), home, system_clock)
    try:
        yield wire_policies(core)
    finally:
        core.db.close()


def build(
    home: Path,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Clock = system_clock,
    before: Broker | None = None,
    threads: int | None = None,
) -> Broker:
    """The broker of a home. Raises ConfigErrors for bad files, KeyFileError for missing or unsafe root keys.

    before: the broker of the process that this one was forked from. Its files and root keys serve, so that a file that was broken
    since then does not stop the new process. threads: that answer requests in this process, where it serves.
    """
    files = before.files if before else CurrentSettings(home, environ if environ is not None else os.environ)
    core = wire_core(files, home, clock)
    sealer = before.sealer if before else open_sealer(home)
    keys, rate_limits, sessions, policies = wire_keys(core, sealer), RateLimits(core), Sessions(core), wire_policies(core)
    access, partners, outbox = wire_access(core), wire_partners(core, keys, threads), wire_outbox(core, sealer)
    oauth = wire_oauth(core, keys, rate_limits, access, partners, policies)
    invitations = wire_invitations(core, outbox, rate_limits)
    guests, requests, reviews = (
        wire_guests(core, outbox, sessions),
        wire_access_requests(core, outbox),
        wire_reviews(core, outbox),
    )
    jobs = wire_jobs(core, invitations, access)
    login = wire_login(core, sealer, outbox, rate_limits, sessions, policies, oauth, partners, invitations, threads)
    factors = wire_factors(core, outbox, sessions, login.context)
    messages = wire_messages(core, outbox, guests, invitations, login, factors, requests)
    history = wire_history(core, sealer, home)
    operations = wire_operations(core, files, keys, outbox, history, guests, login, factors, requests, reviews, oauth, partners)
    return Broker(
        files=files,
        core=core,
        sealer=sealer,
        keys=keys,
        rate_limits=rate_limits,
        sessions=sessions,
        policies=policies,
        access=access,
        access_requests=requests,
        reviews=reviews,
        partners=partners,
        oauth=oauth,
        invitations=invitations,
        guests=guests,
        jobs=jobs,
        login=login,
        factors=factors,
        messages=messages,
        history=history,
        operations=operations,
        doctor=wire_doctor(core, partners.families, operations.nodes, keys),
        attention=wire_attention(core),
        partner_setup=wire_partner_setup(core, outbox),
    )
