"""`self_service.connector` of an application's file: its own service, which decides about sign-ups and redemptions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from broker.settings.errors import Wrong
from broker.settings.values import Listed, Outbound, Secret, Section
from broker.settings.webhook_section import signing_secret


def _some(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise Wrong("is empty, so nothing would be asked; write [sign_up, redemption], or one of the two")
    return value


class ConnectorSection(Section):
    """A service that is asked before access is stored. Without its answer nobody gets on."""

    url: Outbound = Field(
        description="Receives a signed POST and answers: continue, block or correct.",
        examples=["https://payroll.contoso.example/sign-up-check"],
    )
    secret: Annotated[Secret, AfterValidator(signing_secret)] = Field(
        description="By ${env:NAME} or ${file:PATH}, in the form of a webhook's secret."
    )
    steps: Annotated[Listed[Literal["sign_up", "redemption"]], AfterValidator(_some)] = Field(
        default=("sign_up", "redemption"),
        description="When it is asked: after the address of a sign-up is confirmed, before an invitation to this application is accepted.",
    )
