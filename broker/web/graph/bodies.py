"""Bodies of requests: each property is known and has its type, or the request is refused with the property's name (AD-02)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from broker.domain.group import is_uuid
from broker.web.graph.refusals import REQUEST_BAD, ApiRefused
from broker.web.graph.responses import PREFIX

MAX_TEXT = 4096  # characters of a text that has no limit of its own
_NAME = re.compile(r"[A-Za-z@.][A-Za-z0-9@._-]{0,63}", re.ASCII)  # a name that we repeat in an error
_REFERENCE = "@odata.id"


class Properties:
    """The properties of one object in a body. `null` counts as left out, except where a method says otherwise.

    Annotations such as @odata.type are read over (OData JSON 4.6): clients send them without a question.
    """

    def __init__(self, values: object, known: Iterable[str], *, within: str = "") -> None:
        """known: every name that a client may set here. within: the path of this object in the body. Raises ApiRefused."""
        self._within = within
        if not isinstance(values, dict):
            raise ApiRefused(400, REQUEST_BAD, f"'{within or 'The body'}' must be an object.", target=within)
        names = frozenset(known)
        for name in values:
            if name not in names and not (name.startswith("@odata.") and name != _REFERENCE):
                raise self._wrong(name, "is unknown, or cannot be set")
        self._values: Mapping[str, Any] = values

    def has(self, name: str) -> bool:
        """Whether the client says it, also as null."""
        return name in self._values

    def text(self, name: str, *, limit: int = MAX_TEXT) -> str | None:
        """A text; None where it is left out or null."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self._wrong(name, "must be a string")
        if len(value) > limit:
            raise self._wrong(name, f"must have at most {limit} characters")
        return value

    def required(self, name: str, *, limit: int = MAX_TEXT) -> str:
        """A text that must be there."""
        value = self.text(name, limit=limit)
        if not value:
            raise self._wrong(name, "is required")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(name, "must be true or false")
        return value

    def object(self, name: str, known: Iterable[str]) -> Properties:
        """An object inside this one; an empty one where it is left out."""
        value = self._values.get(name)
        return Properties({} if value is None else value, known, within=self._path(name))

    def objects(self, name: str, known: Sequence[str], *, limit: int) -> list[Properties]:
        """A list of objects."""
        value = self._values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(name, "must be a list")
        if len(value) > limit:
            raise self._wrong(name, f"must have at most {limit} entries")
        return [Properties(one, known, within=self._path(name)) for one in value]

    def texts(self, name: str, *, limit: int) -> list[str]:
        """A list of texts."""
        value = self._values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._wrong(name, "must be a list of strings")
        if len(value) > limit:
            raise self._wrong(name, f"must have at most {limit} entries")
        return value

    def plain_texts(self, name: str, *, limit: int) -> dict[str, str]:
        """An object of which each value is one line of text."""
        value = self._values.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(one, str) and one.isprintable() for one in value.values()):
            raise self._wrong(name, "must be an object of strings")
        if len(value) > limit:
            raise self._wrong(name, f"must have at most {limit} entries")
        return value

    def raw(self, name: str) -> Any:
        """A value that another request reads; None where it is left out."""
        return self._values.get(name)

    def wrong(self, name: str, what: str) -> ApiRefused:
        """The refusal of a property. what: the rest of the sentence."""
        return self._wrong(name, what)

    def _wrong(self, name: str, what: str) -> ApiRefused:
        shown = self._path(name if _NAME.fullmatch(name) else "?")
        return ApiRefused(400, REQUEST_BAD, f"The property '{shown}' {what}.", target=shown)

    def _path(self, name: str) -> str:
        return f"{self._within}/{name}" if self._within else name


def referenced(body: Properties, base: str, *kinds: str) -> str:
    """The id in `@odata.id`: the address of one object of this API. kinds: path segments, as in `users`. Raises ApiRefused.

    Only the last segment names the object, and only an address of ours is one. base: the absolute address of /v1.0.
    """
    return referenced_in(body, _REFERENCE, body.required(_REFERENCE, limit=512), base, *kinds)


def referenced_in(body: Properties, name: str, address: str, base: str, *kinds: str) -> str:
    """The same of an address in the property `name`."""
    path = address.removeprefix(base) if address.startswith(f"{base}/") else address.removeprefix(PREFIX)
    parts = path.split("/")
    if len(parts) != 3 or parts[0] != "" or parts[1] not in (*kinds, "directoryObjects") or not is_uuid(parts[2]):
        raise body.wrong(name, f"must be an address like {base}/{kinds[0]}/ID")
    return parts[2].lower()
