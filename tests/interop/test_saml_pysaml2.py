"""pysaml2, whole, beside our own way in: its responses are taken, and what we take it takes as well.

It may be laxer than we are, never stricter without a decision record. It signs and decrypts with Debian's xmlsec1.
"""

from __future__ import annotations

import base64
import json
import shutil
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import IdPConfig, SPConfig
from saml2.saml import NAMEID_FORMAT_PERSISTENT, NameID

from tests.connectors.saml.idp import (
    ACS,
    IDP,
    REQUEST,
    SP,
    attribute,
    certificate,
    ec_key,
    encryption,
    genuine,
    rsa_key,
    show,
    sign,
    stamp,
)
from tests.connectors.saml.test_response_shapes import PRODUCTS, message, unsigned

if TYPE_CHECKING:
    from saml2.server import Server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")  # pysaml2's own
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
MDS = 'xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
PROTOCOL = 'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"'


def key_descriptor(key: Any, use: str) -> str:
    """A key as metadata names it."""
    inner = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate(key)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    return f'<KeyDescriptor use="{use}">{inner}</KeyDescriptor>'


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys and metadata in files, as pysaml2 wants them."""
    if shutil.which("xmlsec1") is None:
        pytest.fail("xmlsec1 is needed (Debian: apt-get install xmlsec1)")
    home = tmp_path_factory.mktemp("pysaml2")
    for name in ("idp", "broker"):
        pem = rsa_key(name).private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        (home / f"{name}.key").write_bytes(pem)
        body = certificate(rsa_key(name))
        lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
        (home / f"{name}.pem").write_text(f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
    entities = "".join(
        f'<EntityDescriptor entityID="{name}"><IDPSSODescriptor {PROTOCOL}>{key_descriptor(rsa_key(), "signing")}'
        f'<SingleSignOnService Binding="{BINDING_HTTP_REDIRECT}" Location="{IDP}/sso"/></IDPSSODescriptor></EntityDescriptor>'
        for name in (IDP, *(product[0] for product in PRODUCTS.values()))
    )
    (home / "idp.xml").write_text(f"<EntitiesDescriptor {MDS}>{entities}</EntitiesDescriptor>")
    (home / "sp.xml").write_text(
        f'<EntityDescriptor {MDS} entityID="{SP}"><SPSSODescriptor {PROTOCOL}>{key_descriptor(rsa_key("broker"), "encryption")}'
        f'<AssertionConsumerService Binding="{BINDING_HTTP_POST}" Location="{ACS}" index="0"/></SPSSODescriptor></EntityDescriptor>'
    )
    return home


@pytest.fixture(scope="module")
def idp(home: Path) -> Server:
    """pysaml2 as an identity provider. Its module names ciphers that `cryptography` warns about."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from saml2.server import Server
    config = IdPConfig().load(
        {
            "entityid": IDP,
            "service": {
                "idp": {
                    "endpoints": {"single_sign_on_service": [(f"{IDP}/sso", BINDING_HTTP_REDIRECT)]},
                    "policy": {"default": {"lifetime": {"minutes": 15}, "attribute_restrictions": None}},
                    "name_id_format": [NAMEID_FORMAT_PERSISTENT],
                }
            },
            "key_file": str(home / "idp.key"),
            "cert_file": str(home / "idp.pem"),
            "metadata": {"local": [str(home / "sp.xml")]},
            "xmlsec_binary": shutil.which("xmlsec1"),
        }
    )
    return Server(config=config)


@pytest.fixture(scope="module")
def sp(home: Path) -> Saml2Client:
    """pysaml2 as a service provider in our place."""
    config = SPConfig().load(
        {
            "entityid": SP,
            "service": {
                "sp": {
                    "endpoints": {"assertion_consumer_service": [(ACS, BINDING_HTTP_POST)]},
                    "want_response_signed": False,
                    "want_assertions_signed": False,
                    "want_assertions_or_response_signed": True,
                    "allow_unsolicited": False,
                }
            },
            "key_file": str(home / "broker.key"),
            "cert_file": str(home / "broker.pem"),
            "encryption_keypairs": [{"key_file": str(home / "broker.key"), "cert_file": str(home / "broker.pem")}],
            "metadata": {"local": [str(home / "idp.xml")]},
            "xmlsec_binary": shutil.which("xmlsec1"),
            "allow_unknown_attributes": True,
        }
    )
    return Saml2Client(config=config)


@pytest.mark.parametrize(
    ("options", "signed"),
    [
        ({"sign_assertion": True}, "assertion"),
        ({"sign_response": True}, "response"),
        ({"sign_assertion": True, "sign_response": True}, "both"),
    ],
    ids=["assertion", "response", "both"],
)
def test_its_responses_are_taken(idp: Server, options: dict[str, bool], signed: str) -> None:
    """HS-9 to HS-30: what pysaml2 writes as an identity provider, as SATOSA does."""
    response = idp.create_authn_response(
        identity={"mail": ["ada@fabrikam.example"], "displayName": ["Ada Lovelace"]},
        in_response_to=REQUEST,
        destination=ACS,
        sp_entity_id=SP,
        name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, sp_name_qualifier=SP, name_qualifier=IDP, text="p-1"),
        authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": "https://upstream.example"},
        sign_alg=RSA_SHA256,
        digest_alg=SHA256,
        **options,
    )
    record = show(str(response).encode(), view={"signed": signed}, expected={"now": int(time.time())}).assertion
    assert json.loads(record.subject) == [NAMEID_FORMAT_PERSISTENT, IDP, SP, "p-1"]
    assert (record.email, record.name) == ("ada@fabrikam.example", "Ada Lovelace")
    assert record.acr == "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"


def now_is(now: int) -> dict[str, Any]:
    """The times of a message of this moment."""
    return {
        "issued": stamp(now),
        "inner_issued": stamp(now),
        "confirm_until": stamp(now + 300),
        "not_before": stamp(now - 30),
        "not_on_or_after": stamp(now + 300),
        "authn_instant": stamp(now - 20),
        "session_until": stamp(now + 3600),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"signed": "assertion"},
        {"signed": "response"},
        {"signed": "both"},
        {"signed": "both", "audiences": ((SP, "https://other.example"), (SP,))},
        {"signed": "assertion", "extra": attribute("groups", "a", "b", form=None, type_=None)},
        {
            "signed": "assertion",
            "name_id": '<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">a@b.example</saml:NameID>',
        },
        {"signed": "assertion", "encrypt": encryption()},
        {"signed": "response", "encrypt": encryption()},
        {"signed": "both", "encrypt": encryption(digest="sha1")},
    ],
    ids=[str(number) for number in range(9)],
)
def test_what_we_take_it_takes(sp: Saml2Client, changes: dict[str, Any]) -> None:
    """Each form that we accept, pysaml2 accepts, and reads the same mail and the same NameID."""
    now = int(time.time())
    data = genuine(**now_is(now), **changes).xml()
    record = show(data, expected={"now": now}).assertion
    theirs = sp.parse_authn_request_response(base64.b64encode(data).decode(), BINDING_HTTP_POST, outstanding={REQUEST: "/"})
    assert theirs is not None
    assert theirs.name_id.text == json.loads(record.subject)[-1]
    assert theirs.ava["mail"] == [record.email]


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_products_messages(sp: Saml2Client, product: str) -> None:
    """Each shape of the world that we accept, pysaml2 accepts, and reads the same NameID; one prefix apart (decision 12)."""
    now = int(time.time())
    data = message(product, now)
    if product == "ad-fs":
        assert b'b:type="tn:string"' in data
        data = sign(unsigned(product, now).replace(b"xmlns:tn=", b"xmlns:xs=").replace(b'"tn:string"', b'"xs:string"'), rsa_key())
    entity, signs, configured, _ = PRODUCTS[product]
    record = show(data, view={"entity_id": entity, "signed": signs, **configured}, expected={"now": now}).assertion
    theirs = sp.parse_authn_request_response(base64.b64encode(data).decode(), BINDING_HTTP_POST, outstanding={REQUEST: "/"})
    assert theirs is not None
    assert theirs.name_id.text == json.loads(record.subject)[-1]


def test_ecdsa_is_ours_alone(sp: Saml2Client) -> None:
    """The one place where pysaml2 may be stricter: a key that its metadata does not name. We refuse it as well."""
    now = int(time.time())
    options = {"method": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}
    data = genuine(**now_is(now), key=ec_key(), signature_options=options).xml()
    with pytest.raises(Exception, match="saml_signature"):
        show(data, expected={"now": now})
    assert show(data, expected={"now": now}, keys=(ec_key().public_key(),)).assertion.subject
    with pytest.raises(Exception, match=r"."):
        sp.parse_authn_request_response(base64.b64encode(data).decode(), BINDING_HTTP_POST, outstanding={REQUEST: "/"})
