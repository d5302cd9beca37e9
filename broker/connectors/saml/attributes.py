"""Reads the attributes of a verified assertion by their Name on the wire (HS-29, core 2.7.3.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from broker.connectors.mapping import MAX_TEXT, MAX_VALUES, NAME_ID, SHORT_NAMES, Wire, claims_map, wire_names
from broker.connectors.saml.errors import ResponseRefused
from broker.connectors.saml.partner import AMR, SamlView
from broker.domain.address import in_domains
from broker.saml.parse import Element, collapse
from broker.saml.vocabulary import XS, clark

_UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"  # where none is given (core 2.7.3.1)
_TYPE: Final = clark("xsi:type")
_NIL: Final = clark("xsi:nil")
_SIMPLE: Final = frozenset(  # XML Schema 2, 3.2 and 3.3: the simple types that an xsi:type may name
    "anyType anySimpleType string boolean decimal float double duration dateTime time date gYearMonth gYear gMonthDay gDay "
    "gMonth hexBinary base64Binary anyURI QName NOTATION normalizedString token language NMTOKEN Name NCName ID IDREF ENTITY "
    "integer nonPositiveInteger negativeInteger long int short byte nonNegativeInteger unsignedLong unsignedInt unsignedShort "
    "unsignedByte positiveInteger".split()
)
_SCOPED: Final = frozenset(  # value@scope: accepted from the organization that owns the scope only
    name
    for short in ("eduPersonPrincipalName", "eduPersonScopedAffiliation", "pairwise-id", "subject-id")
    for name in SHORT_NAMES[short][1]
)


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of an assertion.

    names: every Name. texts: Name -> values of the attributes that are read. nodes: their AttributeValue elements.
    left_out: Names that neither file nor rule names, and whose values cannot be used.
    """

    names: tuple[str, ...]
    texts: Mapping[str, Sequence[str]]
    nodes: Mapping[str, Sequence[Element]]
    left_out: tuple[str, ...] = ()


def read_attributes(statements: Sequence[Element], partner: SamlView) -> Attributes:
    """The attributes that we use, from the AttributeStatements of a signed assertion that has passed the gate.

    A NameID as value (eduPersonTargetedID) is used for the subject only. Raises ResponseRefused: saml_attribute for a value
    that is not text or not within the partner's scopes, claim_ambiguous for one Name in two NameFormats or statements. An
    attribute that is only read by default, and that neither the file nor a rule names, is left out instead (HS-29).
    """
    wanted = _wanted(partner)
    subject = frozenset(wire_names(partner.subject, Wire.SAML))
    places: dict[str, tuple[int, str | None]] = {}
    nodes: dict[str, list[Element]] = {}
    names: list[str] = []
    twice: list[str] = []
    for number, statement in enumerate(statements):
        for attribute in statement:
            name = attribute.get("Name")
            names.append(name)
            if name not in wanted and name not in subject:
                continue
            place = (number, collapse(attribute.get("NameFormat", _UNSPECIFIED)))
            if places.setdefault(name, place) != place:
                twice.append(name)
            nodes.setdefault(name, []).extend(value for value in attribute if value.get(_NIL) not in {"true", "1"})
    texts: dict[str, list[str]] = {}
    left_out: list[str] = []
    for name, values in nodes.items():
        try:
            if name in twice:
                raise _twice()
            if name in wanted:
                texts[name] = _texts(name, values, partner)
        except ResponseRefused:
            if name in subject or any(map(partner.named, wanted[name])):
                raise
            left_out.append(name)
    return Attributes(names=tuple(names), texts=texts, nodes=nodes, left_out=tuple(left_out))


def _wanted(partner: SamlView) -> Mapping[str, set[str]]:
    """Name on the wire -> the claims that are read from it. AMR is always read; files do not name it."""
    found: dict[str, set[str]] = {AMR: {AMR}}
    for claim, source in claims_map(partner.claims).items():
        for name in wire_names(source, Wire.SAML) if source != NAME_ID else ():
            found.setdefault(name, set()).add(claim)
    return found


def _twice() -> ResponseRefused:
    return ResponseRefused(
        "claim_ambiguous",
        "HS-29",
        "one attribute Name came in two NameFormats, or in two AttributeStatements; the partner must send it once",
    )


def text_of(value: Element, name: str) -> str:
    """The text of an AttributeValue. Raises ResponseRefused(saml_attribute) for an element, or a type that is not simple."""
    if len(value):
        raise _no_text(name, "holds an element")
    declared = value.get(_TYPE)
    if declared is not None:
        prefix, _, local = declared.strip().rpartition(":")
        if value.nsmap.get(prefix or None) != XS or local not in _SIMPLE:
            raise _no_text(name, "has an xsi:type that is not a simple one of XML Schema")
    text = value.text or ""
    if len(text) > MAX_TEXT:
        raise _no_text(name, f"is longer than {MAX_TEXT} characters")
    return text


def check_scope(name: str, text: str, partner: SamlView) -> None:
    """Check the scope (after the @) of a scoped attribute: within the partner's domains, and one of its scopes if it has any."""
    if name not in _SCOPED:
        return
    scope = text.rpartition("@")[2].lower()
    known = not partner.scopes or scope in {entry.lower() for entry in partner.scopes}
    owned = not (partner.domains or partner.bounded) or in_domains(text, partner.domains)
    if "@" not in text or not known or not owned:
        raise ResponseRefused(
            "saml_attribute",
            "HS-29",
            f"a value of {_named(name)} ends in a scope that is not this partner's; it must be among the partner's domains here, "
            "and among the shibmd:Scope of its metadata where that has any",
        )


def _texts(name: str, values: Sequence[Element], partner: SamlView) -> list[str]:
    if len(values) > MAX_VALUES:
        raise ResponseRefused(
            "saml_attribute", "HS-29", f"{_named(name)} came with more than {MAX_VALUES} values; the partner must send fewer"
        )
    texts = [text for value in values if (text := text_of(value, name))]
    for text in texts:
        check_scope(name, text, partner)
    return texts


def _no_text(name: str, what: str) -> ResponseRefused:
    return ResponseRefused("saml_attribute", "HS-29", f"a value of {_named(name)} {what}; the partner must send plain text")


def _named(name: str) -> str:
    """The attribute's Name. Only Names of our own files and table are read, so the text is never the sender's."""
    return f"the attribute {name}"
