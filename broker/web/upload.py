"""One file of a form of ours: multipart, read strictly (HW-8, RFC 7578). Every other form is urlencoded, and multipart is refused there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from broker.domain.errors import BadRequest
from broker.web.csrf import FIELD as CSRF

TYPE = "multipart/form-data"
BODY_LIMITS = {"/admin/guests/import": 512 * 1024}  # bytes; no other path takes a file
FILE = "file"  # the field's name
_FIELD = 1024  # bytes of another field
_PARTS = 8
_BOUNDARY = 70  # characters (RFC 2046 5.1.1)


@dataclass(slots=True)
class _Part:
    name: str
    is_file: bool
    content: bytearray = field(default_factory=bytearray)


def takes_file(path: str) -> bool:
    """Whether a form at this path may be multipart."""
    return path in BODY_LIMITS


def read(asked: Request, fields: Collection[str] = ()) -> bytes:
    """The content of the one file; empty where the person chose none. fields: that may come with it, once each.

    Raises BadRequest for a body that is no form of ours: another part, a part twice, a file that is none, another encoding.
    """
    found: dict[str, _Part] = {}
    for part in _parts(asked):
        if part.name in found:
            raise BadRequest("duplicate")
        if part.name not in {FILE, CSRF, *fields} or part.is_file != (part.name == FILE):
            raise BadRequest("field_unknown")
        if not part.is_file:
            _check_field(bytes(part.content))
        found[part.name] = part
    if FILE not in found:
        raise BadRequest("multipart", "no file")
    return bytes(found[FILE].content)


def _parts(asked: Request) -> list[_Part]:
    decoder = MultipartDecoder(_boundary(asked), max_form_memory_size=None, max_parts=_PARTS)
    found: list[_Part] = []
    try:
        decoder.receive_data(asked.get_data(cache=True))
        decoder.receive_data(None)
        while not isinstance(event := decoder.next_event(), Epilogue):
            _take(event, found)
    except (ValueError, RequestEntityTooLarge) as error:  # UnicodeDecodeError of a header included
        raise BadRequest("multipart", type(error).__name__) from None
    return found


def _take(event: Event, found: list[_Part]) -> None:
    if isinstance(event, NeedData):
        raise BadRequest("multipart", "incomplete")
    if isinstance(event, Field | File):
        if "Content-Transfer-Encoding" in event.headers:  # RFC 7578 4.7
            raise BadRequest("multipart", "encoding")
        found.append(_Part(event.name, isinstance(event, File)))
    elif isinstance(event, Data):
        found[-1].content += event.data


def _boundary(asked: Request) -> bytes:
    boundary = asked.mimetype_params.get("boundary", "")
    if asked.mimetype != TYPE or not 0 < len(boundary) <= _BOUNDARY or not boundary.isascii():
        raise BadRequest("content_type")
    return boundary.encode("ascii")


def _check_field(raw: bytes) -> None:
    """UTF-8 without NUL, as every field."""
    if len(raw) > _FIELD:
        raise BadRequest("multipart", "field size")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("encoding") from None
    if b"\x00" in raw:
        raise BadRequest("encoding")
