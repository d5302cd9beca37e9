"""`trusted_issuers` of an application's file: whose tokens prove a program that has no secret (RFC 7523 3, RFC 7521 4.2)."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from broker.settings import urls
from broker.settings.errors import Problem, Wrong
from broker.settings.values import Listed, Section

MOST = 10  # of one application
_NAME = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?", re.ASCII)


def _issuer(value: object) -> str:
    text = urls.outbound(value)
    if "?" in text:
        raise Wrong("{value} has a query; write the issuer as its tokens name it", value=value)
    return text


def _exact(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Wrong("{value} is no name; write 1 to 255 printable ASCII characters", value=value)
    if "*" in value:
        raise Wrong("{value} has a wildcard, but values are compared character for character; write each in full", value=value)
    return value


class TrustedIssuer(Section):
    """One workload: who issues its tokens, for whom, and to whom they are addressed. All three must be equal."""

    issuer: Annotated[str, BeforeValidator(_issuer)] = Field(
        description="`iss` of its tokens; its keys are found by discovery.",
        examples=["https://token.actions.githubusercontent.com"],
    )
    subject: Annotated[str, BeforeValidator(_exact)] = Field(
        description="`sub` of its tokens.", examples=["repo:contoso/onboarding:ref:refs/heads/main"]
    )
    audience: Annotated[str, BeforeValidator(_exact)] = Field(
        description="`aud` of its tokens, the only one; our issuer, so that no other service can use them.",
        examples=["https://login.contoso.example"],
    )


def _few(value: tuple[TrustedIssuer, ...]) -> tuple[TrustedIssuer, ...]:
    if not value:
        raise Wrong("is empty, so nothing would prove this program; write issuer, subject and audience, or remove the key")
    if len(value) > MOST:
        raise Wrong(f"has more than {MOST} entries; use several applications")
    twice = [Problem("is the same as an entry before; remove one", None, (n,)) for n, one in enumerate(value) if one in value[:n]]
    if twice:
        raise Wrong(*twice)
    return value


TrustedIssuers = Annotated[Listed[TrustedIssuer], AfterValidator(_few)]
