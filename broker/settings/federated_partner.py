"""An entity of a federation as a partner: built from the federation's file and the metadata that was indexed, without a file of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import PrivateAttr

from broker.settings import names
from broker.settings.errors import Wrong
from broker.settings.federation_file import FederationFile
from broker.settings.partner_file import PartnerFile
from broker.settings.saml_section import SamlPartner

_PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


class FederatedSaml(SamlPartner):
    """The section of an entity: its metadata is in the database, so that nothing is called for it."""

    @property
    def calls(self) -> tuple[str, ...]:
        """None: the federation is asked, never the entity."""
        return ()


class FederatedPartner(PartnerFile):
    """A partner that no file names. Its `domains` are the scopes of its metadata that no partner's file claims."""

    _provider: Mapping[str, Any] = PrivateAttr(default_factory=dict)
    _error_url: str | None = PrivateAttr(None)

    def model_post_init(self, context: Any, /) -> None:
        """Takes the id and the stored metadata from the context."""
        super().model_post_init(context)
        if isinstance(context, dict):
            self._provider = context.get("provider", {})
            self._error_url = context.get("error_url")

    @property
    def file(self) -> str:
        """The federation's."""
        return f"config/federations/{self.id.partition('/')[0]}.yaml"

    @property
    def provider(self) -> Mapping[str, Any]:
        """The verified metadata, as `Idp.to_json` wrote it."""
        return self._provider

    @property
    def error_url(self) -> str | None:
        """Where the organization helps people whose sign-in failed."""
        return self._error_url


def federated_partner(
    federation: FederationFile,
    partner_id: str,
    *,
    entity_id: str,
    name: str,
    scopes: Iterable[str],
    provider: Mapping[str, Any],
    error_url: str | None,
) -> FederatedPartner:
    """The partner of one entity. scopes: those that it may vouch for."""
    saml = FederatedSaml.model_construct(
        metadata=f"federation {federation.id}",
        entity_id=entity_id,
        subject=federation.subject,
        name_id_format=_PERSISTENT if federation.subject == "name_id" else None,
    )
    values = {
        "name": name,
        "domains": [scope for scope in scopes if _is_domain(scope)],
        "hidden": federation.hidden,
        "saml": saml,
        "claims": dict(federation.claims),
        "trust": federation.trust,
    }
    context = {"id": partner_id, "provider": provider, "error_url": error_url}
    return FederatedPartner.model_validate(values, context=context)


def _is_domain(scope: str) -> bool:
    """Exact domains alone: `.example.org` would stand for all below it, which a scope never does."""
    try:
        return not scope.startswith(".") and names.domain(scope) == scope
    except Wrong:
        return False
