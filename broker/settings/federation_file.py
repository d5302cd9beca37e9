"""config/federations/FEDERATION.yaml: many identity providers by one signed metadata, each of them a partner."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo

from broker.settings import urls
from broker.settings.errors import Wrong
from broker.settings.partner_file import ClaimsMap, Trust
from broker.settings.protocol_section import Certificate
from broker.settings.saml_section import metadata_source
from broker.settings.values import Listed, NamedFile, Section, Text

MDQ = "mdq:"


def _metadata(value: object, info: ValidationInfo) -> str:
    """A URL, a file, or `{mdq: URL}`, which becomes the text `mdq:URL`."""
    if not isinstance(value, dict):
        return metadata_source(value, info)
    if list(value) != ["mdq"]:
        raise Wrong("is no source of metadata; write a URL, a file, or {mdq: URL}")
    return MDQ + urls.outbound(value["mdq"])


class Selection(Section):
    """Entities by what their metadata says of them."""

    entity_ids: Listed[Text] = Field(default=(), description="Entity ids.")
    registration_authorities: Listed[Text] = Field(default=(), description="Registrars, as mdrpi:RegistrationInfo names them.")
    entity_categories: Listed[Text] = Field(default=(), description="Entity categories, as the entity attributes name them.")

    @property
    def is_empty(self) -> bool:
        """Whether nothing is selected."""
        return not (self.entity_ids or self.registration_authorities or self.entity_categories)

    def holds(self, entity_id: str, authority: str, categories: Collection[str]) -> bool:
        """Whether an entity is selected: by any one of the lists."""
        return (
            entity_id in self.entity_ids
            or authority in self.registration_authorities
            or any(category in self.entity_categories for category in categories)
        )


class FederationFile(NamedFile):
    """config/federations/FEDERATION.yaml; an entity of it is the partner FEDERATION/HASH."""

    metadata: Annotated[str, BeforeValidator(_metadata)] = Field(
        description="URL or file of the signed aggregate; {mdq: URL} is checked, and has no effect yet.",
        examples=["https://md.federation.example/idps.xml"],
    )
    metadata_certificate: Certificate = Field(
        description="PEM file: the metadata must be signed by it.", examples=["config/federations/md.pem"]
    )
    include: Selection = Field(default_factory=Selection, description="If given, only these entities.")
    exclude: Selection = Field(default_factory=Selection, description="Goes before include.")
    trust: Trust = Field(default_factory=Trust, description="What we believe of what its entities say.")
    claims: ClaimsMap = Field(
        default_factory=dict, description="Broker claim: the attribute's Name on the wire, or a short name."
    )
    subject: Text = Field(
        default="name_id", description="name_id, or the Name of the attribute that identifies the person, as pairwise-id."
    )
    hidden: bool = Field(
        default=False, description="Its entities are not listed on the page that asks for the home organization."
    )

    @property
    def by_query(self) -> bool:
        """Whether entities are asked for one by one."""
        return self.metadata.startswith(MDQ)

    @property
    def calls(self) -> tuple[str, ...]:
        """The address that the broker calls; none for a file."""
        return (self.metadata,) if "://" in self.metadata and not self.by_query else ()

    def lets_through(self, entity_id: str, authority: str, categories: Collection[str]) -> bool:
        """Whether an entity is a partner."""
        if self.exclude.holds(entity_id, authority, categories):
            return False
        return self.include.is_empty or self.include.holds(entity_id, authority, categories)
