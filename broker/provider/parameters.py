"""Parameters of a request, checked before all other code reads them: size, repetitions, characters (HP-9, HP-10, HP-11)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from broker.domain.errors import OAuthError

MAX_BYTES = 8 * 1024  # of all parameters together
RESOURCE = "resource"  # RFC 8707 2: the one parameter that a request may repeat
_NOT_PRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters, one value a name. repeated: names that the request has more than once; their values must not be used.

    The values of `resource` are joined by spaces, which no URI contains.
    """

    values: Mapping[str, str]
    repeated: frozenset[str]
    size: int

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> Parameters:
        """A parameter without a value counts as absent (RFC 6749 3.1, 3.2)."""
        values: dict[str, str] = {}
        repeated: set[str] = set()
        size = 0
        for name, value in pairs:
            size += len(name.encode("utf-8", "replace")) + len(value.encode("utf-8", "replace")) + 2
            further = bool(name == RESOURCE and value and values.get(name))
            if name in values and not further:
                repeated.add(name)
            values[name] = f"{values[name]} {value}" if further else value
        return cls({name: value for name, value in values.items() if value}, frozenset(repeated), size)


def is_printable(text: str) -> bool:
    """No control character, line separator or half of a surrogate pair."""
    return not _NOT_PRINTABLE.search(text)


def read_form(pairs: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """The form of a token, introspection or revocation request.

    Raises OAuthError(invalid_request) for a repetition, a control character or more than 8 KiB (RFC 6749 3.2).
    """
    given = Parameters.of(pairs)
    if given.size > MAX_BYTES:
        raise OAuthError("invalid_request", "size")
    if given.repeated:
        raise OAuthError("invalid_request", "duplicate_parameter")
    if not all(is_printable(name) and is_printable(value) for name, value in given.values.items()):
        raise OAuthError("invalid_request", "control_character")
    return given.values


def required(form: Mapping[str, str], name: str) -> str:
    """The value of a parameter that a form must have. Raises OAuthError(invalid_request)."""
    if name not in form:
        raise OAuthError("invalid_request", f"{name}_missing")
    return form[name]
