"""The closed vocabulary of responses and logout messages: every element that may occur, its attributes and the exact sequence of its children.

Elements and attributes that are not in this table are refused (HS-9 to HS-14). Models have the syntax of a DTD: a name, `?`,
`*`, `+`, `|`, brackets; `name@variant` is an element whose content depends on its place. Some elements may have content that
is never read (HS-29): `other:*` among the attributes allows attributes of other namespaces, `anything` allows any content that
no key, signature or reference uses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SAMLP: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
DS11: Final = "http://www.w3.org/2009/xmldsig11#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XS: Final = "http://www.w3.org/2001/XMLSchema"

PREFIXES: Final[Mapping[str, str]] = {
    "samlp": SAMLP, "saml": SAML, "ds": DS, "ds11": DS11, "xenc": XENC, "xenc11": XENC11, "ec": EXC_C14N, "xsi": XSI,
    "x500": "urn:oasis:names:tc:SAML:2.0:profiles:attribute:X500",
    "wsid": "http://schemas.xmlsoap.org/ws/2009/09/identity/claims",
}  # fmt: skip


class TextRule(StrEnum):
    """The text that an element may contain besides child elements."""

    NONE = "white space only"
    ONLY = "text, no element"
    EITHER = "text, or one element"


@dataclass(frozen=True, slots=True)
class ElementRule:
    """The rule of one element.

    attributes: name in lxml's notation -> whether it is required. foreign: attributes of other namespaces are allowed.
    children: the compiled model. variants: tag -> key of RULES. anything: content outside the model is allowed and never read.
    reason: of a refusal of the element's content. shown: the model, for the receipt.
    """

    attributes: Mapping[str, bool]
    foreign: bool
    anything: bool
    children: re.Pattern[str]
    variants: Mapping[str, str]
    text: TextRule
    reason: str
    shown: str


_FOREIGN: Final = "other:*"
_TOKEN: Final = re.compile(r"(\w+:\w+)(?:@(\w+))?")


def clark(name: str) -> str:
    """`saml:Issuer` in lxml's notation; a name without prefix has no namespace."""
    prefix, colon, local = name.partition(":")
    return f"{{{PREFIXES[prefix]}}}{local}" if colon else name


def _rule(
    attributes: str = "",
    children: str = "",
    text: TextRule = TextRule.NONE,
    reason: str = "saml_structure",
    *,
    anything: bool = False,
) -> ElementRule:
    words = attributes.split()
    variants = {clark(name): f"{name}@{variant}" for name, variant in _TOKEN.findall(children) if variant}
    shown = _TOKEN.sub(r"\1", children) or ("text" if text is TextRule.ONLY else "nothing")
    pattern = _TOKEN.sub(lambda found: f"(?:{found[1]},)", children).replace(" ", "")
    return ElementRule(
        attributes={clark(name.removesuffix("?")): not name.endswith("?") for name in words if name != _FOREIGN},
        foreign=_FOREIGN in words,
        anything=anything,
        children=re.compile(pattern),
        variants=variants,
        text=text,
        reason=reason,
        shown=shown,
    )


_PROFILE: Final = "saml_signature_profile"

RULES: Final[Mapping[str, ElementRule]] = {
    # core 3.2.2, 3.3.3; HS-9
    "samlp:Response": _rule(
        "ID Version IssueInstant Destination? InResponseTo? Consent?",
        "saml:Issuer ds:Signature? samlp:Extensions? samlp:Status (saml:Assertion|saml:EncryptedAssertion)?",
    ),
    "samlp:Extensions": _rule(anything=True),
    "samlp:Status": _rule("", "samlp:StatusCode samlp:StatusMessage?"),
    "samlp:StatusCode": _rule("Value", "samlp:StatusCode@second?"),
    "samlp:StatusCode@second": _rule("Value", "samlp:StatusCode@third?"),
    "samlp:StatusCode@third": _rule("Value"),
    "samlp:StatusMessage": _rule("", "", TextRule.ONLY),
    # core 3.7; HS-35
    "samlp:LogoutRequest": _rule(
        "ID Version IssueInstant Destination? NotOnOrAfter? Reason? Consent?",
        "saml:Issuer ds:Signature? samlp:Extensions? (saml:NameID|saml:EncryptedID) samlp:SessionIndex*",
    ),
    "samlp:SessionIndex": _rule("", "", TextRule.ONLY),
    "samlp:LogoutResponse": _rule(
        "ID Version IssueInstant Destination? InResponseTo? Consent?",
        "saml:Issuer ds:Signature? samlp:Extensions? samlp:Status",
    ),
    # core 2.3.3; HS-10
    "saml:Assertion": _rule(
        "ID Version IssueInstant",
        "saml:Issuer ds:Signature? saml:Subject saml:Conditions "
        "saml:AttributeStatement* saml:AuthnStatement saml:AttributeStatement*",
    ),
    "saml:Issuer": _rule("Format?", "", TextRule.ONLY),  # prof 4.1.4.2: no qualifiers
    "saml:Subject": _rule("", "saml:NameID? saml:SubjectConfirmation"),
    "saml:NameID": _rule("Format? NameQualifier? SPNameQualifier? SPProvidedID?", "", TextRule.ONLY),
    "saml:SubjectConfirmation": _rule("Method", "saml:SubjectConfirmationData"),
    "saml:SubjectConfirmationData": _rule("NotBefore? NotOnOrAfter? Recipient? InResponseTo? Address?"),
    "saml:Conditions": _rule("NotBefore? NotOnOrAfter?", "saml:AudienceRestriction+ saml:OneTimeUse? saml:ProxyRestriction?"),
    "saml:AudienceRestriction": _rule("", "saml:Audience+"),
    "saml:Audience": _rule("", "", TextRule.ONLY),
    "saml:OneTimeUse": _rule(),
    "saml:ProxyRestriction": _rule("Count?", "saml:Audience*"),
    "saml:AuthnStatement": _rule(
        "AuthnInstant SessionIndex? SessionNotOnOrAfter?", "saml:SubjectLocality? saml:AuthnContext"
    ),
    "saml:SubjectLocality": _rule("Address? DNSName?"),
    "saml:AuthnContext": _rule("", "saml:AuthnContextClassRef saml:AuthnContextDeclRef? saml:AuthenticatingAuthority*"),
    "saml:AuthnContextClassRef": _rule("", "", TextRule.ONLY),
    "saml:AuthnContextDeclRef": _rule("", "", TextRule.ONLY),
    "saml:AuthenticatingAuthority": _rule("", "", TextRule.ONLY),
    "saml:AttributeStatement": _rule("", "saml:Attribute*"),  # some providers write one without attributes
    # the schema takes attributes of other namespaces (core 2.7.3.1), and anything at all as a value (2.7.3.1.1)
    "saml:Attribute": _rule("Name NameFormat? FriendlyName? x500:Encoding? wsid:OriginalIssuer? other:*", "saml:AttributeValue*"),
    "saml:AttributeValue": _rule("xsi:type? xsi:nil? other:*", "saml:NameID?", TextRule.EITHER, anything=True),
    # XML Signature 1.1 4; HS-13, HS-14, HS-16
    "ds:Signature": _rule("Id?", "ds:SignedInfo ds:SignatureValue ds:KeyInfo?"),
    "ds:SignedInfo": _rule("", "ds:CanonicalizationMethod ds:SignatureMethod ds:Reference", reason=_PROFILE),
    "ds:CanonicalizationMethod": _rule("Algorithm", "ec:InclusiveNamespaces?", reason=_PROFILE),
    "ds:SignatureMethod": _rule("Algorithm", reason="saml_algorithm"),  # no HMACOutputLength
    "ds:Reference": _rule("URI", "ds:Transforms ds:DigestMethod ds:DigestValue", reason=_PROFILE),
    "ds:Transforms": _rule("", "ds:Transform ds:Transform", reason=_PROFILE),
    "ds:Transform": _rule("Algorithm", "ec:InclusiveNamespaces?", reason=_PROFILE),  # no XSLT, no XPath
    "ec:InclusiveNamespaces": _rule("PrefixList", reason=_PROFILE),
    "ds:DigestMethod": _rule("Algorithm", reason="saml_algorithm"),
    "ds:DigestValue": _rule("", "", TextRule.ONLY, reason=_PROFILE),
    "ds:SignatureValue": _rule("", "", TextRule.ONLY),
    "ds:KeyInfo": _rule("", "(ds:KeyName|ds:KeyValue|ds:X509Data)+"),
    "ds:KeyName": _rule("", "", TextRule.ONLY),
    "ds:KeyValue": _rule("", "(ds:RSAKeyValue|ds11:ECKeyValue)"),
    "ds:RSAKeyValue": _rule("", "ds:Modulus ds:Exponent"),
    "ds:Modulus": _rule("", "", TextRule.ONLY),
    "ds:Exponent": _rule("", "", TextRule.ONLY),
    "ds11:ECKeyValue": _rule("", "ds11:NamedCurve ds11:PublicKey"),
    "ds11:NamedCurve": _rule("URI"),
    "ds11:PublicKey": _rule("", "", TextRule.ONLY),
    "ds:X509Data": _rule(
        "", "(ds:X509Certificate|ds:X509IssuerSerial|ds:X509SKI|ds:X509SubjectName|ds:X509CRL|ds11:X509Digest)+"
    ),
    "ds:X509Certificate": _rule("", "", TextRule.ONLY),
    "ds:X509IssuerSerial": _rule("", "ds:X509IssuerName ds:X509SerialNumber"),
    "ds:X509IssuerName": _rule("", "", TextRule.ONLY),
    "ds:X509SerialNumber": _rule("", "", TextRule.ONLY),
    "ds:X509SKI": _rule("", "", TextRule.ONLY),
    "ds:X509SubjectName": _rule("", "", TextRule.ONLY),
    "ds:X509CRL": _rule("", "", TextRule.ONLY),
    "ds11:X509Digest": _rule("Algorithm", "", TextRule.ONLY),
    # XML Encryption 1.1 3; core 2.3.4; HS-13, HS-20: one recipient, its key inside the data or next to it
    "saml:EncryptedAssertion": _rule("", "xenc:EncryptedData xenc:EncryptedKey?"),
    "saml:EncryptedID": _rule("", "xenc:EncryptedData xenc:EncryptedKey?"),  # core 2.2.4: of a LogoutRequest only
    "xenc:EncryptedData": _rule(
        "Id? Type?", "xenc:EncryptionMethod@data ds:KeyInfo@data? xenc:CipherData"
    ),
    "xenc:EncryptionMethod@data": _rule("Algorithm"),
    "ds:KeyInfo@data": _rule("", "(ds:RetrievalMethod|ds:KeyName|ds:KeyValue|ds:X509Data)* xenc:EncryptedKey?"),
    "ds:RetrievalMethod": _rule("URI Type?"),
    "xenc:EncryptedKey": _rule(
        "Id? Recipient? Type?",
        "xenc:EncryptionMethod@key ds:KeyInfo? xenc:CipherData xenc:ReferenceList? xenc:CarriedKeyName?",
    ),
    "xenc:EncryptionMethod@key": _rule("Algorithm", "(ds:DigestMethod xenc11:MGF?|xenc11:MGF ds:DigestMethod?)?"),
    "xenc11:MGF": _rule("Algorithm"),
    "xenc:CipherData": _rule("", "xenc:CipherValue"),
    "xenc:CipherValue": _rule("", "", TextRule.ONLY),
    "xenc:ReferenceList": _rule("", "xenc:DataReference"),
    "xenc:DataReference": _rule("URI"),
    "xenc:CarriedKeyName": _rule("", "", TextRule.ONLY),
}  # fmt: skip

NAMES: Final[Mapping[str, str]] = {clark(plain): plain for plain in (name.partition("@")[0] for name in RULES)}
GUARDED: Final = frozenset(
    {SAMLP, SAML, DS, DS11, XENC, XENC11, EXC_C14N}
)  # no element of these namespaces is allowed in unread content
