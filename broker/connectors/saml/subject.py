"""Reads the identifier of the account from the one source that the partner's file names (HS-28)."""

from __future__ import annotations

import json
import re
from typing import Final

from broker.connectors.mapping import NAME_ID, SHORT_NAMES, Wire, wire_names
from broker.connectors.saml.attributes import Attributes, check_scope, text_of
from broker.connectors.saml.errors import ResponseRefused
from broker.connectors.saml.partner import Expected, SamlView
from broker.saml.parse import Element, collapse
from broker.saml.vocabulary import clark

MAX_SUBJECT: Final = 1024  # characters, the column's
_NAME_ID: Final = clark("saml:NameID")
_PLACE: Final = f"{clark('saml:Subject')}/{_NAME_ID}"
_FORMATS: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
_UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"  # where none is given (core 2.2.2)
_PERSISTENT: Final = f"{_FORMATS}persistent"
_REFUSED: Final = frozenset({f"{_FORMATS}transient", f"{_FORMATS}encrypted", f"{_FORMATS}entity"})
_WORDS: Final = frozenset(
    ("persistent", "unspecified", "emailAddress", "X509SubjectName", "WindowsDomainQualifiedName", "kerberos")
)
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SUBJECT_ID: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9=\-]{0,126}@[A-Za-z0-9][A-Za-z0-9.\-]{0,126}"
)  # subject-id profile 3.3, 3.4
_SUBJECT_IDS: Final = frozenset(name for short in ("pairwise-id", "subject-id") for name in SHORT_NAMES[short][1])


def read_subject(name_id: Element | None, attributes: Attributes, partner: SamlView, expected: Expected) -> str:
    """A JSON list: [Format, NameQualifier, SPNameQualifier, value] of a NameID, [Name, value] of an attribute.

    A NameID inside an attribute (eduPersonTargetedID) is [Name, Format, NameQualifier, SPNameQualifier, value]. The same value
    from another source is therefore another account, until staff bind it again. Raises ResponseRefused: saml_nameid,
    saml_nameid_format, saml_attribute, claim_ambiguous.
    """
    if partner.subject == NAME_ID:
        if name_id is None:
            raise _no_name_id()
        return _subject(_name_id(name_id, partner, expected, "saml_nameid"), "saml_nameid")
    names = wire_names(partner.subject, Wire.SAML)
    came = [name for name in names if attributes.nodes.get(name)]
    values = [(name, value) for name in came for value in attributes.nodes[name]]
    if not values:
        raise ResponseRefused(
            "saml_attribute", "HS-28", f"no value of {partner.subject}, which names the account; the partner must release it"
        )
    if len(values) > 1:
        raise ResponseRefused(
            "claim_ambiguous",
            "HS-28",
            f"{partner.subject}, which names the account, came with several values; the partner must send one",
        )
    [(name, value)] = values
    source = partner.subject if partner.subject not in SHORT_NAMES else SHORT_NAMES[partner.subject][1][0]
    if [child.tag for child in value] == [_NAME_ID]:
        inner = _name_id(value[0], partner, expected, "saml_attribute")
        return _subject([source, *inner], "saml_attribute")
    text = _exact(text_of(value, name), "saml_attribute", partner.subject)
    if name in _SUBJECT_IDS and not _SUBJECT_ID.fullmatch(text):
        raise ResponseRefused(
            "saml_attribute",
            "HS-28",
            f"{partner.subject} must be an identifier, @ and a scope (SAML subject identifier profile 3.3)",
        )
    check_scope(name, text, partner)
    return _subject([source, text], "saml_attribute")


def check_name_id(assertion: Element | None, subject: str) -> None:
    """Refuse an assertion without a NameID if the NameID names the account, before any key is used (SR-39)."""
    if assertion is not None and subject == NAME_ID and assertion.find(_PLACE) is None:
        raise _no_name_id()


def _no_name_id() -> ResponseRefused:
    detail = "saml:Subject has no saml:NameID in plain text; the partner must send one (release a persistent name ID)"
    return ResponseRefused("saml_nameid", "HS-28", detail)


def _name_id(element: Element, partner: SamlView, expected: Expected, reason: str) -> list[str]:
    """The four parts of a NameID. A persistent one may omit its qualifiers: they are then the partner's and ours."""
    form = _format(element)
    if form in _REFUSED:
        raise ResponseRefused(
            "saml_nameid_format",
            "HS-28",
            f"a NameID of format {form.rpartition(':')[2]} names no account; the partner must send a persistent one, "
            "or saml.subject must name an attribute",
        )
    value = _exact(element.text, reason, "saml:NameID")
    derived = (partner.entity_id, expected.audience) if form == _PERSISTENT else ("", "")  # core 8.3.7
    return [form, element.get("NameQualifier") or derived[0], element.get("SPNameQualifier") or derived[1], value]


def _format(element: Element) -> str:
    return collapse(element.get("Format", _UNSPECIFIED)) or ""


def name_id_text(name_id: Element | None) -> str | None:
    """The value of a NameID that is not transient, for a claim that the file reads from it."""
    return None if name_id is None or _format(name_id) in _REFUSED else name_id.text


def form_of(name_id: Element | None, partner: SamlView) -> str | None:
    """The last word of the format of the NameID that names the account, for staff; None if an attribute names it."""
    if name_id is None or partner.subject != NAME_ID:
        return None
    word = _format(name_id).rpartition(":")[2]
    return word if word in _WORDS else "another"


def _exact(text: str | None, reason: str, name: str) -> str:
    if not text:
        raise ResponseRefused(
            reason,
            "HS-28",
            f"the value of {name} is empty; the partner must fill it, and saml.name_id_format here may ask for one that it can",
        )
    if text != text.strip() or _CONTROL.search(text):
        raise ResponseRefused(
            reason,
            "HS-28",
            f"the value of {name} must be text without leading, trailing or control white space; the partner must send it so",
        )
    return text


def _subject(parts: list[str], reason: str) -> str:
    subject = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    if len(subject) > MAX_SUBJECT:
        raise ResponseRefused(
            reason, "HS-28", f"the name of the account and what qualifies it are longer than {MAX_SUBJECT} characters"
        )
    return subject
