"""The five kinds of config files, by the names everybody else uses."""

from __future__ import annotations

from broker.settings.application_file import ApplicationFile
from broker.settings.broker_file import BrokerFile
from broker.settings.federation_file import FederationFile
from broker.settings.oidc_section import OidcPartner
from broker.settings.partner_file import ClaimsMap, PartnerFile, Trust
from broker.settings.policy_file import PolicyFile
from broker.settings.saml_section import SamlPartner
from broker.settings.values import Section

MODELS: dict[str, type[Section]] = {
    "broker": BrokerFile,
    "partner": PartnerFile,
    "application": ApplicationFile,
    "policy": PolicyFile,
    "federation": FederationFile,
}

__all__ = [
    "MODELS",
    "ApplicationFile",
    "BrokerFile",
    "ClaimsMap",
    "FederationFile",
    "OidcPartner",
    "PartnerFile",
    "PolicyFile",
    "SamlPartner",
    "Trust",
]
