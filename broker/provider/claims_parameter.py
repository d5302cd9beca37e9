"""The `claims` parameter (OpenID Connect Core 5.5), reduced to the known names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.domain import assurance
from broker.domain.claims import PROOFS, PROTOCOL, STANDARD
from broker.jose.encoding import parse_object

MAX_BYTES = 4 * 1024
MAX_DEPTH = 8
_PARTS = ("id_token", "userinfo")


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """names: {"id_token": {name: None}, "userinfo": {name: None}}, released only where allowed and consented (HP-19).

    subjects: the requested values of `sub`, None without a request; empty: no subject can satisfy it.
    acr_values, acr_essential: a requested acr; acr_known is False if the broker knows none of the values.
    """

    names: Mapping[str, Mapping[str, None]] = field(default_factory=dict)
    subjects: tuple[str, ...] | None = None
    acr_values: tuple[str, ...] = ()
    acr_essential: bool = False
    acr_known: bool = True


def read_claims(text: str, extra: Collection[str]) -> ClaimsRequest:
    """extra: claim names that the application's file adds. Raises ValueError for a value that Core 5.5 does not allow.

    Unknown names are ignored with their values; null members are legal.
    """
    given = parse_object(text.encode("utf-8", "surrogatepass"), max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, exact=True)
    parts = {part: _object(given.get(part)) for part in _PARTS}
    known = (frozenset(STANDARD) | frozenset(extra)) - PROTOCOL
    names = {part: {name: None for name in wanted if name in known} for part, wanted in parts.items()}
    names["id_token"] |= {name: None for name in parts["id_token"] if name == PROOFS}
    for part, wanted in parts.items():
        for name in names[part]:
            _object(wanted[name])
    acr = _object(parts["id_token"].get("acr"))
    values = _values(acr)
    ranked = tuple(value for value in values if assurance.rank(value))
    return ClaimsRequest(
        names={part: wanted for part, wanted in names.items() if wanted},
        subjects=_subjects(parts),
        acr_values=ranked,
        acr_essential=_essential(acr) and bool(values),
        acr_known=bool(ranked) or not values,
    )


def _object(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("a JSON object is due")  # noqa: TRY004 - one error for every invalid input
    return value


def _essential(wanted: Mapping[str, Any]) -> bool:
    value = wanted.get("essential", False)
    if not isinstance(value, bool):
        raise ValueError("essential is a boolean")  # noqa: TRY004
    return value


def _values(wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """The values of `value` or `values` (HP-20)."""
    values = wanted.get("values", [])
    if not isinstance(values, list):
        raise ValueError("values is a list")  # noqa: TRY004
    found = [*([wanted["value"]] if wanted.get("value") is not None else []), *values]
    if not all(isinstance(value, str) for value in found):
        raise ValueError("a string is due")
    return tuple(found)


def _subjects(parts: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...] | None:
    """Both the request for the ID token and the one for userinfo must be satisfied (Core 5.5.1)."""
    asked = [values for part in parts.values() if (values := _values(_object(part.get("sub"))))]
    if not asked:
        return None
    return tuple(value for value in asked[0] if all(value in other for other in asked))
