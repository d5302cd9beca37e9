"""Which claims a scope releases (OpenID Connect Core 5.4), and the names that only the protocol may write (HP-40)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

PROTOCOL = frozenset(
    "iss sub aud azp exp iat nbf auth_time nonce acr amr sid at_hash c_hash s_hash cnf events jti idp proofs".split()
)

PROOFS = "proofs"  # our own claim, in ID tokens of applications whose file asks for it

OURS = ("groups", "roles")  # of our directory; a partner's claims with these names are not released under them

SCOPES: Mapping[str, tuple[str, ...]] = {
    "openid": (),
    "profile": (
        "name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
        "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
    "groups": ("groups",),
    "roles": ("roles",),
    "offline_access": (),
}  # fmt: skip

STANDARD = tuple(name for names in SCOPES.values() for name in names)


def released(
    scopes: Iterable[str], requested: Mapping[str, Any], available: Mapping[str, Any], extra: Iterable[str]
) -> dict[str, Any]:
    """The values an application gets: by scope, by the application's file (`extra`), or asked for by name.

    A requested name counts only if a scope of the application's file allows it, or the file names it; `available` contains
    nothing else (HP-19). Missing and empty values are left out, and so are the names of the protocol.
    """
    names = {name for scope in scopes for name in SCOPES.get(scope, ())}
    names.update(extra)
    names.update(name for part in requested.values() if isinstance(part, Mapping) for name in part)
    return {n: available[n] for n in sorted(names - PROTOCOL) if available.get(n) not in (None, "", [], {})}
