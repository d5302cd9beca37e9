"""The claims that one application gets about one person: allow-listed and consented, chosen at authorization (HP-19)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from broker.domain.claims import OURS, SCOPES, STANDARD
from broker.domain.grant_status import Standing
from broker.domain.guest import Person
from broker.domain.login import Grant, Session
from broker.provider.application import ApplicationView

_TEXT = frozenset(STANDARD) - {"email_verified", "phone_number_verified", "updated_at", "address", "groups", "roles"}
_ADDRESS = ("formatted", "street_address", "locality", "region", "postal_code", "country")


def view(
    person: Person,
    session: Session,
    application: ApplicationView,
    *,
    roles: Iterable[str],
    groups: Iterable[str],
    consented: Iterable[str],
) -> dict[str, Any]:
    """Claim name -> value: the names of scopes that the file allows and the person consented to, and names that the file adds.

    consented: the scopes of the consent record; for a member those that the file allows. A value of an earlier sign-in that the
    home organization no longer sends is not released (FA-08).
    """
    said = {name: value for name, value in session.claims.items() if name not in OURS}
    known = {name: value for name in STANDARD if (value := _typed(name, said.get(name))) is not None}
    known |= _ours(person) | _held(application, groups, roles)
    allowed = {name for scope in application.scopes.intersection(consented) for name in SCOPES.get(scope, ())}
    released = {name: known[name] for name in allowed if name in known}
    source = {**known, **said}
    return released | {name: source[held] for name, held in application.claims.items() if source.get(held) is not None}


def names(grant: Grant, part: str, scopes: Iterable[str], application: ApplicationView) -> list[str]:
    """The names of the claims of one response: by scope, by the application's file (HP-49), by request. part: "id_token" or "userinfo"."""
    wanted = {name for scope in scopes for name in SCOPES.get(scope, ())}
    asked = grant.requested.get(part)
    more = application.id_token_claims if part == "id_token" else ()
    return sorted({*wanted, *application.claims, *more, *(asked if isinstance(asked, Mapping) else ())})


def namer(application: ApplicationView) -> Callable[[Grant, str, Iterable[str]], list[str]]:
    """`names` of one application."""
    return lambda grant, part, scopes: names(grant, part, scopes, application)


def current(standing: Standing, application: ApplicationView) -> Grant:
    """The grant with today's groups and roles instead of those of its sign-in.

    The other claims and the proofs stay as they were (HP-41). Groups and roles come from our directory, so that a removed
    membership is not released again (HP-36).
    """
    grant = standing.grant
    held = _held(application, standing.groups, standing.roles)
    may = {name: name for name in OURS if name in application.scopes and (name in grant.scopes or name in grant.claims)}
    may |= {name: source for name, source in application.claims.items() if source in OURS}
    kept = {name: value for name, value in grant.claims.items() if name not in OURS and name not in may}
    return replace(grant, claims=kept | {name: held[source] for name, source in may.items() if source in held})


def _held(application: ApplicationView, groups: Iterable[str], roles: Iterable[str]) -> dict[str, list[str]]:
    """The names of groups, and the roles that the application's file knows; empty ones are left out."""
    values = {"groups": sorted(groups), "roles": sorted(application.roles.intersection(roles))}
    return {name: value for name, value in values.items() if value}


def _ours(person: Person) -> dict[str, Any]:
    """The claims for which our directory is the source, not the partner."""
    values: dict[str, Any] = {
        "name": person.name or None,
        "email": person.email or None,
        "email_verified": person.email_verified if person.email else None,
        "locale": person.language or None,
        "updated_at": person.last_sign_in or person.redeemed_at or person.created_at or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _typed(name: str, value: Any) -> Any:
    """The value if it has the type of Core 5.1, else None."""
    if name in _TEXT:
        return value if isinstance(value, str) and value else None
    return _READERS[name](value) if name in _READERS else None


def _address(value: Any) -> Any:
    """Core 5.1.1; a single text is the formatted address."""
    if isinstance(value, str) and value:
        return {"formatted": value}
    if isinstance(value, Mapping):
        return {part: value[part] for part in _ADDRESS if isinstance(value.get(part), str) and value[part]} or None
    return None


_READERS: dict[str, Callable[[Any], Any]] = {
    "address": _address,
    "phone_number_verified": lambda value: value if isinstance(value, bool) else None,
}
