"""`webhooks` of broker.yaml: who is notified of guest events, and with which secret (Standard Webhooks 1.0)."""

from __future__ import annotations

import base64
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema

from broker.domain.guest_event import GuestEventKind
from broker.settings.errors import Problem, Wrong
from broker.settings.values import Listed, Outbound, Secret, Section

PREFIX = "whsec_"
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)
_SHORTEST, _LONGEST = 24, 64  # bytes of a secret (Standard Webhooks, "Signature scheme")
_HOW = f"write {PREFIX} and the base64 of {_SHORTEST} to {_LONGEST} random bytes"


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Wrong("{value} is no id; write at most 32 of a-z, 0-9, - and _", value=value)
    return value


def signing_secret(value: SecretStr) -> SecretStr:
    """A key in the serialization of Standard Webhooks. The value is in no message."""
    text = value.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except ValueError:
        key = b""
    if not text.startswith(PREFIX) or not _SHORTEST <= len(key) <= _LONGEST:
        raise Wrong(f"is no secret of a webhook; {_HOW}")
    return value


def _event(value: object) -> GuestEventKind:
    try:
        return GuestEventKind(str(value))
    except ValueError:
        raise Wrong("{value} is no event; write some of " + ", ".join(GuestEventKind), value=value) from None


def _some(value: tuple[GuestEventKind, ...]) -> tuple[GuestEventKind, ...]:
    if not value:
        raise Wrong("is empty, so nothing would be sent; write some of " + ", ".join(GuestEventKind))
    return value


_Event = Annotated[GuestEventKind, BeforeValidator(_event), WithJsonSchema({"enum": [one.value for one in GuestEventKind]})]


class Webhook(Section):
    """One receiver of notices."""

    id: Annotated[str, BeforeValidator(_id)] = Field(
        description="Its name for `broker webhooks`; a new id is a new receiver.", examples=["crm"]
    )
    url: Outbound = Field(
        description="Receives a signed POST for each event.", examples=["https://crm.contoso.example/guest-events"]
    )
    secret: Annotated[Secret, AfterValidator(signing_secret)] = Field(
        description=f"By ${{env:NAME}} or ${{file:PATH}}: {PREFIX} and the base64 of {_SHORTEST} to {_LONGEST} random bytes."
    )
    events: Annotated[Listed[_Event], AfterValidator(_some)] = Field(
        description="The events that it receives.", examples=[["guest.redeemed", "guest.blocked"]]
    )


def _unique(value: tuple[Webhook, ...]) -> tuple[Webhook, ...]:
    ids = [one.id for one in value]
    twice = [
        Problem("{value} is the id of two webhooks; choose another one", one, (n, "id"))
        for n, one in enumerate(ids)
        if one in ids[:n]
    ]
    if twice:
        raise Wrong(*twice)
    return value


Webhooks = Annotated[Listed[Webhook], AfterValidator(_unique)]
