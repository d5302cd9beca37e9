"""Constructs the services of a login."""

from __future__ import annotations

from dataclasses import dataclass

from broker.composition.invitations import InvitationServices
from broker.composition.oauth import OAuthServices
from broker.composition.partners import PartnerServices
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.login.abandoned import Abandoned
from broker.services.login.access_panel import AccessPanel
from broker.services.login.actions import Choices
from broker.services.login.administrator_links import AdministratorLinks
from broker.services.login.completion import Completion
from broker.services.login.connector_steps import ConnectorSteps
from broker.services.login.consent import Redemption
from broker.services.login.context import LoginContexts
from broker.services.login.email_code import MailCodes
from broker.services.login.home_sign_out import HomeSignOuts
from broker.services.login.identity_changes import IdentityChanges
from broker.services.login.own_page_access import OwnPages
from broker.services.login.partner_logout import PartnerLogout
from broker.services.login.passkey_sign_in import PasskeySignIn
from broker.services.login.saml_logout import SamlLogout
from broker.services.login.saml_response import Acs
from broker.services.login.second_factor import Proving
from broker.services.login.sign_in import SignIn
from broker.services.login.terms import Terms
from broker.services.login.upstream import Upstream
from broker.services.login.verification_places import VerificationPlaces
from broker.services.messages.outbox import Outbox
from broker.services.policies.policies import Policies
from broker.services.rate_limits import RateLimits
from broker.services.sessions.sessions import Sessions
from broker.services.sign_up.connector import ConnectorClient
from broker.services.sign_up.sign_ups import SignUps


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginServices:
    """One service a step of a login."""

    abandoned: Abandoned
    access_panel: AccessPanel
    actions: Choices
    administrator_links: AdministratorLinks
    connector_steps: ConnectorSteps
    consent: Redemption
    context: LoginContexts
    email_code: MailCodes
    home_sign_out: HomeSignOuts
    identity_changes: IdentityChanges
    own_page_access: OwnPages
    partner_logout: PartnerLogout
    passkey_sign_in: PasskeySignIn
    saml_logout: SamlLogout
    saml_response: Acs
    second_factor: Proving
    sign_in: SignIn
    terms: Terms
    upstream: Upstream


def wire_login(
    core: Core,
    sealer: Sealer,
    outbox: Outbox,
    rate_limits: RateLimits,
    sessions: Sessions,
    policies: Policies,
    oauth: OAuthServices,
    partners: PartnerServices,
    invitations: InvitationServices,
    sign_ups: SignUps,
    threads: int | None,
) -> LoginServices:
    """threads: that answer requests in this process, where it serves."""
    context = LoginContexts(core, sessions, policies.book)
    open_login, own_pages = context.open_login, OwnPages(core, context)
    identity_changes = IdentityChanges(core.settings, outbox)
    completion = Completion(core.settings, sessions, oauth.grants, invitations.identity_mismatch, identity_changes)
    upstream = Upstream(core, partners.families, sealer)
    places = VerificationPlaces(threads)
    connectors = ConnectorSteps(core, open_login, ConnectorClient(partners.outbound_clients, core.clock))
    sign_in = SignIn(core, open_login, completion, sign_ups, partners.federation_search, connectors)
    return LoginServices(
        abandoned=Abandoned(core),
        access_panel=AccessPanel(core, own_pages, policies.book),
        actions=Choices(core, partners.federation_search),
        administrator_links=AdministratorLinks(core, sign_in),
        consent=Redemption(core, open_login, connectors),
        connector_steps=connectors,
        context=context,
        email_code=MailCodes(core, open_login, completion, outbox, sealer),
        home_sign_out=HomeSignOuts(core, partners.families, sealer),
        identity_changes=identity_changes,
        own_page_access=own_pages,
        partner_logout=PartnerLogout(core, partners.families, sessions, rate_limits),
        passkey_sign_in=PasskeySignIn(core, open_login, sealer, outbox),
        saml_logout=SamlLogout(core, partners.families, sessions, rate_limits, places),
        saml_response=Acs(core, partners.families, upstream, rate_limits, sealer, places),
        second_factor=Proving(core, open_login, sealer, outbox),
        sign_in=sign_in,
        terms=Terms(core, open_login),
        upstream=upstream,
    )
