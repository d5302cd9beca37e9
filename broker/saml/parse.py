"""Decodes the form field, and parses the message once with a hardened parser (HS-6, HS-7, HS-8)."""

from __future__ import annotations

import binascii
import re
from typing import Final, TypeAlias

from lxml import etree

from broker.domain.errors import BadRequest
from broker.saml.errors import SamlRefused

Element: TypeAlias = etree._Element  # noqa: SLF001 - the documented class has this name only

MAX_BYTES: Final = 256 * 1024  # before and after decoding (HS-6)
MAX_ELEMENTS: Final = 5000  # HS-8
MAX_DECLARATIONS: Final = 2 * MAX_ELEMENTS  # xmlns attributes: some providers declare xs and xsi on every value

_LINE_BREAKS: Final = b"\r\n\t "  # RFC 2045 6.8 allows line breaks; some senders indent the lines
_SPACE: Final = rb"[ \t\r\n]"
_SPACES: Final = re.compile(r"[ \t\r\n]+")
_DECLARATION: Final = re.compile(  # XML 1.0 2.8, with no other encoding than UTF-8
    rb"<\?xml" + _SPACE + rb"+version=(?:'1\.0'|\"1\.0\")"
    rb"(?:" + _SPACE + rb"+encoding=(?:'[Uu][Tt][Ff]-8'|\"[Uu][Tt][Ff]-8\"))?"
    rb"(?:" + _SPACE + rb"+standalone=(?:'(?:yes|no)'|\"(?:yes|no)\"))?" + _SPACE + rb"*\?>"
)  # fmt: skip


def decode(raw: str) -> bytes:
    """The bytes of a SAMLResponse field: strict base64, line breaks allowed; never inflated (bind 3.5.4).

    Raises BadRequest(saml_decode).
    """
    if len(raw) > MAX_BYTES:
        raise BadRequest("saml_decode", f"HS-6: SAMLResponse is longer than {MAX_BYTES} characters")
    data = unfold(raw)
    if data is None:
        raise BadRequest("saml_decode", "HS-6: SAMLResponse is not base64 of the alphabet of RFC 4648 4, with its padding")
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise BadRequest("saml_decode", "HS-6: SAMLResponse holds no XML; a POST is not deflated (bind 3.5.4)")
    return data


def unfold(text: str) -> bytes | None:
    """The bytes of base64 text that may have line breaks; None if the text is empty or not base64."""
    try:
        packed = text.encode("ascii").translate(None, _LINE_BREAKS)
        return None if len(packed) % 4 else binascii.a2b_base64(packed, strict_mode=True) or None
    except ValueError:  # binascii.Error, UnicodeEncodeError
        return None


def collapse(text: str | None) -> str | None:
    """The value of an xs:anyURI and similar types: white space around it does not count (XML Schema 2, 4.3.6)."""
    return None if text is None else _SPACES.sub(" ", text).strip(" ")


def parse(data: bytes) -> Element:
    """The root element. A DTD, comment or processing instruction is refused before the parser runs. Raises SamlRefused(saml_structure)."""
    if len(data) > MAX_BYTES:
        raise _refused("HS-6", f"a document of more than {MAX_BYTES} bytes")
    declaration = _DECLARATION.match(data)
    body = declaration.end() if declaration else 0
    if data.find(b"<!", body) >= 0 or data.find(b"<?", body) >= 0:
        raise _refused("HS-7", "a DTD, entity, comment, CDATA section, processing instruction or another XML declaration")
    if data.startswith(b"\xef\xbb\xbf"):
        raise _refused("HS-7", "a byte order mark")
    if data.count(b"<") > 2 * MAX_ELEMENTS:  # every element has at most two tags
        raise _refused("HS-8", f"more than {MAX_ELEMENTS} elements")
    if data.count(b"xmlns") > MAX_DECLARATIONS:
        raise _refused("HS-8", f"more than {MAX_DECLARATIONS} namespace declarations")
    try:
        data.decode("utf-8")
        return etree.fromstring(data, _parser())
    except UnicodeDecodeError as error:
        raise _refused("HS-7", "bytes that are not UTF-8") from error
    except etree.XMLSyntaxError as error:  # its text quotes the input and is not passed on
        raise SamlRefused("saml_structure", "HS-8", "the message is not well-formed XML with namespaces") from error


def _parser() -> etree.XMLParser:
    """A new parser for each message. The limits of libxml2 stay on (depth 256); no DTD, no entity, no network."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        collect_ids=False,
    )


def _refused(rule: str, what: str) -> SamlRefused:
    return SamlRefused("saml_structure", rule, f"the message holds {what}; the partner must send plain XML without it")
