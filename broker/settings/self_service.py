"""`self_service` of an application's file: whether people may ask for access themselves, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from broker.settings.connector_section import ConnectorSection
from broker.settings.errors import Wrong
from broker.settings.values import Duration, Listed, Section, Word

Attribute = Literal["company", "department", "job_title", "city", "country", "phone", "employee_number"]  # domain/sign_up.py


def _some_proof(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise Wrong("is empty, so nobody could prove an address; write [partner, email_code], or one of the two")
    return value


class SelfServiceSettings(Section):
    """Whether people may ask for access themselves."""

    sign_up: bool = Field(default=False, description="A person without an invitation may ask for access.")
    request: bool = Field(default=False, description="A guest of ours may ask for access to this application.")
    approval: Literal["owners", "none"] = Field(default="owners", description="Who says yes.")
    attributes: Listed[Attribute] = Field(
        default=(), description="Further questions of the form, in addition to name and address."
    )
    role: Word | None = Field(default=None, description="The role that is given; one of `roles`.")
    lifetime: Duration | None = Field(default=None, description="How long the access lasts; null: as for every guest.")
    proof: Annotated[Listed[Literal["partner", "email_code"]], AfterValidator(_some_proof)] = Field(
        default=("partner", "email_code"), description="How the address may be proven."
    )
    connector: ConnectorSection | None = Field(
        default=None, description="The application's own service, which is asked before access is stored."
    )
