"""Signed aggregates of federations, as xmlsec signs them: the oracle of what the broker reads as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import xmlsec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from tests.connectors.saml.metadata_documents import body, descriptor, rsa_key, service

MD, DS = "urn:oasis:names:tc:SAML:2.0:metadata", "http://www.w3.org/2000/09/xmldsig#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA, DIGEST = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"
UNTIL, CREATED = "2099-01-01T00:00:00Z", "2026-11-01T00:00:00Z"


def entity(
    name: str,
    *,
    names: Mapping[str, str] | None = None,
    scopes: Iterable[str] | None = None,
    authority: str = "https://registrar.example",
    categories: Iterable[str] = (),
    key: rsa.RSAPrivateKey | None = None,
    extra: str = "",
    role: str = "IDPSSODescriptor",
) -> str:
    """An EntityDescriptor of https://NAME.example/idp, with its own namespaces where aggregates have them."""
    shown = "".join(
        f'<mdui:DisplayName xml:lang="{at}">{text}</mdui:DisplayName>' for at, text in (names or {"en": name}).items()
    )
    owned = "".join(f'<shibmd:Scope regexp="false">{one}</shibmd:Scope>' for one in (f"{name}.example",) if scopes is None)
    owned += "".join(f'<shibmd:Scope regexp="false">{one}</shibmd:Scope>' for one in scopes or ())
    values = "".join(f"<saml:AttributeValue>{one}</saml:AttributeValue>" for one in categories)
    return (
        f'<md:EntityDescriptor xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui" xmlns:ds="{DS}" entityID="https://{name}.example/idp"{extra}>'
        f'<md:Extensions><mdrpi:RegistrationInfo xmlns:mdrpi="urn:oasis:names:tc:SAML:metadata:rpi" registrationAuthority="{authority}"/>'
        '<mdattr:EntityAttributes xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">'
        f'<saml:Attribute Name="http://macedir.org/entity-category">{values}</saml:Attribute></mdattr:EntityAttributes></md:Extensions>'
        f'<md:{role} protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" errorURL="https://{name}.example/help">'
        f'<md:Extensions xmlns:shibmd="urn:mace:shibboleth:metadata:1.0">{owned}<mdui:UIInfo>{shown}</mdui:UIInfo></md:Extensions>'
        f"{descriptor(body(key or rsa_key()))}{service(f'https://{name}.example/sso')}</md:{role}></md:EntityDescriptor>"
    )


def aggregate(
    entities: Iterable[str],
    key: rsa.RSAPrivateKey,
    *,
    until: str | None = UNTIL,
    created: str | None = CREATED,
    prefixes: str = "",
    method: str = RSA,
    digest: str = DIGEST,
    around: str = "",
) -> bytes:
    """An EntitiesDescriptor that is signed by the key. around: further attributes of the root."""
    listed = f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{prefixes}"/>' if prefixes else ""
    limit = f' validUntil="{until}"' if until else ""
    said = f' creationInstant="{created}"' if created else ""
    text = (
        f'<md:EntitiesDescriptor xmlns:md="{MD}" xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="_root" Name="all"{limit}{around}>\n'
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC}"/><ds:SignatureMethod Algorithm="{method}"/>'
        f'<ds:Reference URI="#_root"><ds:Transforms><ds:Transform Algorithm="{DS}enveloped-signature"/><ds:Transform Algorithm="{EXC}">{listed}'
        f'</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue/></ds:Reference></ds:SignedInfo>'
        "<ds:SignatureValue/></ds:Signature>\n<md:Extensions><mdrpi:PublicationInfo "
        f'xmlns:mdrpi="urn:oasis:names:tc:SAML:metadata:rpi" publisher="https://federation.example"{said}/></md:Extensions>\n'
        + "\n".join(entities)
        + "\n</md:EntitiesDescriptor>"
    )
    root = etree.fromstring(text.encode())
    context = xmlsec.SignatureContext()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    context.register_id(root, "ID")
    context.sign(root.find(f"{{{DS}}}Signature"))
    return b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- terms of use -->\n' + bytes(etree.tostring(root)) + b"\n"
