"""Encrypted assertions (HS-20; SAML core 6, XML Encryption 1.1)."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from lxml import etree

from broker.connectors.saml.errors import ResponseRefused
from broker.saml.decryption import in_context
from broker.saml.signature import verify
from tests.connectors.saml.idp import CBC128, DS, GCM128, GCM256, SHA256, Counter, encryption, genuine, rsa_key, show, x509_info

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
OAEP = f"{XENC11}rsa-oaep"


def refused(message: Any, reason: str, **options: Any) -> ResponseRefused:
    """The refusal, for this reason."""
    with pytest.raises(ResponseRefused) as caught:
        show(message, **options)
    assert caught.value.reason == reason, str(caught.value)
    return caught.value


@pytest.mark.parametrize("signed", ["assertion", "response", "both"])
@pytest.mark.parametrize(
    "options",
    [
        {"algorithm": GCM128},
        {"algorithm": f"{XENC11}aes192-gcm"},
        {"algorithm": GCM256},
        {"digest": "sha1"},
        {"digest": "sha256"},
        {"wrap": OAEP, "digest": "sha256", "mask": "sha256"},
        {"wrap": OAEP, "digest": "sha512", "mask": "sha1"},
        {"wrap": OAEP, "mask": "sha512"},
        {"wrap": OAEP},
        {"beside": True},
        {"hints": x509_info(rsa_key("broker")).replace("<ds:KeyInfo", f'<ds:KeyInfo xmlns:ds="{DS}"')},
    ],
    ids=[str(number) for number in range(11)],
)
def test_hs20_accepted(signed: str, options: dict[str, Any]) -> None:
    """HS-20: AES-GCM under RSA-OAEP, signed inside, outside, or both."""
    judged = show(genuine(signed=signed, encrypt=encryption(**options)), view={"want_encrypted": True})
    assert judged.assertion.email == "ada@fabrikam.example"
    assert judged.assertion_id == "_assertion-1"


def test_hs20_cbc_only_under_a_signature() -> None:
    """HS-20: AES-CBC where a verified Response signature covers the ciphertext, and nowhere else."""
    cbc = encryption(algorithm=CBC128)
    assert show(genuine(signed="response", encrypt=cbc)).assertion.subject
    assert show(genuine(signed="both", encrypt=encryption(algorithm=f"{XENC}aes256-cbc"))).assertion.subject
    error = refused(genuine(signed="assertion", encrypt=cbc), "saml_algorithm")
    assert "AES-CBC only inside a signed Response" in error.detail


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (GCM256, f"{XENC}tripledes-cbc"),
        (GCM256, f"{XENC}aes256-cbc"),
        (GCM256, ""),
        (f"{XENC}rsa-oaep-mgf1p", f"{XENC}rsa-1_5"),
        (f"{XENC}rsa-oaep-mgf1p", f"{XENC}kw-aes128"),
        (
            f'"{XENC}rsa-oaep-mgf1p"/>',
            f'"{XENC}rsa-oaep-mgf1p"><xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{XENC11}mgf1sha256"/></xenc:EncryptionMethod>',
        ),
        (
            f'"{XENC}rsa-oaep-mgf1p"/>',
            f'"{OAEP}"><xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{XENC11}mgf1md5"/></xenc:EncryptionMethod>',
        ),
        (
            f'"{XENC}rsa-oaep-mgf1p"/>',
            f'"{XENC}rsa-oaep-mgf1p"><ds:DigestMethod xmlns:ds="{DS}" Algorithm="{DS}md5"/></xenc:EncryptionMethod>',
        ),
    ],
    ids=[str(number) for number in range(8)],
)
def test_hs20_algorithms(old: str, new: str) -> None:
    """HS-20: 3DES, unsigned CBC, PKCS#1 1.5 and the unknown are refused before a key is used."""
    data = genuine(signed="assertion", encrypt=encryption()).xml().replace(old.encode(), new.encode(), 1)
    refused(data, "saml_algorithm", decryption_keys=())


def test_hs20_keys_of_ours() -> None:
    """HS-20: several keys of ours while they rotate; none that fits, a broken ciphertext: one answer for all."""
    message = genuine(signed="assertion", encrypt=encryption())
    assert show(message, decryption_keys=(rsa_key("newer"), rsa_key("broker"))).assertion.subject
    details = {refused(message, "saml_encryption", decryption_keys=keys).detail for keys in ((), (rsa_key("newer"),))}
    root = etree.fromstring(message.xml())
    for number, value in enumerate(root.iter(f"{{{XENC}}}CipherValue")):
        raw = bytearray(base64.b64decode(value.text))
        for change in (bytes(len(raw)), bytes(raw[:-1]), bytes(raw) + b"x", b"x", bytes([raw[0] ^ 1]) + bytes(raw[1:])):
            copy = etree.fromstring(message.xml())
            list(copy.iter(f"{{{XENC}}}CipherValue"))[number].text = base64.b64encode(change).decode()
            details.add(refused(etree.tostring(copy), "saml_encryption").detail)
    assert len(details) == 1


@pytest.mark.parametrize("size", [16, 24])
def test_hs20_key_of_the_wrong_size(size: int) -> None:
    """HS-20: the unwrapped key has the size that the algorithm wants."""
    data = genuine(signed="assertion", encrypt=encryption(algorithm=GCM128 if size == 16 else f"{XENC11}aes192-gcm")).xml()
    changed = data.replace(f"aes{size * 8}-gcm".encode(), b"aes256-gcm")
    refused(changed, "saml_encryption")


@pytest.mark.parametrize("last", [0, 17, 255])
def test_hs20_cbc_padding(last: int) -> None:
    """HS-20: padding of a length that cannot be, inside a signed Response."""

    def encrypt(plain: bytes) -> str:
        pad = 16 - len(plain) % 16
        return encryption(algorithm=CBC128, raw=True)(plain + bytes(pad - 1) + bytes([last]))

    refused(genuine(signed="response", encrypt=encrypt), "saml_encryption")
    refused(genuine(signed="response", encrypt=lambda _: encryption(algorithm=CBC128, raw=True)(b"")), "saml_encryption")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f'Type="{XENC}Element"', f'Type="{XENC}Content"'),
        (f'Type="{XENC}Element"', 'Type=""'),
        ("<xenc:CipherValue>", "<xenc:CipherReference URI='http://127.0.0.1/'/><xenc:CipherValue>"),
        ("<xenc:CipherData><xenc:CipherValue>", "<xenc:CipherData><xenc:CipherValue>!"),
        ("<xenc:CipherData>", "<xenc:EncryptionProperties/><xenc:CipherData>"),
        ("</saml:EncryptedAssertion>", "<xenc:EncryptedKey/></saml:EncryptedAssertion>"),
        ("</saml:EncryptedAssertion>", "</saml:EncryptedAssertion><saml:EncryptedAssertion/>"),
        ("<saml:EncryptedAssertion", "<saml:EncryptedAssertion ID='_a'"),
        ('Id="_ek"', 'Id="_ed"'),
    ],
    ids=[str(number) for number in range(9)],
)
def test_hs20_structure(old: str, new: str) -> None:
    """HS-9, HS-13, HS-20: the encrypted form has a closed vocabulary as well."""
    data = genuine(signed="assertion", encrypt=encryption()).xml()
    assert old.encode() in data
    counter = Counter(verify)
    refused(data.replace(old.encode(), new.encode(), 1), "saml_structure", verifier=counter)
    assert counter.calls == 0


def test_hs20_one_recipient() -> None:
    """HS-20: exactly one EncryptedKey, inside or beside the data."""
    inside = genuine(signed="assertion", encrypt=encryption()).xml()
    start, end = inside.index(b"<xenc:EncryptedKey"), inside.index(b"</xenc:EncryptedKey>") + len(b"</xenc:EncryptedKey>")
    key = inside[start:end]
    none = inside.replace(key, b"<ds:KeyName>k</ds:KeyName>")
    refused(none, "saml_structure")
    second = key.replace(b'Id="_ek"', b'Id="_ek2" xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"')
    refused(inside.replace(b"</xenc:EncryptedData>", b"</xenc:EncryptedData>" + second), "saml_structure")


def test_hs9_want_encrypted() -> None:
    """HS-9: want_encrypted refuses the plain form; without it either form is taken."""
    error = refused(genuine(), "saml_encryption", view={"want_encrypted": True})
    assert "want_encrypted" in error.detail
    assert show(genuine(encrypt=encryption())).assertion.subject


def test_hs19_signature_inside() -> None:
    """HS-19, HS-20: the inner signature is verified over the plaintext as a document of its own."""
    refused(genuine(signed="assertion", encrypt=encryption(), key=rsa_key("b")), "saml_signature")
    plain = genuine(signed="assertion").xml()
    assertion = etree.tostring(etree.fromstring(plain).find("{urn:oasis:names:tc:SAML:2.0:assertion}Assertion"))
    changed = assertion.replace(b"x7f-quirk", b"admin")
    refused(genuine(signed="none", encrypt=lambda _: encryption()(changed)), "saml_signature")
    both = genuine(signed="response", encrypt=lambda _: encryption()(changed))
    refused(both, "saml_signature")  # a good signature of the Response does not excuse the bad one inside


def test_hs20_signed_response_is_enough() -> None:
    """HS-20: a Response that is signed and verified carries an unsigned ciphertext; `assertion` and `both` still want more."""
    message = genuine(signed="response", encrypt=encryption())
    assert show(message, view={"signed": "response"}).assertion.subject
    for wanted in ("assertion", "both"):
        refused(message, "saml_unsigned", view={"signed": wanted})
    inside = genuine(signed="assertion", encrypt=encryption())
    assert show(inside, view={"signed": "assertion"}).assertion.subject
    refused(inside, "saml_unsigned", view={"signed": "response"})


def test_hs20_namespaces_from_outside() -> None:
    """HS-20: whoever encrypts may leave out declarations of the ancestors (XML Encryption 1.1 4.4): they are given back."""
    document = etree.fromstring(genuine(signed="assertion").xml())
    assertion = document.find("{urn:oasis:names:tc:SAML:2.0:assertion}Assertion")
    cut = etree.tostring(assertion).replace(b' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', b"")
    assert b"xmlns:saml=" not in cut
    assert show(genuine(signed="none", encrypt=lambda _: encryption()(cut))).assertion.email == "ada@fabrikam.example"
    wrong = cut.replace(b"saml:", b"other:")
    refused(genuine(signed="none", encrypt=lambda _: encryption()(wrong)), "saml_structure")


def test_hs20_in_context() -> None:
    """HS-20: only prefixes that are used and nowhere declared; the default namespace for a root without prefix."""
    scope = {"a": "urn:a", "b": "urn:b", None: "urn:default", "q": 'urn:"<'}
    assert in_context(b'<a:X b="1"/>', scope) == b'<a:X xmlns:a="urn:a" b="1"/>'
    assert in_context(b'<a:X xmlns:a="urn:z"/>', scope) == b'<a:X xmlns:a="urn:z"/>'
    assert in_context(b'<a:X xmlns:a="urn:z"><b:Y/></a:X>', scope) == b'<a:X xmlns:b="urn:b" xmlns:a="urn:z"><b:Y/></a:X>'
    assert in_context(b"<X/>", scope) == b'<X xmlns="urn:default"/>'
    assert in_context(b'<X xmlns="urn:own"/>', scope) == b'<X xmlns="urn:own"/>'
    assert in_context(b"<q:X/>", scope) == b"<q:X/>"
    assert in_context(b"no xml", scope) == b"no xml"
    assert in_context(b'<?xml version="1.0"?>\n<a:X/>', scope) == b'<?xml version="1.0"?>\n<a:X xmlns:a="urn:a"/>'


def test_sha256_is_not_sha1() -> None:
    """HS-15: SHA-1 is taken as the digest of OAEP, where collisions do not matter, and nowhere else."""
    assert show(genuine(encrypt=encryption(digest="sha1"), signature_options={"digest": SHA256})).assertion.subject
    refused(genuine(encrypt=encryption(), signature_options={"digest": f"{DS}sha1"}), "saml_algorithm")
