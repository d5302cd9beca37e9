"""The section `saml:` of a partner's file."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo

from broker.settings import urls
from broker.settings.errors import Wrong
from broker.settings.protocol_section import Certificate, ProtocolSection
from broker.settings.values import Text, home_of

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")  # RFC 3986 3.1


def metadata_source(value: object, info: ValidationInfo) -> str:
    """A URL, or a file that exists."""
    if isinstance(value, str) and ("://" in value or _SCHEME.match(value)):  # `data:` and `file:` are no files of ours (SM-08)
        return urls.outbound(value)
    if not isinstance(value, str) or not value:
        raise Wrong("is empty; write the URL or the file of the partner's metadata")
    home = home_of(info)
    if home is not None and not (home / value).is_file():
        raise Wrong("{value} is neither a URL nor a file; write https://HOST/PATH or a path relative to the home", value=value)
    return value


def _signed(value: object) -> object:
    """CF-04: there is no value for a partner that signs nothing."""
    if value in (None, False, "none", "neither", ""):
        raise Wrong("lets unsigned messages in (partner_unsigned); write response, assertion, both or either")
    return value


class SamlPartner(ProtocolSection):
    """The partner's identity provider, over SAML 2.0."""

    metadata: Annotated[str, BeforeValidator(metadata_source)] = Field(
        description="URL or file; a URL is refreshed on its own validity.", examples=["https://idp.fabrikam.example/metadata"]
    )
    entity_id: Text | None = Field(default=None, description="Needed when the metadata holds several entities.")
    metadata_certificate: Certificate | None = Field(default=None, description="PEM file: the metadata must be signed by it.")
    sign_requests: bool = Field(default=True, description="Whether our requests are signed.")
    signed: Annotated[Literal["response", "assertion", "both", "either"], BeforeValidator(_signed)] = Field(
        default="either", description="What the partner signs; at least one, always verified."
    )
    want_encrypted: bool = Field(
        default=False, description="Only encrypted assertions, and our encryption key is published for this partner."
    )
    subject: Text = Field(default="name_id", description="name_id, or the Name of the attribute that identifies the person.")
    name_id_format: Text | None = Field(
        default=None,
        description="Requests ask for it only if given. If the partner answers `InvalidNameIDPolicy`, the broker asks once more without a format.",
    )
    allow_idp_initiated: bool = Field(
        default=False, description="An unsolicited response starts an ordinary sign-in; it is never read."
    )

    @property
    def names_issuer(self) -> str | None:
        """The entity id."""
        return self.entity_id

    @property
    def calls(self) -> tuple[str, ...]:
        """The address of the metadata; none where it is a file."""
        return (self.metadata,) if "://" in self.metadata else ()

    @property
    def own_callback(self) -> bool:
        """HS-40: a partner that may begin by itself has an address of its own."""
        return self.allow_idp_initiated

    @property
    def account_source(self) -> str:
        """`saml.subject`."""
        return self.subject
