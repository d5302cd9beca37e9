"""Which certificates of a partner's metadata count as its signing keys (FB-02, FB-03; HS-38)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from broker.connectors.saml.errors import ResponseRefused
from broker.connectors.saml.metadata import Idp
from tests.connectors.saml.idp import genuine, show
from tests.connectors.saml.metadata_documents import (
    NOW,
    body,
    descriptor,
    entity,
    of_version,
    other,
    read,
    refused,
    role,
    rsa_key,
)

GOOD = descriptor(body(rsa_key()))


@cache
def key(name: str) -> Any:
    """One key a name and run."""
    if name.startswith("Ed25519"):
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


@cache
def issued(subject: str, issuer: str, *, of: str | None = None, by: str | None = None, ca: bool | None = None) -> str:
    """The base64 text of a certificate of `subject` by `issuer`. of, by: the keys, if named otherwise. ca: BasicConstraints."""

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

    day = datetime.fromtimestamp(NOW, UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key(of or subject).public_key())
        .serial_number(9)
        .not_valid_before(day - timedelta(days=9))
        .not_valid_after(day + timedelta(days=9))
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    signer = key(by or issuer)
    made = builder.sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def data(*certificates: str) -> str:
    """An X509Data."""
    inner = "".join(f"<ds:X509Certificate>{text}</ds:X509Certificate>" for text in certificates)
    return f"<ds:X509Data>{inner}</ds:X509Data>"


def of(*parts: str) -> Idp:
    """The provider whose one KeyDescriptor holds these X509Data."""
    return read(
        entity(role(keys=f'<md:KeyDescriptor use="signing"><ds:KeyInfo>{"".join(parts)}</ds:KeyInfo></md:KeyDescriptor>'))
    )[0]


def spki(*names: str) -> list[bytes]:
    """The public keys of these names."""
    return [key(name).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for name in names]


LEAF = ("leaf", "middle")
MIDDLE = ("middle", "root")


@pytest.mark.parametrize(
    ("parts", "keys"),
    [
        ((data(issued("leaf", "root"), issued("root", "root", ca=True)),), ["leaf"]),
        ((data(issued("root", "root", ca=True), issued("leaf", "root")),), ["leaf"]),
        ((data(issued("root", "root"), issued("leaf", "root")),), ["leaf", "root"][:1]),
        ((data(issued(*LEAF), issued(*MIDDLE), issued("root", "root")),), ["leaf"]),
        ((data(issued("root", "root", ca=True), issued(*MIDDLE, ca=True), issued(*LEAF)),), ["leaf"]),
        ((data(issued(*LEAF), issued("root", "root", ca=True)),), ["leaf"]),  # the one between is not there
        ((data(issued(*LEAF)), data(issued(*MIDDLE, ca=True))), ["leaf"]),  # one KeyInfo is about one key
        ((data(issued(*LEAF), issued(*LEAF, ca=False)),), ["leaf"]),  # issued once more
        ((data(issued("root", "root", ca=True)),), ["root"]),  # alone it is the key: openssl req -x509 writes CA
        ((data(issued("leaf", "leaf", ca=True), ""),), ["leaf"]),
    ],
)  # fmt: skip
def test_fb_02_only_the_end_entity_of_a_chain_counts(parts: tuple[str, ...], keys: list[str]) -> None:
    """FB-02, HS-38: whoever signs with the key of an authority in the same KeyInfo is not the partner."""
    assert [found.spki for found in of(*parts).keys] == spki(*keys)


@pytest.mark.parametrize(
    "parts",
    [
        (data(issued("one", "one"), issued("two", "two")),),
        (data(issued("one", "one", ca=True), issued("two", "two", ca=True)),),
        (data(issued("Ed25519 leaf", "root"), issued("root", "root", ca=True)),),  # the leaf cannot be used
        (data("AAAA", issued("root", "root", ca=True)),),  # nor this one be read
        (data("AAAA", issued("root", "root")),),
        (data("?"), data(issued("root", "root"))),
        (data(*[issued("leaf", "root")] * 17),),
    ],
)
def test_fb_02_where_nobody_can_tell_there_is_no_key(parts: tuple[str, ...]) -> None:
    """FB-02: of certificates that are no chain, or whose end-entity does not count, no other takes its place."""
    with pytest.raises(Exception, match="metadata_key") as caught:
        of(*parts)
    assert "no key of the metadata can be used" in str(caught.value)


def test_fb_02_a_signature_by_the_authority_is_refused() -> None:
    """FB-02: the authority's key signs a response; before, it was one of the partner's own."""
    idp = of(data(issued("leaf", "root"), issued("root", "root", ca=True)))
    assert show(genuine(key=key("leaf")), keys=idp.public_keys()).assertion.email == "ada@fabrikam.example"
    with pytest.raises(ResponseRefused) as caught:
        show(genuine(key=key("root")), keys=idp.public_keys())
    assert caught.value.reason == "saml_signature"


UNUSABLE: dict[str, Callable[[], str]] = {
    "P-521": lambda: body(other("P-521")),
    "secp256k1": lambda: body(ec.generate_private_key(ec.SECP256K1())),
    "Ed25519": lambda: issued("Ed25519", "Ed25519"),
    "RSA of 1024 bits": lambda: body(rsa_key(1024)),
    "exponent 3": lambda: body(rsa_key(2048, 3)),
    "DSA": lambda: body(other("DSA")),
    "empty": lambda: "",
    "white space": lambda: " \n ",
    "no base64": lambda: "?",
    "no certificate": lambda: "AAAA",
    "version 2": lambda: of_version(2),
    "version 4": lambda: of_version(4),
}


@pytest.mark.parametrize("name", UNUSABLE)
@pytest.mark.parametrize("first", [True, False])
def test_fb_03_an_unusable_key_beside_a_good_one(name: str, *, first: bool) -> None:
    """FB-03, HS-38: it is left out with a sentence that can be acted on; alone, the document is refused."""
    bad = descriptor(UNUSABLE[name]())
    found = read(entity(role(keys=bad + GOOD if first else GOOD + bad)))[0]
    assert len(found.keys) == 1
    assert len(found.left_out) == 1
    assert Idp.from_json(found.to_json()) == found
    assert refused(entity(role(keys=bad))) == "metadata_key"


def test_fb_03_a_copy_from_before_has_left_nothing_out() -> None:
    """The row of an earlier version has no such list."""
    value = read(entity())[0].to_json()
    del value["left_out"]
    assert Idp.from_json(value).left_out == ()
