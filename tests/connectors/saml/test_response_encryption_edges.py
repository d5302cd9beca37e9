"""Edges of encrypted assertions: keys, paddings, sizes and digests (HS-20)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from lxml import etree

from broker.saml.decryption import in_context
from broker.saml.schema_gate import gate_response
from tests.connectors.saml.edges import XENC, refused
from tests.connectors.saml.idp import (
    CBC128,
    DS,
    encryption,
    genuine,
    rsa_key,
    show,
)


def test_hs20_keys_that_are_tried() -> None:
    """HS-20: four keys of ours are tried for a ciphertext, and no fifth."""
    message = genuine(encrypt=encryption())
    others = tuple(rsa_key(name) for name in ("o1", "o2", "o3"))
    assert show(message, decryption_keys=(*others, rsa_key("broker"))).assertion.subject
    refused("saml_encryption", message, decryption_keys=(*others, rsa_key("b"), rsa_key("broker")))


@pytest.mark.parametrize("pad", [1, 2, 15, 16])
def test_hs20_every_padding(pad: int) -> None:
    """HS-20: one byte of padding to a whole block (XML Encryption 1.1 5.2), whatever the other bytes are."""

    def encrypt(plain: bytes) -> str:
        spaces = b" " * ((16 - pad - len(plain)) % 16)
        return encryption(algorithm=CBC128, raw=True)(plain + spaces + b"x" * (pad - 1) + bytes([pad]))

    assert show(genuine(signed="response", encrypt=encrypt)).assertion.subject


@pytest.mark.parametrize("encrypt", [None, encryption()])
def test_hs31_an_assertion_has_an_id(encrypt: Any) -> None:
    """HS-10, HS-31, SR-22: without an ID an assertion could not be told from its replay, though only the Response must be signed."""
    message = genuine(signed="response", encrypt=encrypt, edit=lambda text: text.replace(' ID="_assertion-1"', "", 1))
    assert "saml:Assertion has no ID" in refused("saml_structure", message, view={"signed": "response"}).detail


@pytest.mark.parametrize("beside", [True, False])
def test_hs20_type_of_the_data(beside: bool) -> None:
    """HS-20: it is the EncryptedData whose Type must be an element, wherever the key stands; what a key says of itself is no matter."""
    data = genuine(signed="none", encrypt=encryption(beside=beside)).xml().decode()
    own = f'Id="_ed" Type="{XENC}Element"'
    for wrong in (f"{XENC}Content", ""):
        changed = data.replace(own, f'Id="_ed" Type="{wrong}"').encode()
        assert refused("saml_structure", changed).rule == "HS-20"
    gate_response(data.replace(own, 'Id="_ed"').encode())
    gate_response(data.replace('Id="_ek"', f'Id="_ek" Type="{XENC}EncryptedKey"').encode())


@pytest.mark.parametrize("beside", [True, False])
def test_hs20_one_ciphertext(beside: bool) -> None:
    """HS-13, HS-20: one EncryptedData, however the second is written: with one key for both, or with none."""
    message = genuine(signed="none", encrypt=encryption(beside=beside))
    data = etree.fromstring(message.xml())
    [encrypted] = data.iter(f"{{{XENC}}}EncryptedData")
    second = deepcopy(encrypted)
    del second.attrib["Id"]
    for info in list(second.iter(f"{{{DS}}}KeyInfo")):
        info.getparent().remove(info)
    for add in (encrypted.addnext, encrypted.addprevious):
        add(second)
        assert "saml:EncryptedAssertion must hold exactly" in refused("saml_structure", etree.tostring(data)).detail


@pytest.mark.parametrize("size", [128, 192, 256])
@pytest.mark.parametrize("form", [f"{XENC}aes{{}}-cbc", "http://www.w3.org/2009/xmlenc11#aes{}-gcm"])
def test_hs20_sizes_of_aes(form: str, size: int) -> None:
    """HS-20: every size of key, in both modes, under a signed Response."""
    assert show(genuine(signed="response", encrypt=encryption(algorithm=form.format(size)))).assertion.subject


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("mask", ["sha1", "sha256", "sha384", "sha512"])
def test_hs20_digests_of_oaep(digest: str, mask: str) -> None:
    """HS-20: digest and mask of OAEP, each with each (XML Encryption 1.1 5.5.2)."""
    wrap = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
    assert show(genuine(encrypt=encryption(wrap=wrap, digest=digest, mask=mask))).assertion.subject


@pytest.mark.parametrize("turned", [False, True])
def test_hs20_one_digest_and_one_mask(turned: bool) -> None:
    """HS-13, HS-20: digest and mask of OAEP in either order, each at most once: a second would be the one that counts, or not."""

    def encrypt(plain: bytes, more: str) -> str:
        text = encryption(wrap="http://www.w3.org/2009/xmlenc11#rsa-oaep", digest="sha384", mask="sha256")(plain)
        digest, mask = (
            text[text.index(f"<{name} ") : text.index("/>", text.index(f"<{name} ")) + 2]
            for name in ("ds:DigestMethod", "xenc11:MGF")
        )
        made = {"": [digest, mask], "digest": [digest, digest, mask], "mask": [digest, mask, mask]}[more]
        return text.replace(digest + mask, "".join(reversed(made) if turned else made))

    assert show(genuine(encrypt=lambda plain: encrypt(plain, ""))).assertion.subject
    for more in ("digest", "mask"):
        message = genuine(encrypt=lambda plain, more=more: encrypt(plain, more))
        assert "xenc:EncryptionMethod must hold exactly" in refused("saml_structure", message).detail


def test_hs20_nothing_in_a_cipher_value() -> None:
    """HS-20: an empty CipherValue, of the key or of the data, is no base64."""
    data = genuine(signed="assertion", encrypt=encryption()).xml().decode()
    for number in (0, 1):
        parts = data.split("<xenc:CipherValue>")
        parts[number + 1] = parts[number + 1][parts[number + 1].index("</xenc:CipherValue>") :]
        error = refused("saml_structure", "<xenc:CipherValue>".join(parts).encode())
        assert "CipherValue is not base64" in error.detail


def test_hs20_a_default_namespace_further_in() -> None:
    """HS-20: what a child declares is no declaration of the root's: the root still gets its own back."""
    scope: dict[str | None, str] = {None: "urn:default"}
    assert in_context(b'<X><Y xmlns="urn:y"/></X>', scope) == b'<X xmlns="urn:default"><Y xmlns="urn:y"/></X>'
    assert in_context(b'<X a="b" xmlns="urn:x"><Y/></X>', scope) == b'<X a="b" xmlns="urn:x"><Y/></X>'
