"""The broker of a home: `build` opens it; each part of `Broker` is constructed by its module of broker/composition/ at its first use."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from broker.composition.core import open_sealer, system_clock, wire_core
from broker.domain.times import Clock
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.metrics import Meter
from broker.settings.load import Settings
from broker.settings.reload import CurrentSettings

if TYPE_CHECKING:
    from broker.composition.access import AccessServices
    from broker.composition.applications import ApplicationServices
    from broker.composition.events import EventServices
    from broker.composition.factors import FactorServices
    from broker.composition.guests import GuestServices
    from broker.composition.history import HistoryServices
    from broker.composition.invitations import InvitationServices
    from broker.composition.jobs import JobServices
    from broker.composition.login import LoginServices
    from broker.composition.messages import MessageServices
    from broker.composition.oauth import OAuthServices
    from broker.composition.operations import OperationServices
    from broker.composition.partner_setup import PartnerSetupServices
    from broker.composition.partners import PartnerServices
    from broker.composition.policies import PolicyServices
    from broker.composition.reviews import ReviewServices
    from broker.services.access_requests.requests import AccessRequests
    from broker.services.attention import NeedsAttention
    from broker.services.doctor import Doctor
    from broker.services.keys.ring import Keys
    from broker.services.messages.outbox import Outbox
    from broker.services.operations.background import Background
    from broker.services.policies.policies import Policies
    from broker.services.rate_limits import RateLimits
    from broker.services.sessions.sessions import Sessions
    from broker.services.sign_up.sign_ups import SignUps


@dataclass(frozen=True, kw_only=True)
class Broker:
    """All services of one process, a record a subject. The floors above take what they need from here and construct nothing.

    A part is imported and constructed when it is first asked for, so that a command loads what it uses. A process that serves
    constructs all of them before its first thread (`complete`). home: the folder. meter: the figures of this process. threads: that
    answer requests in this process.
    """

    home: Path
    files: CurrentSettings
    core: Core
    sealer: Sealer
    meter: Meter
    threads: int | None = None

    @cached_property
    def keys(self) -> Keys:
        """The signing and decryption keys."""
        from broker.composition.core import wire_keys

        return wire_keys(self.core, self.sealer)

    @cached_property
    def rate_limits(self) -> RateLimits:
        """How often an address may try."""
        from broker.services.rate_limits import RateLimits

        return RateLimits(self.core)

    @cached_property
    def sessions(self) -> Sessions:
        """The sessions of people."""
        from broker.services.sessions.sessions import Sessions

        return Sessions(self.core)

    @cached_property
    def policies(self) -> Policies:
        """What the policies decide, and what they would."""
        from broker.composition.policies import wire_policies

        return wire_policies(self.core)

    @cached_property
    def policy_views(self) -> PolicyServices:
        """What the portal shows of policies."""
        from broker.composition.policies import wire_policy_views

        return wire_policy_views(self.core, self.rate_limits)

    @cached_property
    def access(self) -> AccessServices:
        """Applications, groups and assignments."""
        from broker.composition.access import wire_access

        return wire_access(self.core)

    @cached_property
    def applications(self) -> ApplicationServices:
        """Applications as staff look at them."""
        from broker.composition.applications import wire_applications

        return wire_applications(self.core, self.files)

    @cached_property
    def outbox(self) -> Outbox:
        """E-mails that wait."""
        from broker.composition.outbox import wire_outbox

        return wire_outbox(self.core, self.sealer)

    @cached_property
    def access_requests(self) -> AccessRequests:
        """Requests for access."""
        from broker.composition.access_requests import wire_access_requests

        return wire_access_requests(self.core, self.outbox)

    @cached_property
    def sign_ups(self) -> SignUps:
        """Sign-ups of people without an invitation."""
        from broker.services.sign_up.sign_ups import SignUps

        return SignUps(self.core, self.access_requests.making)

    @cached_property
    def reviews(self) -> ReviewServices:
        """Reviews of access."""
        from broker.composition.reviews import wire_reviews

        return wire_reviews(self.core, self.outbox)

    @cached_property
    def partners(self) -> PartnerServices:
        """Home organizations, and the way to them."""
        from broker.composition.partners import wire_partners

        return wire_partners(self.core, self.keys, self.threads)

    @cached_property
    def oauth(self) -> OAuthServices:
        """Codes, tokens, grants and logouts of applications."""
        from broker.composition.oauth import wire_oauth

        return wire_oauth(self.core, self.keys, self.sealer, self.rate_limits, self.access, self.partners, self.policies)

    @cached_property
    def events(self) -> EventServices:
        """Notices of guest events to those who listen."""
        from broker.composition.events import wire_events

        return wire_events(self.core, self.sealer, self.rate_limits, self.partners)

    @cached_property
    def invitations(self) -> InvitationServices:
        """Invitations."""
        from broker.composition.invitations import wire_invitations

        return wire_invitations(self.core, self.outbox, self.rate_limits)

    @cached_property
    def guests(self) -> GuestServices:
        """The guest directory and the life of a guest."""
        from broker.composition.guests import wire_guests

        return wire_guests(self.core, self.outbox, self.sessions)

    @cached_property
    def jobs(self) -> JobServices:
        """Work on many guests."""
        from broker.composition.jobs import wire_jobs

        return wire_jobs(self.core, self.invitations, self.access)

    @cached_property
    def login(self) -> LoginServices:
        """The steps of a login."""
        from broker.composition.login import wire_login

        return wire_login(
            self.core, self.sealer, self.outbox, self.rate_limits, self.sessions, self.policies, self.oauth, self.partners,
            self.invitations, self.sign_ups, self.threads,
        )  # fmt: skip

    @cached_property
    def factors(self) -> FactorServices:
        """Second factors."""
        from broker.composition.factors import wire_factors

        return wire_factors(self.core, self.outbox, self.sessions, self.login.context)

    @cached_property
    def messages(self) -> MessageServices:
        """E-mails, and questions that they ask."""
        from broker.composition.messages import wire_messages

        return wire_messages(
            self.core, self.outbox, self.guests, self.invitations, self.login, self.factors, self.access_requests
        )  # fmt: skip

    @cached_property
    def history(self) -> HistoryServices:
        """Receipts and the audit."""
        from broker.composition.history import wire_history

        return wire_history(self.core, self.sealer, self.home)

    @cached_property
    def operations(self) -> OperationServices:
        """Health, housekeeping, nodes, and files that change."""
        from broker.composition.operations import wire_operations

        return wire_operations(
            self.core, self.files, self.keys, self.outbox, self.history, self.guests, self.login, self.factors,
            self.access_requests, self.sign_ups, self.reviews, self.oauth, self.partners, self.events,
        )  # fmt: skip

    @cached_property
    def doctor(self) -> Doctor:
        """The checks of partners and applications."""
        from broker.composition.doctor import wire_doctor

        return wire_doctor(self.core, self.partners.families, self.operations.nodes, self.keys)

    @cached_property
    def attention(self) -> NeedsAttention:
        """What needs a person."""
        from broker.composition.attention import wire_attention

        return wire_attention(self.core)

    @cached_property
    def partner_setup(self) -> PartnerSetupServices:
        """Set-up links for partners' IT."""
        from broker.composition.partner_setup import wire_partner_setup

        return wire_partner_setup(
            self.core, self.outbox, self.keys, self.sealer, self.rate_limits, self.doctor, self.operations.catalog
        )

    def complete(self) -> Broker:
        """Construct every part now: two threads must not construct one each."""
        for name, part in vars(type(self)).items():
            if isinstance(part, cached_property):
                getattr(self, name)
        return self

    def in_background(self, wake: SimpleQueue[None] | None = None) -> Background:
        """The threads of a serving process; `.start()` them after the fork. wake: an entry makes them look at the files now."""
        from broker.composition.operations import background

        return background(
            self.operations, self.outbox, self.oauth.logout_notices, self.events.deliveries, self.jobs.batches,
            self.history.audit_chain, wake,
        )  # fmt: skip

    def close(self) -> None:
        """Closes the connections to the database, and the idle ones to others."""
        if "partners" in vars(self):
            self.partners.outbound_clients.close()
        self.core.db.close()


def build(
    home: Path,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Clock = system_clock,
    before: Broker | None = None,
    threads: int | None = None,
    meter: Callable[[Callable[[], Settings]], Meter] = Meter,
) -> Broker:
    """The broker of a home. Raises ConfigErrors for bad files, KeyFileError for missing or unsafe root keys.

    before: the broker of the process that this one was forked from. Its files and root keys serve, so that a file that was broken
    since then does not stop the new process. threads: that answer requests in this process, where it serves. meter: makes the
    figures of a process that shares them with others.
    """
    files = before.files if before else CurrentSettings(home, environ if environ is not None else os.environ)
    figures = meter(files.get)
    core = wire_core(files, home, clock, figures)
    sealer = before.sealer if before else open_sealer(home)
    return Broker(home=home, files=files, core=core, sealer=sealer, meter=figures, threads=threads)
