"""Canonical base64url (RFC 7515 2), and JSON without the latitude that two parsers would use differently."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from typing import Any, NoReturn

MAX_BYTES = 64 * 1024
MAX_DEPTH = 16

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*\Z")
_STRINGS_AND_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{\]}]', re.DOTALL)
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")  # what UTF-8 or PostgreSQL cannot hold


def b64url_encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64url_decode(text: str) -> bytes:
    """The bytes of canonical base64url text: no padding, no foreign character, no stray bits at the end.

    Raises ValueError. RFC 4648 3.5 lets decoders refuse stray bits; with them a token would have several spellings.
    """
    if not _ALPHABET.match(text):
        raise ValueError("not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if b64url_encode(data) != text:
        raise ValueError("not canonical base64url")
    return data


def parse_json(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, bom: bool = False, exact: bool = False
) -> Any:
    """The value of strict JSON (RFC 8259) in UTF-8. Raises ValueError, never anything else.

    Refused beyond the grammar: a BOM (unless `bom`, RFC 8259 8.1), more than `max_bytes`, more than `max_depth` levels,
    a member given twice, NaN and Infinity, lone surrogates and U+0000 (RX-04). A number that we cannot hold exactly or
    at all, an integer beyond 64 bits or a fraction beyond the range of a double, is read as null: nobody decides by it.
    With `exact` such a number is refused.
    """
    if len(data) > max_bytes:
        raise ValueError("JSON is too large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("JSON is not UTF-8") from error
    if text.startswith("\ufeff"):
        if not bom:
            raise ValueError("JSON begins with a byte order mark")
        text = text[1:]
    _check_depth(text, max_depth)
    value = (_EXACT if exact else _DECODER).decode(text)
    if "\\u" in text and not _is_text(value):
        raise ValueError("JSON holds a character that is no text")
    return value


def parse_object(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, bom: bool = False, exact: bool = False
) -> dict[str, Any]:
    """As `parse_json`, for what must be a JSON object."""
    value = parse_json(data, max_bytes=max_bytes, max_depth=max_depth, bom=bom, exact=exact)
    if not isinstance(value, dict):
        raise ValueError("JSON is not an object")  # noqa: TRY004 - one error for all that is wrong with input
    return value


def dump_json(value: Any) -> bytes:
    """Compact UTF-8 JSON; raises ValueError for NaN and Infinity, TypeError for what JSON does not know."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")


def _check_depth(text: str, limit: int) -> None:
    """Before the parser, which recurses: brackets outside strings never stand deeper than `limit`."""
    if text.count("[") + text.count("{") <= limit:
        return
    depth = 0
    for match in _STRINGS_AND_BRACKETS.finditer(text):
        mark = match.group()
        if mark in ("[", "{"):
            depth += 1
            if depth > limit:
                raise ValueError("JSON is nested too deeply")
        elif mark in ("]", "}"):
            depth -= 1


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("JSON names a member twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}")


def _finite(digits: str) -> float | None:
    value = float(digits)
    return value if math.isfinite(value) else None


def _integer(digits: str) -> int | None:
    if len(digits) > 20:
        return None
    value = int(digits)
    return value if -(2**63) <= value < 2**64 else None


def _finite_or_refused(digits: str) -> float:
    value = _finite(digits)
    if value is None:
        raise ValueError("JSON has a number beyond the range of a double")
    return value


def _integer_or_refused(digits: str) -> int:
    value = _integer(digits)
    if value is None:
        raise ValueError("JSON has an integer beyond 64 bits")
    return value


def _is_text(value: Any) -> bool:
    if isinstance(value, str):
        return not _NOT_TEXT.search(value)
    if isinstance(value, dict):
        return all(_is_text(name) and _is_text(part) for name, part in value.items())
    return all(map(_is_text, value)) if isinstance(value, list) else True


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite, parse_int=_integer)
_EXACT = json.JSONDecoder(
    object_pairs_hook=_members, parse_constant=_no_constant, parse_float=_finite_or_refused, parse_int=_integer_or_refused
)
