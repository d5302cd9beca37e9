"""The vocabulary of a response, element by element, as the standards define it."""

from __future__ import annotations

TEXT = "text"

HINTS = "(KeyName,|KeyValue,|X509Data,)"

Place = tuple[str, str]  # attributes, children

TABLE: dict[str, Place] = {
    # saml-core 3.2.2, 3.2.2.1; HS-9: no StatusDetail, two levels of StatusCode below the first
    "Response": (
        "ID Version IssueInstant Destination? InResponseTo? Consent?",
        "Issuer,(Signature,)?(Extensions,)?Status,(Assertion,|EncryptedAssertion,)?",
    ),
    "Extensions": ("", ""),
    "Status": ("", "StatusCode,(StatusMessage,)?"),
    "Status/StatusCode": ("Value", "(StatusCode,)?"),
    "StatusCode/StatusCode": ("Value", "(StatusCode,)?"),
    "StatusCode/StatusCode/StatusCode": ("Value", ""),
    "StatusMessage": ("", TEXT),
    # saml-core 2.3.3 and below; HS-10: one Subject, one confirmation, one AuthnStatement, no Advice
    "Assertion": (
        "ID Version IssueInstant",
        "Issuer,(Signature,)?Subject,Conditions,(AttributeStatement,)*AuthnStatement,(AttributeStatement,)*",
    ),
    "Issuer": ("Format?", TEXT),
    "Subject": ("", "(NameID,)?SubjectConfirmation,"),
    "NameID": ("Format? NameQualifier? SPNameQualifier? SPProvidedID?", TEXT),
    "SubjectConfirmation": ("Method", "SubjectConfirmationData,"),
    "SubjectConfirmationData": ("NotBefore? NotOnOrAfter? Recipient? InResponseTo? Address?", ""),
    "Conditions": ("NotBefore? NotOnOrAfter?", "(AudienceRestriction,)+(OneTimeUse,)?(ProxyRestriction,)?"),
    "AudienceRestriction": ("", "(Audience,)+"),
    "Audience": ("", TEXT),
    "OneTimeUse": ("", ""),
    "ProxyRestriction": ("Count?", "(Audience,)*"),
    "AuthnStatement": ("AuthnInstant SessionIndex? SessionNotOnOrAfter?", "(SubjectLocality,)?AuthnContext,"),
    "SubjectLocality": ("Address? DNSName?", ""),
    "AuthnContext": ("", "AuthnContextClassRef,(AuthnContextDeclRef,)?(AuthenticatingAuthority,)*"),
    "AuthnContextDeclRef": ("", TEXT),
    "AuthnContextClassRef": ("", TEXT),
    "AuthenticatingAuthority": ("", TEXT),
    "AttributeStatement": ("", "(Attribute,)*"),
    "Attribute": ("Name NameFormat? FriendlyName? x500:Encoding? wsid:OriginalIssuer? xsi:type? xsi:nil?", "(AttributeValue,)*"),
    "AttributeValue": ("xsi:type? xsi:nil? x500:Encoding? wsid:OriginalIssuer?", "(NameID,)?|text"),
    # XML Signature 1.1 4; HS-14: one Reference, two Transforms, no Object
    "Signature": ("Id?", "SignedInfo,SignatureValue,(KeyInfo,)?"),
    "SignedInfo": ("", "CanonicalizationMethod,SignatureMethod,Reference,"),
    "CanonicalizationMethod": ("Algorithm", "(InclusiveNamespaces,)?"),
    "SignatureMethod": ("Algorithm", ""),
    "Reference": ("URI", "Transforms,DigestMethod,DigestValue,"),
    "Transforms": ("", "Transform,Transform,"),
    "Transform": ("Algorithm", "(InclusiveNamespaces,)?"),
    "InclusiveNamespaces": ("PrefixList", ""),
    "DigestMethod": ("Algorithm", ""),
    "DigestValue": ("", TEXT),
    "SignatureValue": ("", TEXT),
    "KeyInfo": ("", f"{HINTS}+"),
    "KeyName": ("", TEXT),
    "KeyValue": ("", "RSAKeyValue,|ECKeyValue,"),
    "RSAKeyValue": ("", "Modulus,Exponent,"),
    "Modulus": ("", TEXT),
    "Exponent": ("", TEXT),
    "ECKeyValue": ("", "NamedCurve,PublicKey,"),
    "NamedCurve": ("URI", ""),
    "PublicKey": ("", TEXT),
    "X509Data": ("", "(X509Certificate,|X509IssuerSerial,|X509SKI,|X509SubjectName,|X509CRL,|X509Digest,)+"),
    "X509Certificate": ("", TEXT),
    "X509IssuerSerial": ("", "X509IssuerName,X509SerialNumber,"),
    "X509IssuerName": ("", TEXT),
    "X509SerialNumber": ("", TEXT),
    "X509SKI": ("", TEXT),
    "X509SubjectName": ("", TEXT),
    "X509CRL": ("", TEXT),
    "X509Digest": ("Algorithm", TEXT),
    # saml-core 2.3.4, XML Encryption 1.1 3; HS-20: one recipient, no CipherReference
    "EncryptedAssertion": ("", "EncryptedData,(EncryptedKey,)?"),
    "EncryptedData": ("Id? Type?", "EncryptionMethod,(KeyInfo,)?CipherData,"),
    "EncryptedData/EncryptionMethod": ("Algorithm", ""),
    "EncryptedData/KeyInfo": ("", f"(RetrievalMethod,|{HINTS})*(EncryptedKey,)?"),
    "RetrievalMethod": ("URI Type?", ""),
    "EncryptedKey": ("Id? Recipient? Type?", "EncryptionMethod,(KeyInfo,)?CipherData,(ReferenceList,)?(CarriedKeyName,)?"),
    "EncryptedKey/EncryptionMethod": ("Algorithm", "((DigestMethod,)?(MGF,)?|MGF,DigestMethod,)"),
    "MGF": ("Algorithm", ""),
    "CipherData": ("", "CipherValue,"),
    "CipherValue": ("", TEXT),
    "ReferenceList": ("", "DataReference,"),
    "DataReference": ("URI", ""),
    "CarriedKeyName": ("", TEXT),
}  # fmt: skip
