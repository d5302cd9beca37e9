"""An identity provider of the tests: writes responses as text, signs with xmlsec, encrypts with cryptography.

It shares no code with the connector: what it writes is read from the standards, not from our vocabulary.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from broker.connectors.saml.envelope import Envelope
from broker.connectors.saml.partner import Expected, SamlView
from broker.connectors.saml.response import JudgedAssertion, judge

NOW = 1_800_000_000
IDP = "https://idp.fabrikam.example/saml"
OTHER = "https://idp.other.example/saml"
SP = "https://guests.contoso.example/saml/metadata"
ACS = "https://guests.contoso.example/saml/acs"
REQUEST = "_3f1c9a07e5d84b6c"
DS = "http://www.w3.org/2000/09/xmldsig#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
URI_FORMAT = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
MAIL = "urn:oid:0.9.2342.19200300.100.1.3"
GCM256 = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
GCM128 = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
CBC128 = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
OAEP_MGF1P = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
TRANSFORMS = f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXC_C14N}"/>'

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def rsa_key(name: str = "idp") -> rsa.RSAPrivateKey:
    """One key a name and test run."""
    return _rsa_key(name)


@cache
def _rsa_key(_: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key(curve: str = "secp256r1") -> ec.EllipticCurvePrivateKey:
    """One key a curve and test run."""
    return ec.generate_private_key({"secp256r1": ec.SECP256R1(), "secp384r1": ec.SECP384R1()}[curve])


@cache
def certificate(key: Key) -> str:
    """The base64 body of a self-signed certificate."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp")])
    day = datetime.fromtimestamp(NOW, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(day - timedelta(days=9))
        .not_valid_after(day + timedelta(days=999))
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def stamp(seconds: int) -> str:
    """xs:dateTime in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def signature(
    reference: str, *, method: str = RSA_SHA256, digest: str = SHA256, transforms: str = TRANSFORMS, key_info: str = ""
) -> str:
    """The skeleton of a signature; DigestValue and SignatureValue are filled by `sign`."""
    return (
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
        f'<ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="#{reference}"><ds:Transforms>{transforms}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest}"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>{key_info}</ds:Signature>'
    )


def x509_info(key: Key) -> str:
    """A KeyInfo with one certificate."""
    return f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate(key)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"


def attribute(
    name: str, *values: str, form: str | None = URI_FORMAT, friendly: str | None = None, type_: str | None = "xs:string"
) -> str:
    """One Attribute with text values (or raw XML, which is text too)."""
    attributes = (f' NameFormat="{form}"' if form else "") + (f' FriendlyName="{friendly}"' if friendly else "")
    typed = (
        f' xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="{type_}"'
        if type_
        else ""
    )
    inner = "".join(f"<saml:AttributeValue{typed}>{value}</saml:AttributeValue>" for value in values)
    return f'<saml:Attribute Name="{name}"{attributes}>{inner}</saml:Attribute>'


@dataclass(frozen=True, kw_only=True)
class Message:
    """One response in its parts; None leaves an attribute or element out."""

    response_id: str = "_response-1"
    assertion_id: str = "_assertion-1"
    issuer: str = IDP
    inner_issuer: str = IDP
    destination: str | None = ACS
    in_response_to: str | None = REQUEST
    issued: str = stamp(NOW - 3)
    inner_issued: str = stamp(NOW - 3)
    status: str = f'<samlp:StatusCode Value="{SUCCESS}"/>'
    name_id: str | None = f'<saml:NameID Format="{PERSISTENT}">x7f-quirk</saml:NameID>'
    method: str = BEARER
    recipient: str | None = ACS
    inner_in_response_to: str | None = REQUEST
    confirm_until: str | None = stamp(NOW + 300)
    confirm_from: str | None = None
    conditions: str | None = None
    not_before: str | None = stamp(NOW - 30)
    not_on_or_after: str | None = stamp(NOW + 300)
    audiences: Sequence[Sequence[str]] = ((SP,),)
    authn_instant: str = stamp(NOW - 20)
    session_until: str | None = None
    context: str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
    attributes: str = attribute(MAIL, "ada@fabrikam.example", friendly="mail") + attribute(
        "urn:oid:2.16.840.1.113730.3.1.241", "Ada Lovelace"
    )
    extra: str = ""  # further attributes
    signed: str = "both"
    key: Key = field(default_factory=rsa_key)
    signature_options: Mapping[str, Any] = field(default_factory=dict)
    encrypt: Callable[[bytes], str] | None = None
    has_assertion: bool = True
    edit: Callable[[str], str] = lambda text: text

    def assertion_xml(self) -> str:
        """The Assertion, with a skeleton of its signature if it is to be signed."""
        sig = signature(self.assertion_id, **self.signature_options) if self.signed in {"assertion", "both"} else ""
        data = _attributes(
            NotBefore=self.confirm_from,
            NotOnOrAfter=self.confirm_until,
            Recipient=self.recipient,
            InResponseTo=self.inner_in_response_to,
        )
        restrictions = "".join(
            "<saml:AudienceRestriction>"
            + "".join(f"<saml:Audience>{name}</saml:Audience>" for name in names)
            + "</saml:AudienceRestriction>"
            for names in self.audiences
        )
        conditions = (
            f"<saml:Conditions{_attributes(NotBefore=self.not_before, NotOnOrAfter=self.not_on_or_after)}>{restrictions}</saml:Conditions>"
            if self.conditions is None
            else self.conditions
        )
        authn = _attributes(AuthnInstant=self.authn_instant, SessionIndex="_s1", SessionNotOnOrAfter=self.session_until)
        attributes = self.attributes + self.extra
        statement = f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>" if attributes else ""
        return (
            f'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{self.assertion_id}" Version="2.0" '
            f'IssueInstant="{self.inner_issued}"><saml:Issuer>{self.inner_issuer}</saml:Issuer>{sig}'
            f'<saml:Subject>{self.name_id or ""}<saml:SubjectConfirmation Method="{self.method}">'
            f"<saml:SubjectConfirmationData{data}/></saml:SubjectConfirmation></saml:Subject>{conditions}"
            f"<saml:AuthnStatement{authn}><saml:AuthnContext><saml:AuthnContextClassRef>{self.context}</saml:AuthnContextClassRef>"
            f"</saml:AuthnContext></saml:AuthnStatement>{statement}</saml:Assertion>"
        )

    def response_xml(self, inner: str) -> str:
        """The Response around `inner`, with a skeleton of its signature if it is to be signed."""
        sig = signature(self.response_id, **self.signature_options) if self.signed in {"response", "both"} else ""
        shown = _attributes(Destination=self.destination, InResponseTo=self.in_response_to)
        return (
            f'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="{self.response_id}" Version="2.0" '
            f'IssueInstant="{self.issued}"{shown}><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">{self.issuer}'
            f"</saml:Issuer>{sig}<samlp:Status>{self.status}</samlp:Status>{inner}</samlp:Response>"
        )

    def xml(self) -> bytes:
        """The whole document, signed and encrypted."""
        inner = self.assertion_xml() if self.has_assertion else ""
        if self.encrypt is not None:
            inner = self.encrypt(sign(self.edit(inner).encode(), self.key))
            return sign(self.response_xml(inner).encode(), self.key)
        return sign(self.edit(self.response_xml(inner)).encode(), self.key)

    def field(self) -> str:
        """The SAMLResponse field."""
        return base64.b64encode(self.xml()).decode()


def genuine(**changes: Any) -> Message:
    """A response with nothing wrong, but for the changes."""
    return replace(Message(), **changes)


def sign(data: bytes, key: Key) -> bytes:
    """Fill every signature of the text, the inner one first, and write the text anew."""
    root = etree.fromstring(data)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for node in reversed(list(root.iter(f"{{{DS}}}Signature"))):
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
        context.register_id(node.getparent(), "ID", None)
        context.sign(node)
    return bytes(etree.tostring(root))


def encryption(
    key: rsa.RSAPublicKey | None = None,
    *,
    algorithm: str = GCM256,
    wrap: str = OAEP_MGF1P,
    digest: str | None = None,
    mask: str | None = None,
    beside: bool = False,
    hints: str = "",
    raw: bool = False,
) -> Callable[[bytes], str]:
    """How to encrypt an assertion to `key` (ours, if none): a function from its bytes to an EncryptedAssertion. raw: CBC adds no padding."""

    def encrypt(plain: bytes) -> str:
        size = {"128": 16, "192": 24, "256": 32}[algorithm.rpartition("aes")[2][:3]]
        secret, nonce = os.urandom(size), os.urandom(12)
        if algorithm.endswith("-gcm"):
            sealed = nonce + AESGCM(secret).encrypt(nonce, plain, None)
        else:
            pad = b"" if raw else bytes(15 - len(plain) % 16) + bytes([16 - len(plain) % 16])
            vector = os.urandom(16)
            context = Cipher(AES(secret), CBC(vector)).encryptor()
            sealed = vector + context.update(plain + pad) + context.finalize()
        hashed: dict[str | None, Callable[[], hashes.HashAlgorithm]] = {
            None: hashes.SHA1,
            "sha1": hashes.SHA1,
            "sha256": hashes.SHA256,
            "sha384": hashes.SHA384,
            "sha512": hashes.SHA512,
        }
        public = key or rsa_key("broker").public_key()
        wrapped = public.encrypt(secret, OAEP(mgf=MGF1(hashed[mask]()), algorithm=hashed[digest](), label=None))
        uri = {
            "sha1": f"{DS}sha1",
            "sha256": SHA256,
            "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
            "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
        }
        method = (f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{uri[digest]}"/>' if digest else "") + (
            f'<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1{mask}"/>'
            if mask
            else ""
        )
        encrypted_key = (
            f'<xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Id="_ek"><xenc:EncryptionMethod Algorithm="{wrap}">{method}</xenc:EncryptionMethod>'
            f"{hints}<xenc:CipherData><xenc:CipherValue>{base64.b64encode(wrapped).decode()}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
        )
        info = (
            '<ds:RetrievalMethod URI="#_ek" Type="http://www.w3.org/2001/04/xmlenc#EncryptedKey"/>' if beside else encrypted_key
        )
        return (
            '<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" '
            f'Id="_ed" Type="http://www.w3.org/2001/04/xmlenc#Element"><xenc:EncryptionMethod Algorithm="{algorithm}"/>'
            f'<ds:KeyInfo xmlns:ds="{DS}">{info}</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{base64.b64encode(sealed).decode()}'
            f"</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>{encrypted_key if beside else ''}</saml:EncryptedAssertion>"
        )

    return encrypt


VIEW = SamlView(
    id="fabrikam",
    entity_id=IDP,
    claims={"email": "mail", "name": "displayName", "groups": "memberOf"},
    domains=("fabrikam.example",),
    trust_email=True,
)
EXPECTED = Expected(request_id=REQUEST, acs_url=ACS, audience=SP, now=NOW)


class Counter:
    """Stands before a function and counts what goes through."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.calls = 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.function(*args)


def canonical(address: str) -> str | None:
    """The tests' rule for addresses."""
    return address.lower() if address.count("@") == 1 else None


def show(message: Message | bytes | str | Envelope, **options: Any) -> JudgedAssertion:
    """What the connector makes of a message."""
    raw = message.field() if isinstance(message, Message) else message
    if isinstance(raw, bytes):
        raw = base64.b64encode(raw).decode()
    view, expected = options.pop("view", {}), options.pop("expected", {})
    options.setdefault("keys", (rsa_key().public_key(),))
    options.setdefault("decryption_keys", (rsa_key("broker"),))
    return judge(raw, partner=replace(VIEW, **view), expected=replace(EXPECTED, **expected), canonical_email=canonical, **options)


def _attributes(**values: str | None) -> str:
    return "".join(f' {name}="{value}"' for name, value in values.items() if value is not None)
