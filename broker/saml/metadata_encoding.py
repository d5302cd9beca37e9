"""Converts published metadata to UTF-8 for the hardened parser (SM-09; XML 1.0 2.8, 4.3.3, F)."""

from __future__ import annotations

import codecs
import re
from typing import Final

from broker.saml.errors import MetadataRefused

_DECLARATION: Final = re.compile(rb"""\A\s*<\?xml(?:\s[^>]*?)?\?>""")
_ENCODING: Final = re.compile(rb"""\A\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")
_DECLARED: Final = re.compile(rb"<!(?!--|\[CDATA\[)")
_HTML: Final = re.compile(
    rb"\A\s*+(?:<\?xml[^>]*+>\s*+)?(?:<!--(?>.*?-->)\s*+)*+(?:<!doctype\s++html|<html[\s>])", re.IGNORECASE | re.DOTALL
)
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_NAMES: Final = {  # declared encoding -> Python codec
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "ascii", "ascii": "ascii", "ansi_x3.4-1968": "ascii", "iso-8859-1": "latin-1",
}  # fmt: skip


def utf8(raw: bytes) -> bytes:
    """The document in UTF-8, without byte order mark and without an XML declaration that contradicts UTF-8.

    Raises MetadataRefused(metadata_structure) for other kinds of document, other encodings, and document type declarations.
    """
    body = _text(raw)
    _is_something_else(body)
    if b"\x00" in body or _DECLARED.search(body):
        raise _structure("the metadata holds a document type or entity declaration")
    return _decoded(body, "utf-8").encode("utf-8")


def _text(raw: bytes) -> bytes:
    """The bytes in UTF-8, by the byte order mark and the encoding declaration."""
    body, encoding = _read_mark(raw)
    named = _ENCODING.match(body) if encoding == "utf-8" else None
    if named is not None:
        name = named[1].decode("latin-1").lower()
        if name.startswith("utf-16"):
            raise _structure("the first line of the metadata says UTF-16, and its bytes are not; it must name their encoding")
        if name not in _NAMES:
            raise _structure(f"the metadata is said to be in {_shown(name)}; it must be in UTF-8, UTF-16, ISO-8859-1 or ASCII")
        encoding = _NAMES[name]
    if encoding == "utf-8":
        return body
    return _DECLARATION.sub(b"", _decoded(body, encoding).encode("utf-8"), count=1)


def _is_something_else(body: bytes) -> None:
    """Refuse other kinds of document that addresses and files often have, with a sentence that names the kind."""
    start = body.lstrip()
    if not start:
        raise _structure("the document is empty")
    if _HTML.match(body):
        raise _structure(
            "that is an HTML page, not metadata; look what the address shows, and ask for the address of the XML itself"
        )
    if start[:1] in (b"{", b"["):
        raise _structure("that is JSON, not the XML of SAML metadata; an OpenID provider is described in a section oidc:")
    if start.startswith(b"-----BEGIN "):
        raise _structure("that is a PEM file, not metadata; a certificate alone does not describe a provider")


def _read_mark(raw: bytes) -> tuple[bytes, str]:
    """The bytes after the byte order mark, and the encoding that the mark or the first character indicates."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return (raw.removeprefix(mark) if b"<" not in mark else raw), encoding
    return raw, "utf-8"


def _decoded(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        where = body[: error.start].count(b"\n") + 1
        raise _structure(f"byte {error.start + 1} (line {where}) of the metadata is no {encoding.upper()}") from error


def _structure(message: str) -> MetadataRefused:
    return MetadataRefused("metadata_structure", message)


def _shown(name: str) -> str:
    return name[:40] if name.isascii() and name.isprintable() else "an encoding without a name"
