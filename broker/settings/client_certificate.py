"""`tls_client_auth` of an application's file: whose certificates prove the application (RFC 8705 2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from broker.settings.errors import Problem, Wrong
from broker.settings.values import File, Section, Text, home_of, remember

AUTHORITIES_LIMIT = 256 * 1024  # bytes


def _authorities(path: str, info: ValidationInfo) -> str:
    """The certificates themselves: what is compared later is what was checked here."""
    from broker.jose.certificates import problem_of_authorities  # commands that read no such file do without it

    home = home_of(info)
    if home is None:
        return path
    remember(info, home / path)
    with (home / path).open("rb") as stream:
        raw = stream.read(AUTHORITIES_LIMIT + 1)
    text = raw.decode("latin-1")
    problem = "is larger than 256 KiB" if len(raw) > AUTHORITIES_LIMIT else problem_of_authorities(text)
    if problem is not None:
        raise Wrong("{value} " + problem, value=path)
    return text


class TlsClientAuth(Section):
    """The certificate of an application: who issued it, and the one name that it has."""

    authorities: Annotated[File, AfterValidator(_authorities)] = Field(
        description="PEM file of the authorities that issue its certificates; no intermediate is looked for."
    )
    subject_dn: Text | None = Field(
        default=None, description="The whole subject, as in RFC 4514.", examples=["CN=batch,O=Bank,C=NL"]
    )
    san_dns: Text | None = Field(default=None, description="A DNS name of the certificate.")
    san_uri: Text | None = Field(default=None, description="A URI of the certificate.")
    san_ip: Text | None = Field(default=None, description="An address of the certificate.")
    san_email: Text | None = Field(default=None, description="An e-mail address of the certificate.")

    @model_validator(mode="after")
    def _one_name(self) -> TlsClientAuth:
        problems = list(_problems({name: getattr(self, name) for name in _NAMES}))
        if problems:
            raise Wrong(*problems)
        return self

    @property
    def name(self) -> tuple[str, str]:
        """Kind and value of its one name."""
        return next((kind, value) for kind in _NAMES if (value := getattr(self, kind)) is not None)


_NAMES = ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")


def _problems(given: dict[str, Any]) -> Iterator[Problem]:
    """RFC 8705 2.1.2: exactly one name."""
    from broker.jose.certificates import problem_of_name

    named = {kind: value for kind, value in given.items() if value is not None}
    if len(named) != 1:
        yield Problem(f"needs exactly one name of the certificate; write one of {', '.join(_NAMES)}")
    for kind, value in named.items():
        problem = problem_of_name(kind, value)
        if problem is not None:
            yield Problem("{value} " + problem, value, at=(kind,))
