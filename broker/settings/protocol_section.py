"""What the sections `saml:` and `oidc:` of a partner's file have in common."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from broker.settings.errors import Wrong
from broker.settings.values import File, Section, home_of

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


def _certificate(value: str, info: ValidationInfo) -> str:
    """CF-04: an empty file must not be taken for a certificate that verifies everything (partner_unsigned)."""
    home = home_of(info)
    if home is None:
        return value
    match = _CERTIFICATE.search((home / value).read_bytes().decode("latin-1"))
    try:
        good = match is not None and len(base64.b64decode("".join(match[1].split()), validate=True)) > 100
    except binascii.Error:
        good = False
    if not good:
        raise Wrong("{value} holds no certificate; write the path of a PEM file", value=value)
    return value


Certificate = Annotated[File, AfterValidator(_certificate)]


class ProtocolSection(Section):
    """What each section of a protocol answers, so that no other part of the broker asks which section a file has."""

    @property
    def names_issuer(self) -> str | None:
        """The issuer that identities are bound to; None where only the partner's metadata names it."""
        return None

    @property
    def calls(self) -> tuple[str, ...]:
        """The URLs of the section that the broker calls."""
        return ()

    @property
    def own_callback(self) -> bool:
        """Whether responses arrive at an address of this partner alone, where the protocol has a common one."""
        return False

    @property
    def account_source(self) -> str:
        """What the file names as the identifier of the account; empty where the protocol fixes it."""
        return ""
