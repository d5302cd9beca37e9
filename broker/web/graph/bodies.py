"""Bodies of requests: each property is known and has its type, or the request is refused with the property's name (AD-02)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from broker.domain.group import is_uuid
from broker.web.graph.refusals import REQUEST_BAD, ApiRefused
from broker.web.graph.responses import PREFIX
from broker.web.graph.shapes import AnyValue, Flag, LineMap, Many, Record, Shape, String
from broker.web.graph.shapes.values import filled

_NAME = re.compile(r"[A-Za-z@.][A-Za-z0-9@._-]{0,63}", re.ASCII)  # a name that we repeat in an error
_REFERENCE = "@odata.id"
REFERENCE = Record(name="reference", properties={_REFERENCE: filled(limit=512, form="uri")}, required=(_REFERENCE,))


class Properties:
    """The properties of one object in a body, all of them checked against its record before anything is done with one.

    `null` counts as left out, except where the record says otherwise. Annotations such as @odata.type are read over (OData JSON 4.6):
    clients send them without a question.
    """

    def __init__(self, values: object, record: Record, *, within: str = "") -> None:
        """values: None: the object is left out, so nothing in it is required. within: its path in the body. Raises ApiRefused."""
        self._within = within
        self._record = record
        if values is not None and not isinstance(values, dict):
            raise ApiRefused(400, REQUEST_BAD, f"'{within or 'The body'}' must be an object.", target=within)
        self._sent: Mapping[str, Any] = values or {}
        for name in self._sent:
            if name not in record.properties and not (name.startswith("@odata.") and name != _REFERENCE):
                raise self.wrong(name, "is unknown, or cannot be set")
        required = () if values is None else record.required
        self._read = {name: self._checked(name, shape, name in required) for name, shape in record.properties.items()}

    def has(self, name: str) -> bool:
        """Whether the client says it, also as null."""
        return name in self._sent

    def text(self, name: str) -> str | None:
        """A text; None where it is left out or null."""
        found: str | None = self._of(name, String)
        return found

    def required(self, name: str) -> str:
        """A text that must be there."""
        value = self.text(name)
        if not value:
            raise self.wrong(name, "is required")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        value: bool | None = self._of(name, Flag)
        return default if value is None else value

    def object(self, name: str) -> Properties:
        """An object inside this one; an empty one where it is left out."""
        found: Properties = self._of(name, Record)
        return found

    def objects(self, name: str) -> list[Properties]:
        """A list of objects."""
        found: list[Properties] = self._of(name, Many)
        return found

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        found: list[str] = self._of(name, Many)
        return found

    def lines(self, name: str) -> dict[str, str]:
        """An object of which each value is one line of text."""
        found: dict[str, str] = self._of(name, LineMap)
        return found

    def raw(self, name: str) -> Any:
        """A value that another request reads; None where it is left out."""
        return self._of(name, AnyValue)

    def wrong(self, name: str, what: str) -> ApiRefused:
        """The refusal of a property. what: the rest of the sentence."""
        shown = self._path(name if _NAME.fullmatch(name) else "?")
        return ApiRefused(400, REQUEST_BAD, f"The property '{shown}' {what}.", target=shown)

    def _of(self, name: str, kind: type[Shape]) -> Any:
        """A value that was read as `kind`; a handler that reads it as another kind is a fault of ours."""
        if not isinstance(self._record.properties[name], kind):
            raise TypeError(f"{self._path(name)} is no {kind.__name__}")
        return self._read[name]

    def _checked(self, name: str, shape: Shape, required: bool) -> Any:
        value = self._sent.get(name)
        if isinstance(shape, Record):
            return Properties(value, shape, within=self._path(name))
        if isinstance(shape, Many):
            return self._list(name, shape, value)
        if isinstance(shape, String) and shape.filled and (value is None or value == "") and (required or self.has(name)):
            raise self.wrong(name, "is required")
        if isinstance(shape, LineMap):
            return self._lines(name, shape, {} if value is None else value)
        if value is None or isinstance(shape, AnyValue):
            return value
        return self._flag(name, shape, value) if isinstance(shape, Flag) else self._text(name, shape, value)

    def _text(self, name: str, shape: Shape, value: Any) -> str:
        if not isinstance(shape, String):
            raise TypeError(f"a body has no {type(shape).__name__}")
        if not isinstance(value, str):
            raise self.wrong(name, "must be a string")
        if len(value) > shape.limit:
            raise self.wrong(name, f"must have at most {shape.limit} characters")
        if shape.values and value not in shape.values:
            raise self.wrong(name, _because(f"must be {' or '.join(shape.values)}", shape.because))
        return value

    def _flag(self, name: str, shape: Flag, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self.wrong(name, "must be true or false")
        if shape.only is not None and value is not shape.only:
            raise self.wrong(name, _because(f"must be {str(shape.only).lower()}", shape.because))
        return value

    def _lines(self, name: str, shape: LineMap, value: Any) -> dict[str, str]:
        if not isinstance(value, dict) or not all(isinstance(one, str) and one.isprintable() for one in value.values()):
            raise self.wrong(name, "must be an object of strings")
        if len(value) > shape.limit:
            raise self.wrong(name, f"must have at most {shape.limit} entries")
        return value

    def _list(self, name: str, shape: Many, value: Any) -> Sequence[Any]:
        item, found = shape.item, [] if value is None else value
        if not isinstance(found, list) or (isinstance(item, String) and not all(isinstance(one, str) for one in found)):
            raise self.wrong(name, "must be a list of strings" if isinstance(item, String) else "must be a list")
        if shape.limit is not None and len(found) > shape.limit:
            raise self.wrong(name, f"must have at most {shape.limit} entries")
        if shape.filled and not found:
            raise self.wrong(name, "must have at least one entry")
        if isinstance(item, Record):
            return [Properties([] if one is None else one, item, within=self._path(name)) for one in found]
        if isinstance(item, String) and any(len(one) > item.limit for one in found):
            raise self.wrong(name, f"has an entry of more than {item.limit} characters")
        if isinstance(item, String) and item.values and not set(found) <= set(item.values):
            raise self.wrong(name, f"must be empty or {' or '.join(item.values)}")
        return found

    def _path(self, name: str) -> str:
        return f"{self._within}/{name}" if self._within else name


def _because(sentence: str, reason: str) -> str:
    return f"{sentence}: {reason}" if reason else sentence


def referenced(body: Properties, base: str, *kinds: str) -> str:
    """The id in `@odata.id`: the address of one object of this API. kinds: path segments, as in `users`. Raises ApiRefused.

    Only the last segment names the object, and only an address of ours is one. base: the absolute address of /v1.0.
    """
    return referenced_in(body, _REFERENCE, body.required(_REFERENCE), base, *kinds)


def referenced_in(body: Properties, name: str, address: str, base: str, *kinds: str) -> str:
    """The same of an address in the property `name`."""
    path = address.removeprefix(base) if address.startswith(f"{base}/") else address.removeprefix(PREFIX)
    parts = path.split("/")
    if len(parts) != 3 or parts[0] != "" or parts[1] not in (*kinds, "directoryObjects") or not is_uuid(parts[2]):
        raise body.wrong(name, f"must be an address like {base}/{kinds[0]}/ID")
    return parts[2].lower()
