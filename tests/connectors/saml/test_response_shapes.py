"""Responses in the shape of the products that partners run: the strict gate is no wall for them.

The files in `shapes/` are written from the products' documentation and source (namespaces, prefixes, order of elements,
KeyInfo, forms of values), with placeholders and empty signatures that `sign` fills with test keys.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Template
from typing import Any

import pytest
from lxml import etree

from broker.connectors.saml.errors import ResponseRefused
from tests.connectors.saml.idp import ACS, CBC128, GCM128, NOW, REQUEST, SP, certificate, encryption, rsa_key, show, sign, stamp

SHAPES = Path(__file__).parent / "shapes"
ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}Assertion"
# product: (entity id, what it signs, what the partner's file says, the value of the NameID)
PRODUCTS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "entra-id": ("https://sts.windows.net/6babcaad-604b-40ac-a9d7-9fd97c0b779f/", "assertion", {}, "0gRgKwiL4qV2vYbL3gK8bqXkQ4mE6cZf2o1nTzVxA0s"),
    "ad-fs": ("http://adfs.fabrikam.example/adfs/services/trust", "assertion", {"claims": {"email": "mail", "roles": "roles"}}, "S-1-5-21-1004336348-1177238915-682003330-1001"),
    "okta": ("http://www.okta.com/exk1a2b3c4d5e6f7g8h9", "both", {"claims": {"email": "email", "groups": "groups"}}, "00u1a2b3c4d5e6f7g8h9"),
    "google-workspace": ("https://accounts.google.com/o/saml2?idpid=C01abcdef", "assertion", {}, "ada@fabrikam.example"),
    "shibboleth": ("https://idp.fabrikam.example/idp/shibboleth", "both", {"claims": {"email": "mail", "affiliation": "eduPersonScopedAffiliation"}, "scopes": ("fabrikam.example",)}, "ZX7WJ3ZKHBGTRHZQYUXVLR5XJ2E7IWFA"),
    "keycloak": ("https://sso.fabrikam.example/realms/fabrikam", "response", {"claims": {"email": "mail", "roles": "Role"}}, "G-5a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"),
    "satosa": ("https://proxy.fabrikam.example/Saml2IDP/metadata", "both", {}, "9d6f1c6f0a8be6f5a4c7d1e0b3a2948576655443322110ffeeddccbbaa998877"),
}  # fmt: skip


def unsigned(product: str, now: int = NOW) -> bytes:
    """The product's message of this moment with everything filled in but its signatures."""
    text = Template((SHAPES / f"{product}.xml").read_text()).substitute(
        idp=PRODUCTS[product][0],
        sp=SP,
        acs=ACS,
        request=REQUEST,
        issued=stamp(now - 2).replace("Z", ".417Z"),
        before=stamp(now - 300).replace("Z", ".417Z"),
        until=stamp(now + 3600).replace("Z", ".417Z"),
        auth=stamp(now - 600).replace("Z", ".081Z"),
        session=stamp(now + 36_000),
        certificate="\n".join(re.findall(".{1,64}", certificate(rsa_key()))),
    )
    return re.sub(r">\s+<", "><", text).encode()


def message(product: str, now: int = NOW) -> bytes:
    """The product's message of this moment, signed as it does."""
    return sign(unsigned(product, now), rsa_key())


def accept(product: str, data: bytes, **view: Any) -> Any:
    """The record that the connector makes of it."""
    entity, signs, configured, _ = PRODUCTS[product]
    return show(data, view={"entity_id": entity, "signed": signs, **configured, **view}).assertion


@pytest.mark.parametrize("product", PRODUCTS)
def test_accepted(product: str) -> None:
    """HS-9 to HS-30: each product's message is taken as it is."""
    record = accept(product, message(product))
    assert json.loads(record.subject)[-1] == PRODUCTS[product][3]
    assert record.email == "ada@fabrikam.example"
    assert record.email_verified
    assert record.auth_time == NOW - 600
    if product != "google-workspace":
        assert accept(product, message(product)).name == "Ada Lovelace"


def test_what_they_say() -> None:
    """HS-29, HS-30: groups, roles, methods and the end of the session, each as its product writes it."""
    entra = accept("entra-id", message("entra-id"), claims={"email": "mail", "groups": "groups"})
    assert entra.amr[-1] == "http://schemas.microsoft.com/claims/multipleauthn"
    assert len(entra.claims["groups"]) == 2
    assert entra.claims["given_name"] == "Ada"
    assert accept("ad-fs", message("ad-fs")).claims["roles"] == ["Domain Users", "Guests of Contoso"]
    assert accept("okta", message("okta")).claims["groups"] == ["Everyone", "Payroll"]
    assert accept("keycloak", message("keycloak")).claims["roles"] == ["offline_access", "uma_authorization"]
    shibboleth = accept("shibboleth", message("shibboleth"))
    assert shibboleth.claims["affiliation"] == ["staff@fabrikam.example", "member@fabrikam.example"]
    assert (shibboleth.acr, shibboleth.session_ends) == ("https://refeds.org/profile/mfa", NOW + 36_000)


@pytest.mark.parametrize("source", ["pairwise-id", "eduPersonTargetedID"])
def test_sources_of_an_account(source: str) -> None:
    """HS-28: Shibboleth's other identifiers name the account where the partner's file says so."""
    assert json.loads(accept("shibboleth", message("shibboleth"), subject=source).subject)[0].endswith((source, "1.10"))


@pytest.mark.parametrize("product", [name for name, (_, signs, _, _) in PRODUCTS.items() if signs != "response"])
@pytest.mark.parametrize("own_namespaces", [True, False])
def test_encrypted(product: str, own_namespaces: bool) -> None:
    """HS-20: each product's assertion, encrypted, as a text of its own or cut out with its ancestors' declarations left behind."""
    root = etree.fromstring(message(product))
    assertion = root.find(ASSERTION)
    plain = etree.tostring(assertion)
    if not own_namespaces:
        found = re.search(rb"<((?:\w+:)?Assertion) .*</\1>", message(product), re.DOTALL)
        assert found
        plain = found[0]
    encrypted = etree.fromstring(encryption(algorithm=GCM128, digest="sha1")(plain))
    holder = root.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    root.replace(assertion, encrypted)
    if holder is not None:
        for empty in holder.iter("{*}DigestValue", "{*}SignatureValue"):
            empty.text = None
    data = sign(etree.tostring(root), rsa_key())
    record = accept(product, data, want_encrypted=True)
    assert record.email == "ada@fabrikam.example"


def test_cbc_as_microsoft_encrypts() -> None:
    """HS-20: AES-CBC, which Entra ID and AD FS use, passes once the response is signed as well, and the receipt says so."""
    for product in ("entra-id", "ad-fs"):
        root = etree.fromstring(message(product))
        assertion = root.find(ASSERTION)
        root.replace(assertion, etree.fromstring(encryption(algorithm=CBC128)(etree.tostring(assertion))))
        with pytest.raises(ResponseRefused, match="AES-CBC only inside a signed Response"):
            accept(product, etree.tostring(root))
        skeleton = (
            '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>'
            '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
            '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
            f'<ds:Reference URI="#{root.get("ID")}"><ds:Transforms>'
            '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>'
            '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>'
            '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>'
            "<ds:SignatureValue/></ds:Signature>"
        )
        root[0].addnext(etree.fromstring(skeleton))
        assert accept(product, sign(etree.tostring(root), rsa_key())).email == "ada@fabrikam.example"
