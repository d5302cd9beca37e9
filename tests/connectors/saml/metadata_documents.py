"""Metadata of identity providers, right and wrong, for tests."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from broker.connectors.saml.metadata import EntityFilter, Idp, read_metadata
from broker.demo.saml import messages as saml_messages
from broker.domain.errors import PartnerFailed

NOW = 1_800_000_000

IDP, SSO = "https://idp.fabrikam.example/saml", "https://idp.fabrikam.example/sso"

MD, DS = "urn:oasis:names:tc:SAML:2.0:metadata", "http://www.w3.org/2000/09/xmldsig#"

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"

BINDINGS = "urn:oasis:names:tc:SAML:2.0:bindings:"


@cache
def rsa_key(bits: int = 2048, exponent: int = 65537, name: str = "idp") -> rsa.RSAPrivateKey:
    """One key a name and run."""
    return rsa.generate_private_key(exponent, bits)


@cache
def other(kind: str) -> Any:
    """Keys of other kinds."""
    return {"P-256": lambda: ec.generate_private_key(ec.SECP256R1()), "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
            "DSA": lambda: dsa.generate_private_key(2048)}[kind]()  # fmt: skip


def certificate(key: Any, ends: int = NOW + 86_400) -> x509.Certificate:
    """Self-signed."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp")])
    end = datetime.fromtimestamp(ends, UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    return builder.not_valid_before(end - timedelta(days=400)).not_valid_after(end).sign(rsa_key(), hashes.SHA256())


def body(key: Any, ends: int = NOW + 86_400) -> str:
    """The base64 text of a certificate."""
    return base64.b64encode(certificate(key, ends).public_bytes(Encoding.DER)).decode()


def of_version(number: int, text: str | None = None) -> str:
    """The base64 text of a certificate as one of version 2 or 4, which RFC 5280 4.1 has no use for, or does not know."""
    der = base64.b64decode(text or body(rsa_key()))
    return base64.b64encode(der.replace(b"\xa0\x03\x02\x01\x02", bytes((0xA0, 3, 2, 1, number - 1)), 1)).decode()


def pem(key: Any) -> str:
    """The PEM text of a certificate."""
    return certificate(key).public_bytes(Encoding.PEM).decode()


def descriptor(text: str, use: str = ' use="signing"') -> str:
    """A KeyDescriptor."""
    return f"<md:KeyDescriptor{use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{text}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"


def service(location: str = SSO, binding: str = "HTTP-Redirect") -> str:
    """A SingleSignOnService."""
    return f'<md:SingleSignOnService Binding="{BINDINGS}{binding}" Location="{location}"/>'


def role(
    keys: str | None = None, services: str | None = None, *, extra: str = "", more: str = "", protocol: str = PROTOCOL
) -> str:
    """An IDPSSODescriptor."""
    return (
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{protocol}"{more}>{extra}{descriptor(body(rsa_key())) if keys is None else keys}'
        f"{service() if services is None else services}</md:IDPSSODescriptor>"
    )


def entity(inner: str | None = None, *, name: str = IDP, more: str = "", extra: str = "") -> str:
    """An EntityDescriptor."""
    return (
        f'<md:EntityDescriptor xmlns:md="{MD}" xmlns:ds="{DS}" xmlns:shibmd="urn:mace:shibboleth:metadata:1.0" ID="_e1" entityID="{name}"{more}>'
        f"{extra}{role() if inner is None else inner}</md:EntityDescriptor>"
    )


def group(*entities: str, more: str = "") -> str:
    """An EntitiesDescriptor."""
    return f'<md:EntitiesDescriptor xmlns:md="{MD}"{more}>{"".join(entities)}</md:EntitiesDescriptor>'


def read(text: str | bytes, *, now: int = NOW, **wanted: Any) -> tuple[Idp, int]:
    """Read it."""
    return read_metadata(text.encode() if isinstance(text, str) else text, EntityFilter(**wanted), now=now)


def refused(text: str | bytes, **wanted: Any) -> str:
    """The reason."""
    with pytest.raises(PartnerFailed) as caught:
        read(text, **wanted)
    return caught.value.reason


def signed(text: str, key: rsa.RSAPrivateKey | None = None) -> str:
    """The root signed."""
    return saml_messages.sign(text, key or rsa_key(name="federation"))


def big(path: Path, *entities: str, more: str = "", before: str = "") -> Path:
    """A file of more than 5 MiB with these entities in the middle."""
    filler = entity(role(keys=descriptor("A" * 20_000)), name="https://filler.example/{}")
    with path.open("w") as out:
        out.write(f'{before}<md:EntitiesDescriptor xmlns:md="{MD}"{more}>')
        for number in range(280):
            out.write(filler.replace("{}", str(number)).replace("_e1", f"_f{number}"))
            if number == 140:
                out.write("".join(entities))
        out.write("</md:EntitiesDescriptor>")
    assert path.stat().st_size > 5 * 1024 * 1024
    return path
