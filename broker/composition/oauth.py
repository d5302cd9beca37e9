"""Constructs the services of codes, tokens and client authentication."""

from __future__ import annotations

from dataclasses import dataclass

from broker.composition.access import AccessServices
from broker.composition.partners import PartnerServices
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.keys.ring import Keys
from broker.services.oauth.api_access import ApiAccess
from broker.services.oauth.client_authentication import Clients
from broker.services.oauth.client_jwks import ClientKeys
from broker.services.oauth.device_requests import DeviceRequests
from broker.services.oauth.encryption import ResponseEncryption
from broker.services.oauth.grants import Grants
from broker.services.oauth.issuer_keys import IssuerKeys
from broker.services.oauth.logout_notices import LogoutNotices
from broker.services.oauth.proofs import Proofs
from broker.services.oauth.pushed_requests import PushedRequests
from broker.services.oauth.request_objects import RequestObjects
from broker.services.policies.policies import Policies
from broker.services.rate_limits import RateLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthServices:
    """How applications authenticate, what they get, and how they learn that a session ended."""

    api_access: ApiAccess
    client_authentication: Clients
    client_jwks: ClientKeys
    issuer_keys: IssuerKeys
    device_requests: DeviceRequests
    encryption: ResponseEncryption
    grants: Grants
    logout_notices: LogoutNotices
    proofs: Proofs
    pushed_requests: PushedRequests
    request_objects: RequestObjects


def wire_oauth(
    core: Core,
    keys: Keys,
    sealer: Sealer,
    rate_limits: RateLimits,
    access: AccessServices,
    partners: PartnerServices,
    policies: Policies,
) -> OAuthServices:
    """partners: its outbound clients also fetch the key sets of applications, and tell applications of logouts."""
    find = access.applications.view
    client_jwks = ClientKeys(core, partners.outbound_clients)
    issuer_keys = IssuerKeys(core, partners.outbound_clients)
    encryption = ResponseEncryption(client_jwks.encryption_key)
    grants = Grants(core, keys, sealer, find, policies.book, encryption)
    request_objects = RequestObjects(core, client_jwks.of)
    return OAuthServices(
        api_access=ApiAccess(core, rate_limits, find, policies.book),
        client_authentication=Clients(core, find, rate_limits, client_jwks.of, client_jwks.certificates, issuer_keys.of),
        client_jwks=client_jwks,
        issuer_keys=issuer_keys,
        device_requests=DeviceRequests(core, find, rate_limits),
        encryption=encryption,
        grants=grants,
        logout_notices=LogoutNotices(core, keys, partners.outbound_clients),
        proofs=Proofs(core, sealer),
        pushed_requests=PushedRequests(core, find, grants.hint, request_objects.parameters, rate_limits),
        request_objects=request_objects,
    )
